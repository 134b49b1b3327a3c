"""The optimiser, the learning-rate schedule, and the moving average of the weights."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from nmt.checkpoint.weights import load_weights, named_weights
from nmt.config import TrainingConfig


def make_optimizer(model: nn.Module, config: TrainingConfig) -> torch.optim.Optimizer:
    """Adam (Kingma & Ba 2015) or AdamW (Loshchilov & Hutter 2019), fused into one kernel a step."""
    kind = torch.optim.AdamW if config.optimizer == "adamw" else torch.optim.Adam
    lr, betas, weight_decay = config.lr, config.betas, config.weight_decay
    return kind(model.parameters(), lr, betas, eps=1e-9, weight_decay=weight_decay, fused=True)


def learning_rate(config: TrainingConfig, step: int, progress: float) -> float:
    """The learning rate of optimiser step `step` (from 1); `progress` is the share of the training that is over."""
    warm = min(1.0, step / max(1, config.warmup))
    if config.schedule == "cosine":  # Loshchilov & Hutter 2017, eq. 5, to zero without restarts
        return config.lr * warm * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
    if config.schedule == "inverse_sqrt":  # Vaswani et al. 2017, eq. 3
        return config.lr * warm * min(1.0, math.sqrt(max(1, config.warmup) / step))
    if config.schedule == "stable_decay":  # warm-up, stable, decay: Hu et al. 2024 (MiniCPM), section 4
        left = max(0.0, 1.0 - progress)
        return config.lr * warm * (min(1.0, left / config.decay) if config.decay else 1.0)
    return config.lr * warm


class MovingAverage:
    """Exponential moving average of the weights (Polyak & Juditsky 1992)."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self.weights = {name: weight.clone() for name, weight in named_weights(model).items()}

    @torch.no_grad()
    def update(self, model: nn.Module, step: int) -> None:
        """Add the model's weights after optimiser step `step`, counted from 1."""
        # The decay is smaller at first, so that the random initial weights soon have no share.
        decay = min(self.decay, (1 + step) / (10 + step))
        averages, weights = list(self.weights.values()), list(named_weights(model).values())
        torch._foreach_lerp_(averages, weights, 1 - decay)

    @contextmanager
    def swapped_in(self, model: nn.Module) -> Iterator[None]:
        """Within the block the model has the averaged weights."""
        own = {name: weight.clone() for name, weight in named_weights(model).items()}
        load_weights(model, self.weights, "moving average")
        try:
            yield
        finally:
            load_weights(model, own, "model")
