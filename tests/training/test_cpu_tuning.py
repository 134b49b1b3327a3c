"""What makes a CPU's training faster."""

from __future__ import annotations

import torch

from nmt.training.cpu_tuning import choose_precision, tune_cpu
from nmt.training.distributed import Processes


def test_vanishing_numbers_are_zeros_while_training() -> None:
    """Or gradients through saturated gates slow a CPU down to a third, once there are some."""
    tiny = torch.full((4,), 1e-30)
    try:
        torch.set_flush_denormal(False)
        assert (tiny * 1e-10).all()
        tune_cpu()
        assert not (tiny * 1e-10).any()
    finally:
        torch.set_flush_denormal(False)


def test_a_precision_that_is_asked_for_is_taken_and_auto_is_one_of_the_two() -> None:
    processes = Processes()
    assert choose_precision("float32", processes) == "float32"
    assert choose_precision("bfloat16", processes) == "bfloat16"
    assert choose_precision("auto", processes) in ("float32", "bfloat16")
