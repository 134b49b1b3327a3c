"""Training: the loss, the schedule, resuming bit for bit, signals, and that it learns at all."""

from __future__ import annotations

import copy
import dataclasses
import json
import math
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from nmt.checkpoint.folder import run_checkpoints
from nmt.checkpoint.weights import load_model, named_weights
from nmt.commands.main import main
from nmt.config import Config, DataConfig, DecodingConfig, TrainingConfig, dump_config
from nmt.errors import UserError
from nmt.network.model import Seq2Seq
from nmt.text.tokenizer import load_tokenizers
from nmt.training.batches import make_batch
from nmt.training.checks import prepare
from nmt.training.dataset import Split, open_split
from nmt.training.distributed import Processes
from nmt.training.optimization import MovingAverage, learning_rate
from nmt.training.progress_log import Meter, Reporter
from nmt.training.resume import Progress
from nmt.training.trainer import Trainer, train
from nmt.training.validation import Validation, mean_loss, validate
from tests.conftest import tiny_model_config, tiny_recipe, toy_pairs, write_dataset


def write(folder: Path, config: Config) -> Path:
    return write_recipe(folder / "recipe.yaml", config)


def write_recipe(path: Path, config: Config) -> Path:
    path.write_text(dump_config(config), encoding="utf-8")
    return path


def trainer_for(data: Path, run: Path, config: Config) -> Trainer:
    config, tokenizers = prepare(config, data)
    return Trainer(
        config,
        data,
        run,
        tokenizers,
        Processes(),
        Reporter(run, active=False),
    )


def state_of(run: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    (folder,) = (run / "state").iterdir()
    return load_file(folder / "state.safetensors")


@pytest.mark.parametrize("sampling", [0.0, 0.3])
def test_resume_is_bit_identical_to_training_straight_on(
    reversal_data: Path, tmp_path: Path, sampling: float
) -> None:
    """2N steps, and N + resume + N, end with the same weights, averages, optimiser and random state."""
    config = tiny_recipe(steps=20, ema=0.9, scheduled_sampling=sampling)
    train(write(tmp_path, config), reversal_data, tmp_path / "straight")
    # The same recipe, stopped half-way by a signal that arrives during step 10.
    original = Trainer.step

    def interrupted(self: Trainer):  # type: ignore[no-untyped-def]
        if self.progress.step == 9:
            os.kill(os.getpid(), signal.SIGTERM)
        return original(self)

    Trainer.step = interrupted  # type: ignore[method-assign]
    try:
        stopped = train(write(tmp_path, config), reversal_data, tmp_path / "parts")
    finally:
        Trainer.step = original  # type: ignore[method-assign]
    assert stopped.step == 10
    done = train(write(tmp_path, config), reversal_data, tmp_path / "parts", resume=True)
    assert done.step == 20
    straight, parts = state_of(tmp_path / "straight"), state_of(tmp_path / "parts")
    assert straight.keys() == parts.keys()
    assert {"rng.cpu.0"} < straight.keys() and any(name.startswith("average.") for name in straight)
    different = [name for name in straight if not torch.equal(straight[name], parts[name])]
    assert not different
    left, right = (
        load_model(tmp_path / name / "checkpoints" / "step-0000020").model for name in ("straight", "parts")
    )
    assert all(torch.equal(a, b) for a, b in zip(left.parameters(), right.parameters(), strict=True))


def test_kill_9_loses_no_more_than_the_steps_since_the_last_save(reversal_data: Path, tmp_path: Path) -> None:
    """Killed half-way through writing the state of step 4, a run goes on from step 2."""
    recipe = write(tmp_path, tiny_recipe(steps=100, save_every=2, validate_every=100))
    run = tmp_path / "run"
    code = f"""
import os, signal
from nmt.training import resume
from nmt.training.trainer import train

save_file = resume.save_file
def half(tensors, file):
    save_file(tensors, file)
    if "step-0000004" in str(file):
        os.truncate(file, os.path.getsize(file) // 2)
        os.kill(os.getpid(), signal.SIGKILL)
resume.save_file = half
train({str(recipe)!r}, {str(reversal_data)!r}, {str(run)!r})
"""
    process = subprocess.run([sys.executable, "-c", code], stderr=subprocess.DEVNULL, timeout=120)
    assert process.returncode == -signal.SIGKILL
    trainer = trainer_for(reversal_data, run, tiny_recipe())
    trainer.resume()
    assert trainer.progress.step == 2
    assert trainer.stream.position == trainer.progress.position == 2
    assert train(recipe, reversal_data, run, True, ["training.steps=5"]).step == 5


def test_a_kill_while_a_state_is_replaced_loses_nothing(reversal_data: Path, tmp_path: Path) -> None:
    recipe = write(tmp_path, tiny_recipe(steps=4))
    train(recipe, reversal_data, tmp_path / "run")
    (state,) = (tmp_path / "run" / "state").iterdir()
    state.rename(state.with_name(f".{state.name}.previous"))  # as far as replacing it had come
    assert train(recipe, reversal_data, tmp_path / "run", True, ["training.steps=6"]).step == 6
    assert [path.name for path in (tmp_path / "run" / "state").iterdir()] == ["step-0000006"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_gives_the_exit_status_that_a_shell_expects(
    reversal_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    recipe = write(tmp_path, tiny_recipe(steps=6))
    original = Trainer.step
    handler = signal.getsignal(number)

    def interrupted(self: Trainer):  # type: ignore[no-untyped-def]
        if self.progress.step == 2:
            os.kill(os.getpid(), number)
        return original(self)

    arguments = ["train", str(recipe), "--data", str(reversal_data), "--out", str(tmp_path / "run")]
    monkeypatch.setattr(Trainer, "step", interrupted)
    assert main(arguments) == 128 + number
    assert signal.getsignal(number) is handler
    monkeypatch.setattr(Trainer, "step", original)
    assert main([*arguments, "--resume"]) == 0
    assert "step-0000006" in str(next((tmp_path / "run" / "state").iterdir()))


def test_the_last_validation_is_in_the_saved_state(reversal_data: Path, tmp_path: Path) -> None:
    """Also when the last step is one of `save_every`, and not one of `validate_every`."""
    progress = train(write(tmp_path, tiny_recipe(steps=5)), reversal_data, tmp_path / "run")
    saved = json.loads((tmp_path / "run" / "state" / "step-0000005" / "progress.json").read_text())
    assert [entry["step"] for entry in saved["history"]] == [5]
    assert saved["best_step"] == progress.best_step == 5


def test_a_run_begins_from_given_weights(reversal_data: Path, tmp_path: Path) -> None:
    recipe = write(tmp_path, tiny_recipe(steps=2, lr=0.0, ema=0.9))
    other_seed = write_recipe(tmp_path / "other.yaml", tiny_recipe(steps=2, lr=0.0, ema=0.9, seed=5))
    train(recipe, reversal_data, tmp_path / "first")
    train(other_seed, reversal_data, tmp_path / "second", init=tmp_path / "first")
    train(other_seed, reversal_data, tmp_path / "third")
    first, second, third = (
        load_model(tmp_path / name).model.decoder.readout.weight for name in ("first", "second", "third")
    )
    torch.testing.assert_close(first, second, atol=1e-6, rtol=0)
    assert not torch.allclose(first, third)


def test_a_run_in_both_directions_goes_on_in_one(reversal_data: Path, tmp_path: Path) -> None:
    """One first phase for two models: dev scores it both ways; each model then goes on in its own direction."""
    config = tiny_recipe(steps=2, valid_sentences=100)
    config = dataclasses.replace(config, data=DataConfig(batch_tokens=300, both_directions=True))
    recipe = write(tmp_path, config)
    train(recipe, reversal_data, tmp_path / "both")
    both = load_model(tmp_path / "both")
    dev = open_split(reversal_data, "dev", config.data)
    loss = mean_loss(both.model, dev, np.arange(100), config.data, torch.device("cpu"))
    assert float(both.notes["dev_loss"]) == pytest.approx(loss, abs=1e-4)
    for reverse in (False, True):
        run = tmp_path / f"reverse-{reverse}"
        one_way = ["data.both_directions=false", f"data.reverse={reverse}", "training.lr=0.0"]
        train(recipe, reversal_data, run, overrides=one_way, init=tmp_path / "both")
        one = load_model(run)
        languages = ("en", "es") if reverse else ("es", "en")
        assert (one.config.source_language, one.config.target_language) == languages
        assert all(
            torch.equal(a, b) for a, b in zip(one.model.parameters(), both.model.parameters(), strict=True)
        )
    with pytest.raises(UserError, match="data.both_directions was True, is False: that is another model"):
        train(recipe, reversal_data, tmp_path / "both", True, ["data.both_directions=false"])


def test_weights_of_another_model_or_other_pieces_are_refused(reversal_data: Path, tmp_path: Path) -> None:
    recipe = write(tmp_path, tiny_recipe(steps=2))
    train(recipe, reversal_data, tmp_path / "run")
    # As many pieces as before, all e's spelled otherwise: only comparing the pieces themselves can tell.
    pairs = [(a.replace("e", "é"), b.replace("e", "é")) for a, b in toy_pairs(lambda words: words[::-1], 900)]
    other = write_dataset(
        tmp_path / "other", {"train": pairs[:800], "dev": pairs[800:850], "test": pairs[850:]}
    )
    assert len(load_tokenizers(other)[0]) == len(load_tokenizers(reversal_data)[0])
    for change, data, message in (
        (["model.encoder.hidden=16"], reversal_data, r"model\.encoder\.hidden is 32 there, 16 here"),
        ([], other, "source pieces are not those .* --subwords-from"),
    ):
        with pytest.raises(UserError, match=message):
            train(recipe, data, tmp_path / "new", overrides=change, init=tmp_path / "run")
        assert not (tmp_path / "new").exists()  # nothing is left behind


def test_given_weights_survive_a_kill_before_the_first_save(
    reversal_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = write(tmp_path, tiny_recipe(steps=3, lr=0.0, ema=0.0))
    train(recipe, reversal_data, tmp_path / "first")
    with monkeypatch.context() as killed:
        killed.setattr(Trainer, "step", lambda self: (_ for _ in ()).throw(MemoryError()))
        with pytest.raises(MemoryError):
            train(
                recipe,
                reversal_data,
                tmp_path / "run",
                overrides=["training.seed=5"],
                init=tmp_path / "first",
            )
    train(recipe, reversal_data, tmp_path / "run", True, ["training.seed=5"])
    first, second = (load_model(tmp_path / name).model for name in ("first", "run"))
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))


def test_a_run_whose_state_is_gone_is_not_taken_for_a_new_one(reversal_data: Path, tmp_path: Path) -> None:
    recipe = write(tmp_path, tiny_recipe(steps=2))
    train(recipe, reversal_data, tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "state")
    with pytest.raises(UserError, match="no saved state.*another --out.*--init"):
        train(recipe, reversal_data, tmp_path / "run", resume=True)
    with pytest.raises(UserError, match="holds a training run already"):
        train(recipe, reversal_data, tmp_path / "run", init=tmp_path / "run")


def test_another_dataset_is_noticed_on_resume(
    reversal_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its pairs are taken from the first on; the position in the old one means nothing in it."""
    recipe = write(tmp_path, tiny_recipe(steps=3))
    assert train(recipe, reversal_data, tmp_path / "run").position == 3
    data = tmp_path / "other"
    shutil.copytree(reversal_data, data)
    shutil.rmtree(data / "train")
    shutil.copytree(data / "test", data / "train")
    progress = train(recipe, data, tmp_path / "run", True, ["training.steps=4"])
    assert "another dataset" in capsys.readouterr().err
    assert (progress.step, progress.epoch, progress.position) == (4, 0, 1)
    # A state of an older version does not say which dataset it belongs to.
    (file,) = (tmp_path / "run" / "state").glob("*/progress.json")
    file.write_text(json.dumps({**json.loads(file.read_text()), "dataset": ""}))
    assert train(recipe, data, tmp_path / "run", True, ["training.steps=5"]).position == 2
    assert "another dataset" not in capsys.readouterr().err


def test_the_precision_may_change_on_resume(reversal_data: Path, tmp_path: Path) -> None:
    recipe = write(tmp_path, tiny_recipe(steps=1))
    assert train(recipe, reversal_data, tmp_path / "run").precision == "float32"
    changes = ["training.steps=2", "training.precision=bfloat16"]
    assert train(recipe, reversal_data, tmp_path / "run", True, changes).precision == "bfloat16"


def test_a_dev_score_that_is_no_number_is_never_the_best(
    reversal_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = iter([float("nan"), 1.0, float("nan")])
    monkeypatch.setattr(Trainer, "_score", lambda self: Validation(1.0, next(scores), 0.0, [("a", "b", "c")]))
    progress = train(write(tmp_path, tiny_recipe(steps=6, validate_every=2)), reversal_data, tmp_path / "run")
    assert (progress.best_step, progress.best_score, progress.stale) == (4, 1.0, 1)
    assert (tmp_path / "run" / "best").resolve().name == "step-0000004"


def test_skipped_steps_do_not_enter_the_logged_means() -> None:
    meter = Meter(torch.device("cpu"))
    meter.add(torch.tensor(6.0), torch.tensor(1.0), 3)
    meter.add(torch.tensor(float("nan")), torch.tensor(float("nan")), 5)
    figures = meter.read(Progress(), 0.1)
    assert (figures["loss"], figures["gradient_norm"]) == (2.0, 1.0)
    assert math.isnan(meter.read(Progress(), 0.1)["loss"])  # none since


def test_a_second_training_does_not_overwrite_the_first(reversal_data: Path, tmp_path: Path) -> None:
    recipe = write(tmp_path, tiny_recipe(steps=2))
    train(recipe, reversal_data, tmp_path / "run")
    with pytest.raises(UserError, match="--resume"):
        train(recipe, reversal_data, tmp_path / "run")


def test_only_what_leaves_the_model_as_it_is_may_change_on_resume(
    reversal_data: Path, tmp_path: Path
) -> None:
    run, recipe = tmp_path / "run", write(tmp_path, tiny_recipe(steps=2))
    with pytest.raises(UserError, match="no training run to resume"):
        train(recipe, reversal_data, run, resume=True)
    train(recipe, reversal_data, run)
    written = (run / "config.yaml").read_text()
    for change in ("model.encoder.layers=3", "data.reverse=true"):
        with pytest.raises(UserError, match="another model"):
            train(recipe, reversal_data, run, resume=True, overrides=[change])
        assert (run / "config.yaml").read_text() == written
    progress = train(recipe, reversal_data, run, True, ["training.steps=3", "model.dropout.layer=0.0"])
    assert progress.step == 3


def test_a_checkpoint_or_a_file_is_no_run_folder(reversal_data: Path, tmp_path: Path) -> None:
    recipe = write(tmp_path, tiny_recipe(steps=2))
    train(recipe, reversal_data, tmp_path / "run")
    with pytest.raises(UserError, match="is a checkpoint folder"):
        train(recipe, reversal_data, tmp_path / "run" / "best")
    with pytest.raises(UserError, match="cannot be made a folder"):
        train(recipe, reversal_data, recipe)


def test_data_that_does_not_fit_is_refused(reversal_data: Path, tmp_path: Path) -> None:
    recipe = write(tmp_path, tiny_recipe(steps=2))
    pairs = toy_pairs(lambda words: words, 60)
    empty = write_dataset(tmp_path / "empty", {"train": pairs, "dev": [], "test": []})
    with pytest.raises(UserError, match="split is empty"):
        train(recipe, empty, tmp_path / "a")
    exchanged = write_dataset(tmp_path / "exchanged", {"train": pairs, "dev": pairs, "test": pairs})
    small = write_dataset(tmp_path / "small", {"train": [("a b", "b a")] * 5, "dev": [("a", "b")]}, vocab=8)
    (exchanged / "joint.spm").write_bytes((small / "joint.spm").read_bytes())
    with pytest.raises(UserError, match="SentencePiece model only"):
        train(recipe, exchanged, tmp_path / "b")


def test_a_damaged_state_is_named(reversal_data: Path, tmp_path: Path) -> None:
    recipe = write(tmp_path, tiny_recipe(steps=2))
    train(recipe, reversal_data, tmp_path / "run")
    file = next((tmp_path / "run" / "state").glob("*/state.safetensors"))
    file.write_bytes(file.read_bytes()[:500])
    with pytest.raises(UserError, match="damaged training state.*--init"):
        train(recipe, reversal_data, tmp_path / "run", resume=True)


def test_it_learns_to_say_a_sentence_backwards(reversal_data: Path, tmp_path: Path) -> None:
    """A system test: data folder in, run folder out, and what comes out translates (dev and test unseen)."""
    config = tiny_recipe(steps=500, validate_every=250, save_every=500, lr=1e-2, warmup=20)
    train(write(tmp_path, config), reversal_data, tmp_path / "run")
    best = load_model(tmp_path / "run")  # the run's folder stands for its best checkpoint
    split = Split(reversal_data, "test")
    result = validate(
        best.model,
        split,
        (best.source_tokenizer, best.target_tokenizer),
        config.data,
        DecodingConfig(),
        50,
        2,
    )
    assert result.bleu > 90
    entries = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    losses = [entry["loss"] for entry in entries if entry["kind"] == "train"]
    assert losses[-1] < 0.6 * losses[0]


def test_the_loss_is_label_smoothed_cross_entropy_of_real_positions(
    reversal_data: Path, tmp_path: Path
) -> None:
    """Against the sum written out: (1 - e) * -log p(target) + e * mean over the vocabulary of -log p."""
    config = dataclasses.replace(tiny_recipe(label_smoothing=0.2), model=tiny_model_config(vocab=0))
    trainer = trainer_for(reversal_data, tmp_path, config)
    trainer.model.eval()
    split = Split(reversal_data, "train")
    lengths = split.source_lengths
    pairs = split.ids([int(i) for i in (lengths.argmin(), lengths.argmax(), 5)])
    expected = 0.0
    for source, target in pairs:
        batch = make_batch([(source, target)])
        log_p = functional.log_softmax(
            trainer.model.project(trainer.model(batch.source, None, batch.target_in)), -1
        )[0]
        for position, piece in enumerate(batch.target_out[0]):
            expected -= 0.8 * log_p[position, piece].item() + 0.2 * log_p[position].mean().item()
    batch = make_batch(pairs)
    assert (batch.target_out == 0).any()  # there is padding to leave out
    assert trainer.loss(batch).item() == pytest.approx(expected, rel=1e-4)


def test_accumulated_batches_give_the_gradient_of_one_big_batch(reversal_data: Path, tmp_path: Path) -> None:
    config = dataclasses.replace(tiny_recipe(accumulate=2, lr=0.0), model=tiny_model_config(vocab=0))
    trainer = trainer_for(reversal_data, tmp_path, config)
    trainer.optimizer.zero_grad = lambda set_to_none=True: None  # type: ignore[method-assign,assignment]
    trainer.config = dataclasses.replace(config, training=dataclasses.replace(config.training, clip=1e9))
    trainer.step()
    summed = {name: parameter.grad.clone() for name, parameter in trainer.model.named_parameters()}
    stream = trainer_for(reversal_data, tmp_path, config).stream
    batches = [next(stream), next(stream)]
    for parameter in trainer.parameters:
        parameter.grad = None
    (sum(trainer.loss(batch) for batch in batches) / sum(batch.target_tokens for batch in batches)).backward()  # type: ignore[union-attr]
    for name, parameter in trainer.model.named_parameters():
        torch.testing.assert_close(summed[name], parameter.grad, atol=1e-6, rtol=1e-4)


def test_a_step_that_is_not_finite_changes_no_weight_and_is_counted(
    reversal_data: Path, tmp_path: Path
) -> None:
    trainer = trainer_for(reversal_data, tmp_path, tiny_recipe())
    trainer.step()
    before = {name: weight.clone() for name, weight in named_weights(trainer.model).items()}
    honest = trainer.loss
    trainer.loss = lambda batch: honest(batch) * float("nan")  # type: ignore[method-assign]
    moments = copy.deepcopy(trainer.optimizer.state_dict()["state"])
    trainer.step()
    trainer.count_skipped()
    assert trainer.progress.skipped == 1
    for one, other in zip(moments.values(), trainer.optimizer.state_dict()["state"].values(), strict=True):
        assert all(torch.equal(one[key], other[key]) for key in ("exp_avg", "exp_avg_sq", "step"))
    assert all(torch.equal(before[name], weight) for name, weight in named_weights(trainer.model).items())
    trainer.loss = honest  # type: ignore[method-assign]
    trainer.step()
    assert not torch.equal(before["output.bias"], trainer.model.output.bias)


def test_gradients_are_clipped_by_their_global_norm(reversal_data: Path, tmp_path: Path) -> None:
    trainer = trainer_for(reversal_data, tmp_path, tiny_recipe(clip=0.01))
    seen = {}

    def look(*_: object) -> None:
        seen["norm"] = math.sqrt(
            sum(float(p.grad.pow(2).sum()) for p in trainer.parameters if p.grad is not None)
        )

    trainer.optimizer.register_step_pre_hook(look)
    _, norm, _ = trainer.step()
    assert norm > 0.01
    assert seen["norm"] == pytest.approx(0.01, rel=1e-3)


def test_learning_rates_follow_their_formulas() -> None:
    cosine = TrainingConfig(lr=2.0, warmup=10, schedule="cosine")
    assert learning_rate(cosine, 5, 0.0) == pytest.approx(1.0)
    assert learning_rate(cosine, 50, 0.5) == pytest.approx(1.0)
    assert learning_rate(cosine, 50, 1.0) == pytest.approx(0.0)
    root = TrainingConfig(lr=2.0, warmup=100, schedule="inverse_sqrt")
    assert learning_rate(root, 50, 0.1) == pytest.approx(1.0)
    assert learning_rate(root, 400, 0.1) == pytest.approx(1.0)
    assert learning_rate(TrainingConfig(lr=2.0, warmup=1, schedule="constant"), 999, 0.9) == 2.0
    stable = TrainingConfig(lr=2.0, warmup=10, schedule="stable_decay", decay=0.25)
    by_progress = {0.0: 2.0, 0.5: 2.0, 0.75: 2.0, 0.875: 1.0, 0.95: 0.4, 1.0: 0.0, 1.1: 0.0}
    assert learning_rate(stable, 5, 0.0) == pytest.approx(1.0)  # warm-up
    for progress, rate in by_progress.items():
        assert learning_rate(stable, 999, progress) == pytest.approx(rate)
    assert (
        learning_rate(dataclasses.replace(stable, decay=0.0), 999, 1.0) == 2.0
    )  # without a decay it never falls


def test_the_moving_average_is_the_recurrence_and_swaps_back() -> None:
    model = Seq2Seq(tiny_model_config())
    average = MovingAverage(model, 0.7)
    bias = model.output.bias
    expected = bias.detach().clone()
    for step in (1, 2, 50):
        with torch.no_grad():
            bias.add_(torch.randn_like(bias))
        average.update(model, step)
        decay = min(0.7, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * bias.detach()
        torch.testing.assert_close(average.weights["output.bias"], expected)
    own = bias.detach().clone()
    with average.swapped_in(model):
        torch.testing.assert_close(bias.detach(), expected)
    assert torch.equal(bias, own)


def test_early_stopping_and_pruning(reversal_data: Path, tmp_path: Path) -> None:
    """At rate zero nothing improves: training stops after `patience` validations and keeps the best one."""
    recipe = write(
        tmp_path,
        tiny_recipe(
            steps=100, lr=0.0, validate_every=2, patience=4, keep=2, save_every=100, valid_metric="loss"
        ),
    )
    progress = train(recipe, reversal_data, tmp_path / "run")
    assert progress.step == 10
    assert train(recipe, reversal_data, tmp_path / "run", resume=True).step == 10  # it is over
    assert [path.name for path in run_checkpoints(tmp_path / "run")] == [
        "step-0000002",
        "step-0000008",
        "step-0000010",
    ]
    assert (tmp_path / "run" / "best").resolve().name == "step-0000002"


def test_dev_loss_does_not_depend_on_batching(reversal_data: Path) -> None:
    tokenizers = load_tokenizers(reversal_data)
    model = Seq2Seq(tiny_model_config(vocab=len(tokenizers[0]))).eval()
    split = Split(reversal_data, "dev")
    rows = torch.arange(len(split)).numpy()
    with torch.inference_mode():
        losses = [
            mean_loss(model, split, rows, DataConfig(batch_tokens=n), torch.device("cpu"))
            for n in (1, 50, 5000)
        ]
    assert losses == pytest.approx([losses[0]] * 3, rel=1e-5)


def test_bfloat16_training_is_close_to_float32(reversal_data: Path, tmp_path: Path) -> None:
    losses = {}
    for precision in ("float32", "bfloat16"):
        trainer = trainer_for(reversal_data, tmp_path, tiny_recipe(precision=precision))
        trainer.model.eval()
        losses[precision] = trainer.loss(next(trainer.stream)).item()
    assert losses["bfloat16"] == pytest.approx(losses["float32"], rel=0.02)
    assert losses["bfloat16"] != losses["float32"]


def test_two_processes_take_the_step_of_one(reversal_data: Path, tmp_path: Path) -> None:
    """torchrun with two processes: the weights after some steps equal those of one process that accumulates
    the same batches."""
    base = dataclasses.replace(tiny_recipe(), model=tiny_model_config(vocab=0, cell="gru"))
    # The last step is validated in the loop, not after it: all processes must know that.
    train_config = dataclasses.replace(base.training, steps=3, validate_every=3, save_every=3, ema=0.0)
    (tmp_path / "alone").mkdir()
    alone = dataclasses.replace(base, training=dataclasses.replace(train_config, accumulate=2))
    train(write(tmp_path / "alone", alone), reversal_data, tmp_path / "one")
    recipe = write(tmp_path, dataclasses.replace(base, training=train_config))
    arguments = f"{str(recipe)!r}, {str(reversal_data)!r}, {str(tmp_path / 'two')!r}"
    code = f"from nmt.training.trainer import train; train({arguments})"
    script = tmp_path / "script.py"
    script.write_text(code)
    subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(script)],
        check=True,
        capture_output=True,
        timeout=300,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": os.getcwd()},
    )
    tokens = [
        json.loads(next((tmp_path / run / "state").glob("*/progress.json")).read_text())["target_tokens"]
        for run in ("one", "two")
    ]
    assert tokens[0] == tokens[1]
    one, two = state_of(tmp_path / "one"), state_of(tmp_path / "two")
    for name in one:
        if name.startswith("model."):
            torch.testing.assert_close(one[name], two[name], atol=1e-5, rtol=1e-3)


def test_vanishing_numbers_are_zeros_while_training() -> None:
    """Or gradients through saturated gates slow a CPU down to a third, once there are some."""
    tiny = torch.full((4,), 1e-30)
    try:
        torch.set_flush_denormal(False)
        assert (tiny * 1e-10).all()
        Processes()
        assert not (tiny * 1e-10).any()
    finally:
        torch.set_flush_denormal(False)


def test_a_dataset_without_a_recipe_is_refused(tmp_path: Path, reversal_data: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "joint.spm").write_bytes((reversal_data / "joint.spm").read_bytes())
    with pytest.raises(UserError, match="data_prep build"):
        train(write(tmp_path, tiny_recipe()), tmp_path / "data", tmp_path / "run")
