"""nmt.text.normalization: what models read of a sentence, and how its spelling comes back."""

from __future__ import annotations

import time

import pytest

from nmt.text.normalization import (
    cleaned,
    composed,
    model_input,
    one_line,
    respelled,
    with_spelling,
    without_shouting,
    without_surrogates,
)


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


def test_the_model_sees_no_control_characters() -> None:
    assert model_input("a\x00b\tc\u200bd\u00ade\ufeff\ufffd") == "a b cde"


def test_a_hypothesis_becomes_one_clean_line() -> None:
    assert one_line(" a\nb\r\n c\u2028d\x00e\ufffd ") == "a b c d e"


def test_surrogates_are_joined_or_replaced() -> None:
    assert without_surrogates("a\ud83d\ude00b\ud800c") == "a😀b\ufffdc"


@pytest.mark.parametrize(
    ("sentence", "read"),
    [
        ("El\u00a0perro\u202fduerme", "El perro duerme"),
        ("\u202bEl perro\u202c\u200e", "El perro"),
        ("al\u00adma\u2060 a\u200db", "alma ab"),
        ("15&nbsp;&euro;&shy;", "15 &euro;"),
        ("R&D y a & b", "R&D y a & b"),
    ],
)
def test_special_spaces_and_what_is_not_seen_are_not_read(sentence: str, read: str) -> None:
    assert cleaned(sentence) == read


@pytest.mark.parametrize(
    ("sentence", "translation", "expected"),
    [
        ("Hay 10\u202f% hoy", "There is 10 % today", "There is 10\u202f% today"),
        ("Tengo\u00a010\u00a0%", "I have 10 %", "I have 10\u00a0%"),
        ("Pagué 1\u202f000\u202f000 ya", "I paid 1 000 000", "I paid 1\u202f000\u202f000"),
        ("Tengo\u00a020\u00a0libros", "I have 20 books", "I have 20 books"),
        ("Soy Ab\u200fd", "I am Abd", "I am Ab\u200fd"),
        ("Soy Ab\u200fd", "I am Abdul", "I am Abdul"),
        ("Va ❤\ufe0f❤\ufe0f bien", "So ❤❤ well", "So ❤\ufe0f❤\ufe0f well"),
        ("usa `man\u0303ana`", "use `ma\u00f1ana`", "use `man\u0303ana`"),
    ],
)
def test_words_in_common_get_their_spelling_back(sentence: str, translation: str, expected: str) -> None:
    assert with_spelling(composed(translation), respelled(sentence)) == expected


def test_plain_sentences_have_no_special_spelling() -> None:
    assert respelled("¿Dónde está la biblioteca, R&D?") == {}
