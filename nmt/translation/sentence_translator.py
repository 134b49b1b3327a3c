"""Sentences in, translated sentences out: what the phrase book knows, and for the rest search and postprocessing.

`nmt.translation.translator` cuts texts into sentences and joins them again, `nmt.inference.batched_search` searches,
and `nmt.translation.postprocess` has the steps from hypotheses to a translation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import log

from nmt.config import DecodingConfig
from nmt.inference.batched_search import BatchLimits, PendingSearch, start_search
from nmt.inference.batches import pad_sources
from nmt.inference.hypotheses import Hypothesis
from nmt.inference.model_interface import SearchableModel
from nmt.inference.sampling import next_tokens
from nmt.text.protected import Item, missing_items
from nmt.text.segmentation import split_around
from nmt.text.tokenizer import EOS, Tokenizer
from nmt.translation.phrase_book import PhraseBook
from nmt.translation.plan import Plan, Request
from nmt.translation.postprocess import Draft, count_defects, detokenize, pick, recase, repair
from nmt.translation.recasing import bare_request
from nmt.translation.result import SentenceTranslation, copied

MAX_UNLIKELINESS = log(300)  # what is less probable than another by more than this is not offered beside it


@dataclass(frozen=True)
class PendingBatch:
    """Sentences on their way from `SentenceTranslator.start` to `SentenceTranslator.finish`."""

    requests: Sequence[Request]  # as they were given
    known: dict[Request, SentenceTranslation]  # what the phrase book has
    bare: dict[Request, Request]  # lone words, and their bare form, which is searched too
    searched: list[Request]  # what is not known, and the bare forms, each once
    search: PendingSearch  # of `searched`

    def cancel(self) -> None:
        """Take back the searches that have not begun."""
        self.search.cancel()


@dataclass(frozen=True)
class SentenceTranslator:
    """Translates sentences under fixed settings, and sees to it that nothing is lost on the way."""

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

    def translate(self, requests: Sequence[Request]) -> list[SentenceTranslation]:
        """One result for each request, in order."""
        return self.finish(self.start(requests))

    def start(self, requests: Sequence[Request]) -> PendingBatch:
        """Begin to search what the phrase book does not know."""
        known = {request: found for request in requests if (found := self._look_up(request))}
        unknown = [request for request in requests if request not in known]
        bare = {request: form for request in unknown if (form := bare_request(request, self.target_language))}
        searched = list(dict.fromkeys((*unknown, *bare.values())))
        search = self._search(searched, self.n_best, self.with_attention)
        return PendingBatch(requests, known, bare, searched, search)

    def finish(self, pending: PendingBatch) -> list[SentenceTranslation]:
        """One result for each request, in order.

        Most sentences are done after the first search.  One with defects (it lost a protected item, repeats itself or
        is empty) is searched again for all hypotheses of the beam with attention: the best that has none wins, then
        the best that can be repaired; failing that, the sentence is translated in parts around its items.
        """
        found = dict(pending.known)
        for request, hypotheses in zip(pending.searched, pending.search.results(), strict=True):
            found[request] = self._pick(request, [detokenize(h, self.target_tokenizer) for h in hypotheses])
        found |= {
            request: recase(request, found[request], found[bare], self.target_language)
            for request, bare in pending.bare.items()
        }
        defective = [r for r in dict.fromkeys(pending.requests) if _has_defects(r, found[r])]
        again = self._search(defective, self.decoding.beam, with_attention=True).results()
        for request, hypotheses in zip(defective, again, strict=True):
            found[request] = self._repaired(request, hypotheses)
        return [found[request] for request in pending.requests]

    def continuations(self, request: Request, count: int) -> list[SentenceTranslation]:
        """`Translator.continuations` of a request; nothing that is hundreds of times less probable after the prefix
        than the first.  Without a prefix, what `translate` finds comes first, and a sentence in the phrase book has
        nothing else."""
        shown: list[SentenceTranslation] = []
        if not request.prefix:
            whole = self.translate([request])[0]
            shown = [replace(whole, text=text) for text, _ in whole.candidates]
            if whole.known:  # what the model would say instead is what the phrase book is there to prevent
                return shown
        source = pad_sources([self._with_end(request)])[0]
        following = next_tokens(self.model, source, self._forced(request), 2 * count)
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

    def _look_up(self, request: Request) -> SentenceTranslation | None:
        """What the phrase book has for a whole sentence."""
        texts = self.phrases.look_up(request.sentence)[: self.n_best] if request.is_free else ()
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

    def _search(self, requests: Sequence[Request], n_best: int, with_attention: bool) -> PendingSearch:
        sources = [self._with_end(request) for request in requests]
        prefixes = [self._forced(request) for request in requests]
        return start_search(self.model, sources, prefixes, self.decoding, n_best, with_attention, self.limits)

    def _pick(self, request: Request, drafts: Sequence[Draft]) -> SentenceTranslation:
        return pick(request, drafts, self._source_pieces(request), self.n_best, self.with_attention)

    def _repaired(self, request: Request, hypotheses: Sequence[Hypothesis]) -> SentenceTranslation:
        """The best translation that the hypotheses can be repaired to, or else one in parts, or the sentence itself."""
        pieces = self._source_pieces(request)
        drafts = [repair(request, detokenize(h, self.target_tokenizer), pieces) for h in hypotheses]
        result = self._pick(request, drafts)
        if not result.text:
            return copied(request.sentence)
        lost = [item for item in missing_items(request.sentence, result.text) if item.kind == "verbatim"]
        return self._around(request, lost) if lost else result

    def _around(self, request: Request, lost: Sequence[Item]) -> SentenceTranslation:
        """The sentence translated in parts, with the lost items copied between them."""
        plan = Plan(split_around(request.sentence, [(i.start, i.end) for i in lost]), request.prefix)
        line = plan.assemble(self.translate(plan.requests), self.n_best)
        return SentenceTranslation(
            source=request.sentence,
            text=line.text,
            score=line.score,
            candidates=tuple((text, line.score) for text in (line.text, *line.alternatives)),
            tokens=line.tokens,
            source_tokens=self._source_pieces(request),
            attention=None,  # there is no one matrix for the whole sentence
        )

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


def _has_defects(request: Request, result: SentenceTranslation) -> bool:
    return not result.known and any(count_defects(request, text) for text, _ in result.candidates)
