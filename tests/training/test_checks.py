"""What is refused before a training starts: data that does not fit, weights of another model."""

from __future__ import annotations

from pathlib import Path

import pytest

from nmt.errors import UserError
from nmt.text.tokenizer import load_tokenizers
from nmt.training.trainer import train
from tests.conftest import tiny_recipe, toy_pairs, write_dataset
from tests.support.training_runs import write


def test_weights_of_another_model_or_other_pieces_are_refused(reversal_data: Path, tmp_path: Path) -> None:
    recipe = write(tmp_path, tiny_recipe(steps=2))
    train(recipe, reversal_data, tmp_path / "run")
    # As many pieces as before, all e's spelled otherwise: only comparing the pieces themselves can tell.
    pairs = [(a.replace("e", "é"), b.replace("e", "é")) for a, b in toy_pairs(lambda words: words[::-1], 900)]
    other = write_dataset(tmp_path / "other", {"train": pairs[:800], "dev": pairs[800:850], "test": pairs[850:]})
    assert len(load_tokenizers(other)[0]) == len(load_tokenizers(reversal_data)[0])
    for change, data, message in (
        (["model.encoder.hidden=16"], reversal_data, r"model\.encoder\.hidden is 32 there, 16 here"),
        ([], other, "source pieces are not those .* --subwords-from"),
    ):
        with pytest.raises(UserError, match=message):
            train(recipe, data, tmp_path / "new", overrides=change, init=tmp_path / "run")
        assert not (tmp_path / "new").exists()  # nothing is left behind


def test_data_that_does_not_fit_is_refused(reversal_data: Path, tmp_path: Path) -> None:
    recipe = write(tmp_path, tiny_recipe(steps=2))
    pairs = toy_pairs(lambda words: words, 60)
    empty = write_dataset(tmp_path / "empty", {"train": pairs, "dev": [], "test": []})
    with pytest.raises(UserError, match="split is empty"):
        train(recipe, empty, tmp_path / "a")
    exchanged = write_dataset(tmp_path / "exchanged", {"train": pairs, "dev": pairs, "test": pairs})
    small = write_dataset(tmp_path / "small", {"train": [("a b", "b a")] * 5, "dev": [("a", "b")]}, vocab=8)
    (exchanged / "joint.spm").write_bytes((small / "joint.spm").read_bytes())
    with pytest.raises(UserError, match="SentencePiece model only"):
        train(recipe, exchanged, tmp_path / "b")


def test_a_dataset_without_a_recipe_is_refused(tmp_path: Path, reversal_data: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "joint.spm").write_bytes((reversal_data / "joint.spm").read_bytes())
    with pytest.raises(UserError, match="data_prep build"):
        train(write(tmp_path, tiny_recipe()), tmp_path / "data", tmp_path / "run")
