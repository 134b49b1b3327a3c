"""What a visitor asks to be trained: checked before anything starts, and the two commands that do it.

Nothing is started here (`training_jobs.py` does that), and nothing that a visitor typed is ever read by a shell: the
commands are argument lists.

A path on the server is opened because a visitor names it.  That is acceptable only under `--allow-training`: whoever
may train can make this server read every file that its user can read, and sees parts of one with two columns as
sample translations and in the model.  The flag says that visitors are trusted as much as whoever started the server.
No message here quotes what is in a file.
"""

from __future__ import annotations

import os
import re
import stat
import sys
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nmt.config import Config, load_config, recipe_names
from nmt.serving import training_supervisor
from nmt.serving.errors import PageError
from nmt.serving.messages import catalogue

MIN_PAIRS = 200  # different ones: a twentieth of them is set aside to score on
MAX_UPLOAD_BYTES = 10 * 1024 * 1024  # as the server's own limit; a larger text is named by its path
MAX_FILE_BYTES = 500 * 1024 * 1024  # of a file of the server: it is read before the answer
MAX_LINE_BYTES = 1_000_000  # a longer line is no sentence, and would fill the memory
MIN_PIECES, USUAL_PIECES, MAX_PIECES = 300, 8000, 32_000  # of the vocabulary
MAX_STEPS, MAX_MINUTES = 10_000_000, 60 * 24 * 14
MAX_NAME_CHARS = 60
OTHER_FORMATS = (".csv", ".gz", ".xz", ".bz2", ".zst")  # which data_prep would take for what their names say
TEXT_FILE = "text.tsv"  # what was uploaded, in the training's folder


@dataclass(frozen=True)
class TrainingRequest:
    """A training as it was asked for; all of it has been checked."""

    name: str  # of its folder: letters, digits, - and _
    recipe: str
    columns: tuple[str, str]  # language codes of the two columns
    reverse: bool  # translate from the second column into the first
    text: str  # the TSV file that `data_prep` reads
    upload: str  # where what was uploaded lies until the start; "" if `text` is a file of the server
    pairs: int  # lines of `text` that are not empty
    vocab_size: int
    steps: int  # 0: as many as the recipe says
    minutes: float  # 0: as many as the recipe says
    language_filter: bool  # leave out lines in the wrong language

    @property
    def direction(self) -> tuple[str, str]:
        """Source and target language."""
        return (self.columns[1], self.columns[0]) if self.reverse else self.columns


def check(
    base: Path,
    name: str,
    recipe: str,
    first: str,
    second: str,
    reverse: bool,
    upload: str | None,
    path: str | None,
    vocab_size: float | None = None,
    steps: float | None = None,
    minutes: float | None = None,
    language_filter: bool = True,
) -> TrainingRequest:
    """The form's values as a request; PageError for the first that will not do.

    base        folder of all trainings
    upload      file that the server received, or None; either this or `path` is given
    vocab_size  pieces; 0 or None: by the amount of text
    """
    name = safe_name(name)
    path = str(path or "").strip()
    folder = base / name
    if folder.exists() and not (failed_to_prepare(folder) and not _lies_in(path, folder)):
        raise PageError("retrain.name_taken", name=name)
    if recipe not in recipes():
        raise PageError("retrain.unknown_recipe", recipe=_printable(recipe))
    columns = (_language(first), _language(second))
    if columns[0] == columns[1]:
        raise PageError("retrain.one_language", language=columns[0])
    if bool(upload) == bool(path):
        raise PageError("retrain.one_text")
    pairs = check_upload(Path(upload)) if upload else check_server_file(path)
    pieces = _number(vocab_size, MAX_PIECES, "vocab_size") or fitting_vocabulary(pairs)
    if pieces < MIN_PIECES:
        raise PageError("retrain.few_pieces", least=MIN_PIECES)
    return TrainingRequest(
        name=name,
        recipe=recipe,
        columns=columns,
        reverse=bool(reverse),
        text=str(folder / TEXT_FILE) if upload else path,
        upload=upload or "",
        pairs=pairs,
        vocab_size=int(pieces),
        steps=int(_number(steps, MAX_STEPS, "steps")),
        minutes=_number(minutes, MAX_MINUTES, "minutes", whole=False),
        language_filter=bool(language_filter),
    )


def commands(request: TrainingRequest, folder: Path, resume: bool = False) -> dict[str, list[str]]:
    """The argument lists by stage, "prepare" and "train", of the training in `folder`."""
    data, run = str(folder / "data"), str(folder / "run")
    prepare = [sys.executable, "-m", "data_prep", "build"]
    prepare += ["--pair", "-".join(request.columns), "--source", f"tsv:{request.text}"]
    prepare += ["--vocab-size", str(request.vocab_size), "--out", data]
    if not request.language_filter:
        prepare.append("--no-language-filter")
    train = [sys.executable, "-m", "nmt", "train", request.recipe, "--data", data, "--out", run]
    if request.reverse:
        train += ["--set", "data.reverse=true"]
    if request.steps:
        train += ["--set", f"training.steps={request.steps}"]
    if request.minutes:
        train += ["--set", f"training.minutes={request.minutes:g}"]
    if resume:
        train.append("--resume")
    return {"prepare": prepare, "train": train}


def recipes() -> dict[str, Config]:
    """The recipes of translators by name, the one with the fewest steps first."""
    found = [(load_config(name), name) for name in recipe_names()]
    ordered = sorted(found, key=lambda pair: (pair[0].training.steps, pair[1]))
    return {name: config for config, name in ordered if not config.data.language_model}


def safe_name(text: str) -> str:
    """ "Médico nº 2" -> "Medico-no-2": letters, digits, - and _ only, so that it is a folder's name and no option."""
    plain = unicodedata.normalize("NFKD", str(text)).encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9_]+", "-", plain).strip("-_")[:MAX_NAME_CHARS]
    if not name:
        raise PageError("retrain.no_name")
    return name


def is_safe_name(name: str) -> bool:
    """Whether `safe_name` can have made it."""
    return len(name) <= MAX_NAME_CHARS and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name) is not None


def failed_to_prepare(folder: Path) -> bool:
    """Whether the folder is what a training left that never came to train, and so may be replaced."""
    found = training_supervisor.read_status(folder)
    not_failed = (None, 0, *training_supervisor.STOPPED_BY_SIGNAL)
    return found.stage == "prepare" and found.status not in not_failed


def fitting_vocabulary(pairs: int) -> int:
    """Pieces for so many pairs: the fewer sentences, the fewer pieces are seen often enough to be learned."""
    return min(USUAL_PIECES, 400 + pairs // 5)


def check_upload(file: Path) -> int:
    """The number of pairs in an uploaded TSV; PageError if it cannot be trained on."""
    try:
        if file.stat().st_size > MAX_UPLOAD_BYTES:
            raise PageError("retrain.too_large", name=file.name, limit=MAX_UPLOAD_BYTES // 2**20)
        return check_tsv(file, file.name)
    except OSError:
        raise PageError("retrain.upload_gone") from None


def check_server_file(path: str) -> int:
    """The same of a file of the server; the module's docstring says why a visitor may name one."""
    # Not characters, or characters with a meaning in data_prep's `tsv:FILE:OPTIONS@SETTINGS`.
    if re.search(r"[:@\x00-\x1f\ud800-\udfff]", path):
        raise PageError("retrain.odd_path")
    try:
        found = os.stat(path)
    except OSError:
        raise PageError("retrain.no_file", path=path) from None
    if not stat.S_ISREG(found.st_mode):  # a pipe or a device may never end
        raise PageError("retrain.not_regular", path=path)
    if not os.access(path, os.R_OK):
        raise PageError("retrain.unreadable", path=path)
    if found.st_size > MAX_FILE_BYTES:
        raise PageError("retrain.too_large_here", path=path, limit=MAX_FILE_BYTES // 2**20)
    try:
        return check_tsv(Path(path), path)
    except OSError:
        raise PageError("retrain.unreadable", path=path) from None


def check_tsv(file: Path, shown: str) -> int:
    """How many lines have text, if each of them has two columns; PageError with file:line for the first bad one.

    shown  what to call the file in messages
    """
    if file.suffix.lower() in OTHER_FORMATS:
        raise PageError("retrain.not_tsv", name=shown)
    pairs = 0
    different: set[tuple[str, ...]] = set()
    with open(file, "rb") as stream:
        for number, raw in enumerate(iter(lambda: stream.readline(MAX_LINE_BYTES), b""), start=1):
            sides = _sides(raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw, f"{shown}:{number}")
            pairs += bool(sides)
            if sides and len(different) < MIN_PAIRS:
                different.add(sides)
    if len(different) < MIN_PAIRS:
        raise PageError("retrain.few_pairs", name=shown, pairs=len(different), least=MIN_PAIRS)
    return pairs


def _sides(raw: bytes, where: str) -> tuple[str, ...]:
    """The two columns of a line; () for an empty line."""
    if len(raw) == MAX_LINE_BYTES:
        raise PageError("retrain.long_line", where=where, limit=MAX_LINE_BYTES)
    try:
        line = raw.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise PageError("retrain.not_utf8", where=where) from None
    if not line:
        return ()
    sides = tuple(line.split("\t"))
    if len(sides) != 2:
        raise PageError("retrain.not_two_columns", where=where, columns=len(sides))
    if bool(sides[0].strip()) != bool(sides[1].strip()):
        raise PageError("retrain.empty_side", where=where)
    return sides if sides[0].strip() else ()


def _lies_in(path: str, folder: Path) -> bool:
    return bool(path) and Path(_printable(path).replace("\0", "")).resolve().is_relative_to(folder.resolve())


def _printable(value: Any) -> str:
    """The value without halves of surrogate pairs, which no answer can be written with."""
    return str(value).encode("utf-8", "replace").decode()


def _language(code: Any) -> str:
    code = _printable(code or "").strip().lower()
    if not re.fullmatch(r"[a-z]{2,3}", code):
        raise PageError("retrain.not_a_language", code=code)
    return code


def _number(value: float | None, most: float, what: str, whole: bool = True) -> float:
    """A number of the form's field `what`, from 0 to `most`; an empty field is 0."""
    value = 0 if value is None else value
    good = isinstance(value, int | float) and 0 <= value <= most  # which nan is not
    if not good or (whole and value % 1):
        field = catalogue.MESSAGES[f"retrain.{what}"]
        raise PageError("retrain.not_in_range", what=field, least=0, most=most)
    return value
