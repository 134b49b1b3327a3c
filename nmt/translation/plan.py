"""The plan of a text: its parts, the requests that must be searched, and how their results are joined again.

`Translator.plan` makes a `Plan`.  Whoever holds it searches `plan.requests` in any order and company, and
`plan.assemble` joins the results to the text's translation; while the later ones are still missing, `plan.segments`
is what can be shown of it already.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nmt.text.normalization import composed, model_input, respelled, with_spelling
from nmt.text.segmentation import Part, stands_alone
from nmt.translation.result import Segment, SentenceTranslation, Translation


@dataclass(frozen=True)
class Request:
    """A sentence to search.  Equal requests have equal results, so each needs to be searched only once."""

    sentence: str  # as `nmt.text.normalization` leaves it: cleaned, composed, not all in capitals
    prefix: str = ""  # what the translation must begin with
    following: int | None = None  # the id of the target piece that must come after the prefix
    whole: bool = True  # False for a stretch of a sentence, cut out around something that is copied

    @property
    def is_free(self) -> bool:
        """Whether it is a whole sentence whose translation may begin in any way."""
        return self.whole and not self.prefix and self.following is None


class Plan:
    """A text cut into parts, which join to exactly the text again.

    parts     sentences to translate, and what is copied between and around them
    requests  one for each part to translate, in order
    """

    def __init__(self, parts: Sequence[Part], prefix: str = "") -> None:
        """prefix: what the first sentence's translation must begin with"""
        self.parts = tuple(parts)
        sentences = [i for i, part in enumerate(self.parts) if part.translate]
        self.requests = tuple(
            Request(
                composed(model_input(self.parts[i].text)),
                prefix if i == sentences[0] else "",
                whole=stands_alone(self.parts, i),
            )
            for i in sentences
        )

    def segments(self, results: Sequence[SentenceTranslation]) -> list[Segment]:
        """The translation in segments, one for each part, as far as `results`, those of the first requests, reach."""
        segments, following = [], iter(results)
        for part in self.parts:
            sentence = next(following, None) if part.translate else None
            if part.translate and sentence is None:
                break
            # Of what is left as it is, the text itself stays, not what the model would have read.
            text = part.text if sentence is None or sentence.copied else _spelled(part, sentence.text)
            segments.append(Segment(text, sentence))
        return segments

    def assemble(self, results: Sequence[SentenceTranslation], n_best: int = 1) -> Translation:
        """The translation of the whole text, with `n_best` - 1 alternatives if there are so many.

        `results` has one result for each request, in order; if it has fewer, the translation ends before the first
        sentence without one.
        """
        candidates = [
            tuple((_spelled(part, text), score) for text, score in segment.sentence.candidates)
            if segment.sentence and not segment.sentence.copied
            else ((segment.text, 0.0),)
            for part, segment in zip(self.parts, self.segments(results), strict=False)
        ]
        texts = [
            "".join(options[choice][0] for options, choice in zip(candidates, choices, strict=True))
            for choices in _best_choices(candidates, n_best)
        ]
        best, *alternatives = dict.fromkeys(texts)
        translated = [r for r in results if not r.copied and not r.known]
        pieces = sum(len(r.tokens) + 1 for r in translated)
        return Translation(
            text=best,
            score=sum(r.score * (len(r.tokens) + 1) for r in translated) / max(1, pieces),
            alternatives=alternatives,
            tokens=[token for r in results for token in r.tokens],
            source_tokens=[token for r in results for token in r.source_tokens],
            attention=results[0].attention if len(results) == 1 else None,
            sentences=list(results),
        )


def _spelled(part: Part, translation: str) -> str:
    """The translation with the no-break spaces and direction marks of words that it has in common with the part."""
    return with_spelling(translation, respelled(part.text))


def _best_choices(candidates: Sequence[Sequence[tuple[str, float]]], n: int) -> Iterator[tuple[int, ...]]:
    """The n best ways to choose one candidate (text, search score) of each segment, as indices, best first: those
    that lose the least search score in sum (best-first search over the lattice of choices)."""
    losses = [list(itertools.accumulate((c[0][1] - score for _, score in c), max)) for c in candidates]
    first = (0,) * len(candidates)
    heap, seen = [(0.0, first)], {first}
    for _ in range(n):
        if not heap:
            return
        _, chosen = heapq.heappop(heap)
        yield chosen
        for i, choice in enumerate(chosen):
            if choice + 1 == len(losses[i]):
                continue
            following = (*chosen[:i], choice + 1, *chosen[i + 1 :])
            if following not in seen:
                seen.add(following)
                lost = sum(loss[c] for loss, c in zip(losses, following, strict=True))
                heapq.heappush(heap, (lost, following))
