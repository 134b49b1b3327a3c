"""The phrase book: what is looked up, how it is written, and that the model has no say in it."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from nmt.errors import UserError
from nmt.translation.phrase_book import PHRASES_FILE, PhraseBook
from nmt.translation.plan import Request
from tests.support.uppercase_model import uppercase_translator

BOOK = PhraseBook(
    [
        ("hello", "hola"),
        ("thanks a lot", "muchas gracias"),
        ("Monday", "lunes"),
        ("how are you?", "¿cómo estás?"),
        ("what time is it?", "qué hora es"),
        ("OK", "Vale"),
        ("no, I'm not", "no, no lo soy"),
        ("hello", "buenas"),
        ("sorry", "lo siento"),
        ("sorry?", "¿perdón?"),
        ("why?", "¿por qué?"),
        ("mañana", "morgen"),
    ],
    "es",
)


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("hello", "hola"),
        ("Hello", "Hola"),
        ("HELLO", "Hola"),
        ("Hello.", "Hola."),
        ("Hello!", "¡Hola!"),
        ("¡Hello !", "¡Hola!"),
        ("hello…", "hola…"),
        (" Hello ", "Hola"),
        ("Thanks  a lot", "Muchas gracias"),
        ("Monday", "lunes"),  # its capital says nothing
        ("monday", "lunes"),
        ("Monday.", "Lunes."),  # but here it begins a sentence
        ("how are you", "¿cómo estás?"),
        ("HELLO!", "¡Hola!"),
        ("Hello,", "Hola,"),
        ("How are you?", "¿Cómo estás?"),
        ("What time is it?!", "¡¿Qué hora es?!"),
        ("OK", "Vale"),
        ("OK!", "¡Vale!"),
        ("no, I’m not", "no, no lo soy"),
        ("Sorry.", "Lo siento."),
        ("Sorry?", "¿Perdón?"),
        (unicodedata.normalize("NFD", "mañana"), "morgen"),
    ],
)
def test_case_and_marks_are_those_of_the_sentence(sentence: str, expected: str) -> None:
    assert BOOK.look_up(sentence)[0] == expected


@pytest.mark.parametrize(
    "sentence",
    [
        "",
        "?",
        "¿?",
        "hello world",
        "hell",
        "thanksalot",
        '"hello"',
        "hel.lo",
        "hello?",
        "How are you.",
        "ok",
        "no I'm not",
    ],
)
def test_nothing_else_is_known(sentence: str) -> None:
    assert BOOK.look_up(sentence) == ()


def test_later_lines_are_alternatives() -> None:
    assert BOOK.look_up("Hello!") == ("¡Hola!", "¡Buenas!")


def test_marks_are_only_carried_into_languages_that_have_them() -> None:
    book = PhraseBook([("hello", "你好"), ("bye?", "再见？")], "zh")
    assert (book.look_up("Hello"), book.look_up("Hello!"), book.look_up("ⅧⅨ")) == (("你好",), (), ())


def test_only_spanish_gets_marks_before_the_sentence() -> None:
    assert PhraseBook([("hola", "hello")], "en").look_up("¡Hola!") == ("Hello!",)


def test_a_folder_may_have_one(tmp_path: Path) -> None:
    assert len(PhraseBook.load(tmp_path, "en")) == 0
    (tmp_path / PHRASES_FILE).write_text("\ufeffhola\thello\r\n\n sí \t yes \n", encoding="utf-8")
    book = PhraseBook.load(tmp_path, "en")
    assert (book.look_up("Hola"), book.look_up("sí"), len(book)) == (("Hello",), ("yes",), 2)


@pytest.mark.parametrize("line", ["hola", "hola\t", "\thello", "?\tyes", "a\tb\tc", "hola hello"])
def test_a_line_that_is_no_pair_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / PHRASES_FILE).write_text(f"sí\tyes\n{line}\n", encoding="utf-8")
    with pytest.raises(UserError, match=rf"{PHRASES_FILE}:2: expected SOURCE<TAB>TRANSLATION"):
        PhraseBook.load(tmp_path, "en")


@pytest.mark.parametrize("name", ["es-en", "en-es"])
def test_what_ships_answers_itself(name: str) -> None:
    """Every line of the books that ship is found as it stands, and nothing but a question becomes one."""
    folder = Path(__file__).parents[2] / "checkpoints" / name
    book = PhraseBook.load(folder, name[3:])
    for line in (folder / PHRASES_FILE).read_text(encoding="utf-8").splitlines():
        source, translation = line.split("\t")
        assert translation in book.look_up(source)
        assert source.endswith("?") == translation.endswith("?")


def test_a_known_sentence_is_not_searched() -> None:
    translator, model = uppercase_translator(phrases=PhraseBook([("hello", "hola"), ("hello", "buenas")], "es"))
    one = translator.translate_batch(["a cat. Hello. a dog."], n_best=2)[0]
    assert one.text == "A CAT. Hola. A DOG."
    assert [sentence.known for sentence in one.sentences] == [False, True, False]
    known = one.sentences[1]
    assert (known.score, known.candidates) == (0.0, (("Hola.", 0.0), ("Buenas.", 0.0)))
    assert "".join(known.tokens).replace("▁", " ").strip() == "Hola."
    before = len(model.sources)
    assert translator.translate("hello") == "hola"
    assert len(model.sources) == before


def test_the_model_is_asked_for_what_the_book_cannot_give() -> None:
    translator, _ = uppercase_translator(phrases=PhraseBook([("hello", "hola")], "es"))
    assert translator.translate_batch(["hello"], with_attention=True)[0].text == "HELLO"
    assert translator.translate_batch(["hello"], prefixes=["HE"])[0].text == "HELLO"
    assert [found.text for found in translator.continuations("hello", "", count=1)] == ["hola"]
    assert "hola" not in [found.text for found in translator.continuations("hello", "HE", count=1)]
    assert [r.text for r in translator.translate_sentences([Request("hello")])] == ["hola"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("&Fish", "&Pez"),
        ("F&ish", "&Pez"),  # the letter is not there
        ("Ca_t", "Ga_to"),
        ("_Fish %s", "_FISH %s"),
        ("The &fish", "THE &FISH"),
        ("fish &amp; dogs", "FISH &amp; DOGS"),
        ("a_fish.txt", "a_fish.txt"),
    ],
)
def test_accelerators_hide_no_phrase_and_come_before_a_letter_again(text: str, expected: str) -> None:
    translator, _ = uppercase_translator(phrases=PhraseBook([("fish", "pez"), ("cat", "gato")]))
    assert translator.translate(text) == expected
