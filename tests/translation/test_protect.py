"""nmt.translation.protect: what a model reads of a sentence."""

from __future__ import annotations

import string
from types import SimpleNamespace
from typing import Any

import pytest

from nmt.text.protected import TERM, Item, protected_items
from nmt.translation.protect import MAX_TERMS, NUMBERS, Protected, Vocabulary, protect

LETTERS = string.ascii_letters + string.digits + "áéíóúñÁÉ .,;:!?¿¡()\"'-%/$=«»"
POOR = Vocabulary(frozenset(LETTERS), (), len, "en")
SYMBOLS = tuple(chr(0xE000 + i) for i in range(16))
RICH = Vocabulary(frozenset(LETTERS + "€#&<>{}|~²"), SYMBOLS, len)


ALPHABET = "абвгдежзийклмнопрстуфхцчшщъыьэюя"


def tokenizer_of(characters: str) -> Any:
    return SimpleNamespace(characters=frozenset(characters), placeholders=(), encode=list)


def held(protected: Protected) -> list[str]:
    return [slot.item.text for slot in protected.slots]


@pytest.mark.parametrize(
    ("sentence", "read", "items"),
    [
        ("Ve a http://a.es/b hoy.", "Ve a X2 hoy.", ["http://a.es/b"]),
        ("{0} wrote to {1}", "X2 wrote to C3", ["{0}", "{1}"]),
        ("You have %(count)s new items", "You have X2 new items", ["%(count)s"]),
        ("%d dogs", "12 dogs", ["%d"]),
        ("Hoy %d%% menos", "Hoy 12 menos", ["%d%%"]),
        ("It costs €35.", "It costs 35.", ["€35"]),
        ("It costs 1,250.40 €.", "It costs 12.", ["1,250.40 €"]),
        ("See #418 now", "See 418 now", ["#418"]),
        ("Click <b>Save</b> now", "Click Save now", ["<b>", "</b>"]),
        ("10<sup>6</sup> dogs", "106 dogs", ["<sup>", "</sup>"]),
        ("A | B", "A B", ["|"]),
        ("yes|no", "yes no", ["|"]),
        ("Marca® buena", "Marca buena", ["®"]),
        ('Say \\"yes\\" now', 'Say "yes" now', ['\\"', '\\"']),
        ("100%% sure", "100% sure", ["%%"]),
        ("Wait… now", "Wait... now", ["…"]),
        ("Come &amp; go", "Come and go", ["&amp;"]),
        ("Bed & bath", "Bed and bath", ["&"]),
        ("a & %d", "a and 12", ["&", "%d"]),
        ("2½ cups", "2 cups", ["2½"]),
        ("It costs $5.", "It costs $5.", []),
        ("&File", "File", ["&"]),
        ("La COVID-19 el 7/9/2020 a las 10:30", "La COVID-19 el 7/9/2020 a las 10:30", []),
        ("Tengo 20 libros.", "Tengo 20 libros.", []),
        ("El sushi (寿司) y Москва", "El sushi (X2) y C3", ["寿司", "Москва"]),
        ("%dms left", "12 ms left", ["%d"]),
        ("I ❤️ Berlin with a ❤️ red", "I X2 Berlin with a C3 red", ["❤", "❤"]),  # words of the sentence
        ("Thanks ❤️ to you", "Thanks to you", ["❤"]),  # none
    ],
)
def test_a_model_reads_stand_ins_and_no_markup(sentence: str, read: str, items: list[str]) -> None:
    protected = protect(sentence, POOR)
    assert protected.model_text == read
    assert held(protected) == items


def test_a_plain_sentence_is_read_as_it_is() -> None:
    protected = protect("¿Dónde está la «biblioteca»?", POOR)
    assert protected.model_text == "¿Dónde está la «biblioteca»?"
    assert not protected.slots and not protected.needs_attention and protected.has_words


def test_a_model_with_symbols_reads_them_and_the_signs_it_knows() -> None:
    protected = protect("Ve a http://a.es & {x} | ~", RICH)
    assert protected.model_text == f"Ve a {SYMBOLS[0]} & {SYMBOLS[1]} | ~"
    assert held(protected) == ["http://a.es", "{x}"]


def test_a_symbol_that_the_sentence_has_of_its_own_is_taken_out() -> None:
    tokenizer = SimpleNamespace(characters=frozenset(LETTERS).union(SYMBOLS), placeholders=SYMBOLS, encode=list)
    vocabulary = Vocabulary.of(tokenizer, tokenizer, "en", "es")  # type: ignore[arg-type]
    protected = protect(f"Hello {SYMBOLS[0]} {{x}} and {SYMBOLS[1]}", vocabulary)
    assert protected.model_text == f"Hello {SYMBOLS[0]} and"
    assert held(protected) == [SYMBOLS[0], "{x}", SYMBOLS[1]]


def test_special_spaces_and_marks_are_not_read() -> None:
    assert protect("\u202bTengo\u00a020\u202flib\u00adros\u200e", POOR).model_text == "Tengo 20 libros"


def test_stand_ins_are_not_in_the_sentence_already() -> None:
    assert protect("X2 {x} C3", POOR).model_text == "X2 M3 C3"
    assert protect("12 y 37 y %d", POOR).model_text == f"12 y 37 y {NUMBERS[2]}"


def test_an_accented_capital_that_the_vocabulary_lacks() -> None:
    """A word that small letters spell in fewer pieces is one; what is one piece without the accent is read so; anything
    else is a name, and copied."""
    sizes = {"ocio": 1, "Ultimo": 1}
    vocabulary = Vocabulary(frozenset(LETTERS) - {"É"}, (), lambda text: 2 if text == "último" else sizes.get(text, 9))
    assert protect("Óscar vive con Íñigo", vocabulary).model_text == "X2 vive con C3"
    assert protect(
        "¡Último día!", Vocabulary(frozenset(LETTERS), (), {"último": 1, "Ultimo": 3}.__getitem__)
    ).model_text == ("¡último día!")
    assert protect("El Último día", vocabulary).model_text == "El Ultimo día"


def test_later_attempts_use_other_stand_ins_and_more_and_in_the_end_none() -> None:
    sentence = "La COVID-19 en {x}"
    assert protect(sentence, POOR, 0).model_text == "La COVID-19 en X2"
    second = protect(sentence, POOR, 1)
    assert held(second) == ["COVID-19", "{x}"]
    assert "X2" not in second.model_text and not second.needs_attention
    last = protect(sentence, POOR, 2)
    assert last.model_text == "La en" and last.needs_attention


def test_a_lost_number_gets_a_stand_in() -> None:
    sentence = "Pagué 2.345,60 en 1990"
    lost = [item for item in protected_items(sentence) if item.text == "2.345,60"]
    protected = protect(sentence, POOR, 1, lost)
    assert held(protected) == ["2.345,60"]
    assert "1990" in protected.model_text and "345" not in protected.model_text


def test_terms_go_before_the_items_of_the_grammar() -> None:
    """Their places are those of the sentence after it is cleaned."""
    term = Item("R2", 8, 10, TERM, "word")
    protected = protect("Un\u00ad buen R2 *muy* bueno", POOR, given=[term])
    assert held(protected) == ["R2", "*", "*"]


@pytest.mark.parametrize(
    ("sentence", "read", "items"),
    [
        ("Sa_ve the file", "Save the file", ["_"]),
        ("Gua_rdar", "Guardar", ["_"]),
        ("User_name is", "X2 is", ["User_name"]),  # two words joined
        ("Foo_bar is", "X2 is", ["Foo_bar"]),  # no word without its mark
        ("Sa_ve_all Sa_ve() Sa_ve.txt sa_ve", "X2 C3 M3 K7", ["Sa_ve_all", "Sa_ve()", "Sa_ve.txt", "sa_ve"]),
        ("Gu&ardar save&user", "Guardar X2", ["&", "save&user"]),
        ("El 4th floor", "El 4th floor", []),
        ("La fiesta 🎉 empieza", "La fiesta empieza", ["🎉"]),
    ],
)
def test_accelerators_ordinals_and_emoji_inside_of_a_sentence(sentence: str, read: str, items: list[str]) -> None:
    """The vocabulary has "save", "user" and "name" as one piece each, and "guardar" as two."""
    known = {"save": 1, "user": 1, "name": 1, "username": 1, "guardar": 2}
    vocabulary = Vocabulary(frozenset(LETTERS + "_"), (), lambda text: known.get(text, len(text)), "en")
    protected = protect(sentence, vocabulary)
    assert protected.model_text == read
    assert held(protected) == items


def test_an_ordinal_that_was_lost_gets_a_stand_in() -> None:
    assert protect("El 4th floor", POOR, attempt=1).model_text == f"El {NUMBERS[5]} floor"


def test_what_has_no_words_left() -> None:
    assert not protect("寿司、東京", POOR).has_words
    assert not protect("{x}: %d", POOR).has_words
    assert protect("{x}: sí", POOR).has_words


def test_a_prefix_is_written_as_the_model_has_to_write_it() -> None:
    assert protect("{x} vive aquí", POOR).prefix("{x} li") == "X2 li"


def test_words_of_a_script_that_the_model_does_not_read_are_told_from_unknown_ones() -> None:
    protected = protect("Hola, Привет мир y 中文, Őse", POOR)
    assert protected.foreign == ("Привет мир", "中文")
    assert held(protected) == ["Привет мир", "中文", "Őse"]


def test_letters_that_strayed_into_a_vocabulary_do_not_make_it_read_their_script() -> None:
    spanish, russian = (tokenizer_of(f"hola {letters}") for letters in ("при", ALPHABET))
    assert Vocabulary.of(spanish, spanish, "es", "en").knows("hola") and "п" in spanish.characters
    assert not Vocabulary.of(spanish, spanish, "es", "en").knows("при")
    assert Vocabulary.of(russian, russian, "ru", "en").knows("при")


def test_further_terms_of_a_long_list_are_read_by_the_model() -> None:
    sentence = " ".join(["perro"] * (MAX_TERMS + 2))
    terms = [Item("hound", start, start + 5, TERM, "word") for start in range(0, len(sentence), 6)]
    protected = protect(sentence, RICH, given=terms)
    assert len(protected.slots) == MAX_TERMS and protected.model_text.endswith(" perro perro")
