"""What fills the slots of the carriers: names, days, dates, times, amounts, codes; each the same thing in Spanish and
English.  A slot is a function of the random numbers alone.  (`templates.py` puts them into sentences.)"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache
from pathlib import Path
from uuid import UUID

from data_prep.noise import PLACEHOLDERS, load_names

Filling = tuple[str, str]  # Spanish, English
Slot = Callable[[random.Random], Filling]

FILE_NAMES = "informe report factura invoice notes budget presupuesto foto scan data resumen setup backup plan".split()
FILE_KINDS = "pdf docx xlsx txt csv zip png jpg json html py md".split()
HOSTS = "example.org example.com ejemplo.es tienda.example shop.example docs.example.net intranet.example".split()
PATHS = "ayuda help es/contacto a/b_c docs/v2 pedidos?id=482 login img/logo.png #faq 2024/05 search?q=casa".split()
COMMANDS = "ls -l|git pull|make test|pip install numpy|npm start|sudo reboot|cd ~/docs|ssh -p 22|python main.py".split(
    "|"
)
FUNCTIONS = "open_file() getUserName() print() data.load() parse_args() sum() max_value readLine() to_string()".split()
SIGNED = (
    "%s %d %1$s %2$s %i %(name)s %(count)d {name} {count} {0} {1} {{count}} {{user}} ${var} ${HOME} $user <file> "
    "{user_name} {date} %f {total}"
).split()


def same(text: str) -> Filling:
    """What is the same in both languages."""
    return text, text


@cache
def listed(kind: str) -> list[Filling]:
    """The words of a kind ("place", "thing", "coins"): `words/slots.es-en.tsv` has kind, Spanish, English a line."""
    lines = (Path(__file__).parent / "words" / "slots.es-en.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines]
    return [(spanish, english) for of, spanish, english in rows if of == kind]


DAYS, MONTHS, HOURS = listed("day"), listed("month"), listed("hour")
LENGTHS = dict(zip(MONTHS, (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31), strict=True))


def one_of(choices: list[Filling]) -> Slot:
    """A slot for one of the list."""
    return lambda draw: draw.choice(choices)


def copied(make: Callable[[random.Random], str]) -> Slot:
    """A slot for what stays as it is."""
    return lambda draw: same(make(draw))


def _name(*kinds: str) -> Slot:
    """Names of these kinds, one after another; "given" is a first name of either gender."""

    def make(draw: random.Random) -> Filling:
        names = load_names()
        chosen = [draw.choice(("f", "m")) if kind == "given" else kind for kind in kinds]
        # The frequent ones too, so that greetings are not learned for rare names alone.
        pools = [names[kind] + names.get(f"known_{kind}", [])[:40] for kind in chosen]
        return same(" ".join(draw.choice(pool) for pool in pools))

    return make


def _place(draw: random.Random) -> Filling:
    return draw.choice(listed("place")) if draw.random() < 0.7 else same(draw.choice(load_names()["city"]))


def _number(draw: random.Random) -> str:
    """Two and more, mostly small."""
    return str(draw.randint(2, draw.choice((9, 30, 99, 99, 450))))


def _date(draw: random.Random, with_year: bool) -> Filling:
    month = draw.choice(MONTHS)
    day = draw.randint(1, LENGTHS[month])
    british = draw.random() < 0.3
    year = _year(draw)
    spanish, english = f"{day} de {month[0]}", f"{day} {month[1]}" if british else f"{month[1]} {day}"
    if with_year:
        return f"{spanish} de {year}", f"{english} {year}" if british else f"{english}, {year}"
    return spanish, english


def _year(draw: random.Random) -> str:
    return str(draw.choice((draw.randint(1900, 2035), draw.randint(2005, 2030))))


def _date_in_digits(draw: random.Random) -> str:
    day, month, year = draw.randint(1, 28), draw.randint(1, 12), _year(draw)
    return draw.choice((
        f"{day:02}/{month:02}/{year}", f"{year}-{month:02}-{day:02}", f"{day}.{month}.{year}",
        f"{day:02}-{month:02}-{year}",
    ))  # fmt: skip


def _month_of_year(draw: random.Random) -> Filling:
    month, year = draw.choice(MONTHS), _year(draw)
    return f"{month[0]} de {year}", f"{month[1]} {year}"


def _in_words(kind: str, draw: random.Random, **words: Filling) -> Filling:
    """One of the list of the kind, in which each word stands for its name in braces."""
    spanish, english = draw.choice(listed(kind))
    return (
        spanish.format(**{name: word for name, (word, _) in words.items()}),
        english.format(**{name: word for name, (_, word) in words.items()}),
    )


def _on_day(draw: random.Random) -> Filling:
    day, part = draw.choice(DAYS), draw.choice(listed("time_of_day"))
    return _in_words("on_day", draw, day=day, part=part, date=_date(draw, with_year=False))


def _on_past_day(draw: random.Random) -> Filling:
    return _in_words("on_day_past", draw, day=draw.choice(DAYS), date=_date(draw, with_year=False))


def _every_day(draw: random.Random) -> Filling:
    day, english = draw.choice(DAYS)
    plural = day if day.endswith("s") else day + "s"
    return _in_words("every_day", draw, day=(day, english), days=(plural, f"{english}s"))


def _clock(draw: random.Random) -> str:
    return f"{draw.randint(2, 23)}:{draw.choice((0, 5, 10, 15, 20, 30, 40, 45, 50)):02}"


def _at(draw: random.Random) -> Filling:
    hour = draw.choice(HOURS)
    before = HOURS[(HOURS.index(hour) - 1) % len(HOURS)]
    clock = same(_clock(draw))
    digits = same(f"{draw.randint(2, 11)}:{draw.choice((0, 10, 15, 20, 30, 45)):02}")
    part = draw.choice(listed("part_of_day"))
    return _in_words("at", draw, hour=hour, before=before, clock=clock, digits=digits, part=part)


def _amount_of_money(draw: random.Random) -> str:
    whole = draw.choice((draw.randint(2, 99), draw.randint(100, 999), draw.randint(1000, 99999)))
    dot, comma = draw.choice(((".", ","), (",", ".")))
    number = f"{whole:,}".replace(",", dot) if draw.random() < 0.7 else str(whole)
    if draw.random() < 0.4:
        number += f"{comma}{draw.randint(0, 99):02}"
    sign = draw.choice("€€€$$$££¥")
    before, after = f"{sign}{number}", f"{number} {sign}"
    return draw.choice([after, f"{number}{sign}", before, after] if sign == "€" else [before, after])


def _per_cent(draw: random.Random) -> str:
    number = str(draw.randint(2, 100))
    if draw.random() < 0.3:
        number = f"{draw.randint(1, 99)}{draw.choice('.,')}{draw.randint(1, 9)}"
    return number + draw.choice(("%", " %"))


def _temperature(draw: random.Random) -> str:
    return f"{draw.choice(('', '', '-'))}{draw.randint(2, 41)}{draw.choice((' °C', ' °C', '°', ' °F'))}"


def _digits(draw: random.Random, count: int) -> str:
    return str(draw.randint(10 ** (count - 1), 10**count - 1))


def _phone(draw: random.Random) -> str:
    nine = _digits(draw, 9)
    return draw.choice([
        f"{nine[:3]} {nine[3:6]} {nine[6:]}", f"+34 {nine[:3]} {nine[3:6]} {nine[6:]}",
        f"+44 20 {nine[:4]} {nine[4:8]}", f"({nine[:3]}) {nine[3:6]}-{nine[6:]}0",
        f"{nine[:3]}-{nine[3:6]}-{nine[6:]}1", f"+1 {nine[:3]} 555 {nine[5:]}", nine,
    ])  # fmt: skip


def _code(draw: random.Random) -> str:
    letters = "".join(draw.choice("ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(draw.randint(1, 3)))
    return draw.choice([
        f"{letters}-{_digits(draw, 4)}", f"{letters}{_digits(draw, 3)}", f"{_digits(draw, 2)}{letters}",
        f"{letters}-{_digits(draw, 2)}/{_digits(draw, 3)}",
        f"{_digits(draw, 3)}{letters}{_digits(draw, 2)}",
    ])  # fmt: skip


def _file(draw: random.Random) -> str:
    name = draw.choice(FILE_NAMES)
    name += draw.choice(("", "", "_v2", "-final", f"_{_year(draw)}", f"{draw.randint(1, 20)}"))
    return f"{name}.{draw.choice(FILE_KINDS)}"


def _url(draw: random.Random) -> str:
    start = draw.choice(("https://", "https://", "http://", "www.", "https://www."))
    return start + draw.choice(HOSTS) + draw.choice(("", "", f"/{draw.choice(PATHS)}"))


def _mail(draw: random.Random) -> str:
    who = draw.choice("info ventas support ana.gomez j.smith contacto hr tom_89 office".split())
    return f"{who}@{draw.choice(HOSTS)}"


def _uuid(draw: random.Random) -> str:
    return str(UUID(int=draw.getrandbits(128)))


def _placeholder(draw: random.Random) -> str:
    """One of a program's own, or one of the symbols that stand for what is put back after translation."""
    return draw.choice(SIGNED) if draw.random() < 0.6 else draw.choice(PLACEHOLDERS)


def _counted(choices: list[Filling], low: int, high: int) -> Slot:
    def make(draw: random.Random) -> Filling:
        number, (spanish, english) = draw.randint(low, high), draw.choice(choices)
        return f"{number} {spanish}", f"{number} {english}"

    return make


def _titled(f: Filling, m: Filling) -> Slot:
    def make(draw: random.Random) -> Filling:
        surname = draw.choice(load_names()["surname"])
        spanish, english = draw.choice((f, m))
        return f"{spanish} {surname}", f"{english} {surname}"

    return make


def _version(draw: random.Random) -> str:
    numbers = ".".join(str(draw.randint(0, 30)) for _ in range(draw.choice((2, 3))))
    return numbers + draw.choice(("", "", "", "", "-rc1", "b2"))


def _flight(draw: random.Random) -> str:
    airline, space = draw.choice("IB UX BA AA LH VY FR AF".split()), draw.choice(("", " "))
    return airline + space + _digits(draw, draw.choice((3, 4)))


def _iban(draw: random.Random) -> str:
    return f"ES{_digits(draw, 2)} " + " ".join(_digits(draw, 4) for _ in range(5))


SLOTS: dict[str, Slot] = {
    "name": _name("given"), "name_f": _name("f"), "name_m": _name("m"), "surname": _name("surname"),
    "full": _name("given", "surname"), "full_f": _name("f", "surname"), "full_m": _name("m", "surname"),
    "brand": _name("brand"), "mr": _titled(("la señora", "Mrs."), ("el señor", "Mr.")),
    "doctor": _titled(("la doctora", "Dr."), ("el doctor", "Dr.")), "place": _place, "day": one_of(DAYS),
    "month": one_of(MONTHS), "month_y": _month_of_year, "date": lambda draw: _date(draw, with_year=False),
    "date_y": lambda draw: _date(draw, with_year=True), "date_num": copied(_date_in_digits),
    "year": copied(_year), "on_day": _on_day, "on_day_past": _on_past_day, "every_day": _every_day,
    "at": _at, "clock": copied(_clock), "n": copied(_number),
    "age": copied(lambda draw: str(draw.randint(2, 99))),
    "few": copied(lambda draw: str(draw.randint(2, 9))), "money": copied(_amount_of_money),
    "coins": _counted(listed("coins"), 2, 900), "coins_big": _counted(listed("coins_big"), 2, 90),
    "pct": copied(_per_cent), "temp": copied(_temperature),
    "fever": copied(lambda draw: f"{draw.randint(37, 40)}{draw.choice('.,')}{draw.randint(1, 9)} °C"),
    "amount": copied(lambda draw: draw.choice((f"{draw.randint(2, 9)} kg", f"{draw.randint(1, 9) * 100} g"))),
    "stuff": one_of(listed("stuff")), "thing": one_of(listed("thing")),
    "size": copied(lambda draw: draw.choice("S M L XL XXL 36 38 40 42 44".split())),
    "rel_f": one_of(listed("rel_f")), "rel_m": one_of(listed("rel_m")), "phone": copied(_phone),
    "short_phone": copied(lambda draw: draw.choice("112 061 911 999 016".split())), "mail": copied(_mail),
    "url": copied(_url), "file": copied(_file), "version": copied(_version), "uuid": copied(_uuid),
    "flight": copied(_flight),
    "order": copied(lambda draw: draw.choice(("", "", "#", "A-")) + _digits(draw, draw.choice((5, 6, 8)))),
    "code": copied(_code), "iban": copied(_iban),
    "command": copied(lambda draw: f"`{draw.choice(COMMANDS)}`"),
    "function": copied(lambda draw: draw.choice(FUNCTIONS)), "ph": copied(_placeholder)
}  # fmt: skip
