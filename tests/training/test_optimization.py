"""The learning rates and the moving average, against their formulas."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from nmt.config import TrainingConfig
from nmt.network.model import Seq2Seq
from nmt.training.optimization import MovingAverage, learning_rate
from tests.conftest import tiny_model_config


def test_learning_rates_follow_their_formulas() -> None:
    cosine = TrainingConfig(lr=2.0, warmup=10, schedule="cosine")
    assert learning_rate(cosine, 5, 0.0) == pytest.approx(1.0)
    assert learning_rate(cosine, 50, 0.5) == pytest.approx(1.0)
    assert learning_rate(cosine, 50, 1.0) == pytest.approx(0.0)
    root = TrainingConfig(lr=2.0, warmup=100, schedule="inverse_sqrt")
    assert learning_rate(root, 50, 0.1) == pytest.approx(1.0)
    assert learning_rate(root, 400, 0.1) == pytest.approx(1.0)
    assert learning_rate(TrainingConfig(lr=2.0, warmup=1, schedule="constant"), 999, 0.9) == 2.0
    stable = TrainingConfig(lr=2.0, warmup=10, schedule="stable_decay", decay=0.25)
    by_progress = {0.0: 2.0, 0.5: 2.0, 0.75: 2.0, 0.875: 1.0, 0.95: 0.4, 1.0: 0.0, 1.1: 0.0}
    assert learning_rate(stable, 5, 0.0) == pytest.approx(1.0)  # warm-up
    for progress, rate in by_progress.items():
        assert learning_rate(stable, 999, progress) == pytest.approx(rate)
    assert learning_rate(dataclasses.replace(stable, decay=0.0), 999, 1.0) == 2.0  # without a decay it never falls


def test_the_moving_average_is_the_recurrence_and_swaps_back() -> None:
    model = Seq2Seq(tiny_model_config())
    average = MovingAverage(model, 0.7)
    bias = model.output.bias
    expected = bias.detach().clone()
    for step in (1, 2, 50):
        with torch.no_grad():
            bias.add_(torch.randn_like(bias))
        average.update(model, step)
        decay = min(0.7, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * bias.detach()
        torch.testing.assert_close(average.weights["output.bias"], expected)
    own = bias.detach().clone()
    with average.swapped_in(model):
        torch.testing.assert_close(bias.detach(), expected)
    assert torch.equal(bias, own)
