"""The beam tree as HTML: a column of candidates for each step of the search, and lines from each to what it continues.

Pure functions of `nmt.lab.beam_tree`'s data.  Text is not measured: all candidates have boxes of one size, in units of
the letters' size, so that the place of a line is known here.  `inside.js` answers to the pointer and the keys.
"""

from __future__ import annotations

from math import exp
from typing import TYPE_CHECKING

from nmt.webui import i18n
from nmt.webui.inside.views import alone, number, piece_html, readout, said, share

if TYPE_CHECKING:  # importing it would import torch
    from nmt.lab.beam_tree import BeamTree
    from nmt.lab.inside import Inside

# In rem; inside.css has the same.
BOX_WIDTH, COLUMN_GAP = 6.5, 1.25
ROW_HEIGHT = 1.9  # of a box and the space below it
HEAD_HEIGHT = 1.6  # above the first box

Place = tuple[int, int]  # step, row


def tree(inside: Inside) -> str:
    """The tree: kept candidates framed, dropped ones pale, the way to the translation strong."""
    found, at = inside.tree, inside.tree.places()
    by_step: dict[int, list[int]] = {}
    for index, (step, _) in at.items():
        by_step.setdefault(step, []).append(index)
    columns = "".join(
        f"<li><h3>{i18n.html('inside.step', number=step + 1)}</h3>"
        f"<ol>{''.join(_box(inside, index) for index in indices)}</ol></li>"
        for step, indices in by_step.items()
    )
    # Where the Tab key arrives: the first piece of the translation.
    first = found.best[0] if found.best else next(iter(at), None)
    columns = columns.replace(f'data-index="{first}" tabindex="-1"', f'data-index="{first}" tabindex="0"')
    label = i18n.html("inside.beam_tree")
    return (
        readout("inside.point_tree")
        + f'<div class="nmt-wide"><h2 class="nmt-aside">{label}</h2>'
        + f'<div class="nmt-tree">{_lines(found, at)}<ol>{columns}</ol></div></div>'
    )


def beginning(inside: Inside, index: int) -> str:
    """The text from the start to this candidate."""
    pieces: list[str] = []
    following: int | None = index
    while following is not None:
        pieces.append(inside.tree_tokens[following])
        following = inside.tree.candidates[following].parent
    return "".join(piece for piece in reversed(pieces) if piece != "</s>").replace("▁", " ").strip()


def _box(inside: Inside, index: int) -> str:
    candidate = inside.tree.candidates[index]
    ended = " nmt-ended" if candidate.ended else ""
    parent = "" if candidate.parent is None else candidate.parent
    return (
        f'<li><button type="button" class="nmt-node nmt-{_kind(inside.tree, index)}{ended}" data-index="{index}" '
        f'tabindex="-1" data-parent="{parent}"><span>{piece_html(inside.tree_tokens[index])}</span> '
        f'<small>{alone(number(candidate.score))}</small><span class="nmt-aside">{_details(inside, index)}</span>'
        "</button></li>"
    )


def _details(inside: Inside, index: int) -> str:
    """What the readout says of a candidate."""
    candidate = inside.tree.candidates[index]
    numbers = i18n.html(
        "inside.candidate",
        log_prob=said(number(candidate.log_prob)),
        share=said(share(exp(candidate.log_prob))),
        score=said(number(candidate.score)),
    )
    kind = _kind(inside.tree, index)
    became = i18n.html(f"inside.{'returned' if kind == 'best' else kind}")
    if candidate.rank is not None:
        became += "; " + i18n.html("inside.ended", rank=said(number(candidate.rank, 3)))
    text = i18n.html("inside.beginning", text=beginning(inside, index))
    return f"{text}: {numbers}; {became}"


def _kind(tree: BeamTree, index: int) -> str:
    """What became of a candidate; its box and line have a class of that name."""
    if index in tree.best:
        return "best"
    return "kept" if tree.candidates[index].kept else "dropped"


def _lines(tree: BeamTree, at: dict[int, Place]) -> str:
    """One curve for each candidate, from the right of its parent's box to the left of its own."""
    steps = 1 + max((step for step, _ in at.values()), default=0)
    rows = 1 + max((row for _, row in at.values()), default=0)
    paths = []
    for index, place in sorted(at.items(), key=lambda item: item[0] in tree.best):  # the strong ones on top
        x, y = _left(place), _middle(place)
        start, height = 0.0, _middle((0, 0))
        if (parent := tree.candidates[index].parent) is not None:
            start, height = _left(at[parent]) + BOX_WIDTH, _middle(at[parent])
        bend = (start + x) / 2
        paths.append(
            f'<path class="nmt-{_kind(tree, index)}" data-of="{index}" '
            f'd="M{start:.2f} {height:.2f}C{bend:.2f} {height:.2f} {bend:.2f} {y:.2f} {x:.2f} {y:.2f}"/>'
        )
    width, height = _left((steps, 0)), HEAD_HEIGHT + rows * ROW_HEIGHT
    return (
        f'<svg viewBox="0 0 {width:.2f} {height:.2f}" style="width:{width:.2f}rem;height:{height:.2f}rem" '
        f'aria-hidden="true">{"".join(paths)}</svg>'
    )


def _left(place: Place) -> float:
    return COLUMN_GAP + place[0] * (BOX_WIDTH + COLUMN_GAP)


def _middle(place: Place) -> float:
    return HEAD_HEIGHT + (place[1] + 0.5) * ROW_HEIGHT
