"""What a training tells: the plan, figures early and right, no step that was skipped."""

from __future__ import annotations

import itertools
import math
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from nmt.training import trainer
from nmt.training.distributed import Processes
from nmt.training.progress_log import Meter
from nmt.training.resume import Progress
from nmt.training.trainer import train
from tests.conftest import tiny_recipe
from tests.support.training_runs import log_entries, trainer_for, write


def test_skipped_steps_do_not_enter_the_logged_means() -> None:
    meter = Meter(Progress(), Processes())
    meter.add(torch.tensor(6.0), torch.tensor(1.0), 3)
    meter.add(torch.tensor(float("nan")), torch.tensor(float("nan")), 5)
    figures = meter.read(0.1)
    assert (figures["loss"], figures["gradient_norm"]) == (2.0, 1.0)
    meter.reset()
    assert math.isnan(meter.read(0.1)["loss"])  # none since


def speeds_of_the_log(run: Path) -> list[tuple[float, float]]:
    """Each logged speed, and what the tokens and the seconds of training since the entry before make it."""
    entries = log_entries(run)
    return [
        (
            now["tokens_per_second"],
            (now["target_tokens"] - last["target_tokens"]) / (now["seconds"] - last["seconds"]),
        )
        for last, now in itertools.pairwise(entries)
    ]


def test_validating_and_saving_do_not_slow_the_logged_speed_down(
    reversal_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(function: Callable[..., Any]) -> Callable[..., Any]:
        def slow(*arguments: Any) -> Any:
            time.sleep(0.5)
            return function(*arguments)

        return slow

    for name in ("validate", "save_state"):
        monkeypatch.setattr(trainer, name, slowly(getattr(trainer, name)))
    recipe = write(tmp_path, tiny_recipe(steps=8, log_every=2, validate_every=2, save_every=2))
    start = time.monotonic()
    progress = train(recipe, reversal_data, tmp_path / "run")
    assert progress.seconds < time.monotonic() - start - 4
    speeds = speeds_of_the_log(tmp_path / "run")
    assert len(speeds) == 3
    for logged, expected in speeds:
        assert logged == pytest.approx(expected)


def test_the_plan_is_told_before_the_first_step(
    reversal_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def no_step(self: object) -> None:
        raise MemoryError

    monkeypatch.setattr(trainer.Trainer, "step", no_step)
    recipe, run = write(tmp_path, tiny_recipe(steps=70_000, minutes=1.5)), tmp_path / "run"
    with pytest.raises(MemoryError):
        train(recipe, reversal_data, run)
    told = capsys.readouterr().err
    parameters = sum(p.numel() for p in trainer_for(reversal_data, run, tiny_recipe()).parameters)
    for fact in (
        "es → en: 800 pairs to learn from, 50 of dev",
        f"{parameters:,} parameters, in float32 on {torch.get_num_threads()} CPU thread(s)",
        "until: 1.5 minutes of training or 70,000 steps",
        f"results: {run}",
    ):
        assert fact in told


def test_figures_are_shown_long_before_the_hundredth_step(
    reversal_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """At the start of each part of a run; the log has those of the recipe's steps alone."""
    recipe, run = write(tmp_path, tiny_recipe(steps=12, log_every=12)), tmp_path / "run"
    train(recipe, reversal_data, run)
    assert re.findall(r"^step (\d+)  .*tokens/s", capsys.readouterr().err, re.M) == ["1", "10", "12"]
    train(None, reversal_data, run, True, ["training.steps=14"])
    assert re.findall(r"^step (\d+)  .*tokens/s", capsys.readouterr().err, re.M) == ["13"]
    assert [entry["step"] for entry in log_entries(run)] == [12]
