"""Faster training on a CPU: denormal numbers become zero, freed memory is reused, the faster precision is chosen."""

from __future__ import annotations

import ctypes
import platform
import time

import torch

from nmt.training.distributed import Processes

M_MMAP_MAX, M_TRIM_THRESHOLD = -4, -1  # of glibc's malloc.h
LARGEST_INT = 2**31 - 1


def tune_cpu() -> None:
    """Set denormals and memory allocation for this process and for threads that are created later."""
    # Vanishing gradients become denormal numbers (below 1e-38), which contribute nothing and which a CPU computes up
    # to a hundred times slower than zeros.
    torch.set_flush_denormal(True)
    # By default glibc returns the memory of large arrays to the system when they are freed, and at every step the pages
    # of new arrays must be mapped and cleared again, which takes a tenth of the training time on a CPU.
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_MAX, 0)
        libc.mallopt(M_TRIM_THRESHOLD, LARGEST_INT)


def choose_precision(setting: str, processes: Processes) -> str:
    """`training.precision`, where "auto" becomes the faster one on the first process's machine."""
    if setting != "auto":
        return setting
    is_faster = faster_precision(processes.device) == torch.bfloat16
    return "bfloat16" if processes.agree(float(is_faster))[0] else "float32"


def faster_precision(device: torch.device, size: int = 512) -> torch.dtype:
    """bfloat16 if `device` multiplies matrices [size, size] clearly faster in it, else float32."""
    if device.type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.bfloat16 if native else torch.float32
    seconds = {}
    for dtype in (torch.float32, torch.bfloat16):
        left, right = torch.ones(size, size, dtype=dtype), torch.ones(size, size, dtype=dtype)
        times = []
        for _ in range(4):
            start = time.perf_counter()
            left @ right
            times.append(time.perf_counter() - start)
        seconds[dtype] = min(times)
    # Autocast also spends time on conversions, so that a narrow advantage of the products is lost in training.
    return torch.bfloat16 if seconds[torch.bfloat16] < 0.75 * seconds[torch.float32] else torch.float32
