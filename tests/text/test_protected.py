"""nmt.text.protected: the items of a text, and which of them another text lacks."""

from __future__ import annotations

import pytest

from nmt.text.protected import (
    has_words,
    masked,
    missing_items,
    numbers_without_counterpart,
    occurrences,
    protected_items,
)


def verbatim(sentence: str) -> list[str]:
    return [item.text for item in protected_items(sentence) if item.role != "number"]


def numbers(sentence: str) -> list[str]:
    return [item.text for item in protected_items(sentence) if item.role == "number"]


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
        ("Un iPhone no es un móvil. ¿O sí? 3,5 $", ["$"]),
        ("El Apolo-11, EE. UU. 2020, 3D, 10K y los F-16s", []),
        (
            "El VIH-1, la UE-27, el SEMANA1 y ENERO-2020; cuesta USD5,000 o EUR1.5",
            [],
        ),  # not written so in English
        ("El %d/%m/%Y a las %H:%M:%S, %d/%d", ["%d/%m/%Y", "%H:%M:%S", "%d", "%d"]),  # of a clock
        ("Usa %%s, @:uno.dos y PR !23: ¡!", ["%%s", "@:uno.dos", "!23"]),
        ("A 1013 hPa, 80dB y 120 mmHg", ["1013 hPa", "80dB", "120 mmHg"]),
        ("Hay 2 TV, 1,5 kPa, 20 PA, 3 Pa y 10 000 hPa", []),
        ("Son US$10, 1.000 C$ o $5", ["US$10", "1.000 C$", "$"]),
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


@pytest.mark.parametrize(
    ("source", "translation", "lost"),
    [
        ("on the 4th floor", "en la 4.ª planta", []),
        ("el 3.º piso", "the 3rd floor", []),
        ("el 3.º piso", "the 2nd floor", ["3.º"]),
        ("the 1st time", "la vez", ["1st"]),
    ],
)
def test_an_ordinal_may_be_written_as_the_other_language_does(source: str, translation: str, lost: list[str]) -> None:
    assert [item.text for item in missing_items(source, translation)] == lost


def test_finds_invented_numbers() -> None:
    assert [n.text for n in numbers_without_counterpart("She is 30, not 20.", "Tiene 20.")] == ["30"]


def test_the_quick_look_overlooks_no_item() -> None:
    """Nothing that the long patterns find is missed by the short one that spares most sentences from them."""
    kinds = (
        "https://a.b/c ftp://x www.a-b.c x@y.org example.com @mention #tag %(name)s %d {x} ${y} $HOME <b> &amp; &#12; "
        "file.py snake_case camelCaseName call() a.b() ~/x/y ./a C:\\x /usr/bin --long-option --a=b `code` 1.000,5 12 "
        "4th Sa_ve "
    ).split()
    for item in [*kinds, "x" * 60]:
        assert protected_items(f"Mira {item} ahora"), item


def roles(text: str) -> list[tuple[str, str]]:
    return [(item.text, item.role) for item in protected_items(text)]


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("%s %1$s %(name)s %% %@ %1$@ %-5.2f y %d%%", "%s|%1$s|%(name)s|%%|%@|%1$@|%-5.2f|%d%%"),
        (
            "{x} {0} {{x}} {{ x }} {{a.b}} %{x} #{x} ${x} $X",
            "{x}|{0}|{{x}}|{{ x }}|{{a.b}}|%{x}|#{x}|${x}|$X",
        ),
        ("[[x]] <%= x %> {% x %} :x __x__ %X% {{{raw}}}", "[[x]]|<%= x %>|{% x %}|:x|__x__|%X%|{{{raw}}}"),
        ("%s%d and %s/%s, %dpx", "%s%d|%s|%s|%d"),
        (r"a\nb\t \"c\" \\", r"\n|\t|\"|\"|\\"),
        ("&amp; &#39; &#x2F; &eacute;", "&amp;|&#39;|&#x2F;|&eacute;"),
        ('<a href="#" title="a > b">x</a> <br/> [b]y[/b]', '<a href="#" title="a > b">|</a>|<br/>|[b]|[/b]'),
        ("@juan y #hola, #418 y PR #77", "@juan|#hola|#418|#77"),
        ("0b7d3c52-91ae-4f06-8c1d-5ea6720f9d34 y 4c09e7b", "0b7d3c52-91ae-4f06-8c1d-5ea6720f9d34|4c09e7b"),
        ("0A:51:7C:D2:33:9E, 10.0.0.1:80 y fe80::1", "0A:51:7C:D2:33:9E|10.0.0.1:80|fe80::1"),
        ("978-2-41-730826-5 y 0-306-40615-X", "978-2-41-730826-5|0-306-40615-X"),
        (
            "ES17 3029 4456 3029 0087 y DE89370400440532013000",
            "ES17 3029 4456 3029 0087|DE89370400440532013000",
        ),
        ("+34 611 45 45 72, 611 134 457, (555) 123-4567", "+34 611 45 45 72|611 134 457|(555) 123-4567"),
        ("v1.2, 3.11.7 y 2.5.1-beta", "v1.2|3.11.7|2.5.1-beta"),
        ("7/9/2020, 2020-09-07, 12.05.2020 a las 16:45", "7/9/2020|2020-09-07|12.05.2020|16:45"),
        (r"C:\temp y ~/x/y.py en /usr/bin, a.csv", r"C:\temp|~/x/y.py|/usr/bin|a.csv"),
        ("€35, 1,250.40 € y ¥900", "€35|1,250.40 €|¥900"),
        ("4.º, 1.ª, 3.er y n.º 31", "4.º|1.ª|3.er|n.º 31"),
        ("§ 12, ¶ 4, ~40, ±3", "§ 12|¶ 4|~40|±3"),
        ("85 m², CO₂, H2O, 10⁶, Na2CO3, 2½", "85 m²|CO₂|H2O|10⁶|Na2CO3|2½"),
        ("si a < 5 y b > 7, x = y", "a < 5|b > 7|x = y"),
    ],
)
def test_one_grammar_finds_every_family(text: str, items: str) -> None:
    assert [item.text for item in protected_items(text) if item.role != "number"] == items.split("|")


@pytest.mark.parametrize(
    "text",
    [
        "AT",
        "a y b",
        "(sí)",
        "él/ella",
        "2020",
        "1.000.000",
        "1 000 000",
        "50%",
        "3-4",
        "Sí: no",
        "el 5.",
        "I'm",
        "a - b",
    ],
)
def test_prose_and_plain_numbers_are_no_items(text: str) -> None:
    assert all(item.role == "number" for item in protected_items(text))


def test_roles_say_what_is_done_with_an_item() -> None:
    assert roles("<b>a</b><br><img src='x'>") == [
        ("<b>", "open"),
        ("</b>", "close"),
        ("<br>", "break"),
        ("<img src='x'>", "empty"),
    ]
    assert roles("Hola <nombre>, <x1>a</x1> &lt;b&gt;c&lt;/b&gt;") == [
        ("<nombre>", "word"),
        ("<x1>", "open"),
        ("</x1>", "close"),
        ("&lt;b&gt;", "open"),
        ("&lt;/b&gt;", "close"),
    ]
    assert roles(r"&File\n{% if x %}%d") == [
        ("&", "letter"),
        (r"\n", "break"),
        ("{% if x %}", "empty"),
        ("%d", "word"),
    ]
    assert [item.reads_as for item in protected_items(r"&quot; \" 50%%")] == ['"', '"', None, "%"]


def test_halves_of_a_pair_know_each_other() -> None:
    opening, closing = protected_items("a <b>c</b>")
    assert (opening.partner, closing.partner) == (closing.start, opening.start)


@pytest.mark.parametrize(
    ("text", "counts"), [("%d", True), ("{count}", True), ("%s", False), ("{name}", False), ("€5", True)]
)
def test_what_stands_for_a_number_counts(text: str, counts: bool) -> None:
    assert protected_items(text)[0].counts is counts


@pytest.mark.parametrize(
    ("source", "hypothesis", "lost"),
    [
        ("Faltan %d%%", "%d%%% left", ["%d%%"]),
        ("Faltan %d%%", "%d%% left", []),
        ("La B-2", "The B-25", ["B-2"]),
        ("{x} y {x}", "{x}", ["{x}"]),
        ("611 45 45", "611 45", ["611 45 45"]),
        ("45 y 45", "45 and more", ["45"]),
        ("45 y 45", "45 and 45", []),
        ("a * b", "a b", ["*"]),
        ("%dpx", "%dpx", []),
        ("caf&eacute;", "coffee", []),
        ("Cuesta $5", "It costs 5", ["$"]),
        ("Cuesta $5", "Vale 5 dólares", []),
        ("Cuesta $5 o US$10", "It costs 5 or US$10", ["$"]),
    ],
)
def test_kept_is_only_what_is_there_as_often_and_as_it_was(source: str, hypothesis: str, lost: list[str]) -> None:
    assert [item.text for item in missing_items(source, hypothesis)] == lost


def test_counts_what_stands_by_itself() -> None:
    assert occurrences("{x}", "{x} {{x}} {x}}") == 1
    assert occurrences("%d", "%d %dx %d1") == 2
    assert occurrences("12", "12 112 121") == 1


def test_masks_items_but_no_numbers() -> None:
    assert masked("ve a http://a.es 12 &") == "ve a xxxxxxxxxxx 12 &"
    assert not has_words("{x}: 12")
