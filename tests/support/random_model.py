"""A tiny checkpoint with random weights: its translations are nonsense, but whole, and others for every text."""

from __future__ import annotations

from pathlib import Path

import torch

from nmt.checkpoint.weights import named_weights, save_checkpoint
from nmt.config import Config
from nmt.network.model import Seq2Seq
from nmt.text.tokenizer import EOS
from tests.conftest import tiny_model_config
from tests.support.uppercase_model import character_tokenizer


def save_random_checkpoint(folder: Path, source: str, target: str, seed: int = 3) -> Path:
    tokenizer = character_tokenizer()
    config = Config(source, target, model=tiny_model_config(vocab=len(tokenizer), hidden=16))
    torch.manual_seed(seed)
    model = Seq2Seq(config.model)
    model.output.bias.data[EOS] = 3.0  # or most sentences would only end at the greatest length
    save_checkpoint(folder, config, named_weights(model), (tokenizer, tokenizer))
    return folder
