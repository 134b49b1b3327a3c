"""The curves of a training, read from the `log.jsonl` that `nmt train` writes."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

MAX_POINTS = 500  # of a curve: more than a plot has pixels for
MAX_TAIL_LINES, MAX_TAIL_BYTES = 12, 16_384

Entry = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True)
class TrainingLog:
    """Entries by step; after a training was killed and resumed, a step that was done twice is there once."""

    train: list[Entry] = field(default_factory=list)
    dev: list[Entry] = field(default_factory=list)

    def curve(self, kind: str, figure: str) -> list[tuple[int, float]]:
        """(step, value) of a figure such as "loss" of "train" or "dev", at most `MAX_POINTS` of them."""
        entries: list[Entry] = getattr(self, kind)
        return thinned([(e["step"], e[figure]) for e in entries if _is_number(e.get(figure))])

    @property
    def step(self) -> int:
        """The last step that is in the log; 0 before the first."""
        return max((entries[-1]["step"] for entries in (self.train, self.dev) if entries), default=0)

    @property
    def best(self) -> float | None:
        """The highest BLEU on dev so far."""
        return max((e["bleu"] for e in self.dev if _is_number(e.get("bleu"))), default=None)

    @property
    def seconds_left(self) -> float | None:
        """In proportion to what the share that is done took; None before anything is known."""
        last = self.train[-1] if self.train else {}
        done, seconds = last.get("done", 0), last.get("seconds", 0)
        if not (_is_number(done) and _is_number(seconds) and done > 0):
            return None
        return seconds * (1 - done) / done


def read_log(file: Path) -> TrainingLog:
    """The log so far; empty when there is none yet."""
    try:
        found = file.stat()
    except OSError:
        return TrainingLog()
    return _read(file, found.st_size, found.st_mtime_ns)


@lru_cache(maxsize=8)  # several visitors look at one training every few seconds
def _read(file: Path, size: int, changed: int) -> TrainingLog:
    """`size` and `changed` only tell the versions of a file apart."""
    log = TrainingLog()
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            entry = json.loads(line)
            entries: list[Entry] = {"train": log.train, "dev": log.dev}[entry["kind"]]
            step = int(entry["step"])
        except (ValueError, KeyError, TypeError):  # a line that is being written
            continue
        while entries and entries[-1]["step"] >= step:
            entries.pop()
        entries.append(entry)
    return log


def thinned(points: list[T], most: int = MAX_POINTS) -> list[T]:
    """At most `most` of the points, evenly spread, the first and the last among them."""
    if len(points) <= most:
        return points
    return [points[round(i * (len(points) - 1) / (most - 1))] for i in range(most)]


def tail(file: Path, lines: int = MAX_TAIL_LINES) -> str:
    """The last lines of a text file, from its last `MAX_TAIL_BYTES`; "" if there is no such file."""
    try:
        with open(file, "rb") as stream:
            stream.seek(max(0, stream.seek(0, 2) - MAX_TAIL_BYTES))
            found = stream.read().decode("utf-8", errors="replace")
    except OSError:
        return ""
    return "\n".join(found.splitlines()[-lines:])


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
