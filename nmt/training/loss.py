"""Label-smoothed cross-entropy of an output layer, without ever holding all logits.

The logits of a batch, [positions, vocab] in float32, are the largest array of a training step by far: written
and read several times, they cost more than their matrix products.  Here some positions at a time get their
logits, loss and gradients while these are in the cache, and the logits are forgotten.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

# How many logits are held by kind of device: 16 MiB fit a CPU's last cache; 1 GiB keeps a GPU busy.
MAX_LOGITS = {"cpu": 2**22, "cuda": 2**28}


class _SmoothedCrossEntropy(torch.autograd.Function):
    """The gradients are ready when the loss is: backward only scales them."""

    @staticmethod
    def forward(
        ctx: Any, readouts: Tensor, weight: Tensor, bias: Tensor, targets: Tensor, smoothing: float
    ) -> Tensor:
        vocab = weight.size(0)
        rows = max(1, MAX_LOGITS.get(readouts.device.type, 2**26) // vocab)
        of_readouts = torch.empty_like(readouts)
        of_weight = torch.zeros_like(weight, dtype=torch.float32)
        of_bias = torch.zeros_like(bias, dtype=torch.float32)
        loss = torch.zeros((), device=readouts.device)
        low = weight.to(readouts.dtype)  # what the products are computed in: float32 or bfloat16
        room = readouts.new_empty(min(rows, len(readouts)), vocab)  # the same memory for each part
        for start in range(0, len(readouts), rows):
            some, gold = readouts[start : start + rows], targets[start : start + rows, None]
            scores = torch.mm(some, low.T, out=room[: len(some)]).float().add_(bias)
            # loss = - (1 - smoothing) log p(gold) - smoothing / vocab * sum over the vocabulary of log p
            log_p = torch.log_softmax(scores, dim=-1)
            loss -= (1 - smoothing) * log_p.gather(1, gold).sum() + smoothing / vocab * log_p.sum()
            # d loss / d logits = p - (1 - smoothing) [gold] - smoothing / vocab
            gradient = log_p.exp_().sub_(smoothing / vocab)
            gradient.scatter_add_(1, gold, gradient.new_full(gold.shape, smoothing - 1))
            of_bias += gradient.sum(dim=0)
            gradient = gradient.to(low.dtype)
            torch.mm(gradient, low, out=of_readouts[start : start + rows])
            if low.dtype == torch.float32:
                of_weight.addmm_(gradient.T, some)
            else:
                of_weight += gradient.T @ some
        ctx.save_for_backward(of_readouts, of_weight.to(weight.dtype), of_bias.to(bias.dtype))
        return loss

    @staticmethod
    def backward(ctx: Any, factor: Tensor) -> tuple[Tensor | None, ...]:
        of_readouts, of_weight, of_bias = ctx.saved_tensors
        return of_readouts * factor, of_weight * factor, of_bias * factor, None, None


def smoothed_cross_entropy(
    readouts: Tensor, weight: Tensor, bias: Tensor, targets: Tensor, smoothing: float = 0.0
) -> Tensor:
    """Sum over positions of the cross-entropy (nats, float32 scalar) between softmax(readouts weight^T + bias) and
    the targets, of whose probability `smoothing` is spread evenly over the vocabulary (Szegedy et al. 2016,
    section 7; the same as `torch.nn.functional.cross_entropy(..., label_smoothing=smoothing, reduction="sum")`).

    readouts [positions, size], weight [vocab, size], bias [vocab], targets int64 [positions].
    Within autocast its products are computed in the lower precision.
    """
    device = readouts.device.type
    if torch.is_autocast_enabled(device):
        readouts = readouts.to(torch.get_autocast_dtype(device))
    with torch.autocast(device, enabled=False):
        result: Tensor = _SmoothedCrossEntropy.apply(readouts, weight, bias, targets, smoothing)
    return result
