"""Several processes training one model (`torchrun`): who I am, and sums over everybody.

Gradients are summed by hand, once a step and as one flat tensor, so that the training loop stays plain.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

import torch
import torch.distributed as dist
from torch import Tensor

from nmt.training.cpu_tuning import _keep_freed_memory


class Processes:
    """This process among those that `torchrun` started; alone (rank 0 of 1) without it."""

    def __init__(self) -> None:
        # Vanishing gradients reach numbers below 1e-38, which mean nothing and which a CPU computes up to a
        # hundred times slower than zeros.  Threads made from here on take the setting over.
        torch.set_flush_denormal(True)
        _keep_freed_memory()
        self.ranks = int(os.environ.get("WORLD_SIZE", "1"))
        self.rank = int(os.environ.get("RANK", "0"))
        self.device = torch.device("cpu")
        if torch.cuda.is_available():
            self.device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
            torch.cuda.set_device(self.device)
        if self.ranks > 1:
            dist.init_process_group("nccl" if self.device.type == "cuda" else "gloo")

    @property
    def first(self) -> bool:
        """Whether this is the process that logs, validates and saves."""
        return self.rank == 0

    def total(self, value: Tensor) -> Tensor:
        """The sum of `value` over all processes."""
        if self.ranks > 1:
            dist.all_reduce(value)
        return value

    def from_first(self, value: float) -> float:
        """The first process's `value`, for decisions that all must take alike."""
        own = torch.tensor(value if self.first else 0.0, dtype=torch.float64, device=self.device)
        return self.total(own).item() if self.ranks > 1 else value

    def gather(self, value: Tensor) -> list[Tensor]:
        """Every process's `value`, in order of rank; all of one shape and type, on the CPU."""
        if self.ranks == 1:
            return [value]
        parts = [torch.empty_like(value, device=self.device) for _ in range(self.ranks)]
        dist.all_gather(parts, value.to(self.device))
        return [part.cpu() for part in parts]

    def any(self, flag: bool) -> bool:
        """Whether `flag` is true in any process."""
        return (
            bool(self.total(torch.tensor(int(flag), device=self.device)).item()) if self.ranks > 1 else flag
        )

    def sum_gradients(self, parameters: Iterable[Tensor]) -> None:
        """Replace every gradient by its sum over all processes."""
        if self.ranks == 1:
            return
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        dist.all_reduce(flat)
        for gradient, summed in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
            gradient.copy_(summed.view_as(gradient))

    def wait(self) -> None:
        """Until everybody is here."""
        if self.ranks > 1:
            dist.barrier()

    def close(self) -> None:
        if self.ranks > 1:
            dist.destroy_process_group()
