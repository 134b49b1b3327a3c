"""The loss in parts is the loss of the whole, and so are its gradients."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

import nmt.training.loss
from nmt.training.loss import smoothed_cross_entropy


def problem() -> tuple[torch.Tensor, ...]:
    torch.manual_seed(1)
    readouts, weight = torch.randn(37, 16, requires_grad=True), torch.randn(50, 16, requires_grad=True)
    bias, targets = torch.randn(50, requires_grad=True), torch.randint(0, 50, (37,))
    return readouts, weight, bias, targets


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("at_once", [1, 400, 10**6])  # one position, eight (the last part has fewer), all
def test_loss_and_gradients_are_those_of_torch(
    smoothing: float, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(nmt.training.loss.MAX_LOGITS, "cpu", at_once)
    *inputs, targets = problem()
    logits = functional.linear(*inputs)
    expected = functional.cross_entropy(logits, targets, reduction="sum", label_smoothing=smoothing)
    found = smoothed_cross_entropy(*inputs, targets, smoothing)
    torch.testing.assert_close(found, expected)
    for one, other in zip(
        torch.autograd.grad(found / 7, inputs), torch.autograd.grad(expected / 7, inputs), strict=True
    ):
        torch.testing.assert_close(one, other)


def test_autocast_changes_the_precision_alone() -> None:
    *inputs, targets = problem()
    expected = torch.autograd.grad(smoothed_cross_entropy(*inputs, targets, 0.1), inputs)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = smoothed_cross_entropy(*inputs, targets, 0.1)
    found = torch.autograd.grad(loss, inputs)
    assert loss.dtype == torch.float32
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == torch.float32
        torch.testing.assert_close(one, other, atol=0.1, rtol=0.05)


def test_a_loss_that_is_no_number_stays_none() -> None:
    readouts, weight, bias, targets = problem()
    readouts.data[3, 3] = torch.inf
    loss = smoothed_cross_entropy(readouts, weight, bias, targets, 0.1)
    (gradient,) = torch.autograd.grad(loss, [weight])
    assert not loss.isfinite() and not gradient.isfinite().all()
