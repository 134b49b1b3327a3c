"""How far back layers remember, as HTML: curves over a logarithmic axis, which Gradio's plots lack, and the table that
is their legend.  Pure functions of `nmt.lab.memory`'s data.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from nmt.webui import i18n, markup
from nmt.webui.inside.views import alone, layer_name, said

if TYPE_CHECKING:  # importing it would import torch
    from nmt.lab.memory import Curve, Memory

DISTANCES = (1, 2, 5, 10, 20, 50, 100)  # steps, of the columns of the table and of the axis's spacing
MIN_DRAWN = 1e-12  # smaller norms are left out of the curves
MAX_AXIS_NUMBERS = 12
# In units of the picture: its size, and the room for the axes' numbers.
WIDTH, HEIGHT, LEFT, BELOW, ABOVE, RIGHT = 560.0, 300.0, 46.0, 22.0, 8.0, 12.0


def memory(found: Memory) -> str:
    """The curves, and below them a row for each with its norms at a few distances."""
    return (
        f'<p class="nmt-inside-note">{i18n.html("inside.norm_axis")}</p>'
        f'<div class="nmt-wide" tabindex="0">{_curves(found)}</div>'
        f'<p class="nmt-inside-note nmt-under">{i18n.html("inside.distance_axis")}</p>{_table(found)}'
    )


def _curves(found: Memory) -> str:
    longest = max(1, max(len(curve.norms) for curve in found.curves) - 1)
    drawn = [value for curve in found.curves for value in curve.norms if value >= MIN_DRAWN]
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
    spacing = next(step for step in DISTANCES if longest / step <= MAX_AXIS_NUMBERS)
    for distance in range(0, longest + 1, spacing):
        parts.append(f'<text x="{x(distance):.1f}" y="{HEIGHT - 6}" text-anchor="middle">{distance}</text>')
    for place, curve in enumerate(found.curves):
        points = [f"{x(d):.1f} {y(norm):.1f}" for d, norm in enumerate(curve.norms) if norm >= MIN_DRAWN]
        parts.append(f'<path class="nmt-curve {_look(place, curve)}" d="M{"L".join(points)}"/>')
    return f'<svg class="nmt-curves" viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" aria-hidden="true">{"".join(parts)}</svg>'


def _table(found: Memory) -> str:
    longest = max(len(curve.norms) for curve in found.curves) - 1
    distances = [distance for distance in DISTANCES if distance <= longest]
    heads = [*(i18n.html("inside.after", steps=distance) for distance in distances), i18n.html("inside.half")]
    rows = []
    for place, curve in enumerate(found.curves):
        path = f'<path class="nmt-curve {_look(place, curve)}" d="M0 4H26"/>'
        line = f'<svg viewBox="0 0 26 8" aria-hidden="true">{path}</svg>'
        name = i18n.html("inside.curve", name=layer_name(curve.name), units=curve.units)
        half = curve.half()
        values = [alone(norm(curve.norms[d])) if d < len(curve.norms) else "" for d in distances]
        values.append(i18n.html("inside.never") if half is None else str(half))
        rows.append(f'<tr><th scope="row">{line} {name}</th>{markup.cells(values)}</tr>')
    return (
        f'<div class="nmt-wide" tabindex="0"><table class="nmt-norms">'
        f'<caption class="nmt-aside">{i18n.html("inside.norm_axis")}</caption>'
        f"<thead><tr><td></td>{markup.heads(heads)}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def norm(value: float) -> str:
    """Two digits of a norm, such as 0.64, 0.012, 3e−05."""
    return f"{value:.2g}".replace("-", "−")


def _look(place: int, curve: Curve) -> str:
    """The class of a curve: its colour goes by its place, and the backward one of two directions is dashed."""
    return f"nmt-line-{place % 8}{' nmt-dashed' if curve.name.endswith('backward') else ''}"


def _ticks(low: float, high: float) -> Iterator[float]:
    """Numbers of the vertical axis: powers of ten, with 2 and 5 times them where there are few."""
    few = high - low < 3
    for exponent in range(math.floor(low), math.ceil(high) + 1):
        for factor in (1, 2, 5) if few else (1,):
            if low - 1e-9 <= math.log10(factor) + exponent <= high + 1e-9:
                yield factor * 10.0**exponent


def _power(value: float) -> str:
    """A number of the vertical axis: 0.01, and from 10⁻⁴ on a power."""
    exponent = round(math.log10(value))
    if exponent > -4:
        return i18n.in_both(*said(f"{value:g}"), tag="tspan")
    return "10" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
