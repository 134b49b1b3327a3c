"""Training speed: real target tokens per second over steady windows, counted alike for every system.

A token is a target piece or the end-of-sentence mark that closes a sentence; padding is none.  This file also
runs in the peers' environments, so it needs nothing but torch.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch

from benchmarks.common import add_options


class TokenMeter:
    """Clocks the starts of updates; between two starts lies a whole update, reading its data included.

    The first `warmup` seconds count for nothing.  A window ends with the first update that starts `seconds`
    or more after the window's own start, so a window always holds whole updates."""

    def __init__(
        self,
        warmup: float,
        windows: int,
        seconds: float,
        clock: Callable[[], float] = time.perf_counter,
        settle: Callable[[], object] = lambda: None,
    ) -> None:
        """settle: waits for work that is still queued, as on a GPU; called where a window begins or ends"""
        self.warmup, self.windows, self.seconds = warmup, windows, seconds
        self.clock, self.settle = clock, settle
        self.rates: list[float] = []  # target tokens/s of every closed window
        self.tokens = self.updates = 0  # of all closed windows
        self.measured = 0.0  # seconds, of all closed windows
        self._first: float | None = None
        self._window_start: float | None = None
        self._window_tokens = self._window_updates = 0

    def start_update(self) -> bool:
        """Call right before an update (and before its batch is made, where that is not done ahead);
        False once every window is closed."""
        now = self.clock()
        self._first = now if self._first is None else self._first
        if self._window_start is None:
            if now - self._first >= self.warmup:
                self.settle()
                self._open_window(self.clock())
        elif now - self._window_start >= self.seconds:
            self.settle()
            now = self.clock()
            self._close_window(now - self._window_start)
            self._open_window(now)
        return len(self.rates) < self.windows

    def count(self, tokens: int) -> None:
        """The update that started last is on `tokens` real target tokens."""
        self._window_tokens += tokens
        self._window_updates += 1

    def _open_window(self, now: float) -> None:
        self._window_start = now
        self._window_tokens = self._window_updates = 0

    def _close_window(self, elapsed: float) -> None:
        self.rates.append(self._window_tokens / elapsed)
        self.tokens += self._window_tokens
        self.updates += self._window_updates
        self.measured += elapsed

    def report(self) -> dict[str, Any]:
        """The figures; raises ValueError when training ended before a window was closed."""
        if not self.rates:
            raise ValueError("training ended before one window was closed: give more data or shorter windows")
        return {
            "target_tokens_per_second": round(statistics.median(self.rates), 1),  # the figure to compare
            "mean": round(self.tokens / self.measured, 1),
            "windows": [round(rate, 1) for rate in self.rates],
            "tokens_per_update": round(self.tokens / self.updates, 1),
            "updates": self.updates,
            "seconds": round(self.measured, 1),
        }


def weight_counts(model: torch.nn.Module) -> dict[str, int]:
    """All weights, and those of them that every token is multiplied with (a pure look-up table is not)."""
    multiplied = {
        id(weight): weight.numel()
        for module in model.modules()
        if not isinstance(module, torch.nn.Embedding)
        for weight in module.parameters(recurse=False)
    }
    return {"parameters": sum(w.numel() for w in model.parameters()), "multiplied": sum(multiplied.values())}


def add_meter_options(parser: argparse.ArgumentParser) -> None:
    """The options of a `TokenMeter`, and those of every training."""
    parser.add_argument("--warmup", type=float, default=15.0, metavar="SECONDS", help="not measured (15)")
    parser.add_argument("--windows", type=int, default=6, metavar="N", help="of which the median counts (6)")
    parser.add_argument("--window-seconds", type=float, default=18.0, metavar="SECONDS", help="of one (18)")
    add_options(parser, "threads", "json")
