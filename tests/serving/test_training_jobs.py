"""Trainings that the page starts: processes, folders and curves, with commands that only pretend."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from nmt.errors import UserError
from nmt.serving import training_jobs as trainings_module
from nmt.serving.errors import PageError
from nmt.serving.training_jobs import Trainings
from nmt.serving.training_supervisor import Status, read_status, write_status
from tests.support.pretended_trainings import (  # noqa: F401  # its fixtures
    is_training,
    pretended,
    pretending_fixture,
    request_for,
    text_fixture,
    trainings_fixture,
    wait_for,
    wait_for_state,
    write_log,
    write_pairs,
)

ROOT = Path(__file__).resolve().parents[2]


# --- processes and folders ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("pretending")
def test_a_training_is_prepared_trained_stopped_resumed_and_done(trainings: Trainings, text: Path) -> None:
    assert trainings.all() == [] and trainings.running() == ""
    assert trainings.start(request_for(trainings.folder, text)).state in ("preparing", "training")
    wait_for(lambda: is_training(trainings, "toy"), "the training")
    assert trainings.running() == "toy"
    assert list(trainings.get("toy").commands()) == ["train"]  # what is prepared stays
    trainings.stop("toy")
    stopped = wait_for_state(trainings, "toy", "stopped")
    assert (stopped.run / "saved").exists()  # it was SIGTERM, and time to save
    assert trainings.running() == ""
    trainings.resume("toy")
    done = wait_for_state(trainings, "toy", "done")
    printed = (done.folder / "output.txt").read_text().splitlines()
    assert (printed.count("prepare begins"), printed.count("train begins")) == (1, 2)
    with pytest.raises(PageError, match="not one that was stopped"):
        trainings.resume("toy")


@pytest.mark.usefixtures("pretending")
def test_one_training_at_a_time_whoever_asks(trainings: Trainings, text: Path) -> None:
    trainings.start(request_for(trainings.folder, text))
    second = request_for(trainings.folder, text, name="second")
    another_server = Trainings(trainings.folder)
    for asked in (trainings, another_server):
        with pytest.raises(PageError, match="training toy is running"):
            asked.start(second)
        with pytest.raises(PageError, match="training toy is running"):
            asked.resume("toy")
    assert not (trainings.folder / "second").exists()
    assert another_server.get("toy").running
    trainings.stop("toy")
    wait_for_state(trainings, "toy", "stopped")
    another_server.start(second)
    another_server.close()
    assert [training.name for training in trainings.all()] == ["second", "toy"]


@pytest.mark.usefixtures("pretending")
def test_the_end_of_the_server_stops_the_training_so_that_it_can_be_resumed(tmp_path: Path, text: Path) -> None:
    with Trainings(tmp_path / "runs") as first:
        first.start(request_for(first.folder, text))
        wait_for(lambda: is_training(first, "toy"), "the training")
    with Trainings(tmp_path / "runs") as second:  # a restart
        found = second.get("toy")
        assert (found.state, (found.run / "saved").exists()) == ("stopped", True)
        second.resume("toy")
        wait_for_state(second, "toy", "done")


def test_a_killed_server_leaves_no_training_behind(tmp_path: Path, text: Path) -> None:
    code = """
import sys, time
from pathlib import Path
from nmt.serving import training_jobs
from tests.support.pretended_trainings import pretended, request_for
training_jobs.commands = pretended
training_jobs.Trainings(Path(sys.argv[1])).start(request_for(Path(sys.argv[1]), Path(sys.argv[2])))
time.sleep(600)
"""
    base = tmp_path / "runs"
    base.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    server = subprocess.Popen([sys.executable, "-c", code, str(base), str(text)], env=environment)
    try:
        later = Trainings(base)
        wait_for(lambda: (base / "toy" / "training.json").exists(), "the server")
        wait_for(lambda: is_training(later, "toy"), "the training")
    finally:
        server.kill()
        server.wait()
    stopped = wait_for_state(later, "toy", "stopped")
    assert (stopped.run / "saved").exists()


PROC = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")


@PROC
@pytest.mark.usefixtures("pretending")
@pytest.mark.parametrize("by_closing", [False, True])
def test_a_training_whose_supervisor_was_killed_can_be_stopped(
    trainings: Trainings, text: Path, by_closing: bool
) -> None:
    trainings.start(request_for(trainings.folder, text))
    wait_for(lambda: is_training(trainings, "toy"), "the training")
    command = read_status(trainings.folder / "toy").process
    assert command
    supervisor = psutil.Process(command).parent()
    assert supervisor
    supervisor.kill()
    wait_for(lambda: psutil.Process(command).ppid() != supervisor.pid, "the supervisor's end")
    assert trainings.get("toy").running  # the command holds the lock
    if by_closing:
        trainings.close()
        assert trainings.running() == ""
    else:
        trainings.stop("toy")
        trainings.stop("toy")  # once more does no harm
    stopped = wait_for_state(trainings, "toy", "stopped")
    assert (stopped.run / "saved").exists()


@PROC
@pytest.mark.usefixtures("pretending")
def test_another_server_on_the_folder_can_stop_a_training_and_does_not_by_ending(
    trainings: Trainings, text: Path
) -> None:
    trainings.start(request_for(trainings.folder, text))
    wait_for(lambda: is_training(trainings, "toy"), "the training")
    with Trainings(trainings.folder):
        pass
    assert trainings.get("toy").state == "training"
    Trainings(trainings.folder).stop("toy")
    stopped = wait_for_state(trainings, "toy", "stopped")
    assert (stopped.run / "saved").exists()


@pytest.mark.usefixtures("pretending")
def test_no_process_but_the_training_gets_a_signal(
    trainings: Trainings, text: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainings.start(request_for(trainings.folder, text))
    wait_for(lambda: is_training(trainings, "toy"), "the training")
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    write_status(trainings.folder / "toy", Status("train", process=other.pid))
    with pytest.raises(PageError, match=rf"run by another process \({other.pid}\)"):
        Trainings(trainings.folder).stop("toy")
    assert other.poll() is None
    other.communicate(b"\n")
    assert other.returncode == 0


def test_a_training_that_cannot_be_launched_leaves_no_folder(
    trainings: Trainings, text: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(text))
    with pytest.raises(PageError, match="cannot be started: Permission denied"):
        trainings.start(request_for(trainings.folder, text))
    assert trainings.all() == [] and not (trainings.folder / "toy").exists()
    assert trainings.running() == ""


def test_a_name_whose_preparation_failed_may_be_used_again(
    trainings: Trainings, text: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = [sys.executable, "-c", "raise SystemExit(1)"]
    monkeypatch.setattr(trainings_module, "commands", lambda *_, **__: {"prepare": failing, "train": failing})
    trainings.start(request_for(trainings.folder, text))
    wait_for_state(trainings, "toy", "failed")
    inside = write_pairs(trainings.folder / "toy" / "mine.tsv")
    with pytest.raises(PageError, match="named toy already"):
        request_for(trainings.folder, inside)  # it would be removed before it is read
    again = request_for(trainings.folder, text)
    monkeypatch.setattr(trainings_module, "commands", pretended)
    trainings.start(again)
    wait_for(lambda: is_training(trainings, "toy"), "the training")
    assert not inside.exists()
    with pytest.raises(PageError, match="named toy already"):
        request_for(trainings.folder, text)


def test_a_command_that_fails_ends_the_training_and_is_quoted(
    trainings: Trainings, text: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = [sys.executable, "-c", "raise SystemExit('error: no room')"]
    monkeypatch.setattr(trainings_module, "commands", lambda *_, **__: {"prepare": failing, "train": failing})
    trainings.start(request_for(trainings.folder, text))
    failed = wait_for_state(trainings, "toy", "failed")
    assert failed.last_lines().splitlines()[-1] == "error: no room"
    assert failed.last_lines().count("error") == 2  # in the command as shown, and as printed: once


@pytest.mark.parametrize(
    ("stage", "status", "stopping", "state"),
    [
        ("train", 0, False, "done"),
        ("train", 0, True, "done"),  # the stop came too late
        ("prepare", 0, True, "stopped"),
        ("prepare", -15, True, "stopped"),
        ("train", 143, True, "stopped"),
        ("train", 130, False, "stopped"),
        ("train", None, False, "stopped"),  # the machine lost power
        ("prepare", 1, False, "failed"),
        ("train", -9, False, "failed"),  # out of memory
    ],
)
def test_the_state_is_found_from_the_folder(
    tmp_path: Path, stage: str, status: int | None, stopping: bool, state: str
) -> None:
    text = write_pairs(tmp_path / "mine.tsv")
    request = request_for(tmp_path, text)
    (tmp_path / "toy").mkdir()
    fields = {**vars(request), "columns": list(request.columns)}
    (tmp_path / "toy" / "training.json").write_text(json.dumps(fields))
    write_status(tmp_path / "toy", Status(stage, status, stopping))
    assert Trainings(tmp_path).get("toy").state == state
    assert Trainings(tmp_path).get("toy").request == request


@pytest.mark.parametrize("name", ["", "..", "../toy", "toy/../toy", "/etc", "nobody", ".running"])
def test_a_browser_cannot_name_another_folder(trainings: Trainings, name: str) -> None:
    (trainings.folder.parent / "training.json").write_text("{}")
    for act in (trainings.get, trainings.stop, trainings.resume):
        with pytest.raises(PageError, match="no training"):
            act(name)


@pytest.mark.usefixtures("pretending")
def test_what_was_uploaded_is_kept_with_the_training(trainings: Trainings, text: Path) -> None:
    request = request_for(trainings.folder, text, upload=str(text), path="")
    assert request.text == str(trainings.folder / "toy" / "text.tsv")
    content = text.read_bytes()
    trainings.start(request)
    text.unlink()  # as Gradio does some time later
    assert (trainings.folder / "toy" / "text.tsv").read_bytes() == content
    assert trainings.get("toy").request == replace(request, upload="")
    with pytest.raises(PageError, match="named toy already"):
        request_for(trainings.folder, write_pairs(text))


def test_a_folder_that_cannot_be_is_a_message(text: Path) -> None:
    with pytest.raises(UserError, match="cannot be made a folder"):
        Trainings(text / "runs")
