"""What the page does with a request: check it, run the right translator, shape the answer.

No component and no HTML: the tab and the API endpoint call the same `TranslationService`, and the tests
call it without a browser.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nmt.errors import UserError
from nmt.webui import languages

if TYPE_CHECKING:
    from nmt.translator import SentenceTranslation, Translator

MAX_CHARS = 5000  # of one request, unless told otherwise
MAX_BEAM = 12
MAX_ALTERNATIVES = 5
FAILED = "Something went wrong while translating. The page still works; the reason is in the program's log."

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class AttentionMap:
    """Where the decoder looked in one sentence."""

    sentence: str  # of the source text
    source: list[str]  # pieces, the end symbol last
    target: list[str]  # pieces, the end symbol last
    weights: list[list[float]]  # [len(target)][len(source)], each row sums to 1


@dataclass(frozen=True)
class Answer:
    """One request, translated."""

    text: str
    alternatives: list[str] = field(default_factory=list)  # further whole texts, best first
    attention: list[AttentionMap] = field(
        default_factory=list
    )  # one a sentence, in reading order; none for what is only copied
    seconds: float = 0.0


class TranslationService:
    """All directions of the page behind one call; `translators` has a key ("es", "en") for each."""

    def __init__(self, translators: Mapping[tuple[str, str], Translator], max_chars: int = MAX_CHARS) -> None:
        if not translators:
            raise UserError("the page needs at least one translator")
        self.translators = dict(translators)
        self.max_chars = max_chars

    @property
    def first(self) -> tuple[str, str]:
        """The direction the page opens with."""
        return next(iter(self.translators))

    def sources(self) -> list[str]:
        """Codes of the languages that can be translated from."""
        return list(dict.fromkeys(source for source, _ in self.translators))

    def targets(self, source: str) -> list[str]:
        """Codes of the languages that `source` can be translated into."""
        return [target for start, target in self.translators if start == source]

    def directions(self) -> list[str]:
        """Names of the directions, as the API takes them: "es-en"."""
        return [f"{source}-{target}" for source, target in self.translators]

    def default_beam(self, direction: tuple[str, str]) -> int:
        """The beam size that the direction's checkpoint was tuned for."""
        return self.translators[direction].config.decoding.beam

    def find(self, direction: str) -> tuple[str, str]:
        """ "es-en" -> ("es", "en"); raises UserError for a direction without a model."""
        source, _, target = str(direction).partition("-")
        if (source, target) not in self.translators:
            raise UserError(
                f"No model for the direction {direction!r}. Available: {', '.join(self.directions())}."
            )
        return source, target

    def translate(
        self,
        text: str,
        direction: tuple[str, str],
        beam: float = 0,
        alternatives: float = 0,
        with_attention: bool = False,
    ) -> Answer:
        """Translate a text of any number of lines and sentences.

        `beam` 0 means the checkpoint's own.  A text of nothing but white space gives an empty answer.
        Raises UserError, fit to be shown to a visitor, for a bad request and for a failure of any kind.
        """
        self._check(text, direction)
        hypotheses = 1 + _whole_number(alternatives, "alternatives", 0, MAX_ALTERNATIVES)
        width = _whole_number(beam, "beam", 0, MAX_BEAM) or self.default_beam(direction)
        if not text.strip():
            return Answer("")
        started = time.perf_counter()
        try:
            translation = self.translators[direction].translate_batch(
                [text],
                beam=max(width, hypotheses),  # the search finds no more than its beam holds
                n_best=hypotheses,
                with_attention=with_attention,
            )[0]
        except UserError:
            raise
        except Exception:
            logger.exception("translating %d characters %s-%s failed", len(text), *direction)
            raise UserError(FAILED) from None
        return Answer(
            text=translation.text,
            alternatives=translation.alternatives,
            attention=[_attention_map(part) for part in translation.sentences if part.attention],
            seconds=time.perf_counter() - started,
        )

    def _check(self, text: str, direction: tuple[str, str]) -> None:
        if not isinstance(text, str):  # a program may send anything
            raise UserError("The text is not a string.")
        if len(text) > self.max_chars:
            raise UserError(
                f"This text has {len(text):,} characters; the limit is {self.max_chars:,}. "
                "Shorten it or translate it in parts."
            )
        if direction not in self.translators:
            source, target = direction
            raise UserError(f"No model translates {languages.name(source)} into {languages.name(target)}.")


def _whole_number(value: float, what: str, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value % 1 != 0:  # also NaN
        raise UserError(f"{what} is {value!r}, expected a whole number.")
    if not least <= value <= most:
        raise UserError(f"{what} is {int(value)}, expected {least} to {most}.")
    return int(value)


def _attention_map(sentence: SentenceTranslation) -> AttentionMap:
    assert sentence.attention is not None
    return AttentionMap(
        sentence.source, sentence.source_tokens, [*sentence.tokens, "</s>"], sentence.attention
    )
