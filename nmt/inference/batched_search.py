"""Beam search over any number of sentences: batches of like length, searched side by side where that pays.

Ids in, hypotheses out; what they say is `nmt.translation.sentence_translator`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial

from nmt.config import DecodingConfig
from nmt.inference.batches import batches_by_length, pad_sources
from nmt.inference.beam_search import beam_search
from nmt.inference.core_pool import core_pool
from nmt.inference.hypotheses import Hypothesis
from nmt.inference.model_interface import SearchableModel

MIN_COUNTED_BEAM = 4  # a narrower beam counts as this one: the encoder's work does not depend on the beam
MAX_OVERSIZE = 1.02  # batches may be so much larger than their share, lest little is left over for one more

Found = list[list[Hypothesis]]  # of each sentence of a batch, best first


@dataclass(frozen=True)
class BatchLimits:
    tokens: int  # source pieces × beam of one batch (a beam below MIN_COUNTED_BEAM counts as that)
    rows: int  # sentences × beam of one batch: each has scores over the whole vocabulary, however short it is
    parallel: bool  # whether batches run side by side, a core each


@dataclass(frozen=True)
class PendingSearch:
    """Batches that are being searched, or that will be when someone asks for the results, which is done once."""

    batches: Sequence[
        tuple[Sequence[int], Callable[[], Found]]
    ]  # the sentences' indices, and what gives the results
    futures: Sequence[Future[Found]] = ()  # of the batches that are being searched

    def results(self) -> Found:
        """The hypotheses of each sentence, in order."""
        found: dict[int, list[Hypothesis]] = {}
        try:
            for indices, result in self.batches:
                found.update(zip(indices, result(), strict=True))
        except BaseException:  # Ctrl-C too
            self.cancel()
            raise
        return [found[index] for index in range(len(found))]

    def cancel(self) -> None:
        """Take back the batches that have not begun."""
        for future in self.futures:
            future.cancel()


def start_search(
    model: SearchableModel,
    sources: Sequence[Sequence[int]],
    prefixes: Sequence[Sequence[int]],
    decoding: DecodingConfig,
    n_best: int,
    with_attention: bool,
    limits: BatchLimits,
) -> PendingSearch:
    """Search the `n_best` best hypotheses of every source (ids with EOS) that begin with its prefix (ids, or none).

    A lone batch waits for whoever asks for it, and so do all batches if they do not run side by side.
    """

    def search(indices: list[int]) -> Found:
        source, lengths = pad_sources([sources[i] for i in indices])
        prefix = [prefixes[i] for i in indices] if any(prefixes[i] for i in indices) else None
        return beam_search(model, source, lengths, decoding, n_best, prefix, with_attention)

    tokens = max(1, limits.tokens // max(decoding.beam, MIN_COUNTED_BEAM))
    rows = max(1, limits.rows // decoding.beam)
    lengths = [len(source) for source in sources]
    if limits.parallel:
        tokens, rows = even_size(sum(lengths), tokens), even_size(len(lengths), rows)
    # The longest first: short ones fill the time in which one thread would wait for another.
    batches = list(batches_by_length(lengths, tokens, rows))[::-1]
    jobs: list[Callable[[], Found]] = [partial(search, indices) for indices in batches]
    results, futures = jobs, []
    if limits.parallel and len(jobs) > 1:
        futures = [core_pool().submit(job) for job in jobs]
        results = [future.result for future in futures]
    elif limits.parallel:
        results = [partial(core_pool().run, job) for job in jobs]
    return PendingSearch(list(zip(batches, results, strict=True)), futures)


def even_size(total: int, max_size: int, cores: int = 0) -> int:
    """A size of batch, at most `max_size`, with which all cores (0: this machine's) get as many batches of `total`, or
    nearly: what else limits a batch can make one more."""
    cores = cores or core_pool().cores
    batches = max(1, -(-total // (max_size * cores))) * cores
    return min(max_size, max(-(-total // batches), int(MAX_OVERSIZE * total / batches)))
