"""Lines modelled on public bug reports, through the shipped models: what `expected.txt` says of each case holds for its
input and for siblings of it.

tests/data/cases/NAME has input.txt, command.txt (which names the model) and expected.txt.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import pytest

from nmt.translation.translator import Translator

ROOT = Path(__file__).resolve().parents[2]
CASES = ROOT / "tests" / "data" / "cases"

Check = Callable[[str, str, Translator], None]  # source line, its translation, what made it


@lru_cache(maxsize=2)
def load(checkpoint: str) -> Translator:
    return Translator.load(ROOT / checkpoint)


def read_case(name: str) -> tuple[str, list[str]]:
    """The checkpoint of a case's command, and its input lines."""
    command = (CASES / name / "command.txt").read_text(encoding="utf-8")
    checkpoint = re.search(r"--model (\S+)", command)
    assert checkpoint
    return checkpoint[1], (CASES / name / "input.txt").read_text(encoding="utf-8").split("\n")[:-1]


def words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", text)


def digits(text: str) -> Counter[str]:
    return Counter(re.sub(r"\D", "", text))


# ---- what each case expects ----


def keeps_names(source: str, target: str, translator: Translator) -> None:
    """The capitalised names of the line, with or without their accents; no "Update" in their place."""

    def plain(text: str) -> str:
        return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))

    names = [name for name in re.findall(r"[ÁÉÍÓÚÑ]\w+", source) if name not in ("Últimamente", "Época")]
    for name in names:
        assert plain(name) in plain(target), name
    assert not {"Update", "Command"} & set(words(target))


CODE = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?:[0-9A-F]{2}:){5}[0-9A-F]{2}|\d+(?:\.\d+){3}|\d+(?:-\d+){4}"
    r"|[0-9a-f]{7,40}|(?:\+|ES)\d+(?: \d+)+"
)


def keeps_codes(source: str, target: str, translator: Translator) -> None:
    """The code character for character, once, and no digit before or after it."""
    code = CODE.search(source)
    assert code and target.count(code[0]) == 1
    assert not re.search(r"\d", target.replace(code[0], ""))


def keeps_amounts(source: str, target: str, translator: Translator) -> None:
    """The currency sign once, at the amount; the same digits."""
    sign = re.search(r"[€£¥₡]", source)
    assert sign and target.count(sign[0]) == 1
    assert re.search(rf"{sign[0]}\s?\d|\d\s?{sign[0]}", target)
    assert digits(target) == digits(source)


def keeps_digits(source: str, target: str, translator: Translator) -> None:
    assert digits(target) == digits(source)
    for stretch in re.findall(r"\d+(?:[/:]\d+)+|[€£]", source):
        assert stretch in target


def reads_like_plain_text(source: str, target: str, translator: Translator) -> None:
    """As the line with ordinary spaces and without marks is translated; the marks may be kept or dropped."""

    def plain(text: str) -> str:
        spaced = re.sub("[\u00a0\u2007\u2009\u202f]", " ", text)
        return re.sub("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069]", "", spaced)

    assert plain(target) == translator.translate(plain(source))
    assert digits(target) == digits(source)


def keeps_escapes(source: str, target: str, translator: Translator) -> None:
    """Two-character escapes as often; letters at both sides of each."""
    for escape in (r"\n", r"\t", r"\"", r"\r"):
        assert target.count(escape) == source.count(escape)
    for part in re.split(r"\\[ntr]", target):
        assert words(part)


def keeps_hash_numbers(source: str, target: str, translator: Translator) -> None:
    for number in re.findall(r"#\d+", source):
        assert re.search(rf"(?<![\w#]){number}(?!\d)", target)
    assert target.count("#") == source.count("#")


def keeps_the_mark(source: str, target: str, translator: Translator) -> None:
    """The mark and its space; then the translation of the rest."""
    mark = re.match(r"(?:\W+|\d+[.)]) ", source)
    assert mark
    assert target == mark[0] + translator.translate(source[mark.end() :])


PLACEHOLDER = re.compile(
    r"\{\{\{?[^{}]*\}\}\}?|\{%.*?%\}|<%.*?%>|\[\[.*?\]\]|[%#$]\{\w+\}|\{\w*\}|%\(\w+\)s|%\d\$[@sd]|%[@sd](?:%%)?|__\w+__|%[A-Z]+%"
)


def keeps_placeholders(source: str, target: str, translator: Translator) -> None:
    """Each exactly as often; translated words around them, and not many more than before."""
    assert Counter(PLACEHOLDER.findall(target)) == Counter(PLACEHOLDER.findall(source))
    here, there = words(PLACEHOLDER.sub(" ", source)), words(PLACEHOLDER.sub(" ", target))
    assert len(here) / 2 <= len(there) <= 2 * len(here) + 2


def keeps_signs(source: str, target: str, translator: Translator) -> None:
    signs = "#&*<>@\\^`{|}~±²₂§¶"
    assert {s: target.count(s) for s in signs} == {s: source.count(s) for s in signs}
    assert digits(target) == digits(source)


def keeps_numbers_whole(source: str, target: str, translator: Translator) -> None:
    number = re.search(r"(?:\+|[A-Z]{2})?\d[\d ]*\d", source)
    assert number and number[0] in target
    assert not re.search(r"\d", target.replace(number[0], "", 1))


def keeps_ordinals_whole(source: str, target: str, translator: Translator) -> None:
    """No capital after "4." or "n.", and no º with a full stop in the midst of the sentence."""
    assert not re.search(r"(?:\d\.|\bn\.)\s*[º]?\s+\p{Lu}".replace(r"\p{Lu}", "[A-ZÁÉÍÓÚ]"), target)
    assert not re.search(r"[ºª]\.\s+\w", target)
    assert target.rstrip(".").count(". ") <= source.rstrip(".").count(". ")
    assert digits(target) == digits(source)


def keeps_two_percent_signs(source: str, target: str, translator: Translator) -> None:
    assert len(re.findall(r"%(?:\w+|\d\$d)%%(?!%)", target)) == source.count("%%")
    assert words(re.sub(r"%\w+%%", "", target))


def keeps_words_in_tags(source: str, target: str, translator: Translator) -> None:
    """All tags once, in order; words inside of each pair, and on both sides of a line break."""
    tags = re.findall(r"<[^>]+>", source)
    assert re.findall(r"<[^>]+>", target) == tags
    for name in {tag[1:-1].split()[0] for tag in tags if not tag.startswith("</")}:
        for inside in re.findall(rf"<{name}\b[^>]*>(.*?)</{name}>", target):
            assert words(re.sub(r"<[^>]+>", "", inside))
    for part in re.split(r"<br ?/?>", target):
        assert words(re.sub(r"<[^>]+>", "", part))
    assert len(words(re.sub(r"<[^>]+>", " ", target))) >= len(words(re.sub(r"<[^>]+>", " ", source))) / 2


CHECKS: dict[str, Check] = {
    "accented-capitals": keeps_names,
    "codes-and-ids": keeps_codes,
    "currency-signs": keeps_amounts,
    "date-and-amount-in-one-sentence": keeps_digits,
    "direction-marks": reads_like_plain_text,
    "escapes-in-strings": keeps_escapes,
    "issue-number": keeps_hash_numbers,
    "list-and-heading-marks": keeps_the_mark,
    "mustache-placeholders": keeps_placeholders,
    "no-break-space": reads_like_plain_text,
    "number-group-lost": keeps_numbers_whole,
    "ordinal-abbreviation": keeps_ordinals_whole,
    "percent-after-placeholder": keeps_two_percent_signs,
    "signs-only-in-bytes": keeps_signs,
    "text-lost-around-placeholders": keeps_placeholders,
    "text-lost-around-tags": keeps_words_in_tags,
}
# More lines of the same kinds, written for this project.
SIBLINGS: dict[str, list[str]] = {
    "accented-capitals": [
        "Vi a Álvaro y a Óscar.",
        "Mi amiga Úrsula vive con Óscar.",
        "El señor Íñiguez no vino.",
    ],
    "codes-and-ids": [
        "El usuario c56a4180-65aa-42ec-a945-5fd21dec0538 no puede entrar.",
        "La dirección es 192.168.10.25.",
        "El libro es 978-84-376-0494-7.",
        "Llama al +1 202 555 01 43.",
        "El commit 9fceb02d0ae598e95dc970b74767f19372d61af8 es malo.",
    ],
    "currency-signs": [
        "I found ¥500 on the street.",
        "It costs 3 € a day.",
        "The house costs £250,000.",
        "We need 12,5 € more.",
    ],
    "date-and-amount-in-one-sentence": [
        "El 12/05/2021 pagué 1.500,00 € a las 10:30.",
        "La cita es el 2021-05-12 a las 09:15.",
    ],
    "direction-marks": [
        "\u200fLa casa es roja.\u200f",
        "Mi \u2067perro\u2069 duerme.",
        "El\u200b perro\u00ad duerme.",
    ],
    "escapes-in-strings": [
        r"Good morning.\nThank you.",
        r"One\tTwo\tThree",
        r"The \"house\" is red.\nThe dog eats.",
    ],
    "issue-number": ["I closed #1024 today.", "See #5, #7 and #12.", "The problem (#33) is old."],
    "list-and-heading-marks": [
        "## The house",
        "- Water",
        "1. Good morning",
        "• The dog eats.",
        "> > Thank you.",
        "- [ ] Buy milk",
    ],
    "mustache-placeholders": [
        "The file {{{raw}}} is new.",
        "Hello ${user}, your name is %{name}.",
        "The __name__ is not here.",
        "%(name)s lives in %(city)s.",
        "{{#if x}}Good morning{{/if}}",
        "The user %USER% came home.",
    ],
    "no-break-space": ["Hay 10\u202f% de agua.", "Mi\u00a0casa es grande.", "Tengo\u200925\u2009años."],
    "number-group-lost": [
        "Llama al 912 34 34 56.",
        "Mi tarjeta es 4111 1111 1111 1111.",
        "El número es 600 600 601.",
    ],
    "ordinal-abbreviation": [
        "Vive en el 3.º izquierda.",
        "La 1.ª casa es del Sr. López, n.º 5.",
        "Es la pág. 12 del núm. 3, p. ej. hoy.",
        "Vive en EE. UU. desde 1990.",
    ],
    "percent-after-placeholder": ["El disco tiene %d%% libre.", "Van %i%% de los archivos."],
    "signs-only-in-bytes": [
        "The result is 5 ± 2 and x > 3.",
        "Water is H₂O and the room has 20 m².",
        "Use a | b or a & b.",
        "See § 5 of the law.",
        "The user @juan wrote ~10 mails.",
        "Type C:\\new\\folder and press *.",
    ],
    "text-lost-around-placeholders": [
        "%s cats",
        "{0} and {1} live in {2}",
        "%d of %d files",
        "You have {n} new messages from {user}.",
    ],
    "text-lost-around-tags": [
        "My <i>brother</i> lives in <b>Madrid</b>.",
        "Thank you<br />Good morning",
        "<li>The house is <em>very big</em>.</li>",
        'See <a href="http://a.es/b?c=1&d=2" title="x > y">the page</a> now.',
    ],
}


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_every_line_is_as_the_case_expects(name: str) -> None:
    checkpoint, lines = read_case(name)
    translator = load(checkpoint)
    for source in [*lines, *SIBLINGS[name]]:
        target = translator.translate(source)
        try:
            CHECKS[name](source, target, translator)
        except AssertionError as error:
            raise AssertionError(f"{source!r} became {target!r}: {error}") from None
