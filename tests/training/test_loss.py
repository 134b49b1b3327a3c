"""The loss in parts is the loss of the whole, and so are its gradients."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

import nmt.training.loss
from nmt.training.loss import sample_classes, smoothed_cross_entropy


def problem() -> tuple[torch.Tensor, ...]:
    torch.manual_seed(1)
    readouts, weight = torch.randn(37, 16, requires_grad=True), torch.randn(50, 16, requires_grad=True)
    bias, targets = torch.randn(50, requires_grad=True), torch.randint(0, 50, (37,))
    return readouts, weight, bias, targets


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("at_once", [1, 400, 10**6])  # one position, eight (the last part has fewer), all
def test_loss_and_gradients_are_those_of_torch(smoothing: float, at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_a_row_counted_twice_is_two_rows() -> None:
    """The loss with `counts` is the loss over a vocabulary in which every class is written out as often."""
    *inputs, targets = problem()
    targets = targets % 20  # a target stands for itself alone
    counts = torch.cat((torch.ones(20), torch.arange(1, 31)))
    copies = torch.repeat_interleave(torch.arange(50), counts.long())
    readouts, weight, bias = inputs
    expected = smoothed_cross_entropy(readouts, weight[copies], bias[copies], targets, 0.1)
    found = smoothed_cross_entropy(readouts, weight, bias, targets, 0.1, counts)
    torch.testing.assert_close(found, expected)
    for one, other in zip(torch.autograd.grad(found, inputs), torch.autograd.grad(expected, inputs), strict=True):
        torch.testing.assert_close(one, other)


def test_a_sample_has_the_targets_the_frequent_pieces_and_all_others_equally_often() -> None:
    torch.manual_seed(1)
    targets = torch.tensor([7, 90, 7, 55])
    drawn = torch.zeros(100)
    for _ in range(2000):
        ids, counts, positions = sample_classes(targets, 100, 40)
        assert len(ids) == len(ids.unique()) == 40
        torch.testing.assert_close(ids[positions], targets)
        certain = torch.cat((torch.arange(20), torch.tensor([55, 90])))
        assert set(certain.tolist()) == set(ids[counts == 1].tolist())
        assert counts.sum().item() == pytest.approx(100)
        drawn[ids] += 1
    others = torch.tensor([id for id in range(20, 100) if id not in (55, 90)])
    # each of the 78 others is among the 18 drawn with this probability; six standard deviations
    share = 18 / 78
    assert (drawn[others] / 2000 - share).abs().max() < 6 * (share * (1 - share) / 2000) ** 0.5


def test_the_sum_over_the_vocabulary_is_estimated_without_bias() -> None:
    torch.manual_seed(1)
    scores = torch.randn(500)
    targets = torch.tensor([300, 20])
    samples = [sample_classes(targets, 500, 60)[:2] for _ in range(4000)]
    estimates = torch.stack([(counts * scores[ids].exp()).sum() for ids, counts in samples])
    error = estimates.std() / len(estimates) ** 0.5
    assert abs(estimates.mean() - scores.exp().sum()) < 5 * error


def test_a_batch_with_every_piece_needs_no_sample() -> None:
    ids, counts, positions = sample_classes(torch.arange(30), 30, 10)
    assert ids.tolist() == positions.tolist() == list(range(30)) and counts.tolist() == [1.0] * 30
