"""Shards: up to 20,000 pairs of one source in a file, and the work on a single one of them.

Beside the text of a shard lie the keys of its sentences (`keys.py`), so that what is decided over all pairs reads
keys alone.  Everything here is a task of `engines.py`; what goes where is decided in `corpus.py` and `pipeline.py`.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa

from data_prep.cleaning import CleaningConfig, failed_filter, normalise
from data_prep.files import Tally
from data_prep.keys import mix, pair_keys, sentence_keys
from data_prep.languages import make_judge
from data_prep.recipe import Languages, Source, Spec
from data_prep.sources import read_pairs
from nmt.files import write_file_atomically

SHARD_ROWS = 20_000
BUCKETS = 256  # by hash: equal pairs are in the same one
SIDES = ("source", "target")
Rows = tuple["Shard", np.ndarray]  # a shard, and which of its rows count: bool [rows]
KeyFiles = tuple[str, str]  # with the keys of some sources and of their targets
Found = tuple[np.ndarray, np.ndarray, np.ndarray]  # row numbers or positions, source keys and target keys


@dataclass(frozen=True)
class Shard:
    """Pairs of one source, in a file with the columns `source` and `target`."""

    file: str
    origin: str  # the name of the source
    train_only: bool
    rows: int

    def texts(self, chosen: np.ndarray | None = None) -> tuple[list[str], list[str]]:
        """Sources and targets; of the rows `chosen` (bool or row numbers) alone."""
        table = read_table(self.file)
        if chosen is not None:
            table = table.take(np.flatnonzero(chosen) if chosen.dtype == bool else chosen)
        return table["source"].to_pylist(), table["target"].to_pylist()

    @property
    def keys(self) -> Keys:
        """What `clean` wrote beside the text."""
        return Keys(np.load(self.file + ".keys", mmap_mode="r"), self.rows)


@dataclass(frozen=True)
class Keys:
    """The keys of a shard, int64, memory-mapped: of sources, of targets; those that tell duplicates, by bucket."""

    stored: np.ndarray
    rows: int

    def _part(self, number: int) -> np.ndarray:
        return self.stored[number * self.rows : (number + 1) * self.rows]

    @cached_property
    def sides(self) -> tuple[np.ndarray, np.ndarray]:
        """Keys of the sources and of the targets `[rows]`."""
        return np.array(self._part(0)), np.array(self._part(1))

    def buckets(self, first: int, end: int) -> tuple[np.ndarray, np.ndarray]:
        """Key and row number of the pairs in the buckets from `first` to before `end`, in order of rows in each."""
        start, stop = self.stored[[4 * self.rows + first, 4 * self.rows + end]]
        return self._part(2)[start:stop], self._part(3)[start:stop]

    @staticmethod
    def write(file: str, sides: tuple[np.ndarray, np.ndarray], duplicate_keys: np.ndarray) -> None:
        """Stores the keys of the shard `file`."""
        bucket = duplicate_keys.view(np.uint64) % np.uint64(BUCKETS)
        order = np.argsort(bucket, kind="stable")
        ends = np.searchsorted(bucket[order], np.arange(BUCKETS + 1, dtype=np.uint64))
        stored = pa.BufferOutputStream()
        np.save(stored, np.concatenate([*sides, duplicate_keys[order], order, ends]))
        write_file_atomically(Path(file + ".keys"), stored.getvalue().to_pybytes())


def read_table(file: str) -> pa.Table:
    """The table of a file that `write_table` wrote, in memory."""
    with pa.OSFile(file) as stream:
        return pa.ipc.open_stream(stream).read_all()


def write_table(file: str, table: pa.Table) -> None:
    """The file appears whole or not at all."""
    stored = pa.BufferOutputStream()
    with pa.ipc.new_stream(stored, table.schema) as writer:
        writer.write_table(table)
    write_file_atomically(Path(file), stored.getvalue().to_pybytes())


def text_table(pairs: Sequence[tuple[str, ...]], columns: Sequence[str] = SIDES) -> pa.Table:
    sides = zip(*pairs, strict=True) if pairs else [()] * len(columns)
    return pa.table([pa.array(side, pa.string()) for side in sides], names=list(columns))


def read_source(
    numbered: tuple[int, str, Source], languages: Languages, skip_bad_lines: bool, folder: str
) -> tuple[list[Shard], Tally]:
    """Reads source number so-and-so, under its name, into shards; and the tally of what its reader dropped."""
    number, name, source = numbered
    tally, shards = Tally(skip_bad_lines), list[Shard]()
    pairs = read_pairs(Spec.parse(source.spec), languages, tally, Path(folder) / "hub")
    while rows := list(islice(pairs, SHARD_ROWS)):
        file = f"{folder}/{number:05}-{len(shards):06}"
        write_table(file, text_table(rows))
        shards.append(Shard(file, name, source.train_only, len(rows)))
    return shards, tally


def clean(
    shard: Shard, languages: Languages, config: CleaningConfig, filters: bool = True
) -> tuple[Shard, Counter[str], Counter[str]]:
    """Normalises both sides and leaves out what fails a filter (without `filters`, only what is empty): a shard with
    keys, pairs by filter, pairs by step."""
    kept, dropped, changed = [], Counter[str](), Counter[str]()
    for source, target in zip(*shard.texts(), strict=True):
        source, source_steps = normalise(source, config)
        target, target_steps = normalise(target, config)
        changed.update({*source_steps, *target_steps})
        empty = None if source and target else "empty"
        failed = failed_filter(source, target, languages, config) if filters else empty
        if failed:
            dropped[failed] += 1
        else:
            kept.append((source, target))
    cleaned = Shard(f"{shard.file}-clean", shard.origin, shard.train_only, len(kept))
    write_table(cleaned.file, text_table(kept))
    sides = sentence_keys(pair[0] for pair in kept), sentence_keys(pair[1] for pair in kept)
    # Of a list for training only each spelling counts: "Hola" beside "hola" is no slip there, and what the texts
    # say as well is listed to be learned once more.
    Keys.write(cleaned.file, sides, _exact_keys(kept) if shard.train_only else pair_keys(*sides))
    return cleaned, dropped, changed


def _exact_keys(pairs: list[tuple[str, str]]) -> np.ndarray:
    digests = (hashlib.blake2b("\t".join(pair).encode(), digest_size=8).digest() for pair in pairs)
    return np.frombuffer(b"".join(digests), dtype=np.int64)


def repeated(buckets: tuple[int, int], shards: list[Shard]) -> np.ndarray:
    """Positions in all shards of the pairs in these buckets that occurred before: int64."""
    keys, positions, start = [], [], 0
    for shard in shards:
        key, row = shard.keys.buckets(*buckets)
        keys.append(key)
        positions.append(start + row)
        start += shard.rows
    all_keys = np.concatenate(keys)
    return np.delete(np.concatenate(positions), np.unique(all_keys, return_index=True)[1])


def held_keys(shard: Shard, config: CleaningConfig) -> tuple[np.ndarray, np.ndarray]:
    """Distinct keys of the sources and of the targets, each as it stands and as cleaning would write it."""

    def keys(sentences: list[str]) -> np.ndarray:
        return np.unique(sentence_keys(sentences + [normalise(text, config)[0] for text in sentences]))

    sources, targets = shard.texts()
    return keys(sources), keys(targets)


def touches(rows: Rows, held: list[KeyFiles]) -> np.ndarray:
    """Whether a side of each pair is among the keys in a held-out set's two files: bool `[sets, rows]`."""
    shard, alive = rows
    found = np.zeros((len(held), shard.rows), dtype=bool)
    for touching, files in zip(found, held, strict=True):
        for keys, file in zip(shard.keys.sides, files, strict=True):
            touching |= alive & np.isin(keys, load_keys(file))
    return found


@lru_cache(maxsize=64)
def load_keys(file: str) -> np.ndarray:
    """Keys that one task after another asks for."""
    return np.load(file)


def wrong_language(rows: Rows, languages: Languages, min_chars: int) -> np.ndarray:
    """Whether a side of each pair is in the other language: bool `[rows]`."""
    shard, alive = rows
    wrong = np.zeros(shard.rows, dtype=bool)
    wrong[alive] = cached_judge(languages, min_chars)(*shard.texts(alive))
    return wrong


cached_judge = lru_cache(maxsize=1)(make_judge)


def find(rows: Rows, seed: int, below: int, sentences: KeyFiles | None) -> Found:
    """Row number, source key and target key of the pairs whose random number (`mix` of the pair's key) is at most
    `below`, or with a side among the keys in the files `sentences`."""
    shard, alive = rows
    sources, targets = shard.keys.sides
    hit = mix(pair_keys(sources, targets), seed) <= np.uint64(below)
    if sentences:
        hit = np.isin(sources, np.load(sentences[0])) | np.isin(targets, np.load(sentences[1]))
    found = np.flatnonzero(alive & hit)
    return found, sources[found], targets[found]
