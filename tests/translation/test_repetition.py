"""nmt.translation.repetition: what comes again and again is said once; what people mean to repeat stays."""

from __future__ import annotations

import pytest

from nmt.translation.repetition import without_repetition


@pytest.mark.parametrize(
    ("hypothesis", "once"),
    [
        ("the work of the work of the work of a man", "the work of a man"),
        ("the work of the work of the work of the", "the work of the"),
        ("Contact Physical physical physical physically", "Contact Physical physically"),
        ("He is tired, tired, tired and tired.", "He is tired and tired."),
        ("a b c d e f A b c d e f a, b, c, d, e, f!", "a b c d e f!"),
        ("The leader’s leader's leader's law", "The leader’s law"),
        ("said Sloan, Sloan Sloan's director", "said Sloan's director"),
        ("green green green and THREE, three, three!", "green and THREE!"),
        ("no, no, no, no, no, I do", "no, I do"),
        ("snaps of such such such as the", "snaps of such as the"),
        (
            "(1 bill), the Intel (2 bill), the Intel (2 bill), the Intel (2 bill)",
            "(1 bill), the Intel (2 bill)",
        ),
        ('"Baby" (Emma Spice" (Emma Spice" (Emma Spice', '"Baby" (Emma Spice'),
        ("the the the man", "the man"),
        ("since he was in in in in Rome", "since he was in Rome"),
        ("7 a 9 a 9 a 9.m. el", "7 a 9.m. el"),
        (
            "the great-great-great man of the man of the man of the man",
            "the great-great-great man of the man",
        ),
    ],
)
def test_what_comes_three_times_in_a_row_is_said_once(hypothesis: str, once: str) -> None:
    assert without_repetition("Una frase cualquiera.", hypothesis) == once


@pytest.mark.parametrize(
    "hypothesis",
    [
        "",
        "...",
        "John's and Ann's and Tom's",
        "very, very good",
        "a b a b",
        "one two three four",
        "a b c a d a e a",
    ],
)
def test_what_does_not_come_three_times_in_a_row_stays(hypothesis: str) -> None:
    assert without_repetition("Una frase cualquiera.", hypothesis) == hypothesis


@pytest.mark.parametrize(
    "hypothesis",
    [
        "Costó 3.000.000.000 de dólares.",
        "IP 10.10.10.10 at 1:00:00:00",
        "9, 9, 9.3 %",
        "No, no, no sé.",
        "¡Ja, ja, ja, ja!",
        "great-great-great-grandfather",
        "such, such, such",
    ],
)
def test_what_may_be_meant_stays(hypothesis: str) -> None:
    assert without_repetition("Una frase cualquiera.", hypothesis) == hypothesis


@pytest.mark.parametrize(
    ("source", "hypothesis"),
    [
        ("Rusia, Rusia y Rusia", "Russia, Russia, Russia"),
        ("vamos, vamos, vamos", "Let's go, let's go, let's go"),
        ("¡VAMOS, VAMOS, VAMOS!", "COME ON, COME ON, COME ON!"),
        ("Es MUY, MUY, MUY bueno.", "It is VERY, VERY, VERY good."),
        ("Yo... yo... yo no sé", "I... I... I don't know"),
        ("worse and worse, and", "peor y peor y peor, y"),
        ("Nueva York, Nueva York", "New York, New York, New York"),
        ("¡Jajaja!", "Ha ha ha!"),
        ("y dice que blablabla", "and says blah blah blah"),
        ("el KKK", "the K.K.K."),
        ("A. A. A., un varón", "A. A. A., a man"),
        ("one billion people", "1 000 000 000 de personas"),
        ("1000000000", "1 000 000 000"),
        ("nueve, nueve, nueve", "9, 9, 9"),
        ("teléfono 900900900", "phone 900 900 900"),
        ("el 555 55 55 55", "555 55 55 55"),
        ("dos más dos más dos", "2 + 2 + 2"),
    ],
)
def test_what_the_source_says_as_often_or_in_another_way_stays(source: str, hypothesis: str) -> None:
    assert without_repetition(source, hypothesis) == hypothesis


@pytest.mark.parametrize(
    ("source", "hypothesis", "once"),
    [
        ("Rusia, Rusia y Rusia", "Russia, Russia, Russia, Russia, Russia", "Russia"),
        ("¡Jajaja!", "Ha ha ha ha ha!", "Ha!"),
        ("no, no, no", "no, no, no, no, no, no", "no"),
    ],
)
def test_what_the_source_says_less_often_is_said_once(source: str, hypothesis: str, once: str) -> None:
    assert without_repetition(source, hypothesis) == once


def test_a_long_text_takes_one_pass_for_each_length() -> None:
    """Two thousand repetitions one after another; a pass over the words for each would take seconds."""
    hypothesis = " ".join(f"word{i // 3}" for i in range(6000))
    assert without_repetition("x", hypothesis) == " ".join(f"word{i}" for i in range(2000))


def test_more_than_six_words_together_are_the_search_s_business() -> None:
    seven = "one two three four five six seven "
    assert without_repetition("x", seven * 3) == seven * 3
