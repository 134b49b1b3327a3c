"""Checkpoint folders: found in order, and measured before they are read (what is refused: tests/security)."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch

from nmt.checkpoint.folder import run_checkpoints
from nmt.config import ModelConfig, load_config
from nmt.network.model import Seq2Seq
from nmt.translation.translator import Translator
from tests.support.random_model import save_random_checkpoint


def test_checkpoints_are_in_order_of_their_steps(tmp_path: Path) -> None:
    """Also where the number of one has more digits; other folders and files beside them are none."""
    names = [
        "step-10000000",
        "step-9999000",
        "step-0000500",
        "best-of-all",
        "step-1.bak",
        ".step-0000400.partial",
    ]
    for name in names:
        (tmp_path / "checkpoints" / name).mkdir(parents=True)
    found = [path.name for path in run_checkpoints(tmp_path)]
    assert found == ["step-0000500", "step-9999000", "step-10000000"]


def test_a_folder_of_links_is_taken(tmp_path: Path) -> None:
    """A folder whose files are links to regular ones, as in a download cache, is a checkpoint folder."""
    folder = save_random_checkpoint(tmp_path / "es-en", "es", "en")
    (tmp_path / "links").mkdir()
    for file in folder.iterdir():
        (tmp_path / "links" / file.name).symlink_to(file)
    assert Translator.load(tmp_path / "links", "cpu", "torch").translate("") == ""


@pytest.mark.parametrize("recipe", ["tatoeba-cpu", "tiny"])
def test_no_model_has_more_weights_than_its_files_may(recipe: str) -> None:
    """The bound by which files are measured is above every model's weights."""
    base = dataclasses.replace(load_config(recipe).model, source_vocab=500, target_vocab=500)
    for cell in ("rnn", "gru", "lstm"):
        for kind in ("additive", "general", "multihead", "none"):
            config = dataclasses.replace(
                base,
                tied_embeddings="none",
                encoder=dataclasses.replace(base.encoder, cell=cell),
                decoder=dataclasses.replace(base.decoder, cell=cell, input_feeding=True),
                attention=dataclasses.replace(base.attention, kind=kind),
            )
            with torch.device("meta"):
                weights = sum(p.numel() for p in Seq2Seq(config).parameters())
            assert weights < config.most_parameters
    with torch.device("meta"):
        convolutions = ModelConfig(500, 500, encoder=dataclasses.replace(base.encoder, kind="convolutional"))
        assert sum(p.numel() for p in Seq2Seq(convolutions).parameters()) < convolutions.most_parameters
