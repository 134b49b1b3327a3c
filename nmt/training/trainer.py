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

import math
import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from nmt.checkpoint.folder import run_checkpoints
from nmt.checkpoint.weights import Checkpoint, load_model, load_weights, named_weights, save_checkpoint
from nmt.config import Config, dump_config, load_config
from nmt.errors import UserError
from nmt.files import replace_text
from nmt.network.encoder import describe_encoder
from nmt.network.model import Seq2Seq
from nmt.text.tokenizer import Tokenizer
from nmt.training.batches import Batch, BatchStream, Fetched, fetch
from nmt.training.checks import changes, check_ids, check_out, check_same_model, make_folder, prepare
from nmt.training.cpu_tuning import faster_precision
from nmt.training.dataset import open_split
from nmt.training.distributed import Processes
from nmt.training.loss import smoothed_cross_entropy
from nmt.training.optimization import MovingAverage, learning_rate, make_optimizer
from nmt.training.progress_log import Meter, Reporter
from nmt.training.resume import Progress, load_state, random_state, save_state
from nmt.training.validation import Validation, validate


def train(
    recipe: str | Path,
    data: str | Path,
    out: str | Path,
    resume: bool = False,
    overrides: Sequence[str] = (),
    init: str | Path | None = None,
) -> Progress:
    """Train `recipe` on the dataset folder `data` into the run folder `out`; returns where it ended.

    init  checkpoint whose weights a new run begins from instead of random ones (fine-tuning)"""
    run, data = Path(out), Path(data)
    config = load_config(recipe, overrides)
    processes = Processes()
    try:
        check_out(run, resume)
        config, tokenizers = prepare(config, data)
        beginning = None if init is None else load_model(init)
        if beginning:
            check_same_model(beginning, config, tokenizers)
        make_folder(run)
        with Reporter(run, processes.first) as reporter:
            reporter.say(f"encoder: {describe_encoder(config.model.encoder)}")
            for change in changes(run, config) if resume else ():
                reporter.say(f"resuming with a changed recipe: {change}")
            trainer = Trainer(config, data, run, tokenizers, processes, reporter)
            if resume:
                trainer.resume()
            elif beginning:
                trainer.begin_from(beginning)
            processes.wait()  # until all have read the old config.yaml
            if processes.first:
                replace_text(run / "config.yaml", dump_config(config))
            if beginning and not resume:
                trainer.save()  # or a kill before the first save would lose the given weights
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
            open_split(data, "train", config.data),
            config.data,
            config.training.seed,
            processes.rank,
            processes.ranks,
        )
        self.dev = open_split(data, "dev", config.data)
        check_ids(data, (self.stream.split, self.dev), tokenizers)
        self.progress = Progress(
            precision=_precision(config, processes), dataset=self.stream.split.fingerprint()
        )
        self.stopped_by = 0  # the signal that asked for an end
        self._batches: Iterator[Fetched] | None = None  # begins where the stream is when the first is wanted
        self._not_finite = torch.zeros((), device=processes.device)  # steps skipped since `count_skipped`

    def begin_from(self, checkpoint: Checkpoint) -> None:
        """Take the weights of a checkpoint of the same model and pieces."""
        load_weights(self.model, named_weights(checkpoint.model), str(checkpoint.folder))
        if self.average:
            self.average = MovingAverage(self.model, self.config.training.ema)
        languages = f"{checkpoint.config.source_language} → {checkpoint.config.target_language}"
        self.reporter.say(f"beginning from the weights of {checkpoint.folder} ({languages})")

    def run_to_end(self) -> None:
        """Train until the recipe's end, early stopping, or a signal; the state is saved in every case."""
        self.model.train()
        with self._signals_noted():
            self._train()
            progress = self.progress
            if self.finished and progress.validated_step != progress.step:
                self.validate()
            progress.stopped_by = 0 if self.finished else self.stopped_by
            self.save()
        training = self.config.training
        if progress.stopped_by:
            self.reporter.say(f"stopped at step {progress.step}; go on with --resume")
            return
        if self.done < 1.0:
            self.reporter.say(f"no better for {progress.stale} validations: stopped early")
        self.reporter.say(
            f"done at step {progress.step}; best {training.valid_metric} {progress.best_score} "
            f"at step {progress.best_step}: {self.run / 'best'}"
            if progress.best_score is not None
            else f"done at step {progress.step}; no dev score was a number: the training has failed"
        )

    def _train(self) -> None:
        """Step after step, with what is due in between."""
        training, progress = self.config.training, self.progress
        meter = Meter(self.processes.device)
        start = time.monotonic()  # since when time has not been counted
        while not self.finished and not self._stopping_anywhere():
            meter.add(*self.step())
            if progress.step % training.log_every == 0:
                self.count_skipped()  # waits for a GPU, whose work the time is to include
            # Not a GPU's step alone, which runs on while the next is prepared: all since the last count.
            now = time.monotonic()
            progress.seconds += self.processes.from_first(now - start)
            start = now
            if progress.step % training.log_every == 0:
                self.reporter.log(
                    progress,
                    self.done,
                    meter.read(progress, learning_rate(training, progress.step, self.done)),
                )
            if progress.step % training.validate_every == 0:
                self.validate()
                start = time.monotonic()  # validation is no training time, nor is saving
            if progress.step % training.save_every == 0:
                self.save()
                start = time.monotonic()

    @property
    def finished(self) -> bool:
        """Whether the recipe's end is reached, or `patience` exhausted."""
        patience = self.config.training.patience
        return self.done >= 1.0 or bool(patience and self.progress.stale >= patience)

    @property
    def done(self) -> float:
        """The share of the training that is over: by steps or by time, whichever is further."""
        training = self.config.training
        by_time = self.progress.seconds / 60 / training.minutes if training.minutes else 0.0
        return max(self.progress.step / training.steps, by_time)

    def step(self) -> tuple[Tensor, Tensor, int]:
        """One optimiser step over `accumulate` batches.

        Returns this process's summed loss (nats, float32 scalar), the gradient's norm, and this process's real
        target tokens.  Where the norm is not finite, the step has changed no weight.

        Nothing here asks a GPU for a value: it would wait for all work so far."""
        training, progress = self.config.training, self.progress
        if self._batches is None:
            self._batches = fetch(self.stream, self.processes.device)
        fetched = [next(self._batches) for _ in range(training.accumulate)]
        tokens = sum(f.target_tokens for f in fetched)  # of all processes
        own_tokens = sum(f.batch.target_tokens for f in fetched)
        loss = torch.zeros((), device=self.processes.device)
        for batch, *_ in fetched:
            batch_loss = self.loss(batch)
            (batch_loss / tokens).backward()
            loss += batch_loss.detach()
        self.processes.sum_gradients(self.parameters)
        norm = torch.nn.utils.clip_grad_norm_(self.parameters, training.clip)
        progress.step += 1
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(training, progress.step, self.done)
        # torch's fused optimisers leave everything as it is where found_inf is 1.
        found_inf = 1.0 - torch.isfinite(norm).float()
        self.optimizer.found_inf = found_inf  # type: ignore[attr-defined]
        self.optimizer.step()
        self._not_finite += found_inf
        if self.average:
            # Also after a skipped step: then it moves on towards the weights as they are.
            self.average.update(self.model, progress.step)
        self.optimizer.zero_grad()
        progress.epoch, progress.position = fetched[-1].epoch, fetched[-1].position
        progress.target_tokens += tokens
        return loss, norm, own_tokens

    def count_skipped(self) -> None:
        """Report the steps that were skipped since the last call."""
        skipped = int(self._not_finite.item())
        if skipped:
            self._not_finite.zero_()
            self.progress.skipped += skipped
            self.reporter.say(
                f"up to step {self.progress.step}: {skipped} gradient(s) not finite, step(s) skipped "
                f"({self.progress.skipped} so far)"
            )

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
            return smoothed_cross_entropy(
                readouts.flatten(0, 1)[batch.real],
                self.model.output.weight,
                self.model.output.bias,
                batch.target_out.flatten()[batch.real],
                training.label_smoothing,
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
            best = math.isfinite(score) and (progress.best_score is None or score > progress.best_score)
            progress.history.append(
                {"step": progress.step, **result.figures, "minutes": progress.seconds / 60}
            )
            self._save_checkpoint(result)
            if best:
                progress.best_score, progress.best_step, progress.stale = score, progress.step, 0
                _point(self.run / "best", self._checkpoint_folder(progress.step))
            else:
                progress.stale += 1
            self._prune()
            self.reporter.validation(progress, result, best)
        progress.validated_step = progress.step
        # Every rank must come to the same decision about stopping early.
        progress.stale = int(self.processes.from_first(progress.stale))

    def save(self) -> None:
        """What --resume goes on from."""
        self.count_skipped()
        random = random_state(self.processes)
        if self.processes.first:
            save_state(self.run, self.progress, self.model, self.optimizer, self.average, random)
        self.processes.wait()

    def resume(self) -> None:
        """Go on from the newest saved state, or at step 0 if the run was killed before it had one."""
        dataset = self.progress.dataset
        progress = load_state(self.run, self.model, self.optimizer, self.average, self.processes.rank)
        if progress is None:
            if run_checkpoints(self.run):
                raise UserError(
                    f"{self.run}: has checkpoints but no saved state, so it cannot be resumed; begin another "
                    f"run, in another --out, from its weights: --init {self.run / 'best'}"
                )
            self.reporter.say(f"{self.run}: no saved state yet, starting at step 0")
            return
        if progress.dataset and progress.dataset != dataset:
            self.reporter.say("resuming with another dataset: its pairs are taken from the first epoch on")
            progress.epoch, progress.position = 0, 0
        progress.dataset, progress.stopped_by = dataset, 0
        if self.config.training.precision != "auto":
            progress.precision = self.config.training.precision
        self.progress = progress
        self.stream.epoch, self.stream.position = progress.epoch, progress.position
        self._batches = None

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
        figures = {
            f"dev_{name}": f"{value:.{4 if name == 'loss' else 2}f}" for name, value in result.figures.items()
        }
        notes = {"step": str(self.progress.step), **figures}
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

    @contextmanager
    def _signals_noted(self) -> Iterator[None]:
        """Within the block SIGINT and SIGTERM end the step and stop; a second one ends the process at once."""

        def stop(number: int, _: Any) -> None:
            self.stopped_by = number
            for handled in before:
                signal.signal(handled, signal.SIG_DFL)

        if threading.current_thread() is not threading.main_thread():  # only that one may set handlers
            yield
            return
        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stopping_anywhere(self) -> bool:
        if self.processes.any(bool(self.stopped_by)):
            self.stopped_by = self.stopped_by or signal.SIGTERM
        return bool(self.stopped_by)


def _precision(config: Config, processes: Processes) -> str:
    if config.training.precision != "auto":
        return config.training.precision
    faster = faster_precision(processes.device) == torch.bfloat16
    return "bfloat16" if processes.from_first(float(faster)) else "float32"


def _point(link: Path, folder: Path) -> None:
    """Make `link` a relative symbolic link to `folder`, replacing an older one in a single rename."""
    new = link.with_name(f".{link.name}.new")
    new.unlink(missing_ok=True)
    os.symlink(os.path.relpath(folder, link.parent), new)
    os.replace(new, link)
