"""How far back layers remember, as HTML: curves over a logarithmic axis (which Gradio's plots lack), and the table
that is their legend.  Pure functions of `nmt.lab.memory`'s data."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from nmt.webui import i18n
from nmt.webui.inside.views import layer_words

if TYPE_CHECKING:  # importing it would import torch
    from nmt.lab.memory import Curve, Memory

DISTANCES = (1, 2, 5, 10, 20, 50, 100)  # columns of the table
DECADES = 12  # what is smaller than 10 to the minus this is not drawn
# In units of the picture: its size, and the room for the axes' numbers.
WIDTH, HEIGHT, LEFT, BELOW, ABOVE, RIGHT = 560.0, 300.0, 46.0, 22.0, 8.0, 12.0


def memory(found: Memory) -> str:
    """The curves, and below them a row for each with its norms at a few distances."""
    return (
        f'<p class="nmt-inside-note">{i18n.html("inside.norm_axis")}</p>'
        f'<div class="nmt-inside-scroll">{_curves(found)}</div>'
        f'<p class="nmt-inside-note nmt-under">{i18n.html("inside.distance_axis")}</p>{_table(found)}'
    )


def _curves(found: Memory) -> str:
    longest = max(1, max(len(curve.norms) for curve in found.curves) - 1)
    drawn = [value for curve in found.curves for value in curve.norms if value >= 10.0**-DECADES]
    low, high = math.log10(min(drawn)), max(0.0, math.log10(max(drawn)))
    low = min(math.floor(low) if low < -1 else low, math.log10(0.5))

    def x(distance: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * distance / longest

    def y(norm: float) -> float:
        return ABOVE + (HEIGHT - ABOVE - BELOW) * (high - math.log10(norm)) / (high - low)

    parts = []
    for value in _ticks(low, high):
        parts.append(f'<path d="M{LEFT} {y(value):.1f}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y(value) + 4:.1f}" text-anchor="end">{_power(value)}</text>')
    for distance in range(0, longest + 1, _spacing(longest)):
        parts.append(f'<text x="{x(distance):.1f}" y="{HEIGHT - 6}" text-anchor="middle">{distance}</text>')
    for place, curve in enumerate(found.curves):
        points = [f"{x(d):.1f} {y(norm):.1f}" for d, norm in enumerate(curve.norms) if norm >= 10.0**-DECADES]
        parts.append(f'<path class="nmt-curve {_look(place, curve)}" d="M{"L".join(points)}"/>')
    return f'<svg class="nmt-curves" viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" aria-hidden="true">{"".join(parts)}</svg>'


def _table(found: Memory) -> str:
    longest = max(len(curve.norms) for curve in found.curves) - 1
    distances = [distance for distance in DISTANCES if distance <= longest]
    heads = [i18n.html("inside.after", steps=distance) for distance in distances]
    heads.append(i18n.html("inside.half"))
    rows = []
    for place, curve in enumerate(found.curves):
        path = f'<path class="nmt-curve {_look(place, curve)}" d="M0 4H26"/>'
        line = f'<svg viewBox="0 0 26 8" aria-hidden="true">{path}</svg>'
        name = i18n.html("inside.curve", name=layer_words(curve.name), units=curve.units)
        half = curve.half()
        values = [norm(curve.norms[d]) if d < len(curve.norms) else "" for d in distances]
        values.append(i18n.html("inside.never") if half is None else str(half))
        cells = "".join(f"<td>{value}</td>" for value in values)
        rows.append(f'<tr><th scope="row">{line} {name}</th>{cells}</tr>')
    head = "".join(f'<th scope="col">{text}</th>' for text in heads)
    return (
        f'<div class="nmt-inside-scroll"><table class="nmt-norms">'
        f'<caption class="nmt-aside">{i18n.html("inside.norm_axis")}</caption>'
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def norm(value: float) -> str:
    """0.64, 0.012, 3e−05"""
    return f"{value:.2g}".replace("-", "−")


def _look(place: int, curve: Curve) -> str:
    """Colours by order; the second of two directions is dashed."""
    return f"nmt-line-{place % 8}{' nmt-dashed' if curve.name.endswith('backward') else ''}"


def _ticks(low: float, high: float) -> Iterator[float]:
    """Powers of ten, with 2 and 5 times them where there are few."""
    few = high - low < 3
    for exponent in range(math.floor(low), math.ceil(high) + 1):
        for factor in (1, 2, 5) if few else (1,):
            if low - 1e-9 <= math.log10(factor) + exponent <= high + 1e-9:
                yield factor * 10.0**exponent


def _power(value: float) -> str:
    """0.01, or from 10⁻⁴ on as a power."""
    exponent = round(math.log10(value))
    if exponent > -4:
        return f"{value:g}"
    return "10" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def _spacing(longest: int) -> int:
    """Between two numbers of the lower axis, of which there are some ten at most."""
    return next(step for step in (1, 2, 5, 10, 20, 50, 100) if longest / step <= 12)
