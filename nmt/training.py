"""The training loop: data, loss, step, log, validate, save, in reading order.

Everything that is chosen comes from the recipe; everything that is needed to go on after a kill is in the
run's folder:

    RUN/config.yaml            the recipe as trained
    RUN/checkpoints/step-N/    checkpoint folders, the newest `training.keep`
    RUN/best                   a link to the best of them
    RUN/state/step-N/          for --resume
    RUN/log.jsonl, RUN/tensorboard/
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from nmt.batching import Batch, BatchStream, Split
from nmt.checkpoint import named_weights, run_checkpoints, save_checkpoint
from nmt.config import Config, dump_config, load_config
from nmt.distributed import Processes
from nmt.model import Seq2Seq
from nmt.optimisation import MovingAverage, faster_precision, learning_rate, make_optimizer
from nmt.reporting import Reporter
from nmt.tokenizer import PAD, Tokenizer, load_tokenizers
from nmt.training_setup import changes, check_ids, check_out, complete
from nmt.training_state import Progress, load_state, random_state, save_state
from nmt.validation import Validation, validate


def train(
    recipe: str | Path, data: str | Path, out: str | Path, resume: bool = False, overrides: Sequence[str] = ()
) -> Progress:
    """Train `recipe` on the dataset folder `data` into the run folder `out`; returns where it ended."""
    run, data = Path(out), Path(data)
    config = load_config(recipe, overrides)
    processes = Processes()
    try:
        check_out(run, resume)
        tokenizers = load_tokenizers(data)
        if config.data.reverse:
            tokenizers = (tokenizers[1], tokenizers[0])
        config = complete(config, data, tokenizers)
        with Reporter(run, processes.first) as reporter:
            for change in changes(run, config) if resume else ():
                reporter.say(f"resuming with a changed recipe: {change}")
            trainer = Trainer(config, data, run, tokenizers, processes, reporter)
            if resume and not trainer.load():
                reporter.say(f"{run}: no saved state yet, starting at step 0")
            if processes.first:
                (run / "config.yaml").write_text(dump_config(config), encoding="utf-8")
            trainer.run_to_end()
            return trainer.progress
    finally:
        processes.close()


class Trainer:
    """A model in training, and all that changes while it trains."""

    def __init__(
        self,
        config: Config,
        data: Path,
        run: Path,
        tokenizers: tuple[Tokenizer, Tokenizer],
        processes: Processes,
        reporter: Reporter,
    ) -> None:
        self.config, self.run, self.tokenizers = config, run, tokenizers
        self.processes, self.reporter = processes, reporter
        # All ranks start from the same weights; then each draws its own dropout.
        torch.manual_seed(config.training.seed)
        self.model = Seq2Seq(config.model).to(processes.device)
        torch.manual_seed(config.training.seed + processes.rank)
        self.parameters = list(self.model.parameters())
        self.optimizer = make_optimizer(self.model, config.training)
        self.average = MovingAverage(self.model, config.training.ema) if config.training.ema else None
        self.stream = BatchStream(
            Split(data, "train", config.data.reverse),
            config.data,
            config.training.seed,
            processes.rank,
            processes.ranks,
        )
        self.dev = Split(data, "dev", config.data.reverse)
        check_ids(data, (self.stream.split, self.dev), tokenizers)
        self.progress = Progress(precision=_precision(config, processes.device))
        self.stopping = False

    def run_to_end(self) -> None:
        """Train until the recipe's end, early stopping, or a signal; the state is saved in every case."""
        training, progress = self.config.training, self.progress
        self.model.train()
        self._stop_on_signals()
        meter = Meter(self.processes.device)
        while self.done < 1.0 and not self._stopping_anywhere():
            start = time.monotonic()
            meter.add(*self.step())
            progress.seconds += self.processes.from_first(time.monotonic() - start)
            if progress.step % training.log_every == 0:
                self.reporter.log(
                    progress,
                    self.done,
                    meter.read(progress, learning_rate(training, progress.step, self.done)),
                )
            if progress.step % training.validate_every == 0:
                self.validate()
                if training.patience and progress.stale >= training.patience:
                    self.reporter.say(f"no better for {progress.stale} validations: stopping early")
                    break
            if progress.step % training.save_every == 0:
                self.save()
        if not self.stopping and (not progress.history or progress.history[-1]["step"] != progress.step):
            self.validate()
        self.save()
        if self.stopping:
            self.reporter.say(f"stopped at step {progress.step}; go on with --resume")
        else:
            self.reporter.say(
                f"done at step {progress.step}; best {training.valid_metric} {progress.best_score} "
                f"at step {progress.best_step}: {self.run / 'best'}"
            )

    @property
    def done(self) -> float:
        """The share of the training that is over: by steps or by time, whichever is further."""
        training = self.config.training
        by_time = self.progress.seconds / 60 / training.minutes if training.minutes else 0.0
        return max(self.progress.step / training.steps, by_time)

    def step(self) -> tuple[Tensor, Tensor, int]:
        """One optimiser step over `accumulate` batches.

        Returns the summed loss (nats, float32 scalar), the gradient's norm, and the real target tokens."""
        training, progress = self.config.training, self.progress
        batches = [next(self.stream).to(self.processes.device) for _ in range(training.accumulate)]
        own_tokens = sum(batch.target_tokens for batch in batches)
        tokens = self.processes.total(torch.tensor(float(own_tokens), device=self.processes.device))
        loss = torch.zeros((), device=self.processes.device)
        for batch in batches:
            batch_loss = self.loss(batch)
            (batch_loss / tokens).backward()
            loss += batch_loss.detach()
        self.processes.sum_gradients(self.parameters)
        norm = torch.nn.utils.clip_grad_norm_(self.parameters, training.clip)
        progress.step += 1
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(training, progress.step, self.done)
        if torch.isfinite(norm):
            self.optimizer.step()
            if self.average:
                self.average.update(self.model, progress.step)
        else:
            progress.skipped += 1
            self.reporter.say(
                f"step {progress.step}: the gradient is not finite, step skipped ({progress.skipped} so far)"
            )
        self.optimizer.zero_grad()
        progress.epoch, progress.position = self.stream.epoch, self.stream.position
        progress.target_tokens += own_tokens
        return loss, norm, own_tokens

    def loss(self, batch: Batch) -> Tensor:
        """Label-smoothed cross-entropy (nats), summed over the real target positions only."""
        training = self.config.training
        with self.autocast():
            if training.scheduled_sampling:
                readouts = self.model.forward_sampled(
                    batch.source, batch.source_lengths, batch.target_in, training.scheduled_sampling
                )
            else:
                readouts = self.model(batch.source, batch.source_lengths, batch.target_in)
            real = batch.target_out != PAD
            logits = self.model.project(readouts[real])
        return functional.cross_entropy(
            logits, batch.target_out[real], reduction="sum", label_smoothing=training.label_smoothing
        )

    def autocast(self) -> torch.autocast:
        return torch.autocast(
            self.processes.device.type, dtype=torch.bfloat16, enabled=self.progress.precision == "bfloat16"
        )

    def validate(self) -> None:
        """Score the (averaged) weights on dev, save them as a checkpoint, remember the best."""
        progress, training = self.progress, self.config.training
        if self.processes.first:
            if self.average:
                with self.average.swapped_in(self.model):
                    result = self._score()
            else:
                result = self._score()
            score = result.metric(training.valid_metric)
            best = progress.best_score is None or score > progress.best_score
            progress.history.append(
                {
                    "step": progress.step,
                    "loss": result.loss,
                    "bleu": result.bleu,
                    "chrf": result.chrf,
                    "minutes": progress.seconds / 60,
                }
            )
            self._save_checkpoint(result)
            if best:
                progress.best_score, progress.best_step, progress.stale = score, progress.step, 0
                _point(self.run / "best", self._checkpoint_folder(progress.step))
            else:
                progress.stale += 1
            self._prune()
            self.reporter.validation(progress, result, best)
        # Every rank must come to the same decision about stopping early.
        progress.stale = int(
            self.processes.total(
                torch.tensor(progress.stale if self.processes.first else 0, device=self.processes.device)
            ).item()
        )

    def save(self) -> None:
        """What --resume goes on from."""
        random = random_state(self.processes)
        if self.processes.first:
            save_state(self.run, self.progress, self.model, self.optimizer, self.average, random)
        self.processes.wait()

    def load(self) -> bool:
        """Go on from the newest saved state; False when there is none."""
        progress = load_state(self.run, self.model, self.optimizer, self.average, self.processes.rank)
        if progress is None:
            return False
        self.progress = progress
        self.stream.epoch, self.stream.position = progress.epoch, progress.position
        return True

    def _score(self) -> Validation:
        config = self.config
        return validate(
            self.model,
            self.dev,
            self.tokenizers,
            config.data,
            config.decoding,
            config.training.valid_sentences,
            config.training.samples,
        )

    def _save_checkpoint(self, result: Validation) -> None:
        notes = {
            "step": str(self.progress.step),
            "dev_bleu": f"{result.bleu:.2f}",
            "dev_chrf": f"{result.chrf:.2f}",
            "dev_loss": f"{result.loss:.4f}",
        }
        weights = self.average.weights if self.average else named_weights(self.model)
        save_checkpoint(
            self._checkpoint_folder(self.progress.step), self.config, weights, self.tokenizers, notes
        )

    def _checkpoint_folder(self, step: int) -> Path:
        return self.run / "checkpoints" / f"step-{step:07}"

    def _prune(self) -> None:
        best = self._checkpoint_folder(self.progress.best_step)
        for folder in run_checkpoints(self.run)[: -self.config.training.keep]:
            if folder != best:
                shutil.rmtree(folder, ignore_errors=True)

    def _stop_on_signals(self) -> None:
        """SIGINT and SIGTERM end the step, save the state and stop; a second one ends at once."""

        def stop(number: int, _: Any) -> None:
            self.stopping = True
            signal.signal(number, signal.SIG_DFL)

        try:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, stop)
        except ValueError:  # only the main thread may; a page that trains in a thread stops by itself
            pass

    def _stopping_anywhere(self) -> bool:
        self.stopping = self.processes.any(self.stopping)
        return self.stopping


class Meter:
    """Loss, gradient norm and speed since the last reading, summed on the device without waiting for it."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self._reset()

    def _reset(self) -> None:
        self.loss = torch.zeros((), device=self.device)
        self.norm = torch.zeros((), device=self.device)
        self.tokens = self.steps = 0
        self.since = time.monotonic()

    def add(self, loss: Tensor, norm: Tensor, tokens: int) -> None:
        self.loss += loss
        self.norm += norm
        self.tokens += tokens
        self.steps += 1

    def read(self, progress: Progress, lr: float) -> dict[str, float]:
        figures = {
            "loss": self.loss.item() / max(1, self.tokens),
            "gradient_norm": self.norm.item() / max(1, self.steps),
            "tokens_per_second": self.tokens / (time.monotonic() - self.since),
            "lr": lr,
            "target_tokens": float(progress.target_tokens),
        }
        self._reset()
        return figures


def _precision(config: Config, device: torch.device) -> str:
    if config.training.precision != "auto":
        return config.training.precision
    return "bfloat16" if faster_precision(device) == torch.bfloat16 else "float32"


def _point(link: Path, folder: Path) -> None:
    """Make `link` a relative symbolic link to `folder`, replacing an older one in a single rename."""
    new = link.with_name(f".{link.name}.new")
    new.unlink(missing_ok=True)
    os.symlink(os.path.relpath(folder, link.parent), new)
    os.replace(new, link)
