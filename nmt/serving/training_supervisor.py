"""The process that carries out one training: `python -m nmt.serving.training_supervisor FOLDER LOCK`, started by
`training_jobs.py`.

Its commands, argument lists, come as one line of JSON on standard input, which the server then keeps open.  When
that closes, because a visitor pressed Stop or because the server is gone, however it went, the command that runs gets
SIGTERM: upon it `nmt train` finishes its step and saves what `--resume` goes on from.  What the commands print goes
to FOLDER/output.txt, how far they came to FOLDER/status.json.  LOCK is the descriptor of the lock that keeps a second
training from starting; it is held, here and in the command, until both have ended.

It knows nothing of models or of the page, and imports nothing but the standard library.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

OUTPUT_FILE, STATUS_FILE = "output.txt", "status.json"
STOPPED_BY_SIGNAL = (130, 143, -2, -15)  # exit statuses
PATIENCE = 600.0  # seconds after SIGTERM; then the last saved state has to do
NICENESS = 10  # translating goes first


class Supervisor:
    """Runs commands one after another in the training's folder, until one fails or standard input closes."""

    def __init__(self, folder: Path, lock: int) -> None:
        self.folder, self.lock = folder, lock
        self.stage, self.stopping = "", False
        self.process: subprocess.Popen[bytes] | None = None
        self._changing = threading.Lock()  # between the thread that runs and the one that stops

    def run(self, commands: dict[str, list[str]]) -> None:
        threading.Thread(target=self._stop_when_input_closes, daemon=True).start()
        for stage, command in commands.items():
            status = self._run(stage, command)
            if status != 0:
                return

    def _run(self, stage: str, command: list[str]) -> int | None:
        """The exit status; None if it did not start because a stop came first."""
        with open(self.folder / OUTPUT_FILE, "ab") as output:
            with self._changing:
                if self.stopping:
                    return None
                self.stage = stage
                output.write(f"$ {shlex.join(command)}\n".encode())
                output.flush()
                self.process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    pass_fds=(self.lock,),
                )
                self._report(None)
            status = self.process.wait()
        with self._changing:
            self.process = None
            self._report(status)
        return status

    def _stop_when_input_closes(self) -> None:
        sys.stdin.read()
        with self._changing:
            self.stopping = True
            process = self.process
            if process is None:
                return
            self._report(None)
            process.send_signal(signal.SIGTERM)  # once: a second one would end it without saving
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()

    def _report(self, status: int | None) -> None:
        write_status(
            self.folder, self.stage, status, self.stopping, self.process.pid if self.process else None
        )


def write_status(
    folder: Path, stage: str, status: int | None, stopping: bool, process: int | None = None
) -> None:
    """Replace the status file in one rename: whoever reads it finds it whole.

    status   exit status of the stage's command; None while it runs
    process  its id while it runs: by it the command can be stopped when the supervisor was killed
    """
    partial = folder / f".{STATUS_FILE}.partial"
    said = {"stage": stage, "status": status, "stopping": stopping, "process": process}
    partial.write_text(json.dumps(said), encoding="utf-8")
    os.replace(partial, folder / STATUS_FILE)


def read_status(folder: Path) -> dict[str, Any]:
    """What `write_status` wrote last; of a training that has not begun the same with nothing in it."""
    try:
        found = json.loads((folder / STATUS_FILE).read_text(encoding="utf-8"))
        known = {name: found[name] for name in ("stage", "status", "stopping")}
        return {**known, "process": found.get("process")}
    except (OSError, ValueError, KeyError, TypeError):
        return {"stage": "", "status": None, "stopping": False, "process": None}


if __name__ == "__main__":
    os.nice(NICENESS)
    Supervisor(Path(sys.argv[1]), int(sys.argv[2])).run(json.loads(sys.stdin.readline()))
