"""The plan of a text: its parts, the requests that must be searched, and how their results are joined.

`Translator.plan` makes a `Plan`.  The caller searches `plan.requests` in any order, together with those of other plans;
`plan.assemble` joins the results to the translation of the text, and `plan.segments` gives its beginning while later
results are still missing.
"""

from __future__ import annotations

import heapq
import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from operator import itemgetter

from nmt.text.added_stop import without_added_stop
from nmt.text.normalization import composed, model_input, respelled, with_spelling
from nmt.text.protected import TERM, Item
from nmt.text.segmentation import Part, stands_alone
from nmt.translation.glossary import Glossary
from nmt.translation.result import Segment, SentenceTranslation, Translation

_LINE_END = re.compile(r"[^\w\r\n]*(?:[\r\n]|$)")  # of what follows a sentence on its line: no word


@dataclass(frozen=True)
class Request:
    """A sentence to search.  Equal requests have equal results, so each needs to be searched only once."""

    sentence: str  # as `nmt.text.normalization` leaves it: cleaned, composed, not all in capitals
    prefix: str = ""  # what the translation must begin with
    following: int | None = None  # the id of the target piece that must come after the prefix
    whole: bool = True  # False for a stretch of a sentence, cut out around something that is copied
    items: tuple[Item, ...] = ()  # a glossary's terms, beside what `nmt.text.protected` finds

    @property
    def is_free(self) -> bool:
        """Whether it is a whole sentence whose translation may begin in any way."""
        return self.whole and not self.prefix and self.following is None and not self.items

    def ends_with_term(self, translation: str) -> bool:
        """Whether a term of the glossary is the end of the translation, and so has its own full stop."""
        return any(item.kind == TERM and translation.endswith(item.text) for item in self.items)


class Plan:
    """A text cut into parts, which join to exactly the text again.

    parts     sentences to translate, and what is copied between and around them
    requests  one for each part to translate, in order
    """

    def __init__(
        self, parts: Sequence[Part], prefix: str = "", glossary: Glossary | None = None, labels: bool = False
    ) -> None:
        """
        prefix    what the first sentence's translation must begin with
        glossary  terms that all of them hold to
        labels    a line that ends without a mark may be a heading or a label: its translation ends so too
        """
        self.labels = labels
        self.parts = tuple(parts)
        requests: list[Request] = []
        for place, part in enumerate(self.parts):
            if part.translate:
                sentence = composed(model_input(part.text))
                sentence, items = glossary.applied(sentence) if glossary else (sentence, ())
                begin = "" if requests else prefix
                requests.append(Request(sentence, begin, whole=stands_alone(self.parts, place), items=items))
        self.requests = tuple(requests)

    def segments(self, results: Sequence[SentenceTranslation]) -> list[Segment]:
        """The translation in segments, one for each part, as far as `results`, those of the first requests, reach."""
        segments, following = [], zip(self.requests, results, strict=False)
        for place, part in enumerate(self.parts):
            request, sentence = next(following, (None, None)) if part.translate else (None, None)
            if part.translate and sentence is None:
                break
            if sentence and not sentence.copied:
                sentence = _spelled(part, sentence)
                if request and self._is_label(place) and not request.ends_with_term(sentence.text):
                    sentence = _changed(sentence, partial(without_added_stop, text=part.text))
            # A copied part keeps its own text, not the normalized one that the model would have read.
            text = part.text if sentence is None or sentence.copied else sentence.text
            segments.append(Segment(text, sentence))
        return segments

    def _is_label(self, place: int) -> bool:
        """Whether the part ends a line that may be a label, or an arm of a message, which may always be one."""
        after = "".join(part.text if not part.translate else "x" for part in self.parts[place + 1 : place + 3])
        return after.lstrip().startswith("}") or (self.labels and _LINE_END.match(after) is not None)

    def assemble(self, results: Sequence[SentenceTranslation], n_best: int = 1) -> Translation:
        """The translation of the whole text, with `n_best` - 1 alternatives if there are so many; of its beginning,
        while `results` are of the first requests only."""
        segments = self.segments(results)
        best, *alternatives = dict.fromkeys(_best_texts(segments, n_best))
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
            segments=tuple(segments),
        )


def _spelled(part: Part, sentence: SentenceTranslation) -> SentenceTranslation:
    """The translation with the no-break spaces and direction marks of words that it has in common with the part."""
    spellings = respelled(part.text)
    if not spellings:
        return sentence
    return _changed(sentence, partial(with_spelling, spellings=spellings))


def _changed(sentence: SentenceTranslation, change: Callable[[str], str]) -> SentenceTranslation:
    """The translation, and its candidates, with a change made to their texts."""
    candidates = tuple((change(text), score) for text, score in sentence.candidates)
    return replace(sentence, text=change(sentence.text), candidates=candidates)


def _best_texts(segments: Sequence[Segment], n: int) -> list[str]:
    """The n best texts that can be made with one candidate of each sentence, best first: those that lose the least
    search score in sum, against the best candidates."""
    best = [(0.0, "")]  # score lost so far, text
    for segment in segments:
        sentence = segment.sentence
        options = sentence.candidates if sentence and not sentence.copied else ((segment.text, 0.0),)
        losses = list(itertools.accumulate((options[0][1] - score for _, score in options), max))
        longer = [
            (lost + loss, text + option)
            for lost, text in best
            for loss, (option, _) in zip(losses, options, strict=True)
        ]
        best = heapq.nsmallest(n, longer, key=itemgetter(0))
    return [text for _, text in best]
