"""Beam search over any number of sentences, in batches of similar length, which may run in parallel on CPU cores."""

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

MIN_COUNTED_BEAM = 4  # a smaller beam counts as this one, since the encoder's work does not depend on the beam
MAX_OVERSIZE = 1.02  # factor by which batches may exceed their share, to avoid one more small batch

Found = list[list[Hypothesis]]  # for each sentence of a batch its hypotheses, best first


@dataclass(frozen=True)
class BatchLimits:
    """The maximum size of one batch."""

    tokens: int  # source pieces × beam (a beam below MIN_COUNTED_BEAM counts as that)
    rows: int  # sentences × beam; each has logits over the whole vocabulary, however short the sentence is
    parallel: bool  # whether batches run in parallel, one on each core


@dataclass(frozen=True)
class PendingSearch:
    """Batches that are being searched, or that are searched when `results` is called, which is done once."""

    # For each batch the indices of its sentences, and the function that returns its results.
    batches: Sequence[tuple[Sequence[int], Callable[[], Found]]]
    futures: Sequence[Future[Found]] = ()  # of the batches that are being searched

    def results(self) -> Found:
        """The hypotheses of each sentence, in order."""
        found: dict[int, list[Hypothesis]] = {}
        try:
            for indices, result in self.batches:
                found.update(zip(indices, result(), strict=True))
        except BaseException:  # also KeyboardInterrupt
            self.cancel()
            raise
        return [found[index] for index in range(len(found))]

    def cancel(self) -> None:
        """Cancel the batches that have not begun."""
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
    """Start searching the `n_best` best hypotheses of every source (ids with EOS) that begin with its prefix (ids, or
    none).

    A single batch is searched in `PendingSearch.results`, and so are all batches if they do not run in parallel.
    """

    def search(indices: list[int]) -> Found:
        source, lengths = pad_sources([sources[i] for i in indices])
        prefix = [prefixes[i] for i in indices] if any(prefixes[i] for i in indices) else None
        # A prefix may have pieces that no shortlist has.
        searched = model if prefix else model.shortlisted
        return beam_search(searched, source, lengths, decoding, n_best, prefix, with_attention)

    tokens = max(1, limits.tokens // max(decoding.beam, MIN_COUNTED_BEAM))
    rows = max(1, limits.rows // decoding.beam)
    lengths = [len(source) for source in sources]
    if limits.parallel:
        tokens, rows = even_size(sum(lengths), tokens), even_size(len(lengths), rows)
    # The longest batches begin first, so that the short ones fill the cores at the end.
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
    """A batch size of at most `max_size` with which each core (0: all of this machine) gets about the same number of
    batches of `total` tokens or rows."""
    cores = cores or core_pool().cores
    batches = max(1, -(-total // (max_size * cores))) * cores
    return min(max_size, max(-(-total // batches), int(MAX_OVERSIZE * total / batches)))
