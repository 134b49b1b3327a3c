"""Careless copies of training pairs, and that training never learns to write like them."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

datasets = pytest.importorskip("datasets")

from data_prep.careless import CarelessConfig, careless, careless_copies, without_accents, without_marks  # noqa: E402
from data_prep.keys import fold  # noqa: E402
from nmt.config import DataConfig  # noqa: E402
from nmt.training.batches import plan_epoch  # noqa: E402
from nmt.training.dataset import Split  # noqa: E402
from tests.data_prep.test_build import PAIRS, SIZES, SMALL, build, write_tsv  # noqa: E402


def test_accents_and_marks_go_and_nothing_else() -> None:
    assert without_accents("¿Dónde está el pingüino, Íñigo?") == "¿Donde esta el pinguino, Inigo?"
    assert without_marks("¿Qué, ya? ¡No, Sr. Gil!") == "Qué, ya? No, Sr. Gil"


def test_a_sentence_is_spoilt_in_each_of_the_ways() -> None:
    ways = {careless("¿Quién está ahí?", random.Random(seed)) for seed in range(200)}
    assert {"quién está ahí", "¿quien esta ahi?", "Quien esta ahi", "¿Quién está ahí?"} <= ways


def test_copies_follow_their_pair_and_say_which_side_is_careless() -> None:
    batch = {"source": ["¿Dónde estás?"], "target": ["Where are you?"], "origin": ["mine"]}
    copied = careless_copies(batch, CarelessConfig(share=1.0))
    assert copied["altered"][0] == "" and copied["source"][0] == "¿Dónde estás?"
    for row in range(1, len(copied["altered"])):
        altered = copied["altered"][row]
        other = {"source": "target", "target": "source"}[altered]
        assert copied[other][row] == batch[other][0] and copied[altered][row] != batch[altered][0]
    assert careless_copies(batch, CarelessConfig())["altered"] == [""]
    assert careless_copies(batch, CarelessConfig(share=1.0, most_words=1))["altered"] == [""]


def test_no_direction_learns_to_write_carelessly(tmp_path: Path) -> None:
    arguments = [*SMALL, *SIZES, "--source", write_tsv(tmp_path / "a.tsv"), "--set", "careless.share=0.5"]
    build(tmp_path / "data", *arguments)
    tidy = {0: {es for es, _ in PAIRS}, 1: {en for _, en in PAIRS}}
    for reverse in (False, True):
        split = Split(tmp_path / "data", "train", reverse=reverse)
        rows = [i for batch in plan_epoch(split, DataConfig(), seed=1, epoch=0) for i in batch]
        texts = [split.text(i) for i in rows]
        assert all(target in tidy[not reverse] for _, target in texts)
        careless_ones = [source for source, _ in texts if source not in tidy[reverse]]
        assert 0.2 < len(careless_ones) / len(texts) < 0.5
    for name in ("dev", "test"):
        assert "altered" not in datasets.load_from_disk(str(tmp_path / "data" / name)).column_names


def test_no_copy_reads_like_a_held_out_sentence(tmp_path: Path) -> None:
    """Without its accents a training sentence may be one of the test set, which has none."""
    pairs = [*PAIRS, ("¿Está allí?", "Is he there?")]
    write_tsv(tmp_path / "test.tsv", [("Esta alli", "This one")])
    arguments = [*SMALL, "--dev", "20", "--test-from", f"tsv:{tmp_path / 'test.tsv'}"]
    arguments += ["--source", write_tsv(tmp_path / "a.tsv", pairs), "--set", "careless.share=1.0"]
    build(tmp_path / "data", *arguments, "--set", "careless.seed=1")
    sources = datasets.load_from_disk(str(tmp_path / "data" / "train"))["source"]
    assert "¿Está allí?" in sources  # which differs from the test's sentence
    assert not any(fold(source) == "estaalli" for source in sources)
