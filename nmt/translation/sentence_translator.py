"""Translates sentences: by the phrase book where it has them, otherwise by search and postprocessing.

`nmt.translation.translator` cuts texts into sentences and joins them again, `nmt.translation.protect` takes out what a
model must not change, `nmt.inference.batched_search` searches, and `nmt.translation.postprocess` has the steps from
hypotheses to a translation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import log

from nmt.config import DecodingConfig
from nmt.inference.batched_search import BatchLimits, PendingSearch, start_search
from nmt.inference.batches import pad_sources
from nmt.inference.hypotheses import Hypothesis
from nmt.inference.model_interface import SearchableModel
from nmt.inference.sampling import next_tokens
from nmt.text.protected import TERM, missing_items
from nmt.text.tokenizer import EOS, Tokenizer
from nmt.translation.phrase_book import PhraseBook
from nmt.translation.plan import Request
from nmt.translation.postprocess import count_defects, detokenize, pick, recase, repair, restored, with_names
from nmt.translation.protect import ATTEMPTS, Protected, Vocabulary, protect
from nmt.translation.recasing import bare_request
from nmt.translation.restore import restore, with_letters
from nmt.translation.result import SentenceTranslation, copied

MIN_FORCED_DIGITS = 3  # of a lost number that gets a stand-in; shorter ones may have been written in letters
MAX_UNLIKELINESS = log(300)  # what is less probable than another by more than this is not offered beside it


Searches = list[tuple[list[Request], PendingSearch]]  # what the model reads, and its search


@dataclass(frozen=True)
class Way:
    """One attempt at a sentence: the request, and what of it is protected."""

    request: Request
    protected: Protected

    @cached_property
    def read(self) -> Request:
        """The request that the model gets."""
        if not self.protected.slots and self.protected.model_text == self.request.sentence:
            return self.request
        return replace(
            self.request,
            sentence=self.protected.model_text,
            items=(),
            prefix=self.protected.prefix(self.request.prefix),
        )

    @property
    def unmarked(self) -> Request:
        """The request without accelerators (`&File`)."""
        return replace(self.request, sentence=self.protected.unmarked)


@dataclass(frozen=True)
class PendingBatch:
    """What `SentenceTranslator.start` hands over to `SentenceTranslator.finish`."""

    requests: Sequence[Request]
    known: dict[Request, SentenceTranslation]  # results of the phrase book, and of sentences that are copied
    bare: dict[Way, Request]  # lone words, and their bare form, which is searched too
    ways: list[Way]  # of what is not known, and of the bare forms, each once
    searches: Searches  # of what the model reads of `ways`

    def cancel(self) -> None:
        """Take back the searches that have not begun."""
        for _, search in self.searches:
            search.cancel()


@dataclass(frozen=True)
class SentenceTranslator:
    """Translates sentences with fixed settings, and searches again where a protected item was lost."""

    model: SearchableModel
    source_ids: Callable[[str], Sequence[int]]  # of a sentence, without EOS
    source_tokenizer: Tokenizer
    target_tokenizer: Tokenizer
    target_language: str  # ISO 639-1
    phrases: PhraseBook
    decoding: DecodingConfig
    n_best: int
    with_attention: bool
    limits: BatchLimits
    vocabulary: Vocabulary  # of the tokenizers

    def translate(self, requests: Sequence[Request]) -> list[SentenceTranslation]:
        """One result for each request, in order."""
        return self.finish(self.start(requests))

    def start(self, requests: Sequence[Request]) -> PendingBatch:
        """Begin to search what the phrase book does not know."""
        ways = self._ways(requests)
        known = {way.request: found for way in ways if (found := self._look_up(way))}
        unknown = [way for way in ways if way.request not in known]
        bare = {way: form for way in unknown if (form := bare_request(way.unmarked, self.target_language))}
        ways = list(dict.fromkeys([*unknown, *self._ways(bare.values())]))
        known |= {way.request: self._of_items(way) for way in ways if not way.protected.has_words}
        bare = {way: form for way, form in bare.items() if not {way.request, form} & known.keys()}
        ways = [way for way in ways if way.request not in known]
        return PendingBatch(requests, known, bare, ways, self._search(ways, self.n_best))

    def finish(self, pending: PendingBatch) -> list[SentenceTranslation]:
        """One result for each request, in order.

        Most sentences are done after the first search.  One with defects (it lost a protected item, repeats itself or
        is empty) is searched again for all hypotheses of the beam with attention.  An item whose stand-in was lost
        gets another one; in the last search it has none and is placed by attention.
        """
        found = pending.known | self._results(pending.ways, pending.searches)
        found |= {
            way.request: recase(way.request, way.protected, found[way.request], found[bare])
            for way, bare in pending.bare.items()
        }
        for attempt in range(1, ATTEMPTS):
            ways = [
                Way(request, self._protected_anew(request, found[request], attempt))
                for request in dict.fromkeys(pending.requests)
                if _is_defective(request, found[request], attempt)
            ]
            if not ways:
                break
            beam = self.decoding.beam
            again = self._results(ways, self._search(ways, beam, with_attention=True), mend=True)
            for request, result in again.items():
                best = min(result, found[request], key=lambda one: count_defects(request, one.text))
                found[request] = best if best.text else copied(request.sentence)
        return [found[request] for request in pending.requests]

    def continuations(self, request: Request, count: int) -> list[SentenceTranslation]:
        """`Translator.continuations` of a request, without pieces that are hundreds of times less probable after the
        prefix than the first.  Without a prefix, the results of `translate` come first; for a sentence in the phrase
        book there are no others."""
        shown: list[SentenceTranslation] = []
        if not request.prefix:
            whole = self.translate([request])[0]
            shown = [replace(whole, text=text) for text, _ in whole.candidates]
            if whole.known:  # the phrase book overrules the model
                return shown
        read = self._ways([request])[0].read
        source = pad_sources([self._with_end(read)])[0]
        following = next_tokens(self.model, source, self._forced(read), 2 * count)
        likely = [
            token
            for token, log_prob in following
            if log_prob > following[0][1] - MAX_UNLIKELINESS and self._leaves_whole(request.prefix, token)
        ]
        found = self.translate([replace(request, following=token) for token in likely[:count]])
        more = [replace(found[0], text=text) for text, _ in found[0].candidates[1:]] if found else []
        distinct: dict[str, SentenceTranslation] = {}
        for result in [*shown, *found[:1], *more, *found[1:]]:
            distinct.setdefault(result.text, result)
        return list(distinct.values())

    def _ways(self, requests: Iterable[Request]) -> list[Way]:
        """The first way of each request, each once."""
        return [
            Way(request, protect(request.sentence, self.vocabulary, given=request.items))
            for request in dict.fromkeys(requests)
        ]

    def _look_up(self, way: Way) -> SentenceTranslation | None:
        """The translation of a whole sentence in the phrase book, or None."""
        request, protected = way.request, way.protected
        found = self.phrases.look_up(protected.unmarked)[: self.n_best] if request.is_free else ()
        texts = [with_letters(protected, text) for text in found]
        if not texts:
            return None
        return SentenceTranslation(
            source=request.sentence,
            text=texts[0],
            score=0.0,
            candidates=tuple((text, 0.0) for text in texts),
            tokens=self.target_tokenizer.pieces(self.target_tokenizer.encode(texts[0])),
            source_tokens=self._source_pieces(request),
            attention=None,
            known=True,
        )

    def _of_items(self, way: Way) -> SentenceTranslation:
        """The result of a sentence that has no words for the model: a copy, with the glossary's terms."""
        result = replace(copied(way.request.sentence), foreign=way.protected.foreign)
        text = restore(way.protected, way.protected.model_text, (), (), None)
        if all(item.kind != TERM for item in way.request.items):
            return result
        return replace(result, text=text, candidates=((text, 0.0),), copied=False, known=True)

    def _search(self, ways: Sequence[Way], n_best: int, with_attention: bool = False) -> Searches:
        """Start the searches, each text once, and with attention only where it is needed."""
        with_attention = with_attention or self.with_attention
        placed = {way.read for way in ways if with_attention or way.protected.needs_attention}
        groups = [
            (list(dict.fromkeys(way.read for way in ways if (way.read in placed) == needs)), needs)
            for needs in (False, True)
        ]
        return [
            (
                reads,
                start_search(
                    self.model,
                    [self._with_end(read) for read in reads],
                    [self._forced(read) for read in reads],
                    self.decoding,
                    n_best,
                    needs,
                    self.limits,
                ),
            )
            for reads, needs in groups
            if reads
        ]

    def _results(
        self, ways: Sequence[Way], searches: Searches, mend: bool = False
    ) -> dict[Request, SentenceTranslation]:
        """The translations from the hypotheses, with numbers and repetition corrected or not."""
        found: dict[Request, list[Hypothesis]] = {}
        for reads, search in searches:
            found.update(zip(reads, search.results(), strict=True))
        results: dict[Request, SentenceTranslation] = {}
        for way in ways:
            pieces = self._source_pieces(way.read)
            drafts = [detokenize(hypothesis, self.target_tokenizer) for hypothesis in found[way.read]]
            if mend:
                drafts = [repair(way.read, draft, pieces) for draft in drafts]
            drafts = [with_names(way.read.sentence, draft, self.vocabulary.size) for draft in drafts]
            drafts = [restored(way.request, way.protected, draft, pieces, count=mend) for draft in drafts]
            result = pick(way.request, drafts, pieces, self.n_best, self.with_attention)
            foreign = way.protected.foreign
            results[way.request] = replace(result, foreign=foreign) if foreign else result
        return results

    def _protected_anew(self, request: Request, result: SentenceTranslation, attempt: int) -> Protected:
        """The request with stand-ins also for what its translation lost."""
        lost = [
            item
            for item in missing_items(request.sentence, result.text, request.items)
            if item.role != "number" or len(item.text) >= MIN_FORCED_DIGITS
        ]
        if not any(item.role != "number" for item in lost):
            attempt = 0
        return protect(request.sentence, self.vocabulary, attempt, lost, request.items)

    def _with_end(self, request: Request) -> list[int]:
        return [*self.source_ids(request.sentence), EOS]

    def _source_pieces(self, request: Request) -> list[str]:
        return self.source_tokenizer.pieces(self._with_end(request))

    def _forced(self, request: Request) -> list[int]:
        """The ids that the hypotheses must begin with."""
        ids = self.target_tokenizer.encode(request.prefix) if request.prefix else []
        return ids if request.following is None else [*ids, request.following]

    def _leaves_whole(self, prefix: str, token: int) -> bool:
        """Whether the token begins a word or a sign of its own, and so leaves the prefix's last word as it is."""
        piece = self.target_tokenizer.pieces([token])[0]
        return not prefix or piece.startswith("▁") or not (piece[0].isalnum() or piece.startswith("<0x"))


def _is_defective(request: Request, result: SentenceTranslation, attempt: int) -> bool:
    """Whether the sentence is to be searched again; the last time only if an item has to be placed."""
    if result.known or result.copied:
        return False
    if attempt == ATTEMPTS - 1:
        return any(item.role != "number" for item in missing_items(request.sentence, result.text, request.items))
    return any(count_defects(request, text) for text, _ in result.candidates)
