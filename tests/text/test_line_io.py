"""nmt.text.line_io: a line ends with LF or CR LF and nothing else, and none waits for more input."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from nmt.errors import UserError
from nmt.text.line_io import CHUNK, incoming_lines, read_lines


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    yield reader, writer
    os.close(reader)


def test_only_lf_and_crlf_end_a_line(tmp_path: Path) -> None:
    text = "uno\r\ndos\rdos\u2028dos\x85dos\x0bdos\n\n  \ncinco"
    path = tmp_path / "text"
    path.write_bytes(text.encode())
    expected = ["uno", "dos\rdos\u2028dos\x85dos\x0bdos", "", "  ", "cinco"]
    assert read_lines(path) == expected
    with open(path, "rb") as file:
        assert [line.decode() for line in incoming_lines(file.fileno()) if line is not None] == expected


def test_a_final_line_end_adds_no_line(tmp_path: Path) -> None:
    for content, lines in (
        (b"", []),
        (b"\n", [""]),
        (b"a\n", ["a"]),
        (b"a\n\n", ["a", ""]),
        (b"\xef\xbb\xbfa", ["a"]),
    ):
        (tmp_path / "text").write_bytes(content)
        assert read_lines(tmp_path / "text") == lines


def test_a_file_that_is_not_utf8_is_refused_with_the_line(tmp_path: Path) -> None:
    (tmp_path / "text").write_bytes(b"bien\nmal: " + b"\xf1o\n")
    with pytest.raises(UserError, match="text:2: not UTF-8"):
        read_lines(tmp_path / "text")
    with pytest.raises(UserError, match="nowhere: cannot read it: No such file"):
        read_lines(tmp_path / "nowhere")


def test_lines_across_reads_stay_whole(tmp_path: Path) -> None:
    lines = [b"x" * (CHUNK - 2), b"\xc3\xb1" * CHUNK, b"", b"y" * (3 * CHUNK), b"z"]
    for end in (b"\n", b"\r\n"):
        (tmp_path / "text").write_bytes(end.join(lines))
        with open(tmp_path / "text", "rb") as file:
            assert list(incoming_lines(file.fileno())) == lines


def test_it_is_said_when_the_writer_waits(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    os.set_blocking(reader, False)  # a read that would have to wait fails
    stream = incoming_lines(reader)
    os.write(writer, b"uno\ndos\ntr")
    assert [next(stream) for _ in range(3)] == [b"uno", b"dos", None]
    os.write(writer, b"es\n")
    assert [next(stream) for _ in range(2)] == [b"tres", None]
    os.write(writer, b"fin\r")
    os.close(writer)
    assert list(stream) == [b"fin"]
