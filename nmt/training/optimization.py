"""What turns gradients into better weights: optimiser, learning-rate schedule, moving average."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from nmt.checkpoint.weights import named_weights
from nmt.config import TrainingConfig


def make_optimizer(model: nn.Module, config: TrainingConfig) -> torch.optim.Optimizer:
    """Adam (Kingma & Ba 2015) or AdamW (Loshchilov & Hutter 2019), fused into one kernel a step."""
    kind = torch.optim.AdamW if config.optimizer == "adamw" else torch.optim.Adam
    return kind(
        model.parameters(),
        lr=config.lr,
        betas=config.betas,
        eps=1e-9,
        weight_decay=config.weight_decay,
        fused=True,
    )


def learning_rate(config: TrainingConfig, step: int, progress: float) -> float:
    """The rate of optimiser step `step` (from 1), `progress` of the way (0 to 1) through the training."""
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
    """Exponential moving average of the weights (Polyak & Juditsky 1992), smoother than the weights of any step."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self.weights = {name: weight.clone() for name, weight in named_weights(model).items()}

    @torch.no_grad()
    def update(self, model: nn.Module, step: int) -> None:
        """Move on towards the model's weights after optimiser step `step`, counted from 1."""
        # At the start the average follows closely, so that the random initial weights are soon forgotten.
        decay = min(self.decay, (1 + step) / (10 + step))
        averages, weights = list(self.weights.values()), list(named_weights(model).values())
        torch._foreach_lerp_(averages, weights, 1 - decay)

    @contextmanager
    def swapped_in(self, model: nn.Module) -> Iterator[None]:
        """Within the block the model has the averaged weights."""
        own = {name: weight.clone() for name, weight in named_weights(model).items()}
        _copy(self.weights, model)
        try:
            yield
        finally:
            _copy(own, model)


@torch.no_grad()
def _copy(weights: dict[str, Tensor], model: nn.Module) -> None:
    for name, parameter in model.named_parameters():
        parameter.copy_(weights[name])
