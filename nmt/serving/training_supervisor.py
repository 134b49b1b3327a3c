"""The process that carries out one training: `python -m nmt.serving.training_supervisor FOLDER LOCK`, started by
`training_jobs.py`.

Its commands, argument lists by stage, come as one line of JSON on standard input, which the server then keeps open.
When that closes, because a visitor pressed Stop or because the server is gone, however it went, the command that runs
gets SIGTERM: upon it `nmt train` finishes its step and saves what `--resume` goes on from.  What the commands print
goes to FOLDER/output.txt, how far they came to FOLDER/status.json.  LOCK is the descriptor of the lock that keeps a
second training from starting; this process and the command hold it until both have ended.

It knows nothing of models or of the page.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from nmt.files import write_file_atomically

OUTPUT_FILE, STATUS_FILE = "output.txt", "status.json"
STOPPED_BY_SIGNAL = (130, 143, -2, -15)  # exit statuses
SAVE_SECONDS = 600.0  # after SIGTERM the command is killed, and the last saved state has to do
NICENESS = 10  # translating goes first


@dataclass(frozen=True)
class Status:
    """How far the commands came."""

    stage: str = ""  # "prepare", "train", or "" before the first
    status: int | None = None  # exit status of the stage's command; None while it runs
    stopping: bool = False
    process: int | None = None  # the command's id while it runs, to stop it if the supervisor was killed


def write_status(folder: Path, status: Status) -> None:
    """Replace the status file in one rename: whoever reads it finds it whole."""
    write_file_atomically(folder / STATUS_FILE, json.dumps(asdict(status)))


def read_status(folder: Path) -> Status:
    """What `write_status` wrote last; an empty status for a training that has not begun."""
    try:
        return Status(**json.loads((folder / STATUS_FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return Status()


class Supervisor:
    """Runs commands one after another in the training's folder, until one fails or standard input closes."""

    def __init__(self, folder: Path, lock: int) -> None:
        self.folder, self.lock = folder, lock
        self.status = Status()
        self.process: subprocess.Popen[bytes] | None = None
        self._changing = threading.Lock()  # between the thread that runs and the one that stops

    def run(self, commands: dict[str, list[str]]) -> None:
        threading.Thread(target=self._stop_when_input_closes, daemon=True).start()
        for stage, command in commands.items():
            if self._run(stage, command) != 0:
                return

    def _run(self, stage: str, command: list[str]) -> int | None:
        """The command's exit status; None if a stop came before it started."""
        with open(self.folder / OUTPUT_FILE, "ab") as output:
            with self._changing:
                if self.status.stopping:
                    return None
                output.write(f"$ {shlex.join(command)}\n".encode())
                output.flush()
                self.process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    pass_fds=(self.lock,),
                )
                self._report(Status(stage, process=self.process.pid))
            exit_status = self.process.wait()
        with self._changing:
            self.process = None
            self._report(replace(self.status, status=exit_status, process=None))
        return exit_status

    def _stop_when_input_closes(self) -> None:
        sys.stdin.read()
        with self._changing:
            process = self.process
            if process is None:
                self.status = replace(self.status, stopping=True)
                return
            self._report(replace(self.status, stopping=True))
            process.send_signal(signal.SIGTERM)  # once: a second one would end it without saving
        try:
            process.wait(SAVE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()

    def _report(self, status: Status) -> None:
        self.status = status
        write_status(self.folder, status)


if __name__ == "__main__":
    os.nice(NICENESS)
    Supervisor(Path(sys.argv[1]), int(sys.argv[2])).run(json.loads(sys.stdin.readline()))
