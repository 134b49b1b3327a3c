"""What goes in circles is said once; what the source repeats, and what people say twice, stays."""

from __future__ import annotations

import pytest

from nmt.translation import repetition
from nmt.translation.repetition import without_circles


@pytest.mark.parametrize(
    ("hypothesis", "straight"),
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
        ("7 a 9 a 9 a 9.m. el", "7 a 9.m. el"),
        (
            "the great-great-great man of the man of the man of the man",
            "the great-great-great man of the man",
        ),
    ],
)
def test_what_comes_three_times_in_a_row_is_said_once(hypothesis: str, straight: str) -> None:
    assert without_circles("Una frase cualquiera.", hypothesis) == straight


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
def test_what_does_not_go_in_circles_stays(hypothesis: str) -> None:
    assert without_circles("Una frase cualquiera.", hypothesis) == hypothesis


@pytest.mark.parametrize(
    "hypothesis",
    [
        "Costó 3.000.000.000 de dólares.",
        "IP 10.10.10.10 at 1:00:00:00",
        "9, 9, 9.3 %",
        "No, no, no sé.",
        "¡Ja, ja, ja, ja!",
        "great-great-great-grandfather",
        "of Russia (Russia, Russia) or",
        "such, such, such",
        "from the 24th of May 24 by 24, and 24 more",
    ],
)
def test_what_may_be_meant_stays(hypothesis: str) -> None:
    assert without_circles("Una frase cualquiera.", hypothesis) == hypothesis


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
        ("sí que sí", "yes yes yes"),
        ("el KKK", "the K.K.K."),
        ("A. A. A., un varón", "A. A. A., a man"),
        ("one billion people", "1 000 000 000 de personas"),
        ("1000000000", "1 000 000 000"),
        ("nueve, nueve, nueve", "9, 9, 9"),
        ("teléfono 900900900", "phone 900 900 900"),
        ("el 555 55 55 55", "555 55 55 55"),
        ("dos más dos más dos", "2 + 2 + 2"),
        ("a 24 en mayo", "May 24 by 24 and 24 more"),
    ],
)
def test_what_the_source_says_as_often_or_in_another_way_stays(source: str, hypothesis: str) -> None:
    assert without_circles(source, hypothesis) == hypothesis


@pytest.mark.parametrize(
    ("source", "hypothesis", "straight"),
    [
        ("Rusia, Rusia y Rusia", "Russia, Russia, Russia, Russia, Russia", "Russia"),
        ("un varón, A. A. J., según", "a man, A. A. A 28, by", "a man, A 28, by"),
        ("en D. C., y Queens", "in D. C. C., C. and Queens", "in D. C. and Queens"),
        ("la K.A.A. Gante", "the K.A.A.A. Ghent", "the K.A. Ghent"),
        (
            "hasta las 20.30 de la tarde",
            "to the 20.30 30.30 30.30 of the afternoon",
            "to the 20.30 of the afternoon",
        ),
        ("879 de las 6 mil 74 actas", "the votes of 879 74 74-74 acts", "the votes of 879 74 acts"),
    ],
)
def test_what_the_source_says_less_often_is_said_once(source: str, hypothesis: str, straight: str) -> None:
    assert without_circles(source, hypothesis) == straight


def test_a_long_text_takes_one_pass_for_each_length() -> None:
    """Two thousand circles one after another; each has its own search in a quadratic way, 7 s of 5,000 words."""
    hypothesis = " ".join(f"word{i // 3}" for i in range(6000))
    assert without_circles("x", hypothesis) == " ".join(f"word{i}" for i in range(2000))


def test_a_source_is_looked_through_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    found = repetition._circles
    monkeypatch.setattr(repetition, "_circles", lambda text, *more: asked.append(text) or found(text, *more))
    without_circles("w w w", " ".join(f"word{i // 5}" for i in range(500)))
    assert asked.count("w w w") <= repetition.LONGEST + 1


def test_more_than_six_words_together_are_the_search_s_business() -> None:
    seven = "one two three four five six seven "
    assert without_circles("x", seven * 3) == seven * 3
