"""Capitals and marks off and on; and that a lone word is searched in both spellings, and the likelier one taken."""

from __future__ import annotations

import unicodedata

import pytest

from nmt.text.segmentation import stands_alone
from nmt.translation.phrase_book import PhraseBook
from nmt.translation.plan import Request
from nmt.translation.recasing import Casing, bare_form, bare_request, recased
from tests.support.uppercase_model import uppercase_translator


@pytest.mark.parametrize(
    ("sentence", "bare", "casing"),
    [
        ("dog", "dog", Casing(False, "")),
        ("Dog", "dog", Casing(True, "")),
        ("¡Perro!", "perro", Casing(True, "!")),
        ("¿Qué  ?!", "qué", Casing(True, "?!")),
        ("DOGS", "dogs", Casing(True, "")),
        ("Name:", "name", Casing(True, ":")),
        ("Hello,", "hello", Casing(True, ",")),
        ("UN", "UN", Casing(False, "")),
        ("EE. UU.", "EE. UU", Casing(False, ".")),
        ("I'm Tom.", "I'm Tom", Casing(True, ".")),
        ("ⅧⅨ", "ⅧⅨ", Casing(False, "")),
        ("...", "", Casing(False, "...")),
        ("", "", Casing(False, "")),
    ],
)
def test_what_is_left_without_capital_and_marks(sentence: str, bare: str, casing: Casing) -> None:
    assert bare_form(sentence) == (bare, casing)


@pytest.mark.parametrize(
    ("text", "casing", "language", "expected"),
    [
        ("perro", Casing(True, "!"), "es", "¡Perro!"),
        ("dog", Casing(True, "!"), "en", "Dog!"),
        ("qué", Casing(False, "?"), "es", "¿qué?"),
        ("qué", Casing(True, "?!"), "es", "¡¿Qué?!"),
        ("¿cómo estás?", Casing(True, "."), "es", "¿Cómo estás?"),
        ("", Casing(True, ""), "en", ""),
    ],
)
def test_they_are_put_on_again(text: str, casing: Casing, language: str, expected: str) -> None:
    assert recased(text, casing, language) == expected


def test_undressing_a_long_line_takes_no_time() -> None:
    line = "¿" * 200_000 + "." * 200_000 + "a"  # a pattern that tries every beginning would take hours
    assert bare_form(line)[0] == "." * 200_000 + "a"


def test_the_likelier_spelling_of_a_lone_word_is_taken() -> None:
    # The model knows "d", and is not sure of "D" and of marks: there its second guess is close.
    translator, _ = uppercase_translator(mistakes={"D": "x"}, near={"D": "y", ".": ",", "!": ","})
    plain, _ = uppercase_translator(mistakes={"D": "x"}, near={})
    assert translator.translate("Dog.") == "DOG."
    assert translator.translate("&Dog.") == "&DOG." and translator.translate("Do_g.") == "DO_G."
    assert translator.translate_batch(["Dog!"], n_best=2)[0].text == "DOG!"
    assert plain.translate("Dog.") == "xOG."  # as likely as the other spelling: what was written stands
    assert translator.translate("Dog is.") == "xOG IS."  # two words and a mark are a sentence


@pytest.mark.parametrize(
    ("request_", "second"),
    [
        (Request("Dog"), "dog"),
        (Request("dog!"), "dog"),
        (Request("Dog race"), "dog race"),  # a title
        (Request("Dog race."), None),
        (Request("Dog Smith"), None),  # a name
        (Request("A dog race"), None),
        (Request("dog"), None),
        (Request("UN"), None),
        (Request("I"), None),
        (Request("Dog", prefix="Pe"), None),
        (Request("Dog", following=7), None),
        (Request("Dog", whole=False), None),
    ],
)
def test_what_is_searched_in_its_bare_form_too(request_: Request, second: str | None) -> None:
    found = bare_request(request_, "en")
    assert (found and found.sentence) == second


def test_a_word_with_marks_is_not_searched_without_them_for_a_language_that_has_others() -> None:
    assert bare_request(Request("Dog!"), "zh") is None
    assert bare_request(Request("Dog"), "zh") == Request("dog")


@pytest.mark.parametrize(
    ("text", "alone"),
    [
        ("Hello.", [True]),
        ("Hello. Bye.", [True, True]),
        ("Hello\nBye", [True, True]),
        ("😀 Hello 😀", [True]),
        ("I → fish", [False, False]),
        ("Hello! ❤️ fish.", [True, True]),
    ],
)
def test_what_stands_alone(text: str, alone: list[bool]) -> None:
    translator, _ = uppercase_translator(phrases=PhraseBook([("fish", "pez")]))
    plan = translator.plan(text)
    places = [i for i, part in enumerate(plan.parts) if part.translate]
    assert [stands_alone(plan.parts, i) for i in places] == alone
    assert [request.whole for request in plan.requests] == alone


def test_a_stretch_of_a_sentence_is_not_looked_up() -> None:
    translator, _ = uppercase_translator(phrases=PhraseBook([("fish", "pez")]))
    assert translator.translate("i ❤️ fish") == "I ❤️ FISH"
    assert translator.translate("fish ❤️") == "pez ❤️"


def test_a_model_gets_letters_with_their_accents() -> None:
    translator, _ = uppercase_translator()
    composed, apart = "mañana voy", unicodedata.normalize("NFD", "mañana voy")
    assert apart != composed
    assert translator.translate(apart) == translator.translate(composed)
    assert translator.translate(f"voy a `{apart}`") == f"VOY A `{apart}`"  # but code is copied as it is
