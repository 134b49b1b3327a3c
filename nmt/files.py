"""Files and folders that appear whole or not at all: a kill leaves the old or the new ones.

What is written into them is the callers' affair."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from safetensors import SafetensorError

from nmt.errors import UserError


def previous(folder: Path) -> Path:
    """Where a folder that is being replaced steps aside."""
    return folder.with_name(f".{folder.name}.previous")


def replace_text(file: Path, text: str) -> None:
    """Write a small file; a kill leaves the old or the new one."""
    partial = file.with_name(f".{file.name}.partial")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, file)


def write_folder_atomically(folder: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a folder beside `folder`, then rename it there: a kill leaves the old or the new one.

    A folder cannot replace a full one in a single rename, so an old one steps aside for an instant first;
    `load_model` finds it there if the kill comes just then.
    """
    partial, old = folder.with_name(f".{folder.name}.partial"), previous(folder)
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
