"""nmt.serving.scoring: what is sent to be scored is read and checked, and refused with a message in both languages."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from nmt.evaluation.comparison import Corpus, Result, measure
from nmt.serving import scoring, subprocess_call
from nmt.serving.errors import PageError
from nmt.serving.messages import catalogue
from tests.support.test_sets import REFERENCE, A, B


def scored(*boxes: str) -> Result:
    return asyncio.run(scoring.measured(scoring.corpus_of(*boxes)))


def test_texts_of_the_boxes_are_scored_in_another_process() -> None:
    source, reference, a, b = ("\n".join(lines) for lines in ([], REFERENCE, A, B))
    assert scored(source, reference + "\n", a, b) == measure(Corpus(REFERENCE, [A, B]))


@pytest.mark.parametrize(
    ("texts", "english", "spanish"),
    [
        (("", "a\nb", "a\nb\nc", "a"), "reference 2, system A 3, system B 1", "referencia 2, sistema A 3, sistema B 1"),
        (("x", "a\nb", "a\nb", ""), "source 1, reference 2, system A 2", "original 1, referencia 2, sistema A 2"),
        (("", "", "a", ""), "There is no reference", "Falta la referencia"),
        (("", "\n\n", "a\nb", ""), "There is no reference", "Falta la referencia"),
        (("", "a", "", ""), "There is nothing to score", "No hay nada que evaluar"),
        (("", "a", "x" * 10_001, ""), "Line 1 (system A) has 10,001 characters", "La línea 1 (sistema A)"),
        (("", "a\n" * 10_001, "b\n" * 10_001, ""), "10,001 lines; the limit is 10,000", "10.001 líneas"),
        (("", "a\n" * 12_000, "b", ""), "reference 12,000, system A 1.", "referencia 12.000, sistema A 1."),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_said_in_both_languages(texts: tuple[str, ...], english: str, spanish: str) -> None:
    with pytest.raises(PageError) as raised:
        scored(*texts)
    said = catalogue.both(raised.value.key, **raised.value.values)
    assert english in said[0] and spanish in said[1]


def test_texts_may_be_as_long_as_the_limit_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "MAX_CHARS", 20)
    assert scoring.corpus_of("", "1234567890", "1234567890", "").systems == [["1234567890"]]
    with pytest.raises(PageError, match="21 characters together; the limit is 20"):
        scoring.corpus_of("", "1234567890", "1234567890x", "")


def test_lines_end_with_line_feeds_alone_or_after_carriage_returns() -> None:
    assert scoring.lines_of("a\r\nb\u2028c\n\n") == ["a", "b\u2028c", ""]
    assert scoring.lines_of("") == []


def test_an_uploaded_file_keeps_its_lines(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes("\ufeffuno\r\ndos\rtres\n\nseñal".encode())
    text = scoring.read_text(file)
    assert text == "uno\ndos tres\n\nseñal\n"
    assert scoring.lines_of(text) == ["uno", "dos tres", "", "señal"]


def test_a_file_that_is_no_text_is_named_without_its_folder(tmp_path: Path) -> None:
    file = tmp_path / "picture.txt"
    file.write_bytes(b"fine\n\xff\xfe\n")
    with pytest.raises(PageError, match="picture.txt:2: not UTF-8") as raised:
        scoring.read_text(file)
    assert str(tmp_path) not in str(raised.value)


def test_a_file_may_be_as_large_as_the_limit_and_no_larger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "MAX_FILE_BYTES", 10)
    file = tmp_path / "a.txt"
    file.write_text("0123456789")
    assert scoring.read_text(file) == "0123456789\n"
    file.write_text("0123456789x")
    with pytest.raises(PageError, match="a.txt is larger than"):
        scoring.read_text(file)


def test_a_table_fills_the_boxes_from_the_left(tmp_path: Path) -> None:
    file = tmp_path / "set.tsv"
    file.write_text("uno\tone\ndos\ttwo\n")
    assert scoring.read_table(file) == ["uno\ndos\n", "one\ntwo\n", "", ""]
    file.write_text("uno\tone\tan\tun\n")
    assert scoring.read_table(file) == ["uno\n", "one\n", "an\n", "un\n"]
    for text, message in (
        ("a\tb\nc\n", "line 2, has 1 columns and the first line 2"),
        ("a\n", "line 1, has 1 columns"),
        ("a\tb\tc\td\te\n", "line 1, has 5 columns"),
        ("", "set.tsv is empty"),
    ):
        file.write_text(text)
        with pytest.raises(PageError, match=message):
            scoring.read_table(file)


def test_a_comparison_that_takes_too_long_or_fails_gets_a_message(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as hurried:
        hurried.setattr(scoring, "MAX_SECONDS", 0.0)
        with pytest.raises(PageError, match="was stopped"):
            scored("", "a", "a", "")

    async def fail(*_: Any, **__: Any) -> Any:
        raise subprocess_call.Failed("a traceback that is nobody's business")

    monkeypatch.setattr(subprocess_call, "call", fail)
    with pytest.raises(PageError, match="Something went wrong") as raised:
        scored("", "a", "a", "")
    assert "traceback" not in str(raised.value) and "traceback" in caplog.text
