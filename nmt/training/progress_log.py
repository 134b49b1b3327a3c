"""What a person sees of a training: a progress line, a table at each validation, TensorBoard, a log file.

Writes to stderr and into the run's folder; decides nothing.
"""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text
from torch import Tensor

from nmt.training.resume import Progress as TrainingProgress
from nmt.training.validation import Validation


class Reporter:
    """Silent when `active` is false (every process but the first)."""

    def __init__(self, run: Path, active: bool = True) -> None:
        self.run, self.active = run, active
        self.console = Console(stderr=True, quiet=not active)
        self.line = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:3.0f} %  {task.fields[text]}"),
            console=self.console,
            disable=not (active and self.console.is_terminal),
            transient=True,
        )
        self.task = self.line.add_task("training", total=1.0, text="")
        self.board = _tensorboard(run / "tensorboard") if active else None

    def __enter__(self) -> Reporter:
        self.line.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.line.stop()
        if self.board:
            self.board.close()

    def say(self, text: str) -> None:
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def log(self, progress: TrainingProgress, done: float, figures: dict[str, float]) -> None:
        """One line of training figures; `done` is the share of the training that is over."""
        if not self.active:
            return
        remaining = progress.seconds * (1 - done) / done if done > 0 else 0.0
        text = (
            f"step {progress.step}  epoch {progress.epoch + 1}  loss {figures['loss']:.3f}  "
            f"{figures['tokens_per_second']:,.0f} tokens/s  lr {figures['lr']:.2e}  "
            f"|g| {figures['gradient_norm']:.2f}  ETA {_duration(remaining)}"
        )
        if self.line.disable:
            self.say(text)
        self.line.update(self.task, completed=done, text=text)
        self._record("train", progress.step, {**figures, "done": done, "seconds": progress.seconds})

    def validation(self, progress: TrainingProgress, result: Validation, best: bool) -> None:
        """Scores and a few translations."""
        if not self.active:
            return
        scores = f"BLEU {result.bleu:.1f}, chrF2 {result.chrf:.1f}"
        if result.language_model:
            scores = f"perplexity {result.perplexity:.2f} a piece"
        title = f"step {progress.step}: dev loss {result.loss:.3f}, {scores}{', best so far' if best else ''}"
        if result.language_model:
            self.say(title)
        else:
            self.console.print(_translations(title, result.samples))
        self._record("dev", progress.step, result.figures)

    def _record(self, group: str, step: int, figures: dict[str, float]) -> None:
        entry: dict[str, Any] = {"time": round(time.time(), 1), "kind": group, "step": step, **figures}
        with open(self.run / "log.jsonl", "a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
        if self.board:
            for name, value in figures.items():
                self.board.add_scalar(f"{group}/{name}", value, step)


def _translations(title: str, samples: list[tuple[str, str, str]]) -> Table:
    table = Table(title=title, show_lines=True)
    for heading in ("source", "translation", "reference"):
        table.add_column(heading, overflow="fold")
    for row in samples:
        table.add_row(*(Text(text) for text in row))  # not markup, whatever it holds
    return table


def _tensorboard(folder: Path) -> Any:
    """A TensorBoard writer, or None where tensorboard is not installed (it is an extra)."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder))


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"


class Meter:
    """Loss, gradient norm and speed since the last reading, summed on the device without waiting for it."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self._reset()

    def _reset(self) -> None:
        self.sums = torch.zeros(4, dtype=torch.float64, device=self.device)  # loss, norm, tokens, steps
        self.tokens = 0
        self.since = time.monotonic()

    def add(self, loss: Tensor, norm: Tensor, tokens: int) -> None:
        """What `Trainer.step` returned; in the means, skipped steps do not count."""
        one = torch.stack([loss, norm, torch.full_like(loss, tokens), torch.ones_like(loss)])
        self.sums += torch.where(torch.isfinite(norm), one, 0.0)
        self.tokens += tokens

    def read(self, progress: TrainingProgress, lr: float) -> dict[str, float]:
        loss, norm, tokens, steps = self.sums.tolist()
        figures = {
            "loss": loss / tokens if tokens else math.nan,
            "gradient_norm": norm / steps if steps else math.nan,
            "tokens_per_second": self.tokens / (time.monotonic() - self.since),
            "lr": lr,
            "target_tokens": float(progress.target_tokens),
        }
        self._reset()
        return figures
