"""The results of translating: a sentence, a segment of a text, a whole line.

Plain data; `nmt.translation.plan` joins the sentences of a line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

from nmt.translation.alignment import Span
from nmt.translation.doubt import doubtful_words


@dataclass(frozen=True)
class SentenceTranslation:
    """One sentence of a line."""

    source: str
    text: str
    score: float  # mean log-probability of a piece, EOS included; 0.0 if copied or known
    candidates: tuple[tuple[str, float], ...]  # the n best as (text, search score); the first is `text`
    tokens: list[str]  # target pieces as the model wrote them, before any repair of the text
    source_tokens: list[str]  # source pieces as the model read them ("dog" for "Dog!"), "</s>" last
    attention: list[list[float]] | None  # [len(tokens) + 1 (EOS)][len(source_tokens)], if asked for
    copied: bool = False  # nothing to translate, or nothing came out: `text` is `source`
    known: bool = False  # from the phrase book, or all of it from a glossary
    foreign: tuple[str, ...] = ()  # stretches of the source in a script that the model does not read: copied
    token_scores: tuple[float, ...] = ()  # log-probability of each of `tokens` and of EOS; () if none was searched

    @property
    def doubtful(self) -> tuple[Span, ...]:
        """[start, end) of the words of `text` that the model was not sure of (`nmt.translation.doubt`)."""
        return doubtful_words(self.text, self.tokens, self.token_scores)


@dataclass(frozen=True)
class Segment:
    """A stretch of a translation: a sentence, or copied text."""

    text: str
    sentence: SentenceTranslation | None = None

    @property
    def probability(self) -> float:
        """Geometric mean over the sentence's pieces; 1 for what was copied."""
        return exp(self.sentence.score) if self.sentence else 1.0


@dataclass(frozen=True)
class Translation:
    """One line.  `tokens` and `source_tokens` run over all its sentences; `attention` is there only if it was
    asked for and the line is one sentence, otherwise look into `sentences`."""

    text: str
    score: float  # mean log-probability of a piece over the sentences that the model translated; 0.0 if none
    alternatives: list[str]  # n_best - 1 further whole lines, best first; fewer if there are no more
    tokens: list[str]
    source_tokens: list[str]
    attention: list[list[float]] | None
    sentences: list[SentenceTranslation]
    segments: tuple[Segment, ...] = ()  # the same with what was copied between them; they join to `text`

    @property
    def doubtful(self) -> list[Span]:
        """[start, end) of the words of `text` that the model was not sure of."""
        return doubtful_in(self.segments)

    @property
    def foreign(self) -> list[str]:
        """Stretches of the line that were left as they are, since their script is not the source language's."""
        return [stretch for sentence in self.sentences for stretch in sentence.foreign]


def doubtful_in(segments: Sequence[Segment]) -> list[Span]:
    """[start, end) of the doubtful words of the text that the segments join to."""
    found: list[Span] = []
    at = 0
    for segment in segments:
        own = segment.sentence.doubtful if segment.sentence else ()
        found += [(at + start, at + end) for start, end in own]
        at += len(segment.text)
    return found


def copied(sentence: str) -> SentenceTranslation:
    """The result of a sentence that is left as it is."""
    return SentenceTranslation(sentence, sentence, 0.0, ((sentence, 0.0),), [], [], None, copied=True)
