"""What the tab "Inside" asks of the laboratory, with its errors in both languages.

The laboratory works with torch, which the page does without otherwise: it is imported at the first look.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from nmt.serving.errors import PageError, failures_logged
from nmt.serving.job import Answer, Direction
from nmt.serving.service import TranslationService

if TYPE_CHECKING:
    from nmt.lab.inside import Inside
    from nmt.lab.memory import Memory

# What is measured: the layers of a model, or fresh cells with gates opened or left as they are initialized.
Of = Literal["model", "open", "plain"]

# Fewer than `nmt lab memory` takes, so that nobody waits long.
PROBES = 16  # directions in which the derivative is followed
MAX_DISTANCE, EXAMPLES = 60, 2  # steps and sequences for fresh cells


@dataclass(frozen=True)
class Wanted:
    """What somebody wants to look into."""

    direction: Direction
    text: str
    translation: str = ""  # of their own; empty: the model's
    beam: int = 0  # 0: the checkpoint's


@dataclass(frozen=True)
class Seen:
    """What was found there."""

    wanted: Wanted
    inside: Inside


def look(service: TranslationService, wanted: Wanted) -> Seen:
    """UserError, fit to be shown to a visitor, for what cannot be looked into and for a failure of any kind."""
    for text in (wanted.text, wanted.translation):
        service.check([text], wanted.direction)
    with failures_logged("looking inside"):
        from nmt.lab.inside import Unreadable, look_inside

        translator = service.translators[wanted.direction]
        given = wanted.translation.strip() or None
        try:
            inside = look_inside(translator, wanted.text, given, wanted.beam or None)
        except Unreadable as error:
            key = f"inside.{'long' if error.pieces else 'empty'}_{error.what}"
            raise PageError(key, pieces=error.pieces, longest=error.longest) from None
    return Seen(wanted, inside)


def remember(service: TranslationService, of: Of, seen: Seen | None) -> Memory:
    """How far back the layers of a model remember, over the sentence that was looked into; or fresh cells.

    Errors as of `look`.
    """
    with failures_logged("looking inside"):
        if of != "model":
            return fresh_cells(of == "open")
        from nmt.lab.inside import kept_checkpoint
        from nmt.lab.memory import of_checkpoint

        if seen is None:
            raise PageError("inside.nothing")
        if len(seen.inside.source_tokens) < 2:
            raise PageError("inside.one_piece")
        checkpoint = kept_checkpoint(service.translators[seen.wanted.direction])
        return of_checkpoint(checkpoint, [seen.inside.source], PROBES)


def sentences(answer: Answer | None) -> list[str]:
    """The sentences of a translation, without those that were copied.  Those of the phrase book are among them, for
    the model has its own translation of them."""
    found = [segment.sentence for segment in answer.segments] if answer else []
    return [sentence.source.strip() for sentence in found if sentence and not sentence.copied]


@lru_cache
def fresh_cells(gates_open: bool) -> Memory:
    """How far back fresh cells of each kind remember; it is the same for everybody."""
    from nmt.lab.memory import of_fresh_cells

    size = {"distance": MAX_DISTANCE, "examples": EXAMPLES}
    return of_fresh_cells(("rnn", "gru", "lstm"), gates_open=gates_open, **size)
