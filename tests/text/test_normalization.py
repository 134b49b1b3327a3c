"""Sentences all in capitals."""

from __future__ import annotations

import time

import pytest

from nmt.text.normalization import cleaned, model_input, without_shouting


@pytest.mark.parametrize(
    ("shouted", "said"),
    [
        ("¿DÓNDE ESTÁ LA BIBLIOTECA?", "¿Dónde está la biblioteca?"),
        ("I KNOW I'M LATE, AND SO AM I.", "I know I'm late, and so am I."),
        ("LUIS XIV, SIGLO XX.", "Luis XIV, siglo XX."),
        ("NO FUMAR", "No fumar"),
        ("GRACIAS", "Gracias"),
        ("«¡CUIDADO, ANA!»", "«¡Cuidado, ana!»"),
        ("1000 PERROS", "1000 PERROS"),  # one word of six letters
        ("TENGO 1000 PERROS", "Tengo 1000 perros"),
        # What is no word keeps its letters.
        ("ENTRA EN HTTPS://A.ES/BC Y USA FOO_BAR", "Entra en HTTPS://A.ES/BC y usa FOO_BAR"),
        ("WWW.EJEMPLO.ES ES BUENO", "WWW.EJEMPLO.ES es bueno"),
        ("LEE README.MD O USA --HELP-ALL", "Lee README.MD o usa --HELP-ALL"),
        ("SOPORTA %D ARCHIVOS {X} <B>", "Soporta %D archivos {X} <B>"),
        ("HAY COVID-19 EN U.S.A.", "Hay COVID-19 en U.S.A."),
    ],
)
def test_a_sentence_in_capitals_gets_small_letters(shouted: str, said: str) -> None:
    assert without_shouting(shouted) == said
    assert model_input(shouted) == said and cleaned(shouted) == shouted


@pytest.mark.parametrize(
    "text",
    ["", "123", "¡ONU!", "NASA", "UNESCO", "COVID-19", "EE. UU. 2024", "ISO 9001", "U.S.A.", "S. A. DE C. V.",
     "USB, CPU, RAM", "Ana Y YO", "¿Qué dice la NASA?", "寿司"],
)  # fmt: skip
def test_what_may_be_a_name_stays(text: str) -> None:
    assert without_shouting(text) == text


@pytest.mark.parametrize("unit", ["A", "A. ", "A.", "A/", "A-", "A1", "-", "X", "I", "A'", "%0"])
def test_takes_long_lines_of_anything(unit: str) -> None:
    """Each is a trap for a regular expression that starts over at every character."""
    started = time.process_time()
    without_shouting(unit * (100_000 // len(unit)) + " SHOUTED")
    assert time.process_time() - started < 20
