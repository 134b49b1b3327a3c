"""Sentences in, translated sentences out: batches of like length, searched side by side where that pays, and
hypotheses mended that lost a number or URL (`nmt.translation.placeables`) or go in circles
(`nmt.translation.repetition`).

Cutting texts into sentences and joining them again is `nmt.translation.translator`'s work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from math import log

from nmt.config import DecodingConfig
from nmt.inference.batches import batches_by_length, pad_sources
from nmt.inference.beam_search import beam_search
from nmt.inference.core_pool import cores
from nmt.inference.hypotheses import Hypothesis
from nmt.inference.model_interface import SearchableModel
from nmt.inference.sampling import next_tokens
from nmt.text.normalization import one_line
from nmt.text.protected import Item, missing_items
from nmt.text.segmentation import split_around
from nmt.text.tokenizer import EOS, Tokenizer
from nmt.translation.phrase_book import PhraseBook
from nmt.translation.placeables import put_back
from nmt.translation.plan import Request, requests_of
from nmt.translation.postprocess import _flaws, _straight
from nmt.translation.recasing import MARKED_ALIKE, dressed, undressed, without_marks
from nmt.translation.result import SentenceTranslation, assemble, copied

NARROWEST = 4  # what a beam counts for at least, for the encoder works on each piece however narrow the beam
SLACK = 1.02  # batches may be so much larger than their share, lest little is left over for one more
# Of a mean log-probability: a name in small letters is seldom so much likelier, another word often.
CLEARLY = 0.1
UNLIKELY = log(300)  # what is less probable than another by more than this is not offered beside it


@dataclass(frozen=True)
class Settings:
    decoding: DecodingConfig
    n_best: int
    with_attention: bool
    batch_tokens: int  # source pieces × beam of one batch (a beam below `NARROWEST` counts as that)
    batch_rows: int  # sentences × beam: each row has scores over the whole vocabulary, however short it is
    parallel: bool  # batches run side by side, a core each


class Searching:
    """Requests whose batches are being searched, or (a lone batch, and all of torch's) will be when someone asks for
    the results, once; `cancel` takes back those that have not begun."""

    def __init__(self, requests: Sequence[Request]) -> None:
        self.requests = requests
        self.batches: list[tuple[list[int], Callable[[], list[SentenceTranslation]]]] = []
        self.futures: list[Future[list[SentenceTranslation]]] = []

    def results(self) -> list[SentenceTranslation]:
        """One for each request, in order."""
        found: list[SentenceTranslation | None] = [None] * len(self.requests)
        try:
            for batch, results in self.batches:
                for i, result in zip(batch, results(), strict=True):
                    found[i] = result
        except BaseException:  # Ctrl-C too
            self.cancel()
            raise
        return [result for result in found if result is not None]

    def cancel(self) -> None:
        for future in self.futures:
            future.cancel()


@dataclass(frozen=True)
class Started:
    """Requests on their way to `SentenceSearch.finish`."""

    requests: Sequence[Request]
    known: dict[int, SentenceTranslation]  # by place among the requests: what the phrase book has
    others: dict[Request, Request]  # those that are searched in a second spelling too, and that
    searching: Searching  # what is not known, and the second spellings, each once

    def cancel(self) -> None:
        self.searching.cancel()


class SentenceSearch:
    """Searches sentences under fixed settings, and sees to it that nothing is lost on the way."""

    def __init__(
        self,
        model: SearchableModel,
        source_ids: Callable[[str], Sequence[int]],
        source_tokenizer: Tokenizer,
        target_tokenizer: Tokenizer,
        settings: Settings,
        target_language: str,
        phrases: PhraseBook,
    ) -> None:
        self.model, self.source_ids = model, source_ids
        self.source_tokenizer, self.target_tokenizer = source_tokenizer, target_tokenizer
        self.settings, self.target_language, self.phrases = settings, target_language, phrases

    def translate(self, requests: Sequence[Request]) -> list[SentenceTranslation]:
        """One result for each request, in order."""
        return self.finish(self.start(requests))

    def start(self, requests: Sequence[Request]) -> Started:
        known = self._known(requests)
        others = {
            request: second
            for i, request in enumerate(requests)
            if i not in known and (second := self._second_spelling(request))
        }
        searched = [request for i, request in enumerate(requests) if i not in known]
        distinct = list(dict.fromkeys((*searched, *others.values())))
        return Started(requests, known, others, self._start(distinct, self.settings.n_best))

    def finish(self, started: Started) -> list[SentenceTranslation]:
        """Most sentences are done after the first search.  One that lost a protected item, goes in circles or is
        empty is searched again for all hypotheses of the beam with attention: the best that has every item and
        goes straight wins, then the best that can be mended; failing that, the sentence is translated in parts
        around its items.
        """
        requests, results = started.requests, self._results(started)
        flawed = [
            i
            for i, (request, found) in enumerate(zip(requests, results, strict=True))
            if not found.known and any(_flaws(request, text) for text, _ in found.candidates)
        ]
        if not flawed:
            return results
        again = self._start([requests[i] for i in flawed], self.settings.decoding.beam, mend=True).results()
        for i, result in zip(flawed, again, strict=True):
            results[i] = result
            missing = missing_items(result.source, result.text)
            if not result.text:
                results[i] = copied(requests[i].sentence)
            elif lost := [item for item in missing if item.role != "number"]:
                results[i] = self._around(requests[i], result, lost)
        return results

    def continue_from(self, request: Request, count: int) -> list[SentenceTranslation]:
        """The request translated with each of the `count` most probable pieces after its prefix; best first, each
        text once, and nothing that is hundreds of times less probable at that place than the first.  Of the most
        probable piece, all n best translations.  Without a prefix, what `translate` finds comes first,
        and of a sentence in the phrase book nothing else."""
        shown: list[SentenceTranslation] = []
        if not request.prefix:
            whole = self.translate([request])[0]
            shown = [replace(whole, text=text) for text, _ in whole.candidates]
            if whole.known:  # what the model would say instead is what the phrase book is there to prevent
                return shown
        source = pad_sources([[*self.source_ids(request.sentence), EOS]])[0]
        following = next_tokens(self.model, source, self._forced(request), 2 * count)
        likely = [
            token
            for token, log_prob in following
            if log_prob > following[0][1] - UNLIKELY and self._leaves_whole(request.prefix, token)
        ]
        found = self.translate([replace(request, following=token) for token in likely[:count]])
        more = [replace(found[0], text=text) for text, _ in found[0].candidates[1:]] if found else []
        distinct: dict[str, SentenceTranslation] = {}
        for result in [*shown, *found[:1], *more, *found[1:]]:
            distinct.setdefault(result.text, result)
        return list(distinct.values())

    def _leaves_whole(self, prefix: str, token: int) -> bool:
        """Whether the token begins a word or a sign of its own, and so leaves the prefix's last word as it is."""
        piece = self.target_tokenizer.pieces([token])[0]
        return not prefix or piece.startswith("▁") or not (piece[0].isalnum() or piece.startswith("<0x"))

    def _forced(self, request: Request) -> list[int]:
        ids = self.target_tokenizer.encode(request.prefix) if request.prefix else []
        return ids if request.following is None else [*ids, request.following]

    def _around(self, request: Request, whole: SentenceTranslation, lost: list[Item]) -> SentenceTranslation:
        """The sentence translated in parts, with the lost items copied between them."""
        plan = split_around(request.sentence, [(item.start, item.end) for item in lost])
        line = assemble(plan, self.translate(requests_of(plan, request.prefix)), self.settings.n_best)
        candidates = tuple((text, line.score) for text in (line.text, *line.alternatives))
        return SentenceTranslation(  # without attention: there is no one matrix for the whole sentence
            request.sentence, line.text, line.score, candidates, line.tokens, whole.source_tokens, None
        )

    def _start(self, requests: Sequence[Request], n_best: int, mend: bool = False) -> Searching:
        """Searches batches of like length for the n best hypotheses of each request, and makes text of them."""
        settings, started = self.settings, Searching(requests)
        sources = [[*self.source_ids(request.sentence), EOS] for request in requests]
        prefixes = [self._forced(request) for request in requests]

        def search(batch: list[int]) -> list[SentenceTranslation]:
            source, lengths = pad_sources([sources[i] for i in batch])
            prefix = [prefixes[i] for i in batch] if any(prefixes[i] for i in batch) else None
            found = beam_search(
                self.model,
                source,
                lengths,
                settings.decoding,
                n_best,
                prefix,
                settings.with_attention or mend,
            )
            return [
                self._result(requests[i], sources[i], rows, mend)
                for i, rows in zip(batch, found, strict=True)
            ]

        try:
            # The longest first: short ones fill the time in which one thread would wait for another.
            batches = list(self._batches([len(ids) for ids in sources]))[::-1]
            for batch in batches:
                work: Callable[[], list[SentenceTranslation]] = partial(search, batch)
                if settings.parallel and len(batches) > 1:
                    started.futures.append(cores().submit(work))
                    work = started.futures[-1].result
                elif settings.parallel:
                    work = partial(cores().run, work)
                started.batches.append((batch, work))
        except BaseException:
            started.cancel()
            raise
        return started

    def _second_spelling(self, request: Request) -> Request | None:
        """Of a word, or a title of two, without its capital and marks, of which models make much; None for others
        and for what looks like a name."""
        bare, dress = undressed(request.sentence)
        words = bare.split()
        title = len(words) == 2 and not dress.marks and words[1].islower()
        unmarked = not dress.marks or self.target_language in MARKED_ALIKE
        if bare == request.sentence or not request.is_free or not unmarked or not (len(words) == 1 or title):
            return None
        return replace(request, sentence=bare)

    def _results(self, started: Started) -> list[SentenceTranslation]:
        """One for each request, in order: what the phrase book has, or what was found, in the likelier spelling."""
        found = dict(zip(started.searching.requests, started.searching.results(), strict=True))
        results = []
        for i, request in enumerate(started.requests):
            result = started.known.get(i) or found[request]
            if other := started.others.get(request):
                result = self._likelier(request, result, found[other])
            results.append(result)
        return results

    def _likelier(
        self, request: Request, result: SentenceTranslation, other: SentenceTranslation
    ) -> SentenceTranslation:
        """`other`, found for the second spelling and dressed like the first, if that is likelier by `CLEARLY`."""
        _, dress = undressed(request.sentence)
        candidates: dict[str, float] = {}
        for text, score in other.candidates:
            text = dressed(without_marks(text), dress, self.target_language) if without_marks(text) else ""
            candidates.setdefault(text, score)
        straight = {text: score for text, score in candidates.items() if not _flaws(request, text)}
        best = next(iter(candidates))
        if best not in straight or (result.text and other.score <= result.score + CLEARLY):
            return result
        return replace(other, source=request.sentence, text=best, candidates=tuple(straight.items()))

    def _known(self, requests: Sequence[Request]) -> dict[int, SentenceTranslation]:
        """What the phrase book has, by its place among the requests."""
        return {
            i: self._from_phrases(request.sentence, texts[: self.settings.n_best])
            for i, request in enumerate(requests)
            if request.is_free and (texts := self.phrases.look_up(request.sentence))
        }

    def _from_phrases(self, sentence: str, texts: Sequence[str]) -> SentenceTranslation:
        return SentenceTranslation(
            source=sentence,
            text=texts[0],
            score=0.0,
            candidates=tuple((text, 0.0) for text in texts),
            tokens=self.target_tokenizer.pieces(self.target_tokenizer.encode(texts[0])),
            source_tokens=self.source_tokenizer.pieces([*self.source_ids(sentence), EOS]),
            attention=None,
            known=True,
        )

    def _batches(self, lengths: Sequence[int]) -> Iterator[list[int]]:
        """Sentences of like length; where batches run side by side, about as many and as large ones for every core."""
        settings, beam = self.settings, self.settings.decoding.beam
        tokens = max(1, settings.batch_tokens // max(beam, NARROWEST))
        rows = max(1, settings.batch_rows // beam)
        if settings.parallel:
            tokens, rows = _shared(sum(lengths), tokens), _shared(len(lengths), rows)
        return batches_by_length(lengths, tokens, rows)

    def _result(
        self, request: Request, source: Sequence[int], hypotheses: Sequence[Hypothesis], mend: bool
    ) -> SentenceTranslation:
        """The n best of `hypotheses` as text; with `mend`, repaired, and those that lack least come first."""
        settings, source_tokens = self.settings, self.source_tokenizer.pieces(source)
        options: list[tuple[int, int, int, str]] = []  # lacks after and before repair, rank, text
        for rank, hypothesis in enumerate(hypotheses):
            written = one_line(self.target_tokenizer.decode(hypothesis.tokens))
            if not mend:
                options.append((0, 0, rank, written))
                continue
            pieces = self.target_tokenizer.pieces(hypothesis.tokens)
            mended = put_back(request.sentence, written, source_tokens, pieces, hypothesis.attention)
            mended = min(mended, _straight(request, mended), key=partial(_flaws, request))
            flaws = _flaws(request, mended), _flaws(request, written)
            options.append((*flaws, rank, mended))
        options.sort()
        best = hypotheses[options[0][2]]
        candidates: dict[str, float] = {}  # hypotheses of different pieces can spell the same text
        for _, _, rank, text in options:
            candidates.setdefault(text, hypotheses[rank].score)
        attention = best.attention if settings.with_attention else None
        return SentenceTranslation(
            source=request.sentence,
            text=options[0][3],
            score=sum(best.token_scores) / max(1, len(best.token_scores)),
            candidates=tuple(candidates.items())[: settings.n_best],
            tokens=self.target_tokenizer.pieces(best.tokens),
            source_tokens=source_tokens,
            attention=None if attention is None else attention.tolist(),
        )


def _shared(total: int, most: int) -> int:
    """How much of `total` a batch gets, at most `most`, so that the cores have as many batches each, or
    nearly: what else limits a batch can make one more."""
    count = cores().count
    batches = max(1, -(-total // (most * count))) * count
    return min(most, max(-(-total // batches), int(SLACK * total / batches)))
