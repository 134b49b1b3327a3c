"""What the tab "Inside" asks of the laboratory, with its errors in both languages.  No component and no HTML.

The laboratory works with torch, which the page does without otherwise: it is imported at the first look.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from nmt.errors import UserError
from nmt.serving.errors import PageError
from nmt.serving.job import Answer, Direction
from nmt.serving.service import TranslationService

if TYPE_CHECKING:
    from nmt.lab.inside import Inside
    from nmt.lab.memory import Memory

Of = Literal[
    "model", "open", "plain"
]  # what is measured: the model's layers, fresh cells with either kind of gates

# Less than `nmt lab memory` takes of everything, so that nobody waits long.
PROBES = 16  # directions that are followed
DISTANCE, EXAMPLES = 60, 2  # of fresh cells

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Wanted:
    """What somebody wants to look into."""

    direction: Direction
    text: str
    translation: str = ""  # of their own; empty: the model's
    beam: int = 0  # 0: the checkpoint's


@dataclass(frozen=True)
class Seen:
    wanted: Wanted
    inside: Inside


def look(service: TranslationService, wanted: Wanted) -> Seen:
    """UserError, fit to be shown to a visitor, for what cannot be looked into and for a failure of any kind."""
    for text in (wanted.text, wanted.translation):
        service.check(text, wanted.direction)
    with _told():
        from nmt.lab.inside import Unreadable, look_inside

        try:
            inside = look_inside(
                service.translators[wanted.direction],
                wanted.text,
                wanted.translation.strip() or None,
                wanted.beam or None,
            )
        except Unreadable as error:
            key = f"inside.{'long' if error.pieces else 'empty'}_{error.what}"
            raise PageError(key, pieces=error.pieces, longest=error.longest) from None
    return Seen(wanted, inside)


def remember(service: TranslationService, of: Of, seen: Seen | None) -> Memory:
    """How far back the layers of a model remember, over the sentence that was looked into; or fresh cells."""
    with _told():
        if of != "model":
            return _fresh(of == "open")
        from nmt.lab.inside import kept_checkpoint
        from nmt.lab.memory import of_checkpoint

        if seen is None:
            raise PageError("inside.nothing")
        if len(seen.inside.source_tokens) < 2:
            raise PageError("inside.one_piece")
        checkpoint = kept_checkpoint(service.translators[seen.wanted.direction])
        return of_checkpoint(checkpoint, [seen.inside.source], PROBES)


@lru_cache
def _fresh(gates_open: bool) -> Memory:
    from nmt.lab.memory import of_fresh_cells

    return of_fresh_cells(("rnn", "gru", "lstm"), distance=DISTANCE, gates_open=gates_open, examples=EXAMPLES)


@contextmanager
def _told() -> Iterator[None]:
    """What is nobody's mistake goes into the log, and not to the visitor."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        logger.error("looking inside failed", exc_info=error)
        raise PageError("page.failed") from None


def sentences(answer: Answer | None) -> list[str]:
    """The sentences of a translation, without what was copied.  (Those of the phrase book too: the model has its own
    translation of them.)"""
    found: list[Any] = [segment.sentence for segment in answer.segments] if answer else []
    return [sentence.source.strip() for sentence in found if sentence and not sentence.copied]
