"""The folder of a training run: its contents, its lock, and which checkpoints are kept.

RUN/config.yaml            the recipe as trained
RUN/checkpoints/step-N/    checkpoint folders, the newest `training.keep` and the best
RUN/best                   a link to the best checkpoint
RUN/state/step-N/          the state that --resume loads (`nmt.training.resume`)
RUN/log.jsonl, RUN/tensorboard/
RUN/.lock                  the process, host and torchrun job of the training that is writing into the folder
"""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from nmt.checkpoint.folder import CONFIG_FILE, run_checkpoints
from nmt.errors import UserError
from nmt.files import lock

LOCK_FILE = ".lock"


@contextmanager
def locked(run: Path) -> Iterator[None]:
    """Create the folder if it does not exist, and hold its lock within the block.

    Raises UserError if another training has the lock.  The lock ends with the process, also when that is killed.  A
    folder that was created here and has stayed empty is removed."""
    is_new = not run.exists()
    try:
        run.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{run}: cannot be made a folder: {error.strerror}; give another --out") from None
    while True:
        with open(run / LOCK_FILE, "a+", encoding="utf-8") as file:
            _take_lock(file, run)
            # The last holder may have removed the file since it was opened.
            if os.fstat(file.fileno()).st_nlink == 0:
                continue
            file.truncate(0)
            json.dump({"process": os.getpid(), "host": socket.gethostname(), "job": _job()}, file)
            file.flush()
            try:
                yield
            finally:
                with suppress(OSError):
                    (run / LOCK_FILE).unlink()
                    if is_new and not any(run.iterdir()):
                        run.rmdir()
            return


def _take_lock(file: IO[str], run: Path) -> None:
    """Lock the open lock file until it is closed; UserError if another training has it.

    A process that was killed leaves the file behind, but unlocked.  On a file system that several hosts share, locks
    may not be visible to other hosts, so that a file that names another host counts as locked, unless it is of this
    job: after a restart another host may have the first process."""
    here, held = socket.gethostname(), False
    with suppress(OSError):  # a file system without locks
        try:
            lock(file)
        except BlockingIOError:
            held = True
    file.seek(0)
    try:
        holder = json.load(file)
        process, host, job = holder["process"], holder["host"], holder.get("job")
    except (ValueError, KeyError, TypeError):  # the file is new and empty
        process, host, job = "?", here, None
    if held or (host != here and (job is None or job != _job())):
        remedy = "wait for its end, or give another --out"
        if host != here:
            remedy += f" (if it ended without saying so, remove {run / LOCK_FILE})"
        raise UserError(f"{run}: process {process} on {host} is training into it; {remedy}")


def _job() -> str | None:
    """The id that `torchrun --rdzv-id` gave the job; None without one."""
    job = os.environ.get("TORCHELASTIC_RUN_ID", "none")
    return None if job == "none" else job


def check_run_folder(run: Path, resume: bool) -> None:
    """UserError unless `run` can become a new run or, with `resume`, is a run to resume."""
    problem = ""
    if resume:
        if not (run / CONFIG_FILE).exists():
            problem = "no training run to resume; check --out, or leave out --resume to begin one"
    elif (run / "state").exists() or run_checkpoints(run):
        problem = "holds a training run already; add --resume to go on with it, or give another --out"
    elif any(run.glob("*.safetensors")):
        problem = "is a checkpoint folder, which a training would overwrite; give another --out"
    if problem:
        raise UserError(f"{run}: {problem}")


def checkpoint_folder(run: Path, step: int) -> Path:
    return run / "checkpoints" / f"step-{step:07}"


def prune_checkpoints(run: Path, keep: int, best_step: int) -> None:
    """Remove all checkpoints except the newest `keep` and that of `best_step`."""
    for folder in run_checkpoints(run)[:-keep]:
        if folder != checkpoint_folder(run, best_step):
            shutil.rmtree(folder, ignore_errors=True)
