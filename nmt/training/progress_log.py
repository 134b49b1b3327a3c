"""The output of a training: its plan, a progress line, a table at each validation, TensorBoard and a log file.

It goes to standard error and into the run folder.
"""

from __future__ import annotations

import json
import math
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as ProgressBar
from rich.table import Table
from rich.text import Text
from torch import Tensor

from nmt.config import Config
from nmt.network.encoder import describe_encoder
from nmt.training.distributed import Processes
from nmt.training.resume import Progress
from nmt.training.validation import Validation


class Reporter:
    """Writes the output of the first process; in the others `active` is False and nothing is written."""

    def __init__(self, run: Path, active: bool = True) -> None:
        self.run, self.active = run, active
        self.console = Console(stderr=True, quiet=not active)
        self.line = ProgressBar(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:3.0f} %  {task.fields[text]}"),
            console=self.console,
            disable=not (active and self.console.is_terminal),
            transient=True,
        )
        self.task = self.line.add_task("training", total=1.0, text="")
        self.board: Any = None

    def __enter__(self) -> Reporter:
        self.line.start()
        self.board = _tensorboard(self.run / "tensorboard") if self.active else None
        return self

    def __exit__(self, *_: object) -> None:
        self.line.stop()
        if self.board:
            self.board.close()

    def say(self, text: str) -> None:
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def plan(
        self,
        config: Config,
        progress: Progress,
        processes: Processes,
        parameters: int,
        pairs: int,
        dev_pairs: int,
    ) -> None:
        """Print the data, model, device, duration and folder of the training that begins."""
        training = config.training
        on_cpu = processes.device.type == "cpu"
        where = f"{torch.get_num_threads()} CPU thread(s)" if on_cpu else torch.cuda.get_device_name()
        if processes.ranks > 1:
            where = f"{processes.ranks} processes, each on {where}"
        minutes = f"{training.minutes:g} minutes of training or " if training.minutes else ""
        done = f", of which {progress.step:,} are done" if progress.step else ""
        self.say(f"{config.task}: {pairs:,} pairs to learn from, {dev_pairs:,} of dev")
        self.say(f"encoder: {describe_encoder(config.model.encoder)}")
        self.say(f"model: {parameters:,} parameters, in {progress.precision} on {where}")
        each = f"validated each {training.validate_every:,}"
        self.say(f"until: {minutes}{training.steps:,} steps{done}; {each}")
        self.say(f"results: {self.run}, the best checkpoint in {self.run / 'best'}")

    def show(self, progress: Progress, done: float, figures: dict[str, float]) -> None:
        """Print the figures of `Meter.read` in one line; `done` is the share of the training that is over."""
        seconds_left = round(progress.seconds * (1 - done) / done) if done > 0 else 0
        text = (
            f"step {progress.step}  epoch {progress.epoch + 1}  loss {figures['loss']:.3f}  "
            f"{figures['tokens_per_second']:,.0f} tokens/s  lr {figures['lr']:.2e}  "
            f"|g| {figures['gradient_norm']:.2f}  ETA {timedelta(seconds=seconds_left)}"
        )
        if self.line.disable:
            self.say(text)
        self.line.update(self.task, completed=done, text=text)

    def log(self, progress: Progress, done: float, figures: dict[str, float]) -> None:
        """Write the figures of `Meter.read` to the log."""
        self._record("train", progress.step, {**figures, "done": done, "seconds": progress.seconds})

    def validation(self, progress: Progress, result: Validation, best: bool) -> None:
        """Print and log the scores, and print a few translations."""
        scores = f"BLEU {result.bleu:.1f}, chrF2 {result.chrf:.1f}"
        if result.language_model:
            scores = f"perplexity {result.perplexity:.2f} a piece"
        title = f"step {progress.step}: dev loss {result.loss:.3f}, {scores}{', best so far' if best else ''}"
        if result.language_model:
            self.say(title)
        else:
            table = Table("source", "translation", "reference", title=title, show_lines=True)
            for column in table.columns:
                column.overflow = "fold"
            for row in result.samples:
                table.add_row(*map(Text, row))  # a Text is not parsed as Rich markup
            self.console.print(table)
        self._record("dev", progress.step, result.figures)

    def end(self, progress: Progress, metric: str, done: float) -> None:
        """Print how the training ended; `done` as of `show`, `metric` has chosen the best checkpoint."""
        if progress.stopped_by:
            self.say(f"stopped at step {progress.step}; go on with --resume")
            return
        if done < 1.0:
            self.say(f"no better for {progress.stale} validations: stopped early")
        best = f"best {metric} {progress.best_score} at step {progress.best_step}: {self.run / 'best'}"
        failed = "no dev score was a number: the training has failed"
        self.say(f"done at step {progress.step}; {failed if progress.best_score is None else best}")

    def _record(self, group: str, step: int, figures: dict[str, float]) -> None:
        if not self.active:
            return
        entry: dict[str, Any] = {"time": round(time.time(), 1), "kind": group, "step": step, **figures}
        with open(self.run / "log.jsonl", "a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
        if self.board:
            for name, value in figures.items():
                self.board.add_scalar(f"{group}/{name}", value, step)


class Meter:
    """Loss, gradient norm and speed since the last reset, summed on the device, so that nothing waits for a GPU."""

    def __init__(self, progress: Progress, processes: Processes) -> None:
        self.progress, self.processes = progress, processes
        self.reset()

    def reset(self) -> None:
        # Sums over steps of loss, gradient norm, target tokens, and 1.
        self.sums = torch.zeros(4, dtype=torch.float64, device=self.processes.device)
        self.tokens_before, self.seconds_before = self.progress.target_tokens, self.progress.seconds

    def add(self, loss: Tensor, norm: Tensor, tokens: int) -> None:
        """Add the values that `Trainer.step` returned; skipped steps are not counted."""
        one = torch.stack([loss, norm, torch.full_like(loss, tokens), torch.ones_like(loss)])
        self.sums += torch.where(torch.isfinite(norm), one, 0.0)

    def read(self, lr: float) -> dict[str, float]:
        """The means over the batches of all processes, which must all call this.

        The speed is that of all processes together, in target tokens per second, without the time of validations and
        of saving."""
        loss, norm, tokens, steps = self.processes.total(self.sums.clone()).tolist()
        progress = self.progress
        seconds = max(progress.seconds - self.seconds_before, 1e-9)
        return {
            "loss": loss / tokens if tokens else math.nan,
            "gradient_norm": norm / steps if steps else math.nan,
            "tokens_per_second": (progress.target_tokens - self.tokens_before) / seconds,
            "lr": lr,
            "target_tokens": float(progress.target_tokens),
        }


def _tensorboard(folder: Path) -> Any:
    """A TensorBoard writer, or None where tensorboard is not installed (it is an extra)."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder))
