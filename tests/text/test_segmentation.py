"""nmt.text.segmentation: what is translated, and what is copied."""

from __future__ import annotations

import random

import pytest

from nmt.text.normalization import without_surrogates
from nmt.text.protected import has_words, protected_items
from nmt.text.segmentation import cut_long, split_around, split_text, stands_alone


def translated(text: str, language: str = "es") -> list[str]:
    return [part.text for part in split_text(text, language) if part.translate]


@pytest.mark.parametrize(
    ("language", "text", "sentences"),
    [
        ("es", "Hola.  ¿Cómo estás? ¡Vaya!", ["Hola.", "¿Cómo estás?", "¡Vaya!"]),
        ("es", "El Sr. Pérez llegó. La Dra. Ruiz no.", ["El Sr. Pérez llegó.", "La Dra. Ruiz no."]),
        ("es", "«¿Qué?», dijo. Espera... ¿quién?", ["«¿Qué?», dijo.", "Espera...", "¿quién?"]),
        ("es", "Es el n.º 5. Vale.", ["Es el n.º 5.", "Vale."]),
        (
            "en",
            "Mr. Smith met Dr. Jones. It was 3.5 miles, e.g. far.",
            ["Mr. Smith met Dr. Jones.", "It was 3.5 miles, e.g. far."],
        ),
        ("en", '"Stop. Now," he said. U.S. troops left.', ['"Stop. Now," he said.', "U.S. troops left."]),
        ("es", "Uno\ndos\r\ntres\u2028cuatro\x85cinco", ["Uno", "dos", "tres", "cuatro", "cinco"]),
        (
            "es",
            "Mira http://x.es/?q=1&b=2. Bueno: http://x.es/a?",
            ["Mira http://x.es/?q=1&b=2.", "Bueno: http://x.es/a?"],
        ),
        ("", "Ja. Nein.", ["Ja.", "Nein."]),
    ],
)
def test_splits_into_sentences(language: str, text: str, sentences: list[str]) -> None:
    assert translated(text, language) == sentences


def test_never_splits_inside_an_url_or_markup() -> None:
    assert translated("Ve a https://a.es/¿Qué?¡Sí!_Ya.Hola hoy.") == ["Ve a https://a.es/¿Qué?¡Sí!_Ya.Hola hoy."]
    assert translated("Pon <img alt=verde? Ana> aquí.") == ["Pon <img alt=verde? Ana> aquí."]
    assert translated("Usa `a es b? Ana` hoy.") == ["Usa `a es b? Ana` hoy."]


ALPHABET = [
    *"abñ .?!¿¡…\n\t\r\u2028\x85\x00\ufeff\"'()«»“”中я1,;:/-_@#`",
    "Sr. ",
    "EE. UU. ",
    "http://a.b/?x=1 ",
    "\n\n",
    "😀",
    "👨‍👩‍👧",
    "🇪🇸",
    "❤️",
    "1️⃣",
    " :) ",
    "a@b.es ",
    "p. ej. ",
    "Hola. ",
    "\ud800",
]


@pytest.mark.parametrize("language", ["es", "en", ""])
def test_parts_join_to_the_very_text(language: str) -> None:
    rng = random.Random(1)
    for _ in range(300):
        text = without_surrogates("".join(rng.choices(ALPHABET, k=rng.randint(0, 30))))
        parts = split_text(text, language)
        assert "".join(part.text for part in parts) == text
        for part in parts:
            assert part.text
            if part.translate:
                assert part.text == part.text.strip() and has_words(part.text)
                assert not set(part.text) & set("\n\r\u2028\u2029\x85\x0b\x0c")


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "a.",
        "a@",
        "a_",
        "aB",
        "/a",
        "<a",
        "{",
        "www.",
        "1.",
        "1 000 ",
        "😀",
        "-a",
        "%(",
        "\n",
        "a ",
        "http://a.",
        "\x00 ",
        ":)",
        "a\ufe0f",
        "&a",
        "#a",
        "a-",
        "0",
    ],
)
def test_takes_long_lines_of_anything(unit: str) -> None:
    """Each is a trap for a regular expression that starts over at every character."""
    text = unit * (30_000 // len(unit))
    protected_items("<b c>%" + text)  # behind another item, where no word begins
    protected_items("<b c>%(a)" + text)
    assert "".join(part.text for part in split_text(text, "es")) == text
    protected_items(text)


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("😀 Hola 👨‍👩‍👧🇪🇸!", ["Hola"]),
        ("Te quiero ❤️ Mucho", ["Te quiero", "Mucho"]),
        ("1️⃣ Primero ☀ Fin 👍🏽", ["Primero", "Fin"]),
        ("• Archivo → Abrir", ["Archivo", "Abrir"]),
        ("Vale :-) bien <3", ["Vale", "bien"]),
        ("Marca® y nombre™, 20 °C, n.º 3 © 2020", ["Marca® y nombre™, 20 °C, n.º 3 © 2020"]),
    ],
)
def test_splits_around_pictures_and_keeps_them(text: str, sentences: list[str]) -> None:
    assert translated(text) == sentences


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \t ",
        "123",
        "3,14 + 2 = 5,14",
        "¿?",
        "...",
        "—",
        "😀😀",
        "http://a.es/b?c=d",
        "www.a.com",
        "ana@b.es, luis@c.com",
        "3.º",
        "/usr/bin/env",
        "foo_bar()",
        "%s: {name}",
        "--dry-run",
        "#Hoy @ana",
        "<br/>",
        "&nbsp;",
        "a1B2" * 20,
        "$HOME",
        "`x = y`",
        "C:\\dir\\a.txt",
        "informe_final.pdf",
        "getElementById()",
    ],
)
def test_copies_what_has_no_words(text: str) -> None:
    assert translated(text) == []


@pytest.mark.parametrize(
    "text", ["Hola", "él/ella", "y/o", "a) uno", "100 km", "mp3", "-Hola -dijo-", "Sí/No", "EE. UU."]
)
def test_translates_what_has_words(text: str) -> None:
    assert translated(text) == [text]


def word_count(text: str) -> int:
    return len(text.split())


def test_cuts_a_long_sentence_into_short_parts_without_loss() -> None:
    sentence = " ".join(["esto es largo, muy largo; y sigue y"] * 40)
    parts = cut_long(sentence, word_count, 20)
    assert "".join(part.text for part in parts) == sentence
    assert max(word_count(part.text) for part in parts) <= 20
    assert all(part.translate == bool(part.text.strip()) for part in parts)


def test_cuts_after_the_strongest_punctuation_about_the_middle() -> None:
    cut = [part.text for part in cut_long("uno dos, tres; cuatro, cinco seis", word_count, 4)]
    assert cut == ["uno dos, tres;", " ", "cuatro, cinco seis"]
    assert [part.text for part in cut_long("uno dos tres, cuatro cinco", word_count, 4)][0] == "uno dos tres,"
    assert [part.text for part in cut_long("uno dos tres cuatro", word_count, 3)] == [
        "uno dos",
        " ",
        "tres cuatro",
    ]


def test_leaves_a_short_sentence_whole() -> None:
    assert [part.text for part in cut_long("uno, dos; tres", word_count, 3)] == ["uno, dos; tres"]


def test_cuts_without_any_space() -> None:
    parts = cut_long("你好" * 50, len, 30)
    assert "".join(part.text for part in parts) == "你好" * 50
    assert max(len(part.text) for part in parts) <= 30


def test_does_not_cut_inside_an_item() -> None:
    sentence = "aa bb `c, d; e, f` gg hh ii"
    assert any("`c, d; e, f`" in part.text for part in cut_long(sentence, word_count, 6))


def test_splits_around_given_stretches() -> None:
    parts = split_around("ve a X, ya.", [(5, 6)])
    assert [(part.text, part.translate) for part in parts] == [("ve a", True), (" X, ", False), ("ya.", True)]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("El sushi (😀) es rico.", ["El sushi", "es rico."]),
        ("Mira: «😀», dijo", ["Mira:", "dijo"]),
        ("Ya (sí) 😀 (no) va", ["Ya (sí)", "(no) va"]),
        ("¿Vienes 😀?", ["¿Vienes"]),
    ],
)
def test_punctuation_around_a_cut_is_copied(text: str, sentences: list[str]) -> None:
    assert translated(text) == sentences


@pytest.mark.parametrize(
    ("language", "text", "sentences"),
    [
        (
            "es",
            "El art. 4.º de la ley n.º 31 dice que sí. Vale.",
            ["El art. 4.º de la ley n.º 31 dice que sí.", "Vale."],
        ),
        ("es", "Vive en EE. UU. desde 1990. Trabaja.", ["Vive en EE. UU. desde 1990.", "Trabaja."]),
        ("es", "El núm. 5, p. ej. hoy, y la pág. 3. Fin.", ["El núm. 5, p. ej. hoy, y la pág. 3.", "Fin."]),
        ("es", "Llegó a las 5 p. m. en punto. Bien.", ["Llegó a las 5 p. m. en punto.", "Bien."]),
        ("en", "See vol. 3, e.g. this. I said no. 5 came.", ["See vol. 3, e.g. this.", "I said no. 5 came."]),
        ("es", "<b>Hola.</b> ¿Qué tal? <i>Bien.</i>", ["<b>Hola.</b>", "¿Qué tal?", "<i>Bien.</i>"]),
        ("es", "Mira {{ a. B }} ya. Sí.", ["Mira {{ a. B }} ya.", "Sí."]),
    ],
)
def test_abbreviations_and_items_end_no_sentence_and_tags_go_with_theirs(
    language: str, text: str, sentences: list[str]
) -> None:
    assert translated(text, language) == sentences


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("# Shopping list", ["# ", "Shopping list"]),
        (">> Good evening.", [">> ", "Good evening."]),
        ("> > 1. Hello there", ["> > 1. ", "Hello there"]),
        ("- [ ] Buy milk\n+ Butter", ["- [ ] ", "Buy milk", "\n+ ", "Butter"]),
        ("- Hola. - Adiós.", ["- ", "Hola.", " - ", "Adiós."]),
        ("#Hola a todos", ["#Hola a todos"]),
        ("—Hola —dijo.", ["—Hola —dijo."]),
    ],
)
def test_marks_before_a_sentence_are_copied(text: str, parts: list[str]) -> None:
    assert [part.text for part in split_text(text, "es")] == parts


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (r"First line\nSecond line", ["First line", r"\n", "Second line"]),
        (r"Name:\tJohn", ["Name:", r"\t", "John"]),
        ("Good<br/>bye", ["Good", "<br/>", "bye"]),
        ("<p>It eats.</p>", ["<p>", "It eats.", "</p>"]),
        ("yes|no", ["yes", "|", "no"]),
        ("{% if x %}Yes{% else %}No{% endif %}", ["{% if x %}Yes", "{% else %}", "No{% endif %}"]),
    ],
)
def test_what_stands_at_both_sides_of_a_break_are_texts_of_their_own(text: str, parts: list[str]) -> None:
    assert [part.text for part in split_text(text, "en")] == parts


def test_a_break_leaves_whole_sentences() -> None:
    plan = split_text("Yes<br>No", "en")
    assert stands_alone(plan, 0) and stands_alone(plan, 2)
    plan = split_text("I → fish.", "en")
    assert not stands_alone(plan, 0) and not stands_alone(plan, 2)


def test_of_a_message_with_choices_the_arms_are_translated() -> None:
    text = "You have {n, plural, =0 {no letters} one {# letter} other {# letters}} now."
    parts = split_text(text, "en")
    assert "".join(part.text for part in parts) == text
    assert [part.text for part in parts if part.translate] == [
        "You have",
        "no letters",
        "# letter",
        "# letters",
        "now.",
    ]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("El café ☕ con leche.", ["El café ☕ con leche."]),
        ("La fiesta 🎉🎉 empieza.", ["La fiesta 🎉🎉 empieza."]),
        ("Te quiero 😀 Nos vemos.", ["Te quiero", "Nos vemos."]),
        ("Yo ❤️ peces.", ["Yo ❤️ peces."]),
        ("Yo ❤ peces y 💔 nada.", ["Yo ❤ peces y 💔 nada."]),
        ("Yo ❤️ Madrid.", ["Yo ❤️ Madrid."]),
        ("Hoy ☺️ es ❤️❤️ un día.", ["Hoy ☺️ es ❤️❤️ un día."]),
        ("Te quiero ❤️ Nos vemos. ❤️", ["Te quiero", "Nos vemos."]),
        ("Uno • dos → tres", ["Uno", "dos", "tres"]),
    ],
)
def test_a_picture_inside_of_a_sentence_does_not_cut_it(text: str, sentences: list[str]) -> None:
    assert [part.text for part in split_text(text, "es") if part.translate] == sentences
