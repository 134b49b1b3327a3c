"""Phrases with both sides right, made from carriers with slots: `python -m data_prep phrases --out phrases.tsv`.

Corpora have few greetings, dates, amounts, codes and placeholders, and what they have is often written anew on the
other side.  Here both sides follow one convention: **digits, separators and signs stay as they are** (1.250,50 € is
1.250,50 €, 15:30 is 15:30, 15 % is 15 %), for a translator copies what it cannot know; only words change ("a las tres
y media", "half past three"; "3 de mayo de 2021", "May 3, 2021" or "3 May 2021").

The carriers are in `words/phrases.es-en.tsv`, the names in `words/names.tsv`, what fills a slot in `template_slots.py`.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from pathlib import Path

from data_prep.noise import capitalised
from data_prep.template_slots import MONTHS, SLOTS, Filling
from nmt.errors import UserError

PAIR = ("es", "en")

_SLOT = re.compile(r"\[(\^?)(([a-z_]+)\d?)\]")
_HEADING = re.compile(r"== (\w+) ==")
_MONTH = "|".join(english for _, english in MONTHS)
_AMERICAN, _BRITISH = re.compile(rf"(?:{_MONTH}) \d\d?(?!\d)"), re.compile(rf"(?<!\d)\d\d? (?:{_MONTH})")
TRIES = 50  # draws for each new phrase before giving up


@dataclass(frozen=True)
class Carrier:
    """A phrase with slots, and the section it stands in."""

    section: str
    spanish: str
    english: str


def load_carriers() -> list[Carrier]:
    carriers, section = [], ""
    text = (Path(__file__).parent / "words" / "phrases.es-en.tsv").read_text(encoding="utf-8")
    for line in text.splitlines():
        spanish, tab, english = line.partition("\t")
        if tab:
            carriers.append(Carrier(section, spanish, english))
        elif heading := _HEADING.fullmatch(line):
            section = heading.group(1)
    return carriers


def phrases(count: int, seed: int = 1) -> list[Filling]:
    """`count` different pairs; the same for the same seed.  Raises UserError if there are not that many."""
    draw, carriers = random.Random(seed), load_carriers()
    made: dict[Filling, None] = {}
    tries = TRIES * count
    while len(made) < count and tries:
        tries -= 1
        made.setdefault(fill(draw.choice(carriers), draw))
    if len(made) < count:
        raise UserError(f"only {len(made):,} different phrases came about; ask for fewer")
    return list(made)


def fill(carrier: Carrier, draw: random.Random) -> Filling:
    """Both sides of the carrier with every slot filled; all dates of a phrase in one style."""
    spanish, english = _filled(carrier, draw)
    while _AMERICAN.search(english) and _BRITISH.search(english):
        spanish, english = _filled(carrier, draw)
    if carrier.section == "bare":
        if draw.random() < 0.5:
            spanish, english = (text[:1].upper() + text[1:] for text in (spanish, english))
        if draw.random() < 0.4 and spanish[-1].isalnum() and english[-1].isalnum():
            spanish, english = spanish + ".", english + "."
    return spanish, english


def _filled(carrier: Carrier, draw: random.Random) -> Filling:
    filled: dict[str, Filling] = {}
    for match in _SLOT.finditer(carrier.spanish):
        label, kind = match.group(2), match.group(3)
        while label not in filled or list(filled.values()).count(filled[label]) > 1:
            filled[label] = SLOTS[kind](draw)

    def side(text: str, number: int) -> str:
        def put(match: re.Match[str]) -> str:
            value = filled[match.group(2)][number]
            return capitalised(value) if match.group(1) else value

        return _SLOT.sub(put, text)

    return agreeing(side(carrier.spanish, 0)), side(carrier.english, 1)


def agreeing(spanish: str) -> str:
    """Spanish with its small words as their neighbours want them: "y Irene" is "e Irene", "a el" is "al"."""
    spanish = re.sub(r"\by (?=[IÍií](?![aeou])|[Hh][ií](?![aeo]))", "e ", spanish)
    spanish = re.sub(r"\bo (?=[OÓoó]|[Hh][oó])", "u ", spanish)
    return re.sub(r"\b([Dd]e|[Aa]) el(?= )", lambda match: match.group(1) + "l", spanish)
