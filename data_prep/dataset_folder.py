"""A dataset folder that is there whole or not at all: it is built beside its place and renamed at the end."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from glob import escape
from pathlib import Path
from typing import Any

from rich.console import Console

from data_prep.engines import open_engine
from data_prep.pipeline import Build
from data_prep.recipe import Recipe
from nmt.errors import UserError
from nmt.files import locked_file

LOCK = ".lock"


def build(
    recipe: Recipe,
    out: Path,
    force: bool = False,
    num_proc: int = 1,
    console: Console | None = None,
    engine: str = "local",
) -> dict[str, Any]:
    """Builds the dataset folder `out`; returns its report. On a UserError, `out` is as it was before."""
    console = console or Console(quiet=True)
    _clear_leftovers(out)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        if not force:
            remedy = "choose another --out, or replace it with --force"
            raise UserError(f"{out}: exists and is not empty; {remedy}")
        if not all((out / file).is_file() for file in ("data.yaml", "report.json")):
            problem = "not a dataset folder (no data.yaml and report.json), so --force does not delete it"
            raise UserError(f"{out}: {problem}; choose another --out, or remove it yourself")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix=f".{out.name}.building-", dir=out.parent.resolve()))
    except OSError as error:
        raise UserError(f"{out}: cannot write there: {error.strerror}") from None
    workers = None
    try:
        with locked_file(building / LOCK, f"{out}: another build is writing it"):
            work = building / "work"
            work.mkdir()
            workers = open_engine(engine, num_proc)
            report = Build(recipe, building, work, workers, console).run()
            shutil.rmtree(work)
            (building / LOCK).unlink()
            building.chmod(0o755)  # mkdtemp keeps others out
            _put_in_place(building, out)
    finally:
        if workers:
            workers.close()
        shutil.rmtree(building, ignore_errors=True)
    return report


def _clear_leftovers(out: Path) -> None:
    """Removes what builds of `out` left that were killed; those that go on hold a lock.  The kill of one that was
    about to replace `out` left that one beside its place."""
    for leftover in out.parent.glob(f".{escape(out.name)}.building-*"):
        if leftover.suffix == ".old" and not out.exists():
            leftover.rename(out)
            continue
        with suppress(UserError, OSError), locked_file(leftover / LOCK, "at work"):
            shutil.rmtree(leftover, ignore_errors=True)


def _put_in_place(building: Path, out: Path) -> None:
    """Renames `building` to `out`; what was there goes out of the way first and is deleted after."""
    old = building.with_name(building.name + ".old")
    if out.exists():
        out.rename(old)
    building.rename(out)
    shutil.rmtree(old, ignore_errors=True)
