"""Label-smoothed cross-entropy of an output layer, computed without storing all logits.

The logits of a batch, float32 [positions, vocab], are by far the largest array of a training step, and writing and
reading them several times takes longer than their matrix products.  Here the logits, loss and gradients are computed
for some positions at a time, while they fit the cache.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

# The number of float32 logits at a time, by kind of device: 16 MiB fit a CPU's last cache; 1 GiB keeps a GPU busy.
MAX_LOGITS = {"cpu": 2**22, "cuda": 2**28}


class _SmoothedCrossEntropy(torch.autograd.Function):
    """Forward computes the gradients together with the loss; backward only scales them."""

    @staticmethod
    def forward(
        ctx: Any,
        readouts: Tensor,
        weight: Tensor,
        bias: Tensor,
        targets: Tensor,
        smoothing: float,
        counts: Tensor | None,
    ) -> Tensor:
        classes = weight.size(0)
        # The pieces of the vocabulary that a class stands for, and the logarithm of that: 1 and 0 without sampling.
        many = torch.ones(classes, device=weight.device) if counts is None else counts
        log_many, uniform = many.log(), smoothing * many / many.sum()
        rows = max(1, MAX_LOGITS.get(readouts.device.type, 2**26) // classes)
        of_readouts = torch.empty_like(readouts)
        of_weight = torch.zeros_like(weight, dtype=torch.float32)
        of_bias = torch.zeros_like(bias, dtype=torch.float32)
        loss = torch.zeros((), device=readouts.device)
        low = weight.to(readouts.dtype)  # the products are computed in float32 or bfloat16
        buffer = readouts.new_empty(min(rows, len(readouts)), classes)  # reused by every group of positions
        for start in range(0, len(readouts), rows):
            some, gold = readouts[start : start + rows], targets[start : start + rows, None]
            scores = torch.mm(some, low.T, out=buffer[: len(some)]).float().add_(bias + log_many)
            # loss = - (1 - smoothing) log p(gold) - smoothing * (mean over the vocabulary of log p)
            log_p = torch.log_softmax(scores, dim=-1)  # of all pieces that a class stands for, together
            loss -= (1 - smoothing) * log_p.gather(1, gold).sum() + log_p.sum(dim=0) @ uniform
            # d loss / d logits = p - (1 - smoothing) [gold] - smoothing * (share of the vocabulary)
            gradient = log_p.exp_().sub_(uniform)
            gradient.scatter_add_(1, gold, gradient.new_full(gold.shape, smoothing - 1))
            of_bias += gradient.sum(dim=0)
            gradient = gradient.to(low.dtype)
            torch.mm(gradient, low, out=of_readouts[start : start + rows])
            if low.dtype == torch.float32:
                of_weight.addmm_(gradient.T, some)
            else:
                of_weight += gradient.T @ some
        loss += len(readouts) * (uniform @ log_many) + (1 - smoothing) * log_many[targets].sum()
        ctx.save_for_backward(of_readouts, of_weight.to(weight.dtype), of_bias.to(bias.dtype))
        return loss

    @staticmethod
    def backward(ctx: Any, factor: Tensor) -> tuple[Tensor | None, ...]:
        of_readouts, of_weight, of_bias = ctx.saved_tensors
        return of_readouts * factor, of_weight * factor, of_bias * factor, None, None, None


def smoothed_cross_entropy(
    readouts: Tensor,
    weight: Tensor,
    bias: Tensor,
    targets: Tensor,
    smoothing: float = 0.0,
    counts: Tensor | None = None,
) -> Tensor:
    """The cross-entropy of softmax(readouts weight^T + bias) and the targets, summed over positions: nats, a float32
    scalar.  The share `smoothing` of each target's probability is spread evenly over the vocabulary (Szegedy et al.
    2016, section 7), as in `torch.nn.functional.cross_entropy(..., label_smoothing=smoothing, reduction="sum")`.

    readouts [positions, size], weight [vocab, size], bias [vocab], targets int64 [positions].
    Within autocast the products are computed in the lower precision.

    With `counts`, float32 [vocab], the rows are a sample of a larger vocabulary (`sample_classes`): each stands for so
    many pieces with its own logit, and the result estimates the loss over all of them."""
    device = readouts.device.type
    if torch.is_autocast_enabled(device):
        readouts = readouts.to(torch.get_autocast_dtype(device))
    with torch.autocast(device, enabled=False):
        result: Tensor = _SmoothedCrossEntropy.apply(readouts, weight, bias, targets, smoothing, counts)
    return result


def sample_classes(targets: Tensor, vocab: int, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """A sample of the vocabulary for one batch's sampled softmax (Jean et al. 2015, "On Using Very Large Target
    Vocabulary for Neural Machine Translation", section 3.1).

    It has all the pieces among `targets`, int64 [positions], and the frequent ones, which have the low ids in a
    SentencePiece vocabulary: the first half of `size`.  Each of them stands for itself.  The rest of `size` is drawn
    evenly from all other pieces, and each one drawn stands for as many of these as there are for one drawn.  So every
    sum over the vocabulary, that of the softmax above all, is estimated without bias.

    Returns ids, int64 [classes]; counts, float32 [classes], the pieces that each stands for; and the targets' positions
    among the ids, int64 [positions].  `classes` is `size`, or the number of targets if that is more.

    Nothing here reads a value from a GPU."""
    device = targets.device
    # The rank of each piece: the targets come first, then the frequent ones, then the others by chance.
    rank = torch.rand(vocab, device=device)
    rank[: size // 2] = 2.0
    rank[targets] = 3.0
    classes = min(vocab, max(size, len(targets)))
    ids = rank.topk(classes).indices.sort().values
    certain = rank > 1
    others, drawn = (~certain).sum(), (~certain[ids]).sum()
    counts = torch.where(certain[ids], 1.0, others / drawn.clamp(min=1))
    positions = torch.empty(vocab, dtype=torch.long, device=device)
    positions[ids] = torch.arange(classes, device=device)
    return ids, counts, positions[targets]
