"""A lexical table: for each source piece the target pieces that translations of its sentences are likeliest to need.

It is learned from pairs of sentences with IBM model 1 (Brown et al. 1993, "The Mathematics of Statistical Machine
Translation", section 4.1), and is what a shortlist of the vocabulary (`nmt.export.shortlist`) is made from.
`data_prep.lexicon` has the same model for words, of which it holds all pairs in memory; data_prep and nmt share no more
than the dataset folder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

Array = np.ndarray
Pairs = Sequence[tuple[Array, Array]]  # ids of source and target of each pair, int32 [length]

EM_ROUNDS = 3
MAX_PIECES = 50  # of a sentence that is read, since the memory that a pair takes grows with its square
PAIRS_AT_A_TIME = 5_000
MIN_MEETINGS = 2  # in how many pairs two pieces must stand together


class _Meetings(NamedTuple):
    """Every source piece of some pairs beside every target piece of its sentence: arrays of one length."""

    keys: Array  # int64: source id * target vocabulary + target id; the empty word has the id `source_vocab`
    position: Array  # int64: the position of the target piece in the text of all these pairs


def learn_table(read: Callable[[Array], Pairs], pairs: int, source_vocab: int, target_vocab: int, size: int) -> Array:
    """The `size` target pieces that each source piece is likeliest to bring, int64 [source_vocab, size], best first.

    read   returns the pairs with the given indices, of 0 to `pairs` - 1
    A row with fewer pieces is filled with -1.  A piece is ranked by its expected count (equation 17 of the paper), in
    which each target piece of the text is shared among the source pieces of its sentence and the empty word."""

    def parts() -> Iterator[_Meetings]:
        for start in range(0, pairs, PAIRS_AT_A_TIME):
            some = read(np.arange(start, min(pairs, start + PAIRS_AT_A_TIME)))
            yield _meetings(some, source_vocab, target_vocab)

    known = _frequent_keys(parts())
    if not len(known):
        return np.full((source_vocab, size), -1)
    source = known // target_vocab
    probability = np.ones(len(known))  # of the target piece, given the source piece
    expected = np.zeros(len(known))
    for _ in range(EM_ROUNDS):
        expected = np.zeros(len(known))
        for part in parts():
            keys, index = np.unique(part.keys, return_inverse=True)  # sorted keys are searched faster
            at = np.searchsorted(known, keys).clip(max=len(known) - 1)
            found = (known[at] == keys)[index]
            at, position = at[index][found], part.position[found]
            likelihood = probability[at]
            share = likelihood / np.bincount(position, likelihood)[position]
            expected += np.bincount(at, share, len(known))
        probability = expected / np.bincount(source, expected, source_vocab + 1)[source]
    return _best(source, known % target_vocab, expected, source_vocab, size)


def _meetings(pairs: Pairs, source_vocab: int, target_vocab: int) -> _Meetings:
    keys, positions, start = [], [], 0
    for source, target in pairs:
        source = np.append(source[:MAX_PIECES], source_vocab).astype(np.int64)
        target = target[:MAX_PIECES].astype(np.int64)
        keys.append((source[None, :] * target_vocab + target[:, None]).ravel())
        positions.append(np.repeat(np.arange(start, start + len(target)), len(source)))
        start += len(target)
    return _Meetings(np.concatenate(keys), np.concatenate(positions))


def _frequent_keys(parts: Iterator[_Meetings]) -> Array:
    """The keys of pieces that meet at least `MIN_MEETINGS` times, sorted."""
    keys, counts = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for part in parts:
        new, times = np.unique(part.keys, return_counts=True)
        keys.append(new)
        counts.append(times)
        if sum(map(len, keys[1:])) > len(keys[0]):  # merging takes time in proportion to all keys
            keys, counts = _merged(keys, counts)
    (all_keys,), (all_counts,) = _merged(keys, counts)
    return all_keys[all_counts >= MIN_MEETINGS]


def _merged(keys: list[Array], counts: list[Array]) -> tuple[list[Array], list[Array]]:
    merged, index = np.unique(np.concatenate(keys), return_inverse=True)
    return [merged], [np.bincount(index, np.concatenate(counts), len(merged)).astype(np.int64)]


def _best(source: Array, target: Array, expected: Array, source_vocab: int, size: int) -> Array:
    """The `size` targets of each source with the highest expected counts."""
    table = np.full((source_vocab, size), -1, np.int64)
    order = np.lexsort((-expected, source))
    source, target = source[order], target[order]
    rank = np.arange(len(source)) - np.searchsorted(source, source)  # among those of the same source piece
    kept = (rank < size) & (source < source_vocab)  # not those of the empty word
    table[source[kept], rank[kept]] = target[kept]
    return table
