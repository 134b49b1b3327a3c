"""Exploding gradients: the same training without and with gradient clipping (Pascanu, Mikolov & Bengio 2013).

A simple RNN is trained on the adding problem (Hochreiter & Schmidhuber 1997, section 5.4) by plain gradient descent.
Its recurrent weights are initialised so large that gradients grow from step to step.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from nmt.errors import UserError
from nmt.lab.settings import at_least


@dataclass(frozen=True)
class ClippingConfig:
    threshold: float = 1.0  # of the gradient's norm
    steps: int = 600  # optimiser steps
    lr: float = 0.1
    length: int = 10  # numbers in an example, two of which are to be added
    hidden: int = 32
    gain: float = 1.5  # initial spectral norm of the recurrent weights; gradients explode above 1
    batch: int = 32
    seed: int = 1

    def __post_init__(self) -> None:
        at_least("clipping", steps=self.steps, hidden=self.hidden, batch=self.batch)
        at_least("clipping", least=2, length=self.length)
        for name in ("threshold", "lr", "gain"):
            if not 0 < getattr(self, name) < math.inf:
                raise UserError(f"clipping: {name} is {getattr(self, name)}: a number above 0 is needed")


@dataclass(frozen=True)
class TrainingCurve:
    """The figures of one training at each step; None for infinite and undefined numbers."""

    clipped: bool
    losses: list[float | None]  # mean squared error before the step
    norms: list[float | None]  # of the gradient, before clipping
    applied: list[float | None]  # norm of the update, divided by the learning rate

    @property
    def diverged(self) -> bool:
        return None in self.losses

    def last_loss(self, count: int = 20) -> float | None:
        """The mean loss over the last `count` steps; None if the training diverged."""
        last = [loss for loss in self.losses[-count:] if loss is not None]
        return None if self.diverged else sum(last) / len(last)

    def largest_applied(self) -> float:
        return max((norm for norm in self.applied if norm is not None), default=0.0)


@dataclass(frozen=True)
class Clipping:
    config: ClippingConfig
    without: TrainingCurve
    with_clipping: TrainingCurve
    guess: float  # the loss of a model that always answers the mean sum, 1

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class AddingModel(nn.Module):
    """A simple RNN with a linear output layer on its last state."""

    def __init__(self, config: ClippingConfig) -> None:
        super().__init__()
        self.rnn = nn.RNN(2, config.hidden, batch_first=True)
        self.output = nn.Linear(config.hidden, 1)
        nn.init.orthogonal_(self.rnn.get_parameter("weight_hh_l0"), gain=config.gain)

    def forward(self, inputs: Tensor) -> Tensor:
        """inputs [batch, len, 2] -> sums [batch]"""
        _, last = self.rnn(inputs)
        return self.output(last[0]).squeeze(-1)


def run(config: ClippingConfig) -> Clipping:
    """Train twice from the same initial weights, on the same examples."""
    return Clipping(config, train(config, clip=False), train(config, clip=True), guess=1 / 6)


def train(config: ClippingConfig, clip: bool) -> TrainingCurve:
    curve = TrainingCurve(clip, [], [], [])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        model = AddingModel(config)
        parameters = list(model.parameters())
        for _ in range(config.steps):
            inputs, sums = examples(config)
            loss = functional.mse_loss(model(inputs), sums)
            gradients = torch.autograd.grad(loss, parameters)
            norm = float(torch.linalg.vector_norm(torch.cat([g.flatten() for g in gradients])))
            # Pascanu et al. 2013, algorithm 1
            scale = min(1.0, config.threshold / norm) if clip and norm else 1.0
            with torch.no_grad():
                for parameter, gradient in zip(parameters, gradients, strict=True):
                    parameter.sub_(gradient, alpha=config.lr * scale)
            figures = ((curve.losses, loss.item()), (curve.norms, norm), (curve.applied, scale * norm))
            for series, value in figures:
                series.append(value if math.isfinite(value) else None)
    return curve


def examples(config: ClippingConfig) -> tuple[Tensor, Tensor]:
    """Inputs [batch, length, 2] and targets [batch].  The inputs are numbers from 0 to 1 and marks (0 or 1), with one
    mark in each half; the targets are the sums of the marked numbers."""
    rows, half = torch.arange(config.batch), config.length // 2
    numbers = torch.rand(config.batch, config.length)
    marks = torch.zeros(config.batch, config.length)
    marks[rows, torch.randint(half, (config.batch,))] = 1.0
    marks[rows, torch.randint(half, config.length, (config.batch,))] = 1.0
    return torch.stack([numbers, marks], dim=-1), (numbers * marks).sum(dim=1)
