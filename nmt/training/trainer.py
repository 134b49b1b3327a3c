"""The training loop, in reading order: `train` sets up, `Trainer.run_to_end` loops, `Trainer.step` is one step.

All settings come from the recipe.  Everything that is needed to resume is in the run folder
(`nmt.training.run_folder`).
"""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import torch
from torch import Tensor

from nmt.checkpoint.folder import CONFIG_FILE, run_checkpoints
from nmt.checkpoint.weights import Checkpoint, load_model, load_weights, named_weights, save_checkpoint
from nmt.config import Config, dump_config, load_config
from nmt.errors import UserError
from nmt.files import replace_link, write_file_atomically
from nmt.network.model import Seq2Seq
from nmt.text.tokenizer import Tokenizer
from nmt.training.batches import Batch, BatchStream, fetch, usable_rows
from nmt.training.checks import DATASET_SETTINGS, changes, check_ids, check_same_model, differences, prepare
from nmt.training.cpu_tuning import choose_precision, tune_cpu
from nmt.training.dataset import open_split
from nmt.training.distributed import Processes
from nmt.training.growth import check_growth, grow_model
from nmt.training.loss import sample_classes, smoothed_cross_entropy
from nmt.training.optimization import MovingAverage, learning_rate, make_optimizer
from nmt.training.progress_log import Meter, Reporter
from nmt.training.resume import Progress, load_state, random_state, save_state
from nmt.training.run_folder import check_run_folder, checkpoint_folder, locked, prune_checkpoints
from nmt.training.stop_signal import StopSignal
from nmt.training.validation import validate

# Steps since the start or resumption of a run, whose figures are shown besides those that are logged.
EARLY_STEPS = (1, 10, 30)


def train(
    recipe: str | Path | None,
    data: str | Path,
    out: str | Path,
    resume: bool = False,
    overrides: Sequence[str] = (),
    init: str | Path | None = None,
    grow: bool = False,
) -> Progress:
    """Train `recipe` on the dataset folder `data` into the run folder `out`; returns the progress at the end.

    resume     continue the run in `out` with its own recipe; `recipe`, if not None, is only compared with it.  Under
               `torchrun --max-restarts`, which repeats its command, a run that is there is continued in any case
    overrides  changes of the recipe, such as "training.lr=0.001"
    init       checkpoint whose weights a new run starts from instead of random ones (fine-tuning)
    grow       the checkpoint may have other pieces and fewer layers in its encoder (`nmt.training.growth`)

    Raises UserError for unusable settings, data or folders, and for a folder that another training writes into."""
    run, data = Path(out), Path(data)
    tune_cpu()
    with Processes() as processes, locked(run) if processes.first else nullcontext():
        # All must answer alike, also where a shared file system shows a new file late.
        resume = processes.agree(0, resume or processes.restarts and (run / CONFIG_FILE).exists())[1]
        if processes.first:
            check_run_folder(run, resume)
        config = load_config(run / CONFIG_FILE if resume else str(recipe), overrides)
        config, tokenizers = prepare(config, data)
        beginning = None if init is None or resume else load_model(init)
        if beginning and grow:
            check_growth(beginning, config)
        elif beginning:
            check_same_model(beginning, config, tokenizers)
        reporter = Reporter(run, processes.first)
        if resume:
            report_changes(run, config, recipe, overrides, reporter)
        trainer = Trainer(config, data, run, tokenizers, processes, reporter)
        if resume:
            trainer.resume()
        elif beginning:
            trainer.begin_from(beginning, grow)
        processes.wait()  # all processes must have read the old config.yaml
        if processes.first:
            write_file_atomically(run / CONFIG_FILE, dump_config(config))
        if not resume:
            trainer.save()  # so that a run that is killed before its first save can be resumed, from given weights too
        with reporter:
            trainer.run_to_end()
        return trainer.progress


class Trainer:
    """A model in training: weights, optimiser, data and progress."""

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
        # All ranks start from the same weights, and each draws its own dropout.
        torch.manual_seed(config.training.seed)
        self.model = Seq2Seq(config.model).to(processes.device)
        torch.manual_seed(config.training.seed + processes.rank)
        self.parameters = list(self.model.parameters())
        self.optimizer = make_optimizer(self.model, config.training)
        self.average = MovingAverage(self.model, config.training.ema) if config.training.ema else None
        self.train_split, self.dev_split = (open_split(data, name, config.data) for name in ("train", "dev"))
        check_ids(data, (self.train_split, self.dev_split), tokenizers)
        seed, rank, ranks = config.training.seed, processes.rank, processes.ranks
        self.stream = BatchStream(self.train_split, config.data, seed, rank, ranks)
        # Nothing is fetched before the first batch is asked for, so that `resume` can set the stream's position.
        self.batches = fetch(self.stream, processes.device)
        precision = choose_precision(config.training.precision, processes)
        self.progress = Progress(precision=precision, dataset=self.train_split.fingerprint())
        self.not_finite = torch.zeros((), device=processes.device)  # steps skipped since `count_skipped`

    def run_to_end(self) -> None:
        """Train until the recipe's end, early stopping or a signal; the state is saved in each case."""
        training, progress, processes = self.config.training, self.progress, self.processes
        parameters = sum(parameter.numel() for parameter in self.parameters)
        pairs = len(usable_rows(self.train_split, self.config.data))
        self.reporter.plan(self.config, progress, processes, parameters, pairs, len(self.dev_split))
        self.model.train()
        meter = Meter(progress, processes)
        first_step, stopping = progress.step, False
        with StopSignal() as stop:
            uncounted_since = time.monotonic()
            while not (self.finished or stopping):
                meter.add(*self.step())

                # Add the time since the last count.  A GPU may still be computing the step.
                log_is_due = progress.step % training.log_every == 0
                show_is_due = log_is_due or progress.step - first_step in EARLY_STEPS
                if show_is_due:
                    self.count_skipped()  # waits for the GPU, so that the time includes its work
                now = time.monotonic()
                seconds, stopping = processes.agree(now - uncounted_since, stop.number > 0)
                progress.seconds += seconds
                uncounted_since = now

                if show_is_due:
                    rate = learning_rate(training, progress.step, self.done)
                    figures = meter.read(rate)
                    self.reporter.show(progress, self.done, figures)
                    if log_is_due:
                        self.reporter.log(progress, self.done, figures)
                        meter.reset()
                if progress.step % training.validate_every == 0:
                    self.validate()
                    uncounted_since = time.monotonic()  # validating and saving do not count as training time
                if progress.step % training.save_every == 0:
                    self.save()
                    uncounted_since = time.monotonic()
            if self.finished and progress.validated_step != progress.step:
                self.validate()
            progress.stopped_by = 0 if self.finished else stop.number or signal.SIGTERM
            self.save()
        self.reporter.end(progress, training.valid_metric, self.done)

    def step(self) -> tuple[Tensor, Tensor, int]:
        """One optimiser step over `accumulate` batches.

        Returns this process's summed loss (nats, float32 scalar), the gradient's norm (float32 scalar), and the number
        of this process's real target tokens.  If the norm is not finite, the step has changed no weight.

        Nothing here reads a value from a GPU, which would wait for all of its work."""
        training, progress = self.config.training, self.progress

        # Data
        fetched = [next(self.batches) for _ in range(training.accumulate)]
        tokens = sum(f.target_tokens for f in fetched)  # of all processes
        own_tokens = sum(f.batch.target_tokens for f in fetched)

        # Loss and gradient of the mean over the target tokens of all batches of all processes
        loss = torch.zeros((), device=self.processes.device)
        for batch, *_ in fetched:
            batch_loss = self.loss(batch)
            (batch_loss / tokens).backward()
            loss += batch_loss.detach()
        self.processes.sum_gradients(self.parameters)
        norm = torch.nn.utils.clip_grad_norm_(self.parameters, training.clip)

        # Step
        progress.step += 1
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(training, progress.step, self.done)
        # Torch's fused optimisers skip the step if found_inf is 1.
        found_inf = 1.0 - torch.isfinite(norm).float()
        self.optimizer.found_inf = found_inf  # type: ignore[attr-defined]
        self.optimizer.step()
        self.not_finite += found_inf
        if self.average:  # also after a skipped step
            self.average.update(self.model, progress.step)
        self.optimizer.zero_grad()
        progress.epoch, progress.position = fetched[-1].epoch, fetched[-1].position
        progress.target_tokens += tokens
        return loss, norm, own_tokens

    def loss(self, batch: Batch) -> Tensor:
        """Label-smoothed cross-entropy, summed over the real target positions: nats, a float32 scalar.

        With `sampled_softmax` it is an estimate from the classes that `sample_classes` draws."""
        training = self.config.training
        bfloat16 = self.progress.precision == "bfloat16"
        with torch.autocast(self.processes.device.type, dtype=torch.bfloat16, enabled=bfloat16):
            inputs = batch.source, batch.source_lengths, batch.target_in
            if training.scheduled_sampling:
                readouts = self.model.forward_sampled(*inputs, training.scheduled_sampling)
            else:
                readouts = self.model(*inputs)
            readouts, targets = readouts.flatten(0, 1)[batch.real], batch.target_out.flatten()[batch.real]
            weight: Tensor = self.model.output.weight
            bias: Tensor = self.model.output.bias
            counts = None
            if 0 < training.sampled_softmax < len(weight):
                ids, counts, targets = sample_classes(targets, len(weight), training.sampled_softmax)
                weight, bias = weight[ids], bias[ids]
            return smoothed_cross_entropy(readouts, weight, bias, targets, training.label_smoothing, counts)

    @property
    def done(self) -> float:
        """The share of the training that is over, the greater one of the shares of steps and of time."""
        training = self.config.training
        by_time = self.progress.seconds / 60 / training.minutes if training.minutes else 0.0
        return max(self.progress.step / training.steps, by_time)

    @property
    def finished(self) -> bool:
        """Whether the end of the recipe is reached or `patience` is exhausted."""
        patience = self.config.training.patience
        return self.done >= 1.0 or bool(patience and self.progress.stale >= patience)

    def count_skipped(self) -> None:
        """Report the steps that were skipped since the last call."""
        skipped = int(self.not_finite.item())
        if skipped:
            self.not_finite.zero_()
            self.progress.skipped += skipped
            so_far = f"step(s) skipped ({self.progress.skipped} so far)"
            self.reporter.say(f"up to step {self.progress.step}: {skipped} gradient(s) not finite, {so_far}")

    def validate(self) -> None:
        """Score the (averaged) weights on dev, save them as a checkpoint, and record whether it is the best one."""
        config, training, progress = self.config, self.config.training, self.progress
        with self.average.swapped_in(self.model) if self.average else nullcontext():
            result = validate(self.model, self.dev_split, self.tokenizers[1], config, self.processes)
        # From here on every process computes the same, so that all decide alike about early stopping.
        score = result.metric(training.valid_metric)
        best = math.isfinite(score) and (progress.best_score is None or score > progress.best_score)
        progress.validated_step = progress.step
        progress.history.append({"step": progress.step, **result.figures, "minutes": progress.seconds / 60})
        if best:
            progress.best_score, progress.best_step, progress.stale = score, progress.step, 0
        else:
            progress.stale += 1
        if self.processes.first:
            folder = checkpoint_folder(self.run, progress.step)
            weights = self.average.weights if self.average else named_weights(self.model)
            notes = {"step": str(progress.step), **result.notes}
            save_checkpoint(folder, config, weights, self.tokenizers, notes)
            if best:
                replace_link(self.run / "best", folder)
            prune_checkpoints(self.run, training.keep, progress.best_step)
            self.reporter.validation(progress, result, best)

    def save(self) -> None:
        """Write the state that --resume loads."""
        self.count_skipped()
        random = random_state(self.processes)
        if self.processes.first:
            save_state(self.run, self.progress, self.model, self.optimizer, self.average, random)
        self.processes.wait()

    def resume(self) -> None:
        """Continue from the newest saved state, or from step 0 if the run was killed before it saved one."""
        dataset = self.progress.dataset
        progress = load_state(self.run, self.model, self.optimizer, self.average, self.processes.rank)
        if progress is None:
            if run_checkpoints(self.run):
                remedy = f"begin another run, in another --out, from its weights: --init {self.run / 'best'}"
                raise UserError(f"{self.run}: has checkpoints but no saved state, so it cannot be resumed; {remedy}")
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

    def begin_from(self, checkpoint: Checkpoint, grow: bool = False) -> None:
        """Start from the weights of a checkpoint that has the same model and tokenizers, or grows into this model."""
        if grow:
            grow_model(checkpoint, self.model, self.tokenizers)
        else:
            load_weights(self.model, named_weights(checkpoint.model), str(checkpoint.folder))
        if self.average:
            self.average = MovingAverage(self.model, self.config.training.ema)
        self.reporter.say(f"beginning from the weights of {checkpoint.folder} ({checkpoint.config.task})")


def report_changes(
    run: Path, config: Config, recipe: str | Path | None, overrides: Sequence[str], reporter: Reporter
) -> None:
    """Report the settings that `overrides` change in a resumed run, and those that differ in `recipe`, which is not
    used."""
    for change in changes(run, load_config(run / CONFIG_FILE), config):
        reporter.say(f"resuming with a changed recipe: {change}")
    given = load_config(recipe, overrides) if recipe else config
    for name, own, other in differences(config, given):
        if name not in DATASET_SETTINGS:
            why = f"as in {run / CONFIG_FILE} (in {recipe} it is {other})"
            reporter.say(f"{name} stays {own}, {why}; --set {name}=… changes it")
