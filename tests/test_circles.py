"""What goes in circles is said once; what the source repeats, and what people say twice, stays."""

from __future__ import annotations

import pytest

from nmt.circles import without_circles


@pytest.mark.parametrize(
    ("hypothesis", "straight"),
    [
        ("the work of the work of the work of a man", "the work of a man"),
        ("the work of the work of the work of the", "the work of the"),
        ("Contact Physical physical physical physically", "Contact Physical physically"),
        ("He is tired, tired, tired and tired.", "He is tired and tired."),
        ("a b c d e f A b c d e f a, b, c, d, e, f!", "a b c d e f!"),
        ("no no no and yes yes yes yes", "no and yes"),
    ],
)
def test_what_comes_three_times_in_a_row_is_said_once(hypothesis: str, straight: str) -> None:
    assert without_circles("Una frase cualquiera.", hypothesis) == straight


@pytest.mark.parametrize(
    "hypothesis", ["", "...", "very, very good", "a b a b", "one two three four", "a b c a d a e a"]
)
def test_what_does_not_go_in_circles_stays(hypothesis: str) -> None:
    assert without_circles("Una frase cualquiera.", hypothesis) == hypothesis


def test_what_the_source_says_as_often_stays() -> None:
    assert without_circles("¡No, no, no!", "No, no, no!") == "No, no, no!"
    assert without_circles("¡No, no, no!", "No, no, no, no!") == "No!"


def test_more_than_six_words_together_are_the_search_s_business() -> None:
    seven = "one two three four five six seven "
    assert without_circles("x", seven * 3) == seven * 3
