"""The run's folder: one training at a time, nothing overwritten, the best checkpoint kept."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from nmt.checkpoint.folder import run_checkpoints
from nmt.errors import UserError
from nmt.training.run_folder import LOCK_FILE, check_run_folder, checkpoint_folder, locked, prune_checkpoints
from nmt.training.trainer import train
from tests.conftest import tiny_recipe
from tests.support.training_runs import write


def test_a_second_training_does_not_overwrite_the_first(reversal_data: Path, tmp_path: Path) -> None:
    recipe = write(tmp_path, tiny_recipe(steps=2))
    train(recipe, reversal_data, tmp_path / "run")
    with pytest.raises(UserError, match="--resume"):
        train(recipe, reversal_data, tmp_path / "run")


def test_a_checkpoint_or_a_file_is_no_run_folder(reversal_data: Path, tmp_path: Path) -> None:
    recipe = write(tmp_path, tiny_recipe(steps=2))
    train(recipe, reversal_data, tmp_path / "run")
    with pytest.raises(UserError, match="is a checkpoint folder"):
        train(recipe, reversal_data, tmp_path / "run" / "best")
    with pytest.raises(UserError, match="cannot be made a folder"):
        train(recipe, reversal_data, recipe)


def test_early_stopping_and_pruning(reversal_data: Path, tmp_path: Path) -> None:
    """At rate zero nothing improves: training stops after `patience` validations and keeps the best one."""
    recipe = write(
        tmp_path,
        tiny_recipe(steps=100, lr=0.0, validate_every=2, patience=4, keep=2, save_every=100, valid_metric="loss"),
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


def hold(run: Path) -> subprocess.Popen[str]:
    """A process that has locked the run's folder and waits."""
    code = f"""
import time
from pathlib import Path
from nmt.training.run_folder import locked
with locked(Path({str(run)!r})):
    print("locked", flush=True)
    time.sleep(100)
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout and process.stdout.readline() == "locked\n"
    return process


def test_of_two_trainings_in_one_folder_the_second_is_refused(reversal_data: Path, tmp_path: Path) -> None:
    """Whether it is to begin or to resume; and it is told which process the first one is.  Once that was killed, its
    folder can be had."""
    recipe, run = write(tmp_path, tiny_recipe(steps=2)), tmp_path / "run"
    train(recipe, reversal_data, run)
    first = hold(run)
    try:
        for resume in (False, True):
            with pytest.raises(UserError, match=f"process {first.pid} on {socket.gethostname()} is training into it"):
                train(recipe, reversal_data, run, resume)
    finally:
        first.kill()
        first.wait()
    assert str(first.pid) in (run / LOCK_FILE).read_text()  # it could not clean up
    assert train(recipe, reversal_data, run, True, ["training.steps=3"]).step == 3
    assert not (run / LOCK_FILE).exists()


def test_of_another_host_the_name_counts(tmp_path: Path) -> None:
    """Its lock may not be seen from here."""
    (tmp_path / LOCK_FILE).write_text('{"process": 12, "host": "elsewhere"}')
    with (
        pytest.raises(UserError, match=r"process 12 on elsewhere .*if it ended .*, remove .*\.lock"),
        locked(tmp_path),
    ):
        pass
    assert (tmp_path / LOCK_FILE).exists()


def test_a_job_that_was_started_again_takes_the_lock_from_its_other_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "nightly")
    (tmp_path / LOCK_FILE).write_text('{"process": 12, "host": "elsewhere", "job": "nightly"}')
    with locked(tmp_path):
        pass
    for job in ("other", "none"):
        (tmp_path / LOCK_FILE).write_text(f'{{"process": 12, "host": "elsewhere", "job": "{job}"}}')
        monkeypatch.setenv("TORCHELASTIC_RUN_ID", "none" if job == "none" else "nightly")
        with pytest.raises(UserError, match="process 12 on elsewhere"), locked(tmp_path):
            pass


def test_a_new_folder_into_which_nothing_was_written_is_removed(tmp_path: Path) -> None:
    with pytest.raises(UserError), locked(tmp_path / "new"):
        check_run_folder(tmp_path / "new", resume=True)
    assert not (tmp_path / "new").exists()
    (tmp_path / "mine").mkdir()
    with locked(tmp_path / "mine"):
        pass
    assert (tmp_path / "mine").exists()


def test_checkpoints_are_kept_by_step_also_beyond_seven_digits(tmp_path: Path) -> None:
    for step in (9_999_998, 9_999_999, 10_000_000, 10_000_001):
        checkpoint_folder(tmp_path, step).mkdir(parents=True)
    prune_checkpoints(tmp_path, keep=2, best_step=9_999_998)
    assert run_checkpoints(tmp_path) == [
        checkpoint_folder(tmp_path, step) for step in (9_999_998, 10_000_000, 10_000_001)
    ]
