"""nmt.text.segmentation: what is translated, what is copied, what a translation must keep."""

from __future__ import annotations

import random

import pytest

from nmt.text.normalization import model_input, one_line, without_surrogates
from nmt.text.numbers import number_readings, same_number
from nmt.text.protected import (
    has_words,
    missing_items,
    numbers_without_counterpart,
    protected_items,
)
from nmt.text.segmentation import cut_long, split_around, split_text, words


def translated(text: str, language: str = "es") -> list[str]:
    return [part.text for part in split_text(text, language) if part.translate]


def verbatim(sentence: str) -> list[str]:
    return [item.text for item in protected_items(sentence) if item.role != "number"]


def numbers(sentence: str) -> list[str]:
    return [item.text for item in protected_items(sentence) if item.role == "number"]


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
    assert translated("Ve a https://a.es/¿Qué?¡Sí!_Ya.Hola hoy.") == [
        "Ve a https://a.es/¿Qué?¡Sí!_Ya.Hola hoy."
    ]
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
        ("Te quiero ❤️ mucho", ["Te quiero", "mucho"]),
        ("1️⃣ Primero ☀ fin 👍🏽", ["Primero", "fin"]),
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


@pytest.mark.parametrize(
    ("sentence", "items"),
    [
        ("Escribe a ana.b+c@d-e.es.", ["ana.b+c@d-e.es"]),
        ("Ve (https://es.wikipedia.org/wiki/R%C3%ADo), ya.", ["https://es.wikipedia.org/wiki/R%C3%ADo"]),
        ("Entra en www.ejemplo.es/a/b! O en ejemplo.com.", ["www.ejemplo.es/a/b", "ejemplo.com"]),
        ("Usa foo_bar, obj.getName() o ~/x/y.py aquí", ["foo_bar", "obj.getName()", "~/x/y.py"]),
        (
            "Borra %(name)s, {0} y $PATH con <b>rm</b> &amp;",
            ["%(name)s", "{0}", "$PATH", "<b>", "</b>", "&amp;"],
        ),
        ("Di #Hola a @juan el 50% de veces", ["#Hola", "@juan"]),
        ("Copiado %1$s a %2$d de %-5.1f%% o %ld", ["%1$s", "%2$d", "%-5.1f%%", "%ld"]),
        ("Usa %(x).2f, %zu, %x y %g: hola%20c, WWW.A.ES/B", ["%(x).2f", "%zu", "%x", "%g", "WWW.A.ES/B"]),
        ("El 50 %de 3 %s, 3 %(unit)s", ["%(unit)s"]),
        ("Llama a getElementById del iPhone, el mRNA", ["getElementById"]),
        (
            "La COVID-19 (SARS-CoV-2), el H1N1, la B-2 y el OC43.",
            ["COVID-19", "SARS-CoV-2", "H1N1", "B-2", "OC43"],
        ),
        ("Un iPhone no es un móvil. ¿O sí? 3,5 $", []),
        ("El Apolo-11, EE. UU. 2020, 3D, 10K y los F-16s", []),
        (
            "El VIH-1, la UE-27, el SEMANA1 y ENERO-2020; cuesta USD5,000 o EUR1.5",
            [],
        ),  # not written so in English
        ("Usa SHA256.new(), X509.cert_name y LOG10().", ["SHA256.new()", "X509.cert_name", "LOG10()"]),
    ],
)
def test_finds_what_must_stay_letter_by_letter(sentence: str, items: list[str]) -> None:
    assert verbatim(sentence) == items


def test_finds_numbers_outside_of_other_items() -> None:
    assert numbers("El 12/05/2020 a las 10:30 pagué 1.000,50 € por 3 en http://a.b/77 el 50%.") == [
        "3",
        "50",
    ]
    assert numbers("1 000 000,5 y 25") == ["1 000 000,5", "25"]


def test_a_code_is_there_only_as_a_whole_and_counts_as_its_number() -> None:
    assert missing_items("El F-16 y la B-2", "The F-1600 and the B-2") == missing_items("El F-16", "No")
    assert missing_items("Un MP3", "MP3s") == []
    assert missing_items("La covid-19 y el F 16", "COVID-19 and the F-16") == []
    assert [item.text for item in missing_items("La covid-19", "COVID-1")] == ["19"]


def test_item_positions_are_those_of_the_sentence() -> None:
    sentence = "En 1990 vi a.b@c.es y 7."
    assert [sentence[item.start : item.end] for item in protected_items(sentence)] == [
        "1990",
        "a.b@c.es",
        "7",
    ]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("1.000,5", "1,000.5", True),
        ("1.000", "1,000", True),
        ("1.000", "1000", True),
        ("1 000 000", "1,000,000", True),
        ("1\u00a0000", "1.000", True),
        ("3,50", "3.50", True),
        ("007", "7", True),
        ("3.11.7", "3.11.7", True),
        ("5.200", "5.2", True),
        ("44.000", "44", True),
        ("2,5", "2.500.000", True),
        ("5.200", "5.3", False),
        ("50", "500", False),
        ("2000", "20", False),
        ("1990", "199", False),
        ("1.000,5", "1,000.6", False),
        ("3,50", "350", False),
        ("1990", "1991", False),
        ("3.11.7", "3117", False),
        ("12", "21", False),
    ],
)
def test_compares_numbers_across_notations(one: str, other: str, same: bool) -> None:
    assert same_number(one, other) is same
    assert same_number(other, one) is same


def test_a_lone_point_reads_both_ways() -> None:
    assert number_readings("1.000") == {"1000", "1.000"}


def test_finds_lost_items() -> None:
    source = "El 3 de mayo de 1990 pagué 1.000,5 en http://a.es/x."
    assert missing_items(source, "On May 3, 1990 I paid 1,000.5 at http://a.es/x.") == []
    lost = missing_items(source, "On May 3, 1991 I paid 1,000.5 at http://a.es/y.")
    assert [item.text for item in lost] == ["1990", "http://a.es/x"]


def test_a_date_or_spaced_number_may_come_in_groups() -> None:
    assert missing_items("el 12.05.2020", "on 05/12/2020") == []
    assert missing_items("de 10 200 no", "from 10 to 200") == []
    assert [item.text for item in missing_items("el 12.05.2020", "on 05/12")] == ["12.05.2020"]
    assert [item.text for item in missing_items("pagué 1.250,75", "I paid 1.250.75")] == ["1.250,75"]
    assert [item.text for item in missing_items("de 3,5 a 4", "from 3 to 5 to 4")] == ["3,5"]


def test_finds_invented_numbers() -> None:
    assert [n.text for n in numbers_without_counterpart("She is 30, not 20.", "Tiene 20.")] == ["30"]


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


def test_finds_words() -> None:
    assert [("«¡Qué día, 寿司!»")[a:b] for a, b in words("«¡Qué día, 寿司!»")] == ["Qué", "día", "寿司"]


def test_the_model_sees_no_control_characters() -> None:
    assert model_input("a\x00b\tc\u200bd\u00ade\ufeff\ufffd") == "a b cde"


def test_a_hypothesis_becomes_one_clean_line() -> None:
    assert one_line(" a\nb\r\n c\u2028d\x00e\ufffd ") == "a b c d e"


def test_surrogates_are_joined_or_replaced() -> None:
    assert without_surrogates("a\ud83d\ude00b\ud800c") == "a😀b\ufffdc"


def test_the_quick_look_overlooks_no_item() -> None:
    """Nothing that the long patterns find is missed by the short one that spares most sentences from them."""
    kinds = (
        "https://a.b/c ftp://x www.a-b.c x@y.org example.com @mention #tag %(name)s %d {x} ${y} $HOME <b> &amp; &#12; "
        "file.py snake_case camelCaseName call() a.b() ~/x/y ./a C:\\x /usr/bin --long-option --a=b `code` 1.000,5 12 "
    ).split()
    for item in [*kinds, "x" * 60]:
        assert protected_items(f"Mira {item} ahora"), item
