"""The last tasks: noisy copies, pieces as ids, and the files of a split as `datasets` reads them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import sentencepiece

from data_prep.keys import sentence_keys
from data_prep.noise import JOINED_REACH, Copies, NoiseConfig, joined_pairs, lone_word_copies, noisy_copies
from data_prep.shards import SIDES, KeyFiles, Rows, load_keys, read_table, text_table, write_table
from nmt.files import write_file_atomically

COLUMNS = (*SIDES, "origin")
NOISY = (*COLUMNS, "altered", "noise")  # see data_prep/noise.py
BATCH = 1000  # rows of a record batch
FILE_BYTES = 500_000_000  # of a split's file, unless one shard has more
Texts = Rows | str  # rows of a shard, or the file of a table with an origin in each row


def labelled(rows: Rows) -> list[tuple[str, str, str]]:
    """Source, target, origin of the rows."""
    shard, chosen = rows
    return [(*pair, shard.origin) for pair in zip(*shard.texts(chosen), strict=True)]


def add_noise(
    task: tuple[Rows, Sequence[Rows]], config: NoiseConfig, held: list[KeyFiles]
) -> tuple[str, str, Counter[str]]:
    """Files with the pairs, each followed by its copies, and with copies of several pairs joined; copies by kind.

    task: the rows, and those that follow them in the same source."""
    rows, later = task
    pairs = labelled(rows)
    word_lists = [rows[0].origin] if rows[0].train_only else []
    noisy, joined = rows[0].file + "-noise", rows[0].file + "-joined"
    counts = _without_contact(noisy, noisy_copies(pairs, config, word_lists), held)
    following = islice((pair for part in later for pair in labelled(part)), JOINED_REACH)
    counts += _without_contact(joined, joined_pairs([*pairs, *following], config, len(pairs)), held)
    return noisy, joined, counts


def add_lone_words(lists: list[Rows], config: NoiseConfig, held: list[KeyFiles], file: str) -> Counter[str]:
    """Writes the copies of the words of all lists into `file`; copies by kind."""
    listed = [row for rows in lists for row in labelled(rows)]
    return _without_contact(file, lone_word_copies(listed, config), held)


def _without_contact(file: str, made: Copies, held: list[KeyFiles]) -> Counter[str]:
    """Writes what was made but for copies that read like a sentence of a held-out set: "esta" is not "está".  Sides
    that are as they were touch nothing: else their pair had gone."""
    rows = [(copy.source, copy.target, origin, copy.altered, copy.noise) for copy, origin in made]
    copies = np.array([number for number, row in enumerate(rows) if row[-1]], dtype=np.int64)
    touching = np.zeros(len(copies), dtype=bool)
    for side in (0, 1):
        keys = sentence_keys(rows[number][side] for number in copies)
        for files in held:
            touching |= np.isin(keys, load_keys(files[side]))
    gone = set(copies[touching].tolist())
    left = [row for number, row in enumerate(rows) if number not in gone]
    write_table(file, text_table(left, NOISY))
    return Counter(row[-1] for row in left if row[-1]) + Counter({"like_a_held_out_sentence": len(gone)})


def encode(
    texts: Texts, models: tuple[str, str], times: dict[str, int], suffix: str
) -> tuple[str, int, dict[str, Counter[str]]]:
    """A file with the columns of the texts and their ids, without BOS and EOS, each row as often as `times` says of
    its origin; the number of rows; and sums over the rows, each counted once: see `report.describe`."""
    file = (texts if isinstance(texts, str) else texts[0].file) + suffix
    table = read_table(texts) if isinstance(texts, str) else text_table(labelled(texts), COLUMNS)
    sums = {}
    for side, model in zip(SIDES, models, strict=True):
        sentences = table[side].to_pylist()
        ids = load_model(model)[0].encode(sentences)
        sums[side] = _sums(sentences, ids, model)
        table = table.append_column(f"{side}_ids", pa.array(ids, pa.list_(pa.int32())))
    repeats = np.repeat(np.arange(len(table)), [times.get(name, 1) for name in table["origin"].to_pylist()])
    write_table(file, table if len(repeats) == len(table) else table.take(repeats))
    return file, len(repeats), sums


def _sums(sentences: list[str], ids: list[list[int]], model: str) -> Counter[str]:
    """Sums over sentences; "length N" counts those of N pieces."""
    processor, is_byte = load_model(model)
    flat = np.array([piece for one in ids for piece in one], dtype=np.int64)
    return Counter(f"length {len(one)}" for one in ids) + Counter(
        words=sum(len(sentence.split()) for sentence in sentences),
        characters=sum(map(len, sentences)),
        pieces=len(flat),
        byte_pieces=int(is_byte[flat].sum()),
        unknown_pieces=int((flat == processor.unk_id()).sum()),
    )


@lru_cache(maxsize=2)
def load_model(path: str) -> tuple[sentencepiece.SentencePieceProcessor, np.ndarray]:
    """The subword model, and which of its pieces are single bytes: bool `[vocabulary]`."""
    processor = sentencepiece.SentencePieceProcessor(model_file=path)
    return processor, np.array([processor.is_byte(number) for number in range(len(processor))])


# ---- a split on disk, as `datasets.Dataset.save_to_disk` writes it ----


def file_groups(files: Sequence[str]) -> list[list[str]]:
    """The files, in order, in groups of some 500 MB: each becomes a file of the split."""
    groups: list[list[str]] = []
    size = FILE_BYTES
    for file in files:
        more = Path(file).stat().st_size
        if size + more > FILE_BYTES:
            groups, size = [*groups, []], 0
        groups[-1].append(file)
        size += more
    return groups


def join_files(task: tuple[str, list[str]], columns: Sequence[str]) -> None:
    """Writes the rows of several files into one, in record batches of a thousand rows."""
    out, files = task
    schema = _schema(columns)
    partial = Path(out + ".partial")
    with pa.OSFile(str(partial), "wb") as sink, pa.ipc.new_stream(sink, schema) as writer:
        rest = schema.empty_table()
        for file in files:
            rest = pa.concat_tables([rest, read_table(file).cast(schema)]).combine_chunks()
            whole = len(rest) // BATCH * BATCH
            writer.write_table(rest.slice(0, whole), max_chunksize=BATCH)
            rest = rest.slice(whole)
        writer.write_table(rest, max_chunksize=BATCH)
    partial.replace(out)


def write_split_description(folder: Path, names: list[str], columns: Sequence[str]) -> None:
    """`state.json` and `dataset_info.json`, by which `datasets` and training find the files."""
    state: dict[str, Any] = {
        "_data_files": [{"filename": name} for name in names],
        "_fingerprint": "0" * 16,
        "_format_columns": None,
        "_format_kwargs": {},
        "_format_type": None,
        "_output_all_columns": False,
        "_split": None,
    }
    info = {"citation": "", "description": "", "features": _features(columns), "homepage": "", "license": ""}
    for name, content in (("state", state), ("dataset_info", info)):
        write_file_atomically(folder / f"{name}.json", json.dumps(content, indent=2))


def _features(columns: Sequence[str]) -> dict[str, Any]:
    text, number = ({"dtype": dtype, "_type": "Value"} for dtype in ("string", "int32"))
    return {name: {"feature": number, "_type": "List"} if name.endswith("_ids") else text for name in columns}


def _schema(columns: Sequence[str]) -> pa.Schema:
    kinds = {name: pa.list_(pa.int32()) if name.endswith("_ids") else pa.string() for name in columns}
    return pa.schema(kinds, {"huggingface": json.dumps({"info": {"features": _features(columns)}})})
