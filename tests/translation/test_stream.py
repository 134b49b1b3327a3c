"""nmt.translation.translator: a stream of lines is translated in order, while it comes."""

from __future__ import annotations

import itertools

import pytest

from nmt.errors import UserError
from nmt.translation.sentence_translator import PendingBatch, SentenceTranslator
from nmt.translation.translator import WINDOW_LINES
from tests.support.uppercase_model import uppercase_translator


def test_a_stream_is_translated_before_it_ends() -> None:
    translator, _ = uppercase_translator()
    taken = 0

    def endless():  # type: ignore[no-untyped-def]
        nonlocal taken
        for number in itertools.count():
            taken += 1
            yield f"{number} a"

    results = list(itertools.islice(translator.stream(endless(), beam=1), 3))
    assert [result.text for result in results] == ["0 A", "1 A", "2 A"]
    assert taken <= 2 * WINDOW_LINES  # while one window is searched, the next is prepared


def test_a_stream_gives_what_has_come_when_the_next_line_is_not_there_yet() -> None:
    translator, _ = uppercase_translator()
    asked: list[str] = []

    def conversation():  # type: ignore[no-untyped-def]
        for line in ("a", "b", "c"):
            asked.append(line)
            yield line
            if line != "b":
                yield None

    stream = translator.stream(conversation(), beam=1)
    assert (next(stream).text, asked) == ("A", ["a"])
    assert (next(stream).text, asked) == ("B", ["a", "b", "c"])
    assert [result.text for result in stream] == ["C"]


def test_a_stream_gives_every_line_in_order() -> None:
    translator, _ = uppercase_translator()
    lines = [f"a{'b' * (n % 7)} {n}" for n in range(WINDOW_LINES + 10)]
    assert [result.text for result in translator.stream(iter(lines), beam=1)] == [line.upper() for line in lines]
    assert list(translator.stream(iter([]))) == []


def test_what_comes_before_an_unreadable_line_is_translated() -> None:
    translator, _ = uppercase_translator()

    def broken():  # type: ignore[no-untyped-def]
        yield from (f"a {number}" for number in range(WINDOW_LINES + 3))
        raise UserError("line 516: not UTF-8")

    results = []
    with pytest.raises(UserError, match="line 516"):
        for result in translator.stream(broken(), beam=1):
            results.append(result.text)
    assert results == [f"A {number}" for number in range(WINDOW_LINES + 3)]


def test_a_stream_that_is_closed_takes_back_what_it_began(monkeypatch: pytest.MonkeyPatch) -> None:
    translator, _ = uppercase_translator()
    begun: list[PendingBatch] = []
    cancelled: list[PendingBatch] = []
    start = SentenceTranslator.start
    monkeypatch.setattr(SentenceTranslator, "start", lambda self, r: begun.append(start(self, r)) or begun[-1])
    monkeypatch.setattr(PendingBatch, "cancel", lambda self: cancelled.append(self))
    stream = translator.stream((f"a {n}" for n in itertools.count()), beam=1)
    next(stream)
    stream.close()
    assert len(begun) == 2  # a window, which is done, and the one after it
    assert cancelled == begun[1:]
