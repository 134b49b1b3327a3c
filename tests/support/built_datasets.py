"""What the tests of `python -m data_prep build` share: a small corpus, and the command that builds from it."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pyarrow as pa
import pytest

datasets = pytest.importorskip("datasets")
pytest.importorskip("lingua")

from data_prep.cli import main  # noqa: E402
from data_prep.keys import fold  # noqa: E402

SUBJECTS = {"El niño": "The boy", "La pingüina": "The penguin", "Mi tío": "My uncle", "Nadie": "Nobody"}
VERBS = {"comió": "ate", "vendió": "sold", "perdió": "lost", "pintó": "painted"}
OBJECTS = {
    "la manzana": "the apple",
    "el camión": "the truck",
    "una canción": "a song",
    "su árbol": "his tree",
}
TIMES = {"ayer": "yesterday", "en mayo": "in May", "según él": "they say", "¡por fin!": "at last!"}
PAIRS = [
    tuple(" ".join(words) for words in zip(*choice, strict=True))
    for choice in itertools.product(*(words.items() for words in (SUBJECTS, VERBS, OBJECTS, TIMES)))
]
SMALL = [
    "--pair",
    "es-en",
    "--vocab-size",
    "310",
    "--num-proc",
    "1",
    "--set",
    "cleaning.language_filter=false",
]
SIZES = ["--dev", "20", "--test", "30"]
BPE = ["--subwords", "bpe", "--vocab-size", "340"]  # to be had from any text, while unigram has narrow bounds


def write_tsv(path: Path, pairs: list[tuple[str, str]] = PAIRS) -> str:
    path.write_text("".join(f"{es}\t{en}\n" for es, en in pairs), encoding="utf-8")
    return f"tsv:{path}"


def build(out: Path, *arguments: object, status: int = 0) -> dict:
    """Runs the command in this process; returns the folder's report if it should succeed."""
    assert main(["build", *SMALL, "--out", str(out), *map(str, arguments)]) == status
    return json.loads((out / "report.json").read_text()) if status == 0 else {}


def read_split(folder: Path, name: str) -> list[dict]:
    """As the trainer reads it: with pyarrow alone, by state.json."""
    files = json.loads((folder / name / "state.json").read_text())["_data_files"]
    tables = [pa.ipc.open_stream(str(folder / name / file["filename"])).read_all() for file in files]
    return pa.concat_tables(tables).to_pylist()


def sentences(folder: Path, name: str) -> tuple[set[str], set[str]]:
    rows = read_split(folder, name)
    return {fold(row["source"]) for row in rows}, {fold(row["target"]) for row in rows}
