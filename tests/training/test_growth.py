"""A model that grows from a smaller one with other pieces: what is kept, what is refused."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch

from nmt.checkpoint.weights import load_model, named_weights
from nmt.config import load_config
from nmt.errors import UserError
from nmt.network.model import Seq2Seq
from nmt.text.tokenizer import SPECIAL_IDS, load_tokenizers
from nmt.training.growth import grow_model, spellings
from nmt.training.trainer import train
from tests.conftest import tiny_recipe, toy_pairs, write_dataset
from tests.support.training_runs import write

RESIDUAL = ["model.residual=true", "model.layer_norm=true"]


@pytest.fixture(scope="module")
def small_run(reversal_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    train(write(folder, tiny_recipe(steps=30)), reversal_data, folder / "run", overrides=RESIDUAL)
    return folder / "run"


@pytest.fixture(scope="module")
def other_pieces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reversed sentences again, their source without spaces, and with a character of their own."""
    pairs = [(f"{a.replace(' ', '')} ñ", f"ñ {b}") for a, b in toy_pairs(lambda words: words[::-1], 900)]
    splits = {"train": pairs[:800], "dev": pairs[800:850], "test": pairs[850:]}
    return write_dataset(tmp_path_factory.mktemp("other") / "data", splits, vocab=80)


def test_a_grown_encoder_computes_at_first_nearly_the_same(small_run: Path) -> None:
    checkpoint = load_model(small_run)
    config = checkpoint.config.model
    torch.manual_seed(1)
    larger = Seq2Seq(dataclasses.replace(config, encoder=dataclasses.replace(config.encoder, layers=4))).eval()
    source = torch.randint(4, config.source_vocab, (3, 9))
    target = torch.randint(4, config.target_vocab, (3, 7))
    with torch.no_grad():
        wanted = checkpoint.model.project(checkpoint.model(source, None, target)).softmax(-1)
        before = larger.project(larger(source, None, target)).softmax(-1)
        grow_model(checkpoint, larger, (checkpoint.source_tokenizer, checkpoint.target_tokenizer))
        after = larger.project(larger(source, None, target)).softmax(-1)
    assert (after - wanted).abs().max() < 0.05 < (before - wanted).abs().max()
    added = [
        w for name, w in named_weights(larger).items() if name.startswith("encoder.layers.1.") and "weight" in name
    ]
    assert all(weight.any() for weight in added)  # zeros would have gradients of zero


def test_pieces_keep_their_rows_and_new_ones_get_means(small_run: Path, other_pieces: Path) -> None:
    checkpoint, tokenizers = load_model(small_run), load_tokenizers(other_pieces)
    old, new = checkpoint.target_tokenizer, tokenizers[1]
    sizes = {"source_vocab": len(tokenizers[0]), "target_vocab": len(new)}
    grown = Seq2Seq(dataclasses.replace(checkpoint.config.model, **sizes))
    untouched = grown.target_embedding.weight.detach().clone()
    grow_model(checkpoint, grown, tokenizers)
    ids = {piece: i for i, piece in enumerate(old.pieces(range(len(old))))}
    rows, before = grown.target_embedding.weight, checkpoint.model.target_embedding.weight
    kinds = set()
    for i, (piece, spelled) in enumerate(zip(new.pieces(range(len(new))), spellings(old, new), strict=True)):
        if piece in ids:
            kinds.add("kept")
            assert spelled == [ids[piece]]
            torch.testing.assert_close(rows[i], before[ids[piece]])
            torch.testing.assert_close(grown.output.bias[i], checkpoint.model.output.bias[ids[piece]])
        elif spelled:
            kinds.add("spelled")
            assert "".join(old.pieces(spelled)) == piece
            torch.testing.assert_close(rows[i], before[spelled].mean(0))
        else:
            kinds.add("unknown")
            assert not set(piece) <= old.characters
            torch.testing.assert_close(rows[i], untouched[i])
    assert kinds == {"kept", "spelled", "unknown"}
    assert spellings(old, new)[: len(SPECIAL_IDS)] == [[i] for i in SPECIAL_IDS]


def test_a_grown_run_begins_with_what_was_learned(small_run: Path, other_pieces: Path, tmp_path: Path) -> None:
    recipe = write(tmp_path, tiny_recipe(steps=1, lr=1e-9))
    changes = [*RESIDUAL, "model.encoder.layers=3"]
    init = {"init": small_run, "grow": True}
    losses = [
        train(recipe, other_pieces, tmp_path / name, overrides=changes, **given).history[-1]["loss"]
        for name, given in (("random", {}), ("grown", init))
    ]
    assert losses[1] < losses[0] - 0.3
    assert load_config(tmp_path / "grown" / "config.yaml").model.encoder.layers == 3


def test_what_cannot_grow_is_refused(small_run: Path, reversal_data: Path, tmp_path: Path) -> None:
    recipe = write(tmp_path, tiny_recipe(steps=1))
    for changes, message in (
        (["model.encoder.hidden=16"], r"cannot grow .*encoder\.hidden is 32 there, 16 here"),
        (["model.encoder.layers=1"], "2 there, 1 here; layers can only be added"),
        (["model.residual=false", "model.encoder.layers=3"], r"model\.residual is True there, False here"),
    ):
        with pytest.raises(UserError, match=message):
            train(recipe, reversal_data, tmp_path / "new", overrides=[*RESIDUAL, *changes], init=small_run, grow=True)
        assert not (tmp_path / "new").exists()
    train(recipe, reversal_data, tmp_path / "flat", overrides=["model.residual=false"])
    with pytest.raises(UserError, match=r"two or more with model\.residual"):
        changes = ["model.residual=false", "model.encoder.layers=3"]
        train(recipe, reversal_data, tmp_path / "new", overrides=changes, init=tmp_path / "flat", grow=True)
