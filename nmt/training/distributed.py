"""Data-parallel training in several processes (`torchrun`): this process's rank, and sums over all processes.

Gradients are summed explicitly, once a step and as one flat tensor, so that the training loop shows it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

import torch
import torch.distributed as dist
from torch import Tensor

from nmt.errors import UserError


class Processes:
    """The processes that `torchrun` started; without it, this process alone (rank 0 of 1).  A context manager."""

    def __init__(self) -> None:
        """Waits for the other processes.  UserError for options of torchrun with which no restart would succeed."""
        self.ranks = int(os.environ.get("WORLD_SIZE", "1"))
        self.rank = int(os.environ.get("RANK", "0"))
        # torchrun starts all processes again if one dies, with the same command.
        self.restarts = int(os.environ.get("TORCHELASTIC_MAX_RESTARTS", "0")) > 0
        self.device = torch.device("cpu")
        if torch.cuda.is_available():
            self.device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
            torch.cuda.set_device(self.device)
        if self.restarts and os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True":
            raise UserError(
                "torchrun --max-restarts needs TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1 in the environment, and "
                "--standalone or --rdzv-backend c10d; otherwise new processes look for those that have died"
            )
        if self.ranks > 1:
            dist.init_process_group("nccl" if self.device.type == "cuda" else "gloo")

    @classmethod
    def alone(cls, device: torch.device) -> Processes:
        """This process on `device`, whatever others there are."""
        one = cls.__new__(cls)
        one.ranks, one.rank, one.restarts, one.device = 1, 0, False, device
        return one

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *_: object) -> None:
        if self.ranks > 1:
            dist.destroy_process_group()

    @property
    def first(self) -> bool:
        """Whether this is the process that logs and saves."""
        return self.rank == 0

    def total(self, value: Tensor) -> Tensor:
        """Replace `value`, which is on `device`, by its sum over all processes, and return it."""
        if self.ranks > 1:
            dist.all_reduce(value)
        return value

    def agree(self, value: float, flag: bool = False) -> tuple[float, bool]:
        """The first process's `value`, and whether `flag` is true in any process, so that all decide alike.

        This is one exchange, and the process waits for it."""
        if self.ranks == 1:
            return value, flag
        own = [value if self.first else 0.0, float(flag)]
        common = self.total(torch.tensor(own, dtype=torch.float64, device=self.device))
        first_value, flags = common.tolist()
        return first_value, flags > 0

    def gather(self, value: Tensor) -> list[Tensor]:
        """Every process's `value`, in order of rank, on the CPU; all have one shape and dtype."""
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
        """Wait until every process has called this."""
        if self.ranks > 1:
            dist.barrier()
