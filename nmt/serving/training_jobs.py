"""Trainings that visitors started: each is a folder, and all that is known of it is found there.

    BASE/NAME/training.json   what was asked for
    BASE/NAME/text.tsv        what was uploaded, if anything was
    BASE/NAME/data/           what `python -m data_prep build` makes of it
    BASE/NAME/run/            what `nmt train` makes of that
    BASE/NAME/output.txt      what both printed
    BASE/NAME/status.json     how far they came
    BASE/.running             locked while a training runs, and has its name

Nothing here belongs to a visitor: a training goes on when the browser is closed, and another server on the same
folder finds it again.  It ends with the server, though in such a way that it can be resumed: see
`training_supervisor.py`.  What may be asked for is decided in `training_request.py`.
"""

from __future__ import annotations

import dataclasses
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nmt.errors import UserError
from nmt.serving import training_supervisor
from nmt.serving.errors import PageError
from nmt.serving.training_log import TrainingLog, read_log, tail
from nmt.serving.training_request import TrainingRequest, commands, failed_to_prepare, is_safe_name
from nmt.serving.training_supervisor import Status, read_status, write_status

State = Literal["preparing", "training", "stopping", "stopped", "failed", "done"]
RUNNING: tuple[State, ...] = ("preparing", "training", "stopping")

REQUEST_FILE, LOCK_FILE = "training.json", ".running"
SAVE_SECONDS = 60.0  # that the server waits, when it ends, for a training to save its state


@dataclass(frozen=True)
class Training:
    """A training as it was found in its folder."""

    folder: Path
    request: TrainingRequest
    state: State

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def running(self) -> bool:
        return self.state in RUNNING

    @property
    def run(self) -> Path:
        return self.folder / "run"

    @property
    def has_model(self) -> bool:
        """Whether a validation has left a checkpoint."""
        return (self.run / "best" / "config.yaml").is_file()

    def log(self) -> TrainingLog:
        return read_log(self.run / "log.jsonl")

    def last_lines(self) -> str:
        """The end of what the commands printed."""
        return tail(self.folder / training_supervisor.OUTPUT_FILE)

    def commands(self) -> dict[str, list[str]]:
        """What is left to do, by stage."""
        begun = (self.run / "config.yaml").is_file()
        both = commands(self.request, self.folder, resume=begun)
        prepared = (self.folder / "data" / "data.yaml").is_file()  # data_prep puts its folder in place whole
        return {"train": both["train"]} if prepared else both


class Trainings:
    """All trainings below one folder, of which at most one runs.  Close it when the server ends."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None  # the supervisor that was started last
        self._started = ""  # the training that it was started for
        self._using_lock = threading.Lock()  # within this process; between processes it is the lock file
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(
                f"{folder}: cannot be made a folder: {error.strerror}; choose another for trainings"
            ) from None

    def all(self) -> list[Training]:
        """The training that was begun last comes first."""
        files = [(_changed(file), file.parent.name) for file in self.folder.glob(f"*/{REQUEST_FILE}")]
        found = []
        for _, name in sorted(files, reverse=True):
            try:
                found.append(self.get(name))
            except PageError:  # a folder of something else, or of another version
                continue
        return found

    def get(self, name: str) -> Training:
        """PageError if there is no such training."""
        return self._read(name, self.running() == name)

    def running(self) -> str:
        """The name of the training that runs, whichever server on this folder started it; "" if none does."""
        with self._using_lock:
            try:
                file = open(self.folder / LOCK_FILE, encoding="utf-8")
            except FileNotFoundError:
                return ""
            with file:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    return file.read().strip()
                return ""

    def start(self, request: TrainingRequest) -> Training:
        """Begin a checked request; PageError if another training runs or its folder has come to be since."""
        folder = self.folder / request.name
        with self._locked(request.name) as lock:
            if failed_to_prepare(folder):
                shutil.rmtree(folder, ignore_errors=True)
            try:
                folder.mkdir()
            except FileExistsError:
                raise PageError("retrain.name_taken", name=request.name) from None
            try:
                _write_request(request, folder)
                self._launch(Training(folder, request, "preparing"), lock)
            except PageError:
                shutil.rmtree(folder, ignore_errors=True)
                raise
        return self.get(request.name)

    def resume(self, name: str) -> Training:
        """Go on with a training that was stopped or failed, from its last saved state."""
        with self._locked(name) as lock:
            training = self._read(name, runs=False)  # otherwise the lock could not be had
            if training.state not in ("stopped", "failed"):
                raise PageError("retrain.not_stopped", name=name)
            for half_built in training.folder.glob(".data.building-*"):  # by a data_prep that was killed
                shutil.rmtree(half_built, ignore_errors=True)
            self._launch(training, lock)
        return self.get(name)

    def stop(self, name: str) -> Training:
        """Ask a training to end, which it does when its step is done and its state saved.

        PageError if what runs it is not to be found.
        """
        training = self.get(name)
        if not training.running:
            return training
        if self._process and self._process.stdin and self._process.poll() is None and self._started == name:
            self._process.stdin.close()
        else:
            self._stop_without_supervisor(training)
        return training

    def close(self) -> None:
        """Stop the training that this server started, as its end does, and wait until the state is saved."""
        if self._process is None:
            return
        assert self._process.stdin
        self._process.stdin.close()
        try:
            self._process.wait(SAVE_SECONDS)
            if self.running() != self._started or not self._started:
                return
            self.stop(self._started)  # the supervisor was killed, and its command runs on
        except (subprocess.TimeoutExpired, PageError):  # it goes on saving without us, or is not to be found
            return
        until = time.monotonic() + SAVE_SECONDS
        while self.running() == self._started and time.monotonic() < until:
            time.sleep(0.1)

    def __enter__(self) -> Trainings:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _stop_without_supervisor(self, training: Training) -> None:
        """Send a signal to the command: its supervisor was killed, or is another server's."""
        found = read_status(training.folder)
        process = found.process
        if found.stopping:
            return  # a second signal would end it without saving
        if not isinstance(process, int) or not _has_open(process, self.folder / LOCK_FILE):
            raise PageError("retrain.not_ours", name=training.name, process=process or "?")
        try:
            write_status(training.folder, dataclasses.replace(found, status=None, stopping=True))
            os.kill(process, signal.SIGTERM)
        except ProcessLookupError:  # it has just ended
            pass
        except OSError:
            raise PageError("retrain.not_ours", name=training.name, process=process) from None

    def _read(self, name: str, runs: bool) -> Training:
        """`runs`: whether the lock is held in the training's name."""
        folder = self.folder / name
        try:
            if not is_safe_name(name):
                raise ValueError
            asked = json.loads((folder / REQUEST_FILE).read_text(encoding="utf-8"))
            request = TrainingRequest(**{**asked, "columns": tuple(asked["columns"])})
        except (OSError, ValueError, TypeError, KeyError):
            raise PageError("retrain.unknown", name=name) from None
        return Training(folder, request, _state(read_status(folder), runs))

    def _launch(self, training: Training, lock: int) -> None:
        """Start the supervisor, which inherits the lock and lives as long as its standard input stays open.

        PageError if it does not start.
        """
        todo = training.commands()
        command = [sys.executable, "-m", training_supervisor.__name__, str(training.folder), str(lock)]
        if self._process:
            self._process.wait()  # it has let go of the lock: this only takes note of its end
        try:
            write_status(training.folder, Status(next(iter(todo))))
            self._started = training.name
            with open(training.folder / training_supervisor.OUTPUT_FILE, "ab") as output:
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=output,
                    stderr=output,
                    pass_fds=(lock,),
                    start_new_session=True,  # Ctrl-C at the server's terminal is not for it
                    env={**os.environ, "PYTHONPATH": _path_to_this_copy()},
                )
            assert self._process.stdin
            self._process.stdin.write(json.dumps(todo).encode() + b"\n")
            self._process.stdin.flush()
        except OSError as error:
            raise PageError("retrain.not_launched", reason=error.strerror or str(error)) from None

    @contextmanager
    def _locked(self, name: str) -> Iterator[int]:
        """The descriptor of the lock file, locked in the name of a training; PageError if another runs.

        The lock goes when the last process that holds the descriptor ends, whatever ends it.
        """
        with self._using_lock, open(self.folder / LOCK_FILE, "a+", encoding="utf-8") as file:
            for pause_seconds in (0.1, 0.1, 0.1, 0.0):  # another server may just be looking
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    time.sleep(pause_seconds)
            else:
                file.seek(0)
                raise PageError("retrain.one_at_a_time", name=file.read().strip())
            file.truncate(0)
            file.write(name)
            file.flush()
            yield file.fileno()


def _write_request(request: TrainingRequest, folder: Path) -> None:
    """Put what was uploaded and asked for into the training's folder; PageError if that fails."""
    asked = dataclasses.asdict(dataclasses.replace(request, upload=""))
    try:
        if request.upload:
            shutil.copyfile(request.upload, request.text)
        (folder / REQUEST_FILE).write_text(json.dumps(asked, indent=1), encoding="utf-8")
    except OSError as error:
        raise PageError("retrain.not_written", reason=error.strerror or "") from None


def _state(found: Status, runs: bool) -> State:
    if runs:
        return "stopping" if found.stopping else "training" if found.stage == "train" else "preparing"
    if found.stage == "train" and found.status == 0:
        return "done"
    # No status: it was killed with no time to say so, which loses no more than the steps since the last save.
    stopped = found.status in (None, 0, *training_supervisor.STOPPED_BY_SIGNAL)
    return "stopped" if stopped else "failed"


def _has_open(process: int, file: Path) -> bool:
    """Whether a process has the file open, and so is not another one that has got the same id since."""
    try:
        wanted, opened = file.stat(), list(Path(f"/proc/{process}/fd").iterdir())
    except OSError:  # it has ended, is another user's, or this system has no /proc
        return False
    for descriptor in opened:
        try:
            if os.path.samestat(wanted, descriptor.stat()):
                return True
        except OSError:
            continue
    return False


def _changed(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0


def _path_to_this_copy() -> str:
    """PYTHONPATH by which a child process imports the packages that this one did, wherever it was started."""
    here = str(Path(__file__).resolve().parents[2])
    return os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH")]))
