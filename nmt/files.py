"""Files, folders and links that appear whole or not at all: a kill leaves the old one or the new one.

What is written into them is the callers' affair.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from safetensors import SafetensorError

from nmt.errors import UserError

try:
    import fcntl
except ImportError:  # Windows, where nothing is locked
    fcntl = None  # type: ignore[assignment]


def write_file_atomically(file: Path, content: str | bytes) -> None:
    """Write beside `file` and rename; text is written in UTF-8."""
    partial = _partial(file)
    try:
        partial.write_bytes(content.encode() if isinstance(content, str) else content)
        os.replace(partial, file)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def write_folder_atomically(folder: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a folder beside `folder` and rename it; UserError if it cannot be written.

    A folder cannot replace a full one in a single rename, so an old one steps aside for an instant first;
    `nmt.checkpoint.folder.open_folder` finds it there if the kill comes just then.
    """
    partial, old = _partial(folder), previous(folder)
    if old.exists() and not folder.exists():
        os.rename(old, folder)
    for leftover in (partial, old):
        shutil.rmtree(leftover, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        write(partial)
    except (OSError, SafetensorError) as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise UserError(f"{folder}: cannot be written: {error}; what was there before is untouched") from None
    for path in partial.iterdir():
        with open(path, "rb") as file:
            os.fsync(file.fileno())
    if folder.exists():
        os.rename(folder, old)
    os.rename(partial, folder)
    shutil.rmtree(old, ignore_errors=True)


def replace_link(link: Path, folder: Path) -> None:
    """Make `link` a relative symbolic link to `folder`, in place of an older one."""
    partial = _partial(link)
    partial.unlink(missing_ok=True)
    os.symlink(os.path.relpath(folder, link.parent), partial)
    os.replace(partial, link)


@contextmanager
def locked_file(file: Path, otherwise: str) -> Iterator[None]:
    """Hold a lock on `file`, which is made, within the block; UserError(otherwise) if another process holds it.

    It ends with the process, however that ends."""
    with open(file, "a") as stream:
        try:
            lock(stream)
        except BlockingIOError:
            raise UserError(otherwise) from None
        yield


def lock(stream: IO[str]) -> None:
    """Lock an open file until it is closed; BlockingIOError if another process holds the lock."""
    if fcntl:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)


def check_file(file: Path, most: int) -> int:
    """The size in bytes; UserError for what cannot be read, is no regular file (but a pipe, say), or is larger."""
    try:
        status = file.stat()
    except OSError as error:
        raise UserError(f"{file}: cannot be read: {error.strerror}") from None
    if not stat.S_ISREG(status.st_mode):
        raise UserError(f"{file}: not a regular file; replace it by one")
    if status.st_size > most:
        raise UserError(f"{file}: is {status.st_size:,} bytes, more than the {most:,} that it may have")
    return status.st_size


def previous(folder: Path) -> Path:
    """Where a folder that is being replaced steps aside."""
    return folder.with_name(f".{folder.name}.previous")


def _partial(path: Path) -> Path:
    return path.with_name(f".{path.name}.partial")
