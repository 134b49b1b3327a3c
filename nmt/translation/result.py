"""What a translation is, and how a line is put together from those of its sentences.

Plain data and pure functions: the searching that fills them is `nmt.translation.sentence_translator`'s.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nmt.text.segmentation import Part


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
    known: bool = False  # from the phrase book


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


def copied(sentence: str) -> SentenceTranslation:
    """The result of a sentence that is left as it is."""
    return SentenceTranslation(sentence, sentence, 0.0, ((sentence, 0.0),), [], [], None, copied=True)


def assemble(plan: Sequence[Part], sentences: Sequence[SentenceTranslation], n_best: int) -> Translation:
    """Join the parts of a line again; `sentences` are the results of its parts to translate, in order."""

    def line(chosen: Sequence[int]) -> str:
        pending = zip(sentences, chosen, strict=True)
        pieces = []
        for part in plan:
            written = part.text
            if part.translate:
                sentence, choice = next(pending)
                written = part.text if sentence.copied else sentence.candidates[choice][0]
            pieces.append(written)
        return "".join(pieces)

    texts = dict.fromkeys(line(chosen) for chosen in _best_choices([s.candidates for s in sentences], n_best))
    best, *alternatives = texts
    translated = [s for s in sentences if not s.copied and not s.known]
    pieces = sum(len(s.tokens) + 1 for s in translated)
    return Translation(
        text=best,
        score=sum(s.score * (len(s.tokens) + 1) for s in translated) / max(1, pieces),
        alternatives=alternatives,
        tokens=[token for s in sentences for token in s.tokens],
        source_tokens=[token for s in sentences for token in s.source_tokens],
        attention=sentences[0].attention if len(sentences) == 1 else None,
        sentences=list(sentences),
    )


def _best_choices(candidates: Sequence[Sequence[tuple[str, float]]], n: int) -> Iterator[tuple[int, ...]]:
    """The n best ways to choose one candidate of each sentence, as indices, best first: those that lose the
    least search score in sum (best-first search over the lattice of choices)."""
    losses = [list(itertools.accumulate((c[0][1] - score for _, score in c), max)) for c in candidates]
    first = (0,) * len(candidates)
    heap, seen = [(0.0, first)], {first}
    for _ in range(n):
        if not heap:
            return
        _, chosen = heapq.heappop(heap)
        yield chosen
        for i, choice in enumerate(chosen):
            following = (*chosen[:i], choice + 1, *chosen[i + 1 :])
            if choice + 1 < len(losses[i]) and following not in seen:
                seen.add(following)
                lost = sum(loss[c] for loss, c in zip(losses, following, strict=True))
                heapq.heappush(heap, (lost, following))
