"""Several processes training one model (`torchrun`): who this one is, and sums over all of them.

Gradients are summed by hand, once a step and as one flat tensor, so that the training loop stays plain.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

import torch
import torch.distributed as dist
from torch import Tensor


class Processes:
    """This process among those that `torchrun` started; alone (rank 0 of 1) without it.  A context manager."""

    def __init__(self) -> None:
        self.ranks = int(os.environ.get("WORLD_SIZE", "1"))
        self.rank = int(os.environ.get("RANK", "0"))
        self.device = torch.device("cpu")
        if torch.cuda.is_available():
            self.device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
            torch.cuda.set_device(self.device)
        if self.ranks > 1:
            dist.init_process_group("nccl" if self.device.type == "cuda" else "gloo")

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *_: object) -> None:
        if self.ranks > 1:
            dist.destroy_process_group()

    @property
    def first(self) -> bool:
        """Whether this is the process that logs, validates and saves."""
        return self.rank == 0

    def total(self, value: Tensor) -> Tensor:
        """The sum of `value`, which is on `device`, over all processes; in its place."""
        if self.ranks > 1:
            dist.all_reduce(value)
        return value

    def agree(self, value: float, flag: bool = False) -> tuple[float, bool]:
        """The first process's `value`, and whether `flag` is true in any: what all must decide alike.

        One exchange, for whose answer the process waits."""
        if self.ranks == 1:
            return value, flag
        own = [value if self.first else 0.0, float(flag)]
        common = self.total(torch.tensor(own, dtype=torch.float64, device=self.device))
        first_value, flags = common.tolist()
        return first_value, flags > 0

    def gather(self, value: Tensor) -> list[Tensor]:
        """Every process's `value`, in order of rank; all of one shape and type, on the CPU."""
        if self.ranks == 1:
            return [value]
        parts = [torch.empty_like(value, device=self.device) for _ in range(self.ranks)]
        dist.all_gather(parts, value.to(self.device))
        return [part.cpu() for part in parts]

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
        """Until every process is here."""
        if self.ranks > 1:
            dist.barrier()
