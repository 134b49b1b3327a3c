"""nmt.text.added_stop: a full stop that a text lacks goes from its translation."""

from __future__ import annotations

import time

import pytest

from nmt.text.added_stop import without_added_stop
from nmt.text.marks import mark

OPEN, CLOSE, CODE = mark("open", 0), mark("close", 0), mark("word", 1)


@pytest.mark.parametrize(
    ("text", "translation", "expected"),
    [
        ("Abrir archivo", "Open file.", "Open file"),
        ("Abrir archivo.", "Open file.", "Open file."),
        ("Abrir archivo:", "Open file.", "Open file."),
        ("¿Abrir?", "Open.", "Open."),
        ("Capítulo 7", "Chapter 7.", "Chapter 7"),
        ("Archivos (todos)", "Files (all).", "Files (all)"),
        ("Pagué 20 €", "I paid 20 €.", "I paid 20 €"),
        ("Era «bueno»", 'It was "good".', 'It was "good"'),
        ("Era «bueno»", 'It was "good."', 'It was "good"'),
        ("Dijo: «Es bueno.»", 'He said: "It is good."', 'He said: "It is good."'),
        (f"El {OPEN}perro{CLOSE}", f"The {OPEN}dog.{CLOSE}", f"The {OPEN}dog{CLOSE}"),
        (f"El {OPEN}perro{CLOSE}", f"The {OPEN}dog{CLOSE}.", f"The {OPEN}dog{CLOSE}"),
        (f"El {OPEN}perro{CLOSE}.", f"The {OPEN}dog.{CLOSE}", f"The {OPEN}dog.{CLOSE}"),
        (f"Abrir {CODE}", f"Open {CODE}.", f"Open {CODE}"),
        ("Va a EE. UU", "Goes to the U.S.", "Goes to the U.S."),
        ("Con el doctor", "With the Dr.", "With the Dr."),
        ("Máximo", "Max.", "Max."),
        ("Human resources", "RR. HH.", "RR. HH."),
        ("The page", "La pág.", "La pág."),
        ("Con Ana B", "With Ana B.", "With Ana B."),
        ("Y se va", "And leaves...", "And leaves..."),
    ],
)
def test_a_stop_goes_if_the_text_ends_without_a_mark(text: str, translation: str, expected: str) -> None:
    assert without_added_stop(translation, text) == expected


@pytest.mark.parametrize("filling", [" ", '"', ".", CLOSE, f"{CLOSE}.", "a."])
def test_it_takes_no_time_on_long_texts(filling: str) -> None:
    started = time.perf_counter()
    without_added_stop("a" + filling * 20_000, "a" + filling * 20_000)
    assert time.perf_counter() - started < 1.0
