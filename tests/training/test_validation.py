"""The scores on dev."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from nmt.config import DataConfig
from nmt.network.model import Seq2Seq
from nmt.text.tokenizer import load_tokenizers
from nmt.training.dataset import Split
from nmt.training.validation import mean_loss
from tests.conftest import tiny_model_config


def test_dev_loss_does_not_depend_on_batching(reversal_data: Path) -> None:
    tokenizers = load_tokenizers(reversal_data)
    model = Seq2Seq(tiny_model_config(vocab=len(tokenizers[0]))).eval()
    split = Split(reversal_data, "dev")
    rows = torch.arange(len(split)).numpy()
    with torch.inference_mode():
        losses = [mean_loss(model, split, rows, DataConfig(batch_tokens=n)) for n in (1, 50, 5000)]
    assert losses == pytest.approx([losses[0]] * 3, rel=1e-5)
