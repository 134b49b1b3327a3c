"""How far back layers remember, as the page draws it: curves, their legend, and axes with few numbers."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("gradio", reason="the page's extra is not installed")

from nmt.lab.memory import Curve, Memory
from nmt.webui.inside import memory_curves
from tests.support.html import of_class, parsed, text_of

CURVES = [
    Curve("encoder layer 1 forward", "gru", 8, [1.0, 0.1, 0.01], [1, 1, 1]),
    Curve("encoder layer 1 backward", "gru", 8, [1.0, 0.9, 0.8], [1, 1, 1]),
    Curve("rnn", "rnn", 8, [1.0, 0.6, 0.0], [1, 1, 1]),
]


def test_memories_are_listed_with_the_distance_at_which_half_is_lost() -> None:
    rows = parsed(memory_curves.memory(Memory("", CURVES))).findall(".//tbody/tr")
    assert [[text_of(cell).strip() for cell in row] for row in rows] == [
        ["encoder layer 1 forward, 8 units", "0.1", "0.01", "1"],
        ["encoder layer 1 backward, 8 units", "0.9", "0.8", "never here"],
        ["simple RNN, 8 units", "0.6", "0", "2"],
    ]


def test_curves_that_vanish_at_a_constant_rate_are_straight_and_end_at_the_bottom() -> None:
    straight, _, broken = points_of(CURVES)
    (x0, y0), (x1, y1), (x2, y2) = straight
    assert x1 - x0 == pytest.approx(x2 - x1, abs=0.11) and y1 - y0 == pytest.approx(y2 - y1, abs=0.11)
    assert (y0, y2) == pytest.approx((memory_curves.ABOVE, memory_curves.HEIGHT - memory_curves.BELOW))
    assert len(broken) == 2  # there is no logarithm of 0


def points_of(curves: list[Curve]) -> list[list[tuple[float, float]]]:
    picture = of_class(parsed(memory_curves.memory(Memory("", curves))), "nmt-curves")[0]
    return [
        [(float(x), float(y)) for x, y in re.findall(r"([\d.]+) ([\d.]+)", path.get("d", ""))]
        for path in of_class(picture, "nmt-curve")
    ]


def test_a_line_has_the_same_look_in_the_picture_and_in_the_table() -> None:
    found = [path.get("class") for path in of_class(parsed(memory_curves.memory(Memory("", CURVES))), "nmt-curve")]
    assert found[:3] == found[3:] and len(set(found)) == 3
    assert found[1] is not None and "nmt-dashed" in found[1]


@pytest.mark.parametrize(
    "norms", [[1.0, 1.0], [1.0, 3.0], [1.0, 0.99], [1.0, 1e-11], [1.0, 1e-200], [1.0, *[0.5] * 100]]
)
def test_every_curve_stays_within_the_picture_and_its_axes_have_few_numbers(norms: list[float]) -> None:
    curve = Curve("gru", "gru", 8, norms, [1] * len(norms))
    for x, y in points_of([curve])[0]:
        assert memory_curves.LEFT <= x <= memory_curves.WIDTH and 0 <= y <= memory_curves.HEIGHT
    picture = of_class(parsed(memory_curves.memory(Memory("", [curve]))), "nmt-curves")[0]
    assert 4 <= len(picture.findall("text")) <= 13 + 13
