"""nmt.translation.doubt: words that the model was not sure of carry a mark, at their places in the text."""

from __future__ import annotations

import pytest

from nmt.translation.doubt import doubtful_words
from tests.support.uppercase_model import uppercase_translator

TOKENS = ["▁The", "▁old", "▁in", "vom", "io", "▁sleep", "s", "."]


def marked(text: str, scores: list[float], tokens: list[str] = TOKENS) -> list[str]:
    return [text[start:end] for start, end in doubtful_words(text, tokens, scores)]


SURE = [-0.1] * 9


@pytest.mark.parametrize(
    ("scores", "text", "expected"),
    [
        (SURE, "The old invomio sleeps.", []),
        ([-0.1, -0.1, -1.0, -1.0, -1.0, *SURE[:4]], "The old invomio sleeps.", ["invomio"]),
        ([-0.1, -0.1, -1.0, -1.0, -1.0, *SURE[:4]], "¡THE OLD INVOMIO SLEEPS!", ["INVOMIO"]),
        ([-0.1, -0.1, -1.0, -1.0, -1.0, *SURE[:4]], "The old invoice sleeps.", []),  # put right since
        ([-5.0, -5.0, *SURE[:7]], "The old invomio sleeps.", []),  # too short to say
        ([*SURE[:5], -2.0, -2.0, -0.1, -0.1], "sleeps, sleeps", ["sleeps"]),
    ],
)
def test_words_whose_pieces_are_improbable_are_marked(scores: list[float], text: str, expected: list[str]) -> None:
    assert marked(text, scores) == expected


def test_pieces_without_scores_mark_nothing() -> None:
    assert marked("The old invomio sleeps.", []) == []


def test_marks_of_a_line_are_those_of_its_sentences() -> None:
    """The model hesitates at every q."""
    translator, _ = uppercase_translator(mistakes={"q": "Q"}, near=dict.fromkeys("q", "x"))
    line = "  hola ana. 😀 qqqqqqqqqq ana. sol"
    translation = translator.translate_batch([line])[0]
    assert [translation.text[start:end] for start, end in translation.doubtful] == ["QQQQQQQQQQ"]
