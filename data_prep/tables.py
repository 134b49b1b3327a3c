"""Text in Arrow tables: sources read into one, cleaned in parallel, encoded in parallel. All memory-mapped.

Each function takes and returns `datasets.Dataset`s whose files lie in a work folder; what goes where is decided
in `pipeline.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pyarrow as pa
import sentencepiece

from data_prep.cleaning import FILTERS, NORMALISATIONS, CleaningConfig, failed_filter, normalise
from data_prep.files import Tally
from data_prep.keys import sentence_key
from data_prep.noise import NoiseConfig, joined_pairs, lone_word_copies, noisy_copies
from data_prep.recipe import Source, Spec
from data_prep.sources import read_pairs

# What can become of a pair once it is read; its number is its drop reason. (Readers' own reasons are in tallies.)
KEPT = "kept"
DROP_REASONS = (
    KEPT,
    *FILTERS,
    "duplicate",
    "touches_excluded",
    "touches_test",
    "touches_dev",
    "wrong_language",
    "over_cap",
)
DROP_REASON = {name: number for number, name in enumerate(DROP_REASONS)}

BATCH = 1000  # rows
SMALL = 20_000  # rows; below, starting worker processes takes longer than the work

_TEXT = {
    "source": datasets.Value("string"),
    "target": datasets.Value("string"),
    "origin": datasets.Value("string"),
}
_CLEANED = datasets.Features(
    {
        **_TEXT,
        "source_key": datasets.Value("int64"),
        "target_key": datasets.Value("int64"),
        "drop_reason": datasets.Value("int8"),
        "steps": datasets.Value("int8"),  # bit i: NORMALISATIONS[i] changed a side
    }
)
_IDS = datasets.List(datasets.Value("int32"))
_NOISE = {"altered": datasets.Value("string"), "noise": datasets.Value("string")}  # see data_prep/noise.py


def read_table(
    sources: Iterable[tuple[str, Source]],
    languages: tuple[str, str],
    skip_bad_lines: bool,
    path: Path,
    say: Callable[[str], None],
) -> tuple[datasets.Dataset, dict[str, Tally]]:
    """Reads (name, source) after (name, source) into the file `path`; returns the table and the tallies by name."""
    tallies: dict[str, Tally] = {}
    schema = pa.schema([(column, pa.string()) for column in _TEXT])
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, schema) as writer:
        for name, source in sources:
            say(f"reading {name}")
            tally = tallies[name] = Tally(skip_bad_lines)
            pairs = read_pairs(Spec.parse(source.spec), languages, tally, path.parent / "hub")
            while rows := list(islice(pairs, BATCH)):
                columns = [*zip(*rows, strict=True), [name] * len(rows)]
                writer.write_batch(pa.record_batch([pa.array(column) for column in columns], schema))
    return datasets.Dataset.from_file(str(path)), tallies


def clean_table(
    table: datasets.Dataset,
    languages: tuple[str, str],
    config: CleaningConfig,
    filters: bool,
    path: Path,
    num_proc: int,
) -> datasets.Dataset:
    """Normalises both sides and adds columns source_key, target_key, drop_reason, steps. No row goes.

    Without `filters` (for given dev and test sets) the only reason to drop one is `empty`.
    """
    arguments = {"languages": languages, "config": config, "filters": filters}
    return _map(table, _clean_batch, arguments, _CLEANED, path, num_proc, "cleaning")


def _clean_batch(
    batch: dict[str, list[str]], languages: tuple[str, str], config: CleaningConfig, filters: bool
) -> dict[str, list[Any]]:
    cleaned: dict[str, list[Any]] = {column: [] for column in _CLEANED if column != "origin"}
    for source, target in zip(batch["source"], batch["target"], strict=True):
        source, source_steps = normalise(source, config)
        target, target_steps = normalise(target, config)
        failed = failed_filter(source, target, languages, config) if filters else None
        if not filters and not (source and target):
            failed = "empty"
        cleaned["source"].append(source)
        cleaned["target"].append(target)
        cleaned["source_key"].append(sentence_key(source))
        cleaned["target_key"].append(sentence_key(target))
        cleaned["drop_reason"].append(DROP_REASON[failed or KEPT])
        steps = {*source_steps, *target_steps}
        cleaned["steps"].append(sum(1 << bit for bit, step in enumerate(NORMALISATIONS) if step in steps))
    return cleaned


@dataclass
class Pool:
    """All pairs that were read, and beside the table what decides over them: arrays `[pairs]`."""

    table: datasets.Dataset
    source_keys: np.ndarray  # int64
    target_keys: np.ndarray  # int64
    drop_reason: np.ndarray  # int8, index into DROP_REASONS
    steps: np.ndarray  # int8, bits

    @classmethod
    def over(cls, table: datasets.Dataset) -> Pool:
        """The pool over a table from `clean_table`."""
        columns = table.with_format("arrow")[:] if len(table) else table.data.table
        arrays = [columns[name].to_numpy() for name in ("source_key", "target_key", "drop_reason", "steps")]
        return cls(table, *(np.array(array) for array in arrays))

    def alive(self) -> np.ndarray:
        """Positions of the pairs that are still kept."""
        return np.flatnonzero(self.drop_reason == DROP_REASON[KEPT])

    def remove(self, positions: np.ndarray, reason: str) -> None:
        """Gives the pairs at `positions`, all of them alive, the drop reason `reason`."""
        self.drop_reason[positions] = DROP_REASON[reason]

    def keys(self, positions: np.ndarray | slice = slice(None)) -> tuple[np.ndarray, np.ndarray]:
        """Source and target keys at `positions`."""
        return self.source_keys[positions], self.target_keys[positions]


def texts(table: datasets.Dataset, *columns: str) -> Iterator[list[list[str]]]:
    """The columns batch by batch, as lists of str."""
    for batch in table.with_format("arrow").iter(batch_size=10 * BATCH):
        yield [batch[column].to_pylist() for column in columns]


def add_noise(
    table: datasets.Dataset, config: NoiseConfig, word_lists: Collection[str], path: Path, num_proc: int
) -> datasets.Dataset:
    """Columns source, target, origin, altered, noise: every pair, and the copies that `config` asks for.

    word_lists: the origins whose entries are written in all their forms, and keep their names and numbers."""
    features = datasets.Features({**_TEXT, **_NOISE})
    table = table.select_columns(list(_TEXT))
    arguments = {"config": config, "word_lists": list(word_lists)}
    copied = _map(table, noisy_copies, arguments, features, path, num_proc, "noise")

    def rows(only: Collection[str] | None = None) -> Iterator[tuple[str, str, str]]:
        for columns in texts(table, *_TEXT):
            for row in zip(*columns, strict=True):
                if only is None or row[2] in only:
                    yield row

    # These look beyond one pair, and beyond the batches that processes divide among themselves.
    more = chain(joined_pairs(rows(), config), lone_word_copies(rows(word_lists), config))
    beside = path.with_name(f"{path.stem}-more.arrow")
    schema = features.arrow_schema
    with pa.OSFile(str(beside), "wb") as sink, pa.ipc.new_stream(sink, schema) as writer:
        while batch := list(islice(more, BATCH)):
            made = [(copy.source, copy.target, origin, copy.altered, copy.noise) for copy, origin in batch]
            writer.write_batch(pa.record_batch([pa.array(side) for side in zip(*made, strict=True)], schema))
    return datasets.concatenate_datasets([copied, datasets.Dataset.from_file(str(beside))])


def encode_table(
    table: datasets.Dataset, models: tuple[Path, Path], path: Path, num_proc: int
) -> datasets.Dataset:
    """Columns source, target, origin, (altered, noise,) source_ids, target_ids; ids without BOS and EOS."""
    arguments = {"models": [str(model) for model in models]}
    table = table.select_columns([name for name in (*_TEXT, *_NOISE) if name in table.column_names])
    features = datasets.Features({**table.features, "source_ids": _IDS, "target_ids": _IDS})
    return _map(table, _encode_batch, arguments, features, path, num_proc, "encoding")


def _encode_batch(batch: dict[str, list[str]], models: list[str]) -> dict[str, list[list[int]]]:
    source, target = (_load_model(model) for model in models)
    return {"source_ids": source.encode(batch["source"]), "target_ids": target.encode(batch["target"])}


@lru_cache(maxsize=2)
def _load_model(path: str) -> sentencepiece.SentencePieceProcessor:
    return sentencepiece.SentencePieceProcessor(model_file=path)


def _map(
    table: datasets.Dataset,
    function: Callable[..., dict[str, list[Any]]],
    arguments: dict[str, Any],
    features: datasets.Features,
    path: Path,
    num_proc: int,
    what: str,
) -> datasets.Dataset:
    return table.map(
        function,
        batched=True,
        batch_size=BATCH,
        fn_kwargs=arguments,
        features=features,
        cache_file_name=str(path),
        load_from_cache_file=False,
        new_fingerprint=path.stem,  # given, so that `datasets` need not hash table and function
        num_proc=num_proc if num_proc > 1 and len(table) >= SMALL else None,
        desc=what,
    )
