"""What makes training faster on this machine: freed memory that is kept, and the faster precision."""

from __future__ import annotations

import ctypes
import platform
import time

import torch


def _keep_freed_memory() -> None:
    """Let the C library reuse large arrays that were freed.  By default glibc returns them to the system, and at
    every step all pages of new ones have to be mapped and cleared again: a tenth of a CPU's training time."""
    if platform.libc_ver()[0] != "glibc":
        return
    libc = ctypes.CDLL(None)
    map_max, trim_threshold, largest = -4, -1, 2**31 - 1  # malloc.h: M_MMAP_MAX, M_TRIM_THRESHOLD
    libc.mallopt(map_max, 0)
    libc.mallopt(trim_threshold, largest)


def faster_precision(device: torch.device, size: int = 512) -> torch.dtype:
    """bfloat16 where this machine multiplies matrices faster in it, float32 elsewhere."""
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
    # Autocast also spends time on conversions: a narrow win on paper is none in training.
    return torch.bfloat16 if seconds[torch.bfloat16] < 0.75 * seconds[torch.float32] else torch.float32
