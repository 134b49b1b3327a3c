"""Bytes on disk -> lines of text: compression by file name, strict UTF-8, and the tally of bad lines.

What a line means is the business of `sources.py`.
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
import sys
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from nmt.errors import UserError

# Uncompressed; a longer line is no sentence, and a small archive can hold one of gigabytes.
MAX_LINE_BYTES = 1 << 20
COMPRESSIONS = (".gz", ".xz", ".bz2", ".zst")


class Tally:
    """Counts, for one source, what its reader did not hand on; stops at a bad line unless told to skip."""

    def __init__(self, skip_bad_lines: bool) -> None:
        self.skip_bad_lines = skip_bad_lines
        self.dropped: Counter[str] = Counter()  # reason -> records
        self.examples: list[str] = []  # the first few bad lines, for the report

    def bad_line(self, where: str, problem: str) -> None:
        """A record at `where` ("file:line") cannot be read. Raises UserError under `--on-bad-line stop`."""
        if not self.skip_bad_lines:
            raise UserError(f"{where}: {problem}; mend it, or skip such lines with --on-bad-line skip")
        self.dropped["bad_line"] += 1
        if len(self.examples) < 5:
            self.examples.append(f"{where}: {problem}")

    def pair(self, source: str, target: str, languages: tuple[str, str], where: str) -> Iterator[tuple[str, str]]:
        """The pair, unless exactly one side is empty: a missing translation. (A filter sees to two.)"""
        if bool(source.strip()) == bool(target.strip()):
            yield source, target
        else:
            missing = languages[1] if source.strip() else languages[0]
            self.bad_line(where, f"the {missing} side is missing")

    def leave_out(self, reason: str) -> None:
        """A readable record that its own file marks as unfit (`fuzzy`, `untranslated`, `obsolete`), or `blank_line`."""
        self.dropped[reason] += 1


def uncompressed_suffix(path: str | Path) -> str:
    """The lower-case suffix below any compression: ".csv" for "a.csv.gz"."""
    path = Path(path)
    return (path.with_suffix("") if path.suffix in COMPRESSIONS else path).suffix.lower()


def find_file(path: str | Path) -> Path:
    """`path`, or the one file that is `path` with a compression suffix. Raises UserError if there is none."""
    for candidate in (Path(path), *(Path(f"{path}{suffix}") for suffix in COMPRESSIONS)):
        if candidate.is_file():
            return candidate
    if Path(path).is_dir():
        raise UserError(f"{path}: is a folder; name a file")
    raise UserError(f"{path}: no such file (relative paths start at the current directory)")


@contextmanager
def open_bytes(path: Path) -> Iterator[IO[bytes]]:
    """The uncompressed bytes of `path`. Damage found while reading becomes a UserError."""
    try:
        opener = _OPENERS.get(path.suffix)
        # `path` may also be a member of an archive, a `zipfile.Path`.
        with opener(path) if opener else path.open("rb") as stream:
            yield stream
    except Exception as error:
        # Zstandard's error class has no name here, where its package may not be installed.
        damage = (EOFError, zlib.error, gzip.BadGzipFile, lzma.LZMAError)
        if isinstance(error, damage) or type(error).__name__ == "ZstdError":
            raise UserError(f"{path}: the compressed file is damaged or cut short; fetch it again") from None
        if isinstance(error, OSError):
            raise UserError(f"{path}: cannot read: {error.strerror or error}") from None
        raise


def _open_zstd(path: Path) -> Any:
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
    except ImportError:
        raise UserError(f"{path}: reading .zst needs a package: pip install backports.zstd") from None
    return zstd.open(path)


_OPENERS: dict[str, Any] = {".gz": gzip.open, ".xz": lzma.open, ".bz2": bz2.open, ".zst": _open_zstd}


def limited_lines(stream: IO[bytes], path: Path) -> Iterator[tuple[int, bytes]]:
    """Lines with their ends, and their numbers from 1. UserError for one beyond MAX_LINE_BYTES, before it is read."""
    number = 0
    while line := stream.readline(MAX_LINE_BYTES + 1):
        number += 1
        if len(line) > MAX_LINE_BYTES:
            raise UserError(f"{path}:{number} is longer than {MAX_LINE_BYTES:,} bytes; this is no file of sentences")
        yield number, line


def read_lines(path: Path, tally: Tally, damaged: bool = False) -> Iterator[tuple[int, str | None]]:
    """Yields (line number from 1, text without its line end); text is None for a line that is not UTF-8, or with
    `damaged` the line with U+FFFD for what is not.

    Only LF (or CR LF) ends a line: `str.splitlines` would also break at U+2028, U+0085 and others, and shift
    one side of a Moses pair against the other."""
    with open_bytes(path) as stream:
        for number, raw in limited_lines(stream, path):
            if number == 1:
                raw = raw.removeprefix(b"\xef\xbb\xbf")
            try:
                yield number, raw.decode("utf-8").removesuffix("\n").removesuffix("\r")
            except UnicodeDecodeError as error:
                byte, column = raw[error.start], error.start + 1
                tally.bad_line(f"{path}:{number}", f"not UTF-8 (byte 0x{byte:02X} at column {column})")
                yield number, raw.decode("utf-8", "replace").rstrip("\r\n") if damaged else None


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of the file as it lies on disk."""
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
