"""All pairs that were read, in shards on disk; in memory stands only what has become of each: a byte a pair.

Duplicates are found by hash partitions; the rest is asked shard by shard of the keys (`keys.py`).  Whatever engine
runs it, and however many workers, the result is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TypeVar

import numpy as np

from data_prep import splits
from data_prep.cleaning import FILTERS
from data_prep.engines import Engine
from data_prep.keys import pair_keys
from data_prep.shards import BUCKETS, Found, KeyFiles, Rows, Shard, find, repeated, touches, wrong_language

R = TypeVar("R")

KEPT = "kept"
# What can become of a pair once it is read; its number is its drop reason. (Readers' own reasons are in tallies.)
DROP_REASONS = (KEPT, *FILTERS, "duplicate", "touches_excluded", "touches_test", "touches_dev",
                "wrong_language", "over_cap")  # fmt: skip
PARTITION_ROWS = 2_000_000  # that are sorted at once to find duplicates: 100 MB
ALL = 2**64 - 1  # no random number is above


class Corpus:
    """Shards in order, and the drop reason of each pair: int8 `[pairs]`, index into DROP_REASONS."""

    def __init__(self, engine: Engine, shards: Iterable[Shard]) -> None:
        self.engine, self.shards = engine, [shard for shard in shards if shard.rows]
        ends = np.cumsum([0, *(shard.rows for shard in self.shards)])
        self.starts = ends[:-1]  # position of the first pair of each shard
        self.reason = np.zeros(ends[-1], dtype=np.int8)

    @property
    def alive(self) -> np.ndarray:
        """Which pairs are still kept: bool `[pairs]`."""
        return self.reason == 0

    def remove(self, chosen: np.ndarray, reason: str) -> None:
        """Gives those of the pairs `chosen` (positions or bool) that are still kept a drop reason."""
        positions = np.flatnonzero(chosen) if chosen.dtype == bool else chosen
        self.reason[positions[self.reason[positions] == 0]] = DROP_REASONS.index(reason)

    def of(self, wanted: Callable[[Shard], bool]) -> np.ndarray:
        """Which pairs are in the shards that are `wanted`: bool `[pairs]`."""
        sizes = [shard.rows for shard in self.shards]
        return np.repeat(np.array([wanted(shard) for shard in self.shards], dtype=bool), sizes)

    def parts(self, chosen: np.ndarray) -> list[Rows]:
        """The shards with any of the pairs `chosen`, bool `[pairs]`, in order."""
        parts = [
            (shard, chosen[start : start + shard.rows])
            for shard, start in zip(self.shards, self.starts.tolist(), strict=True)
        ]
        return [part for part in parts if part[1].any()]

    def ask(self, question: Callable[[Rows], R], chosen: np.ndarray) -> Iterable[tuple[int, R]]:
        """Position of the first pair, and answer, of each shard with any of the pairs `chosen`."""
        parts = self.parts(chosen)
        starts = {shard.file: start for shard, start in zip(self.shards, self.starts.tolist(), strict=True)}
        answers = self.engine.map(question, parts, int(chosen.sum()))
        return zip((starts[shard.file] for shard, _ in parts), answers, strict=True)

    # ---- what goes ----

    def drop_duplicates(self) -> None:
        """Keeps the first of equal pairs."""
        width = max(1, BUCKETS * PARTITION_ROWS // max(1, len(self.reason)))
        partitions = [(first, min(first + width, BUCKETS)) for first in range(0, BUCKETS, width)]
        tasks = partitions if self.shards else []
        for positions in self.engine.map(partial(repeated, shards=self.shards), tasks, len(self.reason)):
            self.remove(positions, "duplicate")

    def touching(self, held: Sequence[KeyFiles]) -> np.ndarray:
        """Which of the kept pairs have a side among the keys in each set's files: bool `[sets, pairs]`."""
        found = np.zeros((len(held), len(self.reason)), dtype=bool)
        if held:
            for start, answer in self.ask(partial(touches, held=list(held)), self.alive):
                found[:, start : start + answer.shape[1]] = answer
        return found

    def drop_wrong_language(self, languages: tuple[str, str], min_chars: int) -> None:
        """Removes pairs of which a side is in the other language."""
        judge = partial(wrong_language, languages=languages, min_chars=min_chars)
        for start, wrong in self.ask(judge, self.alive):
            self.remove(start + np.flatnonzero(wrong), "wrong_language")

    def apply_cap(self, origin: str, size: int, seed: int) -> None:
        """Keeps, of the source `origin`, a fixed random sample of `size` pairs."""
        over = self.alive & self.of(lambda shard: shard.origin == origin)
        over[self.sample(over, size, seed)] = False
        self.remove(over, "over_cap")

    # ---- what is chosen ----

    def find(self, chosen: np.ndarray, seed: int, below: int, sentences: KeyFiles | None = None) -> Found:
        """Positions and keys of some of the pairs `chosen`: see `shards.find`."""
        question = partial(find, seed=seed, below=below, sentences=sentences)
        found = [(np.zeros(0, dtype=np.int64),) * 3]
        found += [(start + rows, *keys) for start, (rows, *keys) in self.ask(question, chosen)]  # type: ignore[misc]
        positions, sources, targets = map(np.concatenate, zip(*found, strict=True))
        return positions, sources, targets

    def sample(self, chosen: np.ndarray, size: int, seed: int) -> np.ndarray:
        """Positions, ascending, of a random `size` of the pairs `chosen`; depends on their keys and the seed alone."""
        share = 1.1 * size / max(1, int(chosen.sum()))
        while True:
            positions, *keys = self.find(chosen, seed, min(ALL, int(share * ALL)))
            if len(positions) >= size or share >= 1:
                return positions[splits.sample(pair_keys(*keys), size, seed)]
            share *= 2

    def carve(self, dev: int, test: int, seed: int, store: str) -> np.ndarray:
        """int8 `[pairs]`: what `splits.carve` makes of all that is kept.

        It takes whole components in the order of their smallest random number.  So first only pairs with small
        numbers are looked at, with their components, each as far as it can be taken; more if they do not suffice."""
        alive, listed = self.alive, self.of(lambda shard: shard.train_only)
        split = np.full(len(alive), splits.TRAIN, dtype=np.int8)
        share = (4 * (dev + test) + 1000) / max(1, int(alive.sum()))
        while dev or test:
            small = self.find(alive, seed, min(ALL, int(share * ALL)))
            if share < 1:
                small = self.with_components(small, splits.most_at_once(max(dev, test)), alive, store)
            positions, sources, targets = small
            found = splits.carve(sources, targets, dev, test, ~listed[positions], seed)
            if share >= 1 or ((found == splits.DEV).sum(), (found == splits.TEST).sum()) == (dev, test):
                split[positions] = found
                break
            share *= 4
        return split

    def with_components(self, found: Found, most: int, alive: np.ndarray, store: str) -> Found:
        """The pairs `found`, and those that share sentences with them, directly or through others, until nothing is
        missing of a component or it has more than `most` pairs."""
        positions, sources, targets = found
        asked = (sources[:0], targets[:0])
        while True:
            component = splits.connected_components(sources, targets)
            _, member, sizes = np.unique(component, return_inverse=True, return_counts=True)
            fits = sizes[member] <= most
            new = [np.setdiff1d(sources[fits], asked[0]), np.setdiff1d(targets[fits], asked[1])]
            if not any(map(len, new)):
                return positions, sources, targets
            files = []
            for number, keys in enumerate(new):
                files.append(f"{store}-{number}.npy")
                np.save(files[-1], keys)
            asked = np.union1d(asked[0], new[0]), np.union1d(asked[1], new[1])
            more = self.find(alive, 0, 0, (files[0], files[1]))
            positions, first = np.unique(np.concatenate([positions, more[0]]), return_index=True)
            sources = np.concatenate([sources, more[1]])[first]
            targets = np.concatenate([targets, more[2]])[first]
