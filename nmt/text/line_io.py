"""Reads lines of UTF-8 text: of a whole file, or of a stream as they arrive.

A line ends with LF or CR LF and with nothing else.  (Text-mode files and str.splitlines also end one at lone
CR, U+0085, U+2028 and more, and so lose count of the lines of two files that belong together.)
"""

from __future__ import annotations

import os
import select
from collections.abc import Iterator
from pathlib import Path

from nmt.errors import UserError

CHUNK = 1 << 16


def read_lines(path: str | Path) -> list[str]:
    """The lines of a file; UserError if it cannot be read or is not UTF-8.  A byte order mark is dropped."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot read it: {error.strerror}") from None
    lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    if not lines[-1]:
        lines.pop()
    return [_strict(line, f"{path}:{number}") for number, line in enumerate(lines, start=1)]


def incoming_lines(descriptor: int) -> Iterator[bytes | None]:
    """Lines of a stream, without their ends, as they arrive.

    None is yielded where no more input is waiting, so that a program that writes a line and waits for the answer gets
    it.  Memory holds no more than one read and one line.
    """
    tail: list[bytes] = []  # the beginning of a line whose end has not come yet
    while chunk := os.read(descriptor, CHUNK):
        *ended, rest = chunk.split(b"\n")
        for end in ended:
            yield b"".join([*tail, end]).removesuffix(b"\r")
            tail = []
        if rest:
            tail.append(rest)
        if not _more_waits(descriptor):
            yield None
    if tail:
        yield b"".join(tail).removesuffix(b"\r")


def _more_waits(descriptor: int) -> bool:
    """Whether a read would return at once."""
    try:
        return bool(select.select([descriptor], [], [], 0)[0])
    except OSError:  # Windows can ask sockets only
        return True


def _strict(line: bytes, place: str) -> str:
    try:
        return line.removesuffix(b"\r").decode("utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"{place}: not UTF-8 ({error.reason}); convert the file and try again") from None
