"""Sentences with items that a translation must keep: twenty kinds, drawn from a seed, Spanish and English alike.

What is counted of their translations is `benchmarks.placeables`'s.
"""

from __future__ import annotations

import random
import re
import string
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

# Sentences that say the same in both languages; {} is where an item goes.
NOUNS = (
    ("El archivo {} no existe.", "The file {} does not exist."),
    ("Puedes leer más en {}.", "You can read more at {}."),
    ("No puedo encontrar {} en la lista.", "I cannot find {} in the list."),
    ("Mi hermano me dio {} ayer.", "My brother gave me {} yesterday."),
    ("{} está listo.", "{} is ready."),
    ("¿Dónde está {}?", "Where is {}?"),
    ("El mensaje de {} llegó tarde.", "The message from {} arrived late."),
    ("Usa {} o {} para entrar.", "Use {} or {} to enter."),
    ("Ella cambió {} por {} esta mañana.", "She changed {} to {} this morning."),
    ("Hola, el nombre es {}, muchas gracias.", "Hello, the name is {}, thank you very much."),
)
NUMBERS = (
    ("Tengo {} en casa.", "I have {} at home."),
    ("El coche cuesta {}.", "The car costs {}."),
    ("Pagué {} por la lámpara.", "I paid {} for the lamp."),
    ("La cuenta fue de {} en mayo.", "The bill was {} in May."),
    ("Mi padre me debe {} o {}.", "My father owes me {} or {}."),
)
REFERENCES = (
    ("Por favor, mira {} y {}.", "Please see {} and {}."),
    ("La respuesta está en {}.", "The answer is in {}."),
    ("Ya leí {} dos veces.", "I already read {} twice."),
    ("El problema de {} es fácil.", "The problem of {} is easy."),
)
DATES = (
    ("La reunión es el {} a las {}.", "The meeting is on {} at {}."),
    ("Él llegó el {} en coche.", "He arrived on {} by car."),
    ("El tren sale a las {}.", "The train leaves at {}."),
)
MEASURES = (
    ("El agua tiene {} y sal.", "The water has {} and salt."),
    ("La casa es de {} en total.", "The house is {} in total."),
    ("Escribe {} en el cuaderno.", "Write {} in the notebook."),
)
TAGS = (
    ("Haz clic en {}Guardar{} para continuar.", "Click {}Save{} to continue."),
    ("El {}perro{} come pan.", "The {}dog{} eats bread."),
    ("Lee los {}términos{} de uso.", "Read the {}terms{} of use."),
    ("Mi casa es {}muy grande{} y nueva.", "My house is {}very big{} and new."),
    ("{}El gato duerme en la casa.{}", "{}The cat sleeps at home.{}"),
)
LINES = (
    ("Buenos días{}Muchas gracias", "Good morning{}Thank you very much"),
    ("Primera línea{}Segunda línea", "First line{}Second line"),
    ("El perro come.{}El gato duerme.", "The dog eats.{}The cat sleeps."),
)
BETWEEN = (
    ("Pan {} leche", "Bread {} milk"),
    ("El perro {} el gato son amigos.", "The dog {} the cat are friends."),
    ("Dijo: {}mi casa{} es grande.", "He said: {}my house{} is big."),
)

Draw = random.Random
Sentences = Sequence[tuple[str, str]]


def _letters(draw: Draw, alphabet: str, count: int) -> str:
    return "".join(draw.choices(alphabet, k=count))


def _digits(draw: Draw, count: int) -> str:
    return str(draw.randint(1, 9)) + _letters(draw, string.digits, count - 1)


def _word(draw: Draw) -> str:
    return draw.choice("name user count city total item page order color price email date".split())


def _hex(draw: Draw, count: int) -> str:
    return _letters(draw, "0123456789abcdef", count)


def _url(draw: Draw) -> str:
    return draw.choice(
        ("https://www.{0}.org/{1}/{2}", "http://{0}.es/?q={1}&p={2}", "https://{0}.example.com/{1}#{2}")
    ).format(_letters(draw, string.ascii_lowercase, 6), _word(draw), _digits(draw, 3))


def _email(draw: Draw) -> str:
    return f"{_letters(draw, string.ascii_lowercase, 5)}.{_word(draw)}@{_letters(draw, string.ascii_lowercase, 6)}.com"


def _handle(draw: Draw) -> str:
    return (
        draw.choice("@#")
        + _letters(draw, string.ascii_lowercase, 6)
        + draw.choice(("", "_", "99")).rstrip("_")
    )


def _printf(draw: Draw) -> str:
    return draw.choice(
        ("%s", "%1$s", "%(name)s", "%@", "%1$@", "%-5.2f", "%d%%", "%ld", "%i", "%2$d", "%(total)d")
    )


def _braces(draw: Draw) -> str:
    return draw.choice(("{{{}}}", "${{{}}}", "%{{{}}}", "#{{{}}}", "{{{}_id}}", "{{0}}", "{{1}}")).format(
        _word(draw)
    )


def _template(draw: Draw) -> str:
    return draw.choice(
        ("{{{{{}}}}}", "{{{{ {} }}}}", "<%= {} %>", "[[{}]]", "{{{{user.{}}}}}", "__{}__", ":{}", "%{}%")
    ).format(_word(draw))


def _uuid(draw: Draw) -> str:
    return "-".join(_hex(draw, count) for count in (8, 4, 4, 4, 12))


def _address(draw: Draw) -> str:
    if draw.random() < 0.5:
        return ":".join(_hex(draw, 2).upper() for _ in range(6))
    return ".".join(str(draw.randint(1, 254)) for _ in range(4))


def _isbn(draw: Draw) -> str:
    return f"978-{_digits(draw, 1)}-{_digits(draw, 2)}-{_digits(draw, 6)}-{_digits(draw, 1)}"


def _iban(draw: Draw) -> str:
    return "ES" + " ".join([_digits(draw, 2), *(_digits(draw, 4) for _ in range(5))])


def _commit(draw: Draw) -> str:
    return _digits(draw, 1) + _letters(draw, "abcdef", 2) + _hex(draw, draw.choice((4, 5, 37)))


def _phone(draw: Draw) -> str:
    return draw.choice(("+34 6{0} {1} {2} {3}", "6{0} {4} {5}", "+1 {4}-{5}-{6}", "({4}) {5}-{6}")).format(
        *(_digits(draw, 2) for _ in range(4)), *(_digits(draw, 3) for _ in range(2)), _digits(draw, 4)
    )


def _version(draw: Draw) -> str:
    return draw.choice(("{}.{}.{}", "v{}.{}", "{}.{}.{}-beta")).format(
        *(draw.randint(1, 20) for _ in range(3))
    )


def _date(draw: Draw) -> str:
    day, month, year = draw.randint(1, 28), draw.randint(1, 12), draw.randint(1950, 2030)
    return draw.choice(
        (f"{day}/{month}/{year}", f"{year}-{month:02}-{day:02}", f"{day:02}.{month:02}.{year}")
    )


def _time(draw: Draw) -> str:
    return f"{draw.randint(10, 23)}:{draw.randint(0, 59):02}"


def _path(draw: Draw) -> str:
    return draw.choice(
        ("/usr/{0}/{1}.txt", "C:\\{0}\\{1}", "~/{0}/{1}", "./{0}/{1}.py", "{0}_{1}.csv")
    ).format(_word(draw), _letters(draw, string.ascii_lowercase, 4))


def _amount(draw: Draw) -> str:
    number = draw.choice(
        (str(draw.randint(2, 999)), f"{draw.randint(1, 9)}.{_digits(draw, 3)},{_digits(draw, 2)}")
    )
    return draw.choice((f"€{number}", f"{number} €", f"£{number}", f"¥{number}"))


def _reference(draw: Draw) -> str:
    return draw.choice(("#{}", "§ {}", "n.º {}", "¶ {}")).format(draw.randint(2, 999))


def _measure(draw: Draw) -> str:
    number = draw.randint(2, 99)
    return draw.choice(
        (
            f"{number} m²",
            "CO₂",
            "H₂O",
            "10⁶ m",
            f"±{number}",
            f"~{number}",
            f"{number} m³",
            "Na₂CO₃",
            "x < 5",
        )
    )


def _tag(draw: Draw) -> tuple[str, str]:
    name = draw.choice(("b", "i", "em", "strong", "span", "a"))
    attributes = {"a": f' href="/{_word(draw)}"', "span": f' class="{_word(draw)}"'}.get(name, "")
    return f"<{name}{attributes}>", f"</{name}>"


@dataclass(frozen=True)
class Kind:
    sentences: Sentences
    items: Callable[[Draw], Sequence[str]]  # enough for any of the sentences


def _two(make: Callable[[Draw], str]) -> Callable[[Draw], Sequence[str]]:
    """Two items that differ."""

    def items(draw: Draw) -> Sequence[str]:
        first = second = make(draw)
        while second == first:
            second = make(draw)
        return first, second

    return items


KINDS = {
    "URL": Kind(NOUNS, _two(_url)),
    "e-mail address": Kind(NOUNS, _two(_email)),
    "handle, hashtag": Kind(NOUNS, _two(_handle)),
    "printf": Kind(NOUNS, _two(_printf)),
    "braces": Kind(NOUNS, _two(_braces)),
    "template": Kind(NOUNS, _two(_template)),
    "tags": Kind(TAGS, _tag),
    "line breaks": Kind(LINES, lambda draw: [draw.choice(("\\n", "\\t", "<br>", "<br/>", "|"))]),
    "entities, signs": Kind(
        BETWEEN, lambda draw: [draw.choice(("&amp;", "&quot;", '\\"', "&", "*", "&lt;"))] * 2
    ),
    "UUID": Kind(NOUNS, _two(_uuid)),
    "MAC, IP": Kind(NOUNS, _two(_address)),
    "ISBN": Kind(NOUNS, _two(_isbn)),
    "IBAN": Kind(NOUNS, _two(_iban)),
    "commit": Kind(NOUNS, _two(_commit)),
    "telephone": Kind(NOUNS, _two(_phone)),
    "version": Kind(NOUNS, _two(_version)),
    "date, time": Kind(DATES, lambda draw: (_date(draw), _time(draw))),
    "path, file": Kind(NOUNS, _two(_path)),
    "amount": Kind(NUMBERS, _two(_amount)),
    "reference, measure": Kind(
        (*REFERENCES, *MEASURES), _two(lambda draw: draw.choice((_reference, _measure))(draw))
    ),
}


@dataclass(frozen=True)
class Case:
    source: str
    items: tuple[str, ...]
    words: int  # of the same sentence in the other language, without the items


def cases(kind: Kind, side: int, count: int, seed: str) -> Iterator[Case]:
    """`count` sentences, in the language of `side` (0: Spanish, 1: English)."""
    draw = random.Random(seed)
    for _ in range(count):
        pair = draw.choice(kind.sentences)
        items = kind.items(draw)
        if kind.sentences is DATES and "a las {}" in pair[0] and pair[0].count("{}") == 1:
            items = items[1:]
        items = tuple(items[: pair[side].count("{}")])
        yield Case(pair[side].format(*items), items, len(words(pair[1 - side].replace("{}", " "))))


def words(text: str) -> list[str]:
    """Runs of letters."""
    return re.findall(r"[^\W\d_]+", text)
