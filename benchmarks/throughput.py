"""Training speed: real target tokens per second over steady windows, counted alike for every system.

A token is a target piece or the end-of-sentence mark that closes a sentence; padding is none.  This file uses
the standard library alone, because it also runs in the peers' environments.  It is not a profiler.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


class TokenMeter:
    """Clock the starts of updates; between two starts lies one whole update, reading its data included.

    The first `warmup` seconds count for nothing.  A window ends with the first update that starts `seconds` or
    more after the window's own start, so a window always holds whole updates.
    """

    def __init__(self, warmup: float, windows: int, seconds: float, clock: Callable[[], float] = time.perf_counter):
        self.warmup, self.windows, self.seconds = warmup, windows, seconds
        self.clock = clock
        self.rates: list[float] = []  # target tokens/s of every closed window
        self.tokens = 0  # of all closed windows
        self.updates = 0
        self.measured = 0.0  # seconds, of all closed windows
        self._first: float | None = None
        self._window_start: float | None = None
        self._window_tokens = 0
        self._window_updates = 0

    def start_update(self, tokens: int) -> bool:
        """Call right before an update on `tokens` real target tokens; False once every window is closed."""
        now = self.clock()
        if self._first is None:
            self._first = now
        if self._window_start is None:
            if now - self._first >= self.warmup:
                self._window_start = now
        elif now - self._window_start >= self.seconds:
            elapsed = now - self._window_start
            self.rates.append(self._window_tokens / elapsed)
            self.tokens += self._window_tokens
            self.updates += self._window_updates
            self.measured += elapsed
            self._window_start, self._window_tokens, self._window_updates = now, 0, 0
        if self._window_start is not None:
            self._window_tokens += tokens
            self._window_updates += 1
        return not self.done

    @property
    def done(self) -> bool:
        return len(self.rates) >= self.windows

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


def add_meter_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--warmup", type=float, default=12.0, metavar="SECONDS", help="not measured (default: 12)")
    parser.add_argument("--windows", type=int, default=6, metavar="N", help="windows, of which the median counts (6)")
    parser.add_argument("--window-seconds", type=float, default=12.0, metavar="SECONDS", help="length of one (12)")
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="CPU threads of torch (default: 2)")
    parser.add_argument("--json", type=Path, metavar="OUT", help="also write the figures to this file")


def machine() -> dict[str, Any]:
    """What the figures depend on and a reader can compare: processor, system, Python."""
    name = platform.processor()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():  # Linux leaves platform.processor() empty
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
        name = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), name)
    return {"processor": name, "system": platform.system(), "python": platform.python_version()}


def publish(figures: dict[str, Any], out: Path | None) -> None:
    """Print the figures as JSON, and write the same to `out` when one is given."""
    text = json.dumps(figures, indent=2, ensure_ascii=False)
    print(text)
    if out is not None:
        out.write_text(text + "\n", encoding="utf-8")
