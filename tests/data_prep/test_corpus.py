"""What is decided over all pairs: the same, shard by shard and by hash partitions, as over all of them at once."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("lingua")

from data_prep import splits  # noqa: E402
from data_prep.cleaning import CleaningConfig  # noqa: E402
from data_prep.corpus import Corpus  # noqa: E402
from data_prep.engines import LocalEngine  # noqa: E402
from data_prep.keys import pair_keys, sentence_keys  # noqa: E402
from data_prep.shards import Shard, clean, text_table, write_table  # noqa: E402

Pairs = list[tuple[str, str]]


def corpus_of(pairs: Pairs, folder: Path, rows: int, train_only: bool = False) -> Corpus:
    """The pairs in shards of `rows` rows."""
    shards = []
    for number in range(0, len(pairs), rows):
        part = pairs[number : number + rows]
        shard = Shard(str(folder / f"{number}"), "here", train_only, len(part))
        write_table(shard.file, text_table(part))
        shards.append(clean(shard, ("es", "en"), CleaningConfig())[0])
    return Corpus(LocalEngine(1), shards)


def tangled(count: int, seed: int, sentences: int) -> Pairs:
    """Pairs over few sentences, so that many are shared, some by very many pairs."""
    draw = random.Random(seed)

    def number() -> int:
        return min(draw.randrange(sentences), draw.randrange(sentences))

    return list(dict.fromkeys((f"frase {number()}", f"sentence {number()}") for _ in range(count)))


@pytest.mark.parametrize("partition_rows", [1, 1000])
@pytest.mark.parametrize("train_only, kept", [(False, [0, 1, 4, 5]), (True, [0, 1, 2, 4, 5])])
def test_the_first_of_equal_pairs_is_kept(partition_rows, train_only, kept, tmp_path, monkeypatch):
    """Of a list for training only, another spelling is another pair."""
    monkeypatch.setattr("data_prep.corpus.PARTITION_ROWS", partition_rows)
    pairs = [
        ("Ve.", "Go."),
        ("Vete.", "Go."),
        ("¡VE!", "go"),
        ("Ve.", "Go."),
        ("Ve.", "Leave."),
        ("Go", "Ve"),
    ]
    corpus = corpus_of(pairs, tmp_path, 2, train_only)
    corpus.drop_duplicates()
    assert np.flatnonzero(corpus.alive).tolist() == kept


def test_contact_is_looked_for_on_each_side_apart(tmp_path):
    corpus = corpus_of([("uno", "one"), ("dos", "two"), ("tres", "three")], tmp_path, 2)
    files = str(tmp_path / "s.npy"), str(tmp_path / "t.npy")
    for file, texts in zip(files, (["¡Uno!", "three"], ["Two."]), strict=True):
        np.save(file, sentence_keys(texts))
    assert corpus.touching([files]).tolist() == [[True, True, False]]


@pytest.mark.parametrize("seed, sentences", [(1, 20_000), (2, 6000), (3, 2500)])
def test_sets_are_carved_as_if_all_pairs_were_in_memory(seed, sentences, tmp_path):
    """From a corpus of small components to one that hangs together almost wholly."""
    pairs = tangled(9000, seed, sentences)
    corpus = corpus_of(pairs, tmp_path, 700)
    corpus.remove(np.arange(0, len(pairs), 7), "over_cap")
    left = np.flatnonzero(corpus.alive)
    keys = [sentence_keys(pairs[number][side] for number in left) for side in (0, 1)]
    for dev, test in ((30, 60), (800, 0), (0, 0)):
        expected = splits.carve(*keys, dev, test, np.ones(len(left), bool), seed)
        found = corpus.carve(dev, test, seed, str(tmp_path / "frontier"))
        assert (found[left] == expected).all() and (found[~corpus.alive] == splits.TRAIN).all()


def test_lists_for_training_only_hold_their_components_back(tmp_path):
    text = [(f"frase {number}", f"sentence {number}") for number in range(3000)]
    listed = [(f"frase {number}", f"more {number}") for number in range(0, 3000, 2)]
    (tmp_path / "list").mkdir()
    lists, texts = corpus_of(listed, tmp_path / "list", 500, True), corpus_of(text, tmp_path, 500)
    corpus = Corpus(LocalEngine(1), [*texts.shards, *lists.shards])
    found = corpus.carve(40, 50, 1, str(tmp_path / "frontier"))
    held_out = np.flatnonzero(found != splits.TRAIN)
    assert len(held_out) == 90 and (held_out < 3000).all() and (held_out % 2 == 1).all()


@pytest.mark.parametrize("size", [10, 2000, 99_999])
def test_a_sample_is_that_of_all_keys_at_once(size, tmp_path):
    pairs = tangled(4000, 1, 3000)
    corpus = corpus_of(pairs, tmp_path, 300)
    chosen = np.arange(len(pairs)) % 3 > 0
    keys = pair_keys(*(sentence_keys(pair[side] for pair in pairs) for side in (0, 1)))[chosen]
    expected = np.flatnonzero(chosen)[splits.sample(keys, size, 5)]
    assert corpus.sample(chosen, size, 5).tolist() == expected.tolist()
