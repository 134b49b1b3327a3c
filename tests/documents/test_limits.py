"""nmt.documents: what is made to take long is refused, or does not take long."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from markdown_it.parser_inline import ParserInline
from markdown_it.rules_inline import StateInline

from nmt.documents.document import Limits
from nmt.documents.formats import PASSAGES, open_document
from nmt.errors import UserError
from tests.support.documents import save, texts_of


@pytest.mark.parametrize("suffix", PASSAGES)
def test_a_text_file_with_too_much_around_its_texts_is_refused_before_it_is_parsed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    parsed: list[int] = []
    monkeypatch.setitem(PASSAGES, suffix, lambda content, name: parsed.append(len(content)) or [])
    path = save(tmp_path, suffix, "á" * 40)  # characters, not bytes
    with pytest.raises(UserError, match="40 characters with its markup, the limit is 39; cut it"):
        open_document(path, Limits(content=39))
    assert parsed == []
    open_document(path, Limits(content=40))
    open_document(path)  # only who serves others has reason for such a limit
    assert parsed == [40, 40]


@pytest.mark.parametrize("hostile", ["[" * 5000, "![" * 2500, "[" * 5000 + "]"])
def test_brackets_without_end_are_left_alone_before_they_take_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hostile: str
) -> None:
    looked = 0
    skip = ParserInline.skipToken

    def counted(self: ParserInline, state: StateInline) -> None:
        nonlocal looked
        looked += 1
        skip(self, state)

    monkeypatch.setattr(ParserInline, "skipToken", counted)
    path = save(tmp_path, ".md", f"Una frase.\n\n{hostile}\n\nOtra [frase](a.b).\n")
    assert open_document(path).texts[0] == "Una frase."
    assert "Otra <0>frase</0>." in texts_of(path)
    assert looked / 2 < 14 * len(hostile)  # twenty to forty times without a limit


def test_a_ruled_line_beside_words_is_no_such_thing(tmp_path: Path) -> None:
    path = save(tmp_path, ".md", f"{'=' * 60} Un título {'=' * 60}\n")
    assert "Un título" in open_document(path).texts[0]


@pytest.mark.parametrize("filling", [" ", "a", "*", " · "])
@pytest.mark.parametrize("suffix", [".json", ".md", ".po", ".srt"])
def test_a_long_run_of_one_sign_takes_no_time(tmp_path: Path, suffix: str, filling: str) -> None:
    """Of twice as many signs not four times as much: seconds became hours at the limit on a file's size."""
    text = json.dumps(f"Hello.{filling * 40_000}Hello.", ensure_ascii=False)
    content = {
        ".json": f'{{"a": {text}}}',
        ".po": f'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\nmsgid {text}\nmsgstr ""\n',
        ".srt": f"1\n00:00:01,000 --> 00:00:02,000\n{text[1:-1]}\n\n",
    }.get(suffix, text[1:-1])
    path = save(tmp_path, suffix, content)
    started = time.perf_counter()
    document = open_document(path)
    document.write([f"{text} ." for text in document.texts], tmp_path / f"out{suffix}")
    assert time.perf_counter() - started < 4
