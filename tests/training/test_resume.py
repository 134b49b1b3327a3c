"""Resuming: bit for bit, after a signal or a kill, with another dataset, by the run's own recipe."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from nmt.checkpoint.weights import load_model
from nmt.commands.main import main
from nmt.config import load_config
from nmt.errors import UserError
from nmt.training.trainer import Trainer, train
from tests.conftest import tiny_recipe
from tests.support.training_runs import state_of, trainer_for, write


def signal_in_step(step: int, number: int, patch: pytest.MonkeyPatch) -> None:
    """Let the signal come while the given step, counted from 1, is computed."""
    original = Trainer.step

    def interrupted(self: Trainer):  # type: ignore[no-untyped-def]
        if self.progress.step == step - 1:
            os.kill(os.getpid(), number)
        return original(self)

    patch.setattr(Trainer, "step", interrupted)


@pytest.mark.parametrize("sampling", [0.0, 0.3])
def test_resume_is_bit_identical_to_training_straight_on(
    reversal_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sampling: float
) -> None:
    """2N steps, and N + resume + N, end with the same weights, averages, optimiser and random state."""
    config = tiny_recipe(steps=20, ema=0.9, scheduled_sampling=sampling)
    train(write(tmp_path, config), reversal_data, tmp_path / "straight")
    # The same recipe, stopped half-way by a signal that arrives during step 10.
    with monkeypatch.context() as interrupted:
        signal_in_step(10, signal.SIGTERM, interrupted)
        assert train(write(tmp_path, config), reversal_data, tmp_path / "parts").step == 10
    done = train(write(tmp_path, config), reversal_data, tmp_path / "parts", resume=True)
    assert done.step == 20
    straight, parts = state_of(tmp_path / "straight"), state_of(tmp_path / "parts")
    assert straight.keys() == parts.keys()
    assert {"rng.cpu.0"} < straight.keys() and any(name.startswith("average.") for name in straight)
    different = [name for name in straight if not torch.equal(straight[name], parts[name])]
    assert not different
    left, right = (load_model(tmp_path / name / "checkpoints" / "step-0000020").model for name in ("straight", "parts"))
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
    handler = signal.getsignal(number)
    arguments = ["train", str(recipe), "--data", str(reversal_data), "--out", str(tmp_path / "run")]
    with monkeypatch.context() as interrupted:
        signal_in_step(3, number, interrupted)
        assert main(arguments) == 128 + number
    assert signal.getsignal(number) is handler
    assert main([*arguments, "--resume"]) == 0
    assert "step-0000006" in str(next((tmp_path / "run" / "state").iterdir()))


def test_the_last_validation_is_in_the_saved_state(reversal_data: Path, tmp_path: Path) -> None:
    """Also when the last step is one of `save_every`, and not one of `validate_every`."""
    progress = train(write(tmp_path, tiny_recipe(steps=5)), reversal_data, tmp_path / "run")
    saved = json.loads((tmp_path / "run" / "state" / "step-0000005" / "progress.json").read_text())
    assert [entry["step"] for entry in saved["history"]] == [5]
    assert saved["best_step"] == progress.best_step == 5


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


def test_only_what_leaves_the_model_as_it_is_may_change_on_resume(reversal_data: Path, tmp_path: Path) -> None:
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


def test_a_damaged_state_is_named(reversal_data: Path, tmp_path: Path) -> None:
    recipe = write(tmp_path, tiny_recipe(steps=2))
    train(recipe, reversal_data, tmp_path / "run")
    file = next((tmp_path / "run" / "state").glob("*/state.safetensors"))
    file.write_bytes(file.read_bytes()[:500])
    with pytest.raises(UserError, match="damaged training state.*--init"):
        train(recipe, reversal_data, tmp_path / "run", resume=True)


def test_a_run_goes_on_by_its_own_recipe(
    reversal_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither RECIPE nor what --set said at the beginning has to be repeated; --set changes the run's own recipe."""
    recipe, run = write(tmp_path, tiny_recipe(steps=9)), tmp_path / "run"
    train(recipe, reversal_data, run, overrides=["training.steps=2", "training.seed=7", "data.reverse=true"])
    place = ["--data", str(reversal_data), "--out", str(run)]
    capsys.readouterr()
    assert main(["train", "--resume", *place, "--set", "training.steps=3"]) == 0
    assert "training.steps was 2, is 3" in capsys.readouterr().err
    assert main(["train", "--resume", *place]) == 0
    config = load_config(run / "config.yaml")
    assert (config.training.steps, config.training.seed, config.data.reverse) == (3, 7, True)
    assert "step-0000003" in str(next((run / "state").iterdir()))


def test_a_recipe_given_to_a_resumed_run_is_only_compared(
    reversal_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe, run = write(tmp_path, tiny_recipe(steps=9)), tmp_path / "run"
    train(recipe, reversal_data, run, overrides=["training.steps=2", "training.seed=7"])
    capsys.readouterr()
    assert train(recipe, reversal_data, run, True, ["training.steps=3"]).step == 3
    told = capsys.readouterr().err
    assert f"training.seed stays 7, as in {run / 'config.yaml'} (in {recipe} it is 1)" in told
    assert "training.steps stays" not in told  # --set has said it
    with pytest.raises(UserError, match="no-such-recipe"):
        train("no-such-recipe", reversal_data, run, resume=True)


def test_the_newest_state_is_that_of_the_highest_step(reversal_data: Path, tmp_path: Path) -> None:
    """Also where its number has a digit more than the others."""
    run = tmp_path / "run"
    train(write(tmp_path, tiny_recipe(steps=1)), reversal_data, run)
    (state,) = (run / "state").iterdir()
    progress = json.loads((state / "progress.json").read_text())
    for step in (9_999_999, 10_000_000):
        copy = shutil.copytree(state, run / "state" / f"step-{step:07}")
        (copy / "progress.json").write_text(json.dumps({**progress, "step": step}))
    trainer = trainer_for(reversal_data, run, tiny_recipe())
    trainer.resume()
    assert trainer.progress.step == 10_000_000
    trainer.save()
    assert [path.name for path in (run / "state").iterdir()] == ["step-10000000"]
