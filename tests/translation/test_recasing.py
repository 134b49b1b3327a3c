"""Capitals and marks off and on; and that a lone word is searched in both spellings, and the likelier one taken."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import pytest

from nmt.text.segmentation import stands_alone
from nmt.translation.phrase_book import PhraseBook
from nmt.translation.plan import Request
from nmt.translation.recasing import Dress, dressed, undressed
from tests.support.uppercase_model import uppercase_translator


@pytest.mark.parametrize(
    ("sentence", "bare", "dress"),
    [
        ("dog", "dog", Dress(False, "")),
        ("Dog", "dog", Dress(True, "")),
        ("¡Perro!", "perro", Dress(True, "!")),
        ("¿Qué  ?!", "qué", Dress(True, "?!")),
        ("DOGS", "dogs", Dress(True, "")),
        ("Name:", "name", Dress(True, ":")),
        ("Hello,", "hello", Dress(True, ",")),
        ("UN", "UN", Dress(False, "")),
        ("EE. UU.", "EE. UU", Dress(False, ".")),
        ("I'm Tom.", "I'm Tom", Dress(True, ".")),
        ("ⅧⅨ", "ⅧⅨ", Dress(False, "")),
        ("...", "", Dress(False, "...")),
        ("", "", Dress(False, "")),
    ],
)
def test_what_is_left_without_capital_and_marks(sentence: str, bare: str, dress: Dress) -> None:
    assert undressed(sentence) == (bare, dress)


@pytest.mark.parametrize(
    ("text", "dress", "language", "expected"),
    [
        ("perro", Dress(True, "!"), "es", "¡Perro!"),
        ("dog", Dress(True, "!"), "en", "Dog!"),
        ("qué", Dress(False, "?"), "es", "¿qué?"),
        ("qué", Dress(True, "?!"), "es", "¡¿Qué?!"),
        ("¿cómo estás?", Dress(True, "."), "es", "¿Cómo estás?"),
        ("", Dress(True, ""), "en", ""),
    ],
)
def test_they_are_put_on_again(text: str, dress: Dress, language: str, expected: str) -> None:
    assert dressed(text, dress, language) == expected


def test_undressing_a_long_line_takes_no_time() -> None:
    line = "¿" * 200_000 + "." * 200_000 + "a"  # a pattern that tries every beginning would take hours
    assert undressed(line)[0] == "." * 200_000 + "a"


def test_the_likelier_spelling_of_a_lone_word_is_taken() -> None:
    # The model knows "d", and is not sure of "D" and of marks: there its second guess is close.
    translator, _ = uppercase_translator(mistakes={"D": "x"}, near={"D": "y", ".": ",", "!": ","})
    plain, _ = uppercase_translator(mistakes={"D": "x"}, near={})
    assert translator.translate("Dog.") == "DOG."
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
def test_what_is_searched_in_a_second_spelling(request_: Request, second: str | None) -> None:
    translator, _ = uppercase_translator()
    found = translator._search()._second_spelling(request_)
    assert (found and found.sentence) == second


@pytest.mark.parametrize(
    ("text", "alone"),
    [
        ("Hello.", [True]),
        ("Hello. Bye.", [True, True]),
        ("Hello\nBye", [True, True]),
        ("😀 Hello 😀", [True]),
        ("I ❤️ fish", [False, False]),
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


def test_a_flawed_candidate_of_the_second_spelling_starts_no_other_search() -> None:
    """Or the best would depend on how many are asked for."""
    translator, model = uppercase_translator()
    search = translator._search(n_best=2)
    request = Request("Dog")
    whole = search.translate([request])[0]
    better = replace(whole, score=0.0, candidates=(("dog", -0.1), ("", -0.2)))
    started = search.start([request])
    started.searching.results = lambda: [replace(whole, score=-9.0), better]  # type: ignore[method-assign]
    encoded = len(model.sources)
    found = search.finish(started)[0]
    assert (found.text, found.candidates) == ("Dog", (("Dog", -0.1),))
    assert len(model.sources) == encoded
