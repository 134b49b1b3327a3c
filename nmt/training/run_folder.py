"""The folder of a training run: what lies in it, who may write into it, which checkpoints stay.

RUN/config.yaml            the recipe as trained
RUN/checkpoints/step-N/    checkpoint folders, the newest `training.keep` and the best
RUN/best                   a link to the best of them
RUN/state/step-N/          what --resume goes on from (`nmt.training.resume`)
RUN/log.jsonl, RUN/tensorboard/
RUN/.lock                  while a training writes into the folder: its process and host
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

try:
    import fcntl
except ImportError:  # Windows, where nothing is locked
    fcntl = None  # type: ignore[assignment]

LOCK_FILE = ".lock"


@contextmanager
def locked(run: Path) -> Iterator[None]:
    """Make the folder if it is not there, and within the block keep other trainings out of it.

    Raises UserError if another one has the lock, which ends with the process, however that ends.  A folder that was
    made and into which nothing was written is removed."""
    is_new = not run.exists()
    try:
        run.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{run}: cannot be made a folder: {error.strerror}; give another --out") from None
    while True:
        with open(run / LOCK_FILE, "a+", encoding="utf-8") as file:
            _take_lock(file, run)
            if os.fstat(file.fileno()).st_nlink == 0:  # its last holder has removed it since it was opened
                continue
            file.truncate(0)
            json.dump({"process": os.getpid(), "host": socket.gethostname()}, file)
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

    A process that was killed leaves the file behind, but unlocked.  Whether one on another host still runs, a file
    system that hosts share need not tell: then what the file says counts."""
    here, held = socket.gethostname(), False
    with suppress(OSError):  # a file system without locks
        try:
            if fcntl:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            held = True
    file.seek(0)
    try:
        holder = json.load(file)
        process, host = holder["process"], holder["host"]
    except (ValueError, KeyError, TypeError):  # just made
        process, host = "?", here
    if held or host != here:
        remedy = "" if host == here else f" (if it ended without saying so, remove {run / LOCK_FILE})"
        raise UserError(
            f"{run}: process {process} on {host} is training into it; wait for its end, or give another "
            f"--out{remedy}"
        )


def check_run_folder(run: Path, resume: bool) -> None:
    """UserError unless `run` can be what it is to be: a new run, or with `resume` one that was begun."""
    if resume and not (run / CONFIG_FILE).exists():
        raise UserError(f"{run}: no training run to resume; check --out, or leave out --resume to begin one")
    if not resume and ((run / "state").exists() or run_checkpoints(run)):
        raise UserError(
            f"{run}: holds a training run already; add --resume to go on with it, or give another --out"
        )
    if not resume and any(run.glob("*.safetensors")):
        raise UserError(
            f"{run}: is a checkpoint folder, which a training would overwrite; give another --out"
        )


def checkpoint_folder(run: Path, step: int) -> Path:
    """Where the checkpoint of `step` lies."""
    return run / "checkpoints" / f"step-{step:07}"


def prune_checkpoints(run: Path, keep: int, best_step: int) -> None:
    """Remove all checkpoints but the newest `keep` and that of `best_step`."""
    for folder in run_checkpoints(run)[:-keep]:
        if folder != checkpoint_folder(run, best_step):
            shutil.rmtree(folder, ignore_errors=True)
