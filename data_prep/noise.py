"""Noise augmentation: copies of training pairs that teach what people type and what has to arrive unchanged.

Which pairs are copied, and how, depends on the pair alone: not on the order of the sources, the number of processes
or the other kinds; a larger share adds copies and takes none away.  Only `joined` looks at the pairs beside it.
(What is all in capitals `nmt` tidies before it translates, so that no kind of noise here shouts but `lone_words`.)

Two columns of the training split tell of copies: `noise`, the kind ("": no copy), and `altered`, which side alone is
noisy ("source", "target"; "": neither, or both alike).  Training uses a pair with a noisy side only in the direction
that reads that side: nothing learns to write like that.
"""

from __future__ import annotations

import hashlib
import random
import re
import sys
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from data_prep.common_items import CommonItem, common_items, replace_items
from data_prep.keys import sentence_key
from nmt.errors import UserError

# Sixteen characters for private use, each a piece of its own (`subwords.symbols`).  Before a sentence is translated
# a stretch that must not change (a URL, code, %s) is replaced by one of them, and put back afterwards; copies of the
# kind `placeholders` teach models to write each exactly once, at its place.
PLACEHOLDERS = tuple(chr(code) for code in range(0xE000, 0xE010))
MOST_PLACEHOLDERS = 4  # in one copy

KINDS = ("typing", "placeholders", "names", "numbers", "signs", "joined", "lone_words")


@dataclass(frozen=True)
class NoiseConfig:
    """How many copies of each kind there are: a share of the training pairs that can have one (0: none)."""

    typing: float = 0.0  # one side without capitals, accents or marks; a share for each side
    placeholders: float = 0.0  # one to four items that both sides share become placeholder symbols
    names: float = 0.0  # a name that both sides share becomes a rarer one
    numbers: float = 0.0  # the digits of numbers that both sides share become others
    signs: float = 0.0  # a list mark, a sign, emphasis or quotation marks at the same place on both sides
    joined: float = 0.0  # this pair and the next one or two of its source, in one line
    lone_words: float = 0.0  # of the `train_only` lists: "casa" also as "Casa", "casa.", "Casa." and "CASA"
    most_words: int = 30  # of a sentence that is copied
    seed: int = 1

    def __post_init__(self) -> None:
        for kind in KINDS:
            if not 0 <= getattr(self, kind) <= 1:
                raise UserError(f"noise.{kind} is {getattr(self, kind)}: must be from 0 to 1")
        if self.most_words < 1:
            raise UserError(f"noise.most_words is {self.most_words}: must be at least 1")

    @property
    def active(self) -> bool:
        """Whether there is any copy to make."""
        return any(getattr(self, kind) > 0 for kind in KINDS)


class Copy(NamedTuple):
    """A pair, changed."""

    source: str
    target: str
    altered: str  # the side that alone was changed, "source" or "target"; "" if both were, or none
    noise: str  # the kind of change, a field of `NoiseConfig`


Row = tuple[str, str, str]  # source, target, origin
Copies = Iterator[tuple[Copy, str]]  # and their origin


def noisy_copies(rows: Iterable[Row], config: NoiseConfig, word_lists: Collection[str] = ()) -> Copies:
    """The pairs, each followed by its copies of all kinds but `joined` and `lone_words`.

    word_lists: origins whose names and numbers stay, for lists of words have none and generated phrases many."""
    for source, target, origin in rows:
        yield Copy(source, target, "", ""), origin
        kinds = ("placeholders", "signs") if origin in word_lists else tuple(CHANGES)
        for copy in _copies(source, target, config, kinds):
            yield copy, origin


def _copies(source: str, target: str, config: NoiseConfig, kinds: Iterable[str]) -> Iterator[Copy]:
    if max(len(side.split()) for side in (source, target)) > config.most_words:
        return
    key = pair_key(source, target)
    for side, text in zip(("source", "target"), (source, target), strict=True):
        if draw := drawn(config, "typing", key, side):
            changed = as_typed(text, draw)
            if changed and changed != text:
                yield Copy(source, target, side, "typing")._replace(**{side: changed})
    for kind in kinds:
        if draw := drawn(config, kind, key):
            both = CHANGES[kind](source, target, draw)
            if both and both != (source, target):
                yield Copy(*both, "", kind)


def pair_key(source: str, target: str) -> str:
    """What the copies of a pair depend on: its sentences as `keys.py` compares them."""
    return f"{sentence_key(source)} {sentence_key(target)}"


def drawn(config: NoiseConfig, kind: str, key: str, side: str = "") -> random.Random | None:
    """The random numbers for a copy of this kind, or None when the pair is not among those that get one."""
    share = getattr(config, kind)
    if not share:
        return None
    digest = hashlib.blake2b(f"{config.seed} {kind} {side} {key}".encode(), digest_size=8).digest()
    number = int.from_bytes(digest, "little")
    return random.Random(number) if number < share * 2**64 else None


# ---- typing: one side as people write in haste ----

_MARK = re.compile(r"[¿¡«»“”\"()]|[?!.,;:…]+(?=\s|$)|(?<=[^\W\d_])['’](?=[^\W\d_])|\s[-–—]+(?=\s)")
ALL_MARKS_SHARE = 0.2  # of the copies lose every mark; half of these nothing else, half everything else


def as_typed(sentence: str, draw: random.Random) -> str:
    """The sentence with one or more kinds of care left out; none of the marks within a number or an address."""
    lot = draw.random()
    if lot < ALL_MARKS_SHARE:
        bare = " ".join(_MARK.sub("", sentence).split())
        return bare if lot < ALL_MARKS_SHARE / 2 else without_accents(bare).lower()
    if draw.random() < 0.5:
        sentence = without_marks(sentence)
    if draw.random() < 0.7:
        sentence = without_accents(sentence)
    return sentence.lower() if draw.random() < 0.6 else sentence


def without_marks(sentence: str) -> str:
    """Without ¿ and ¡, and without what marks the end of the sentence."""
    return sentence.translate({ord("¿"): None, ord("¡"): None}).rstrip(".?!…").strip()


def without_accents(sentence: str) -> str:
    """á -> a, ü -> u, ñ -> n: letters without what is written above or below them."""
    apart = unicodedata.normalize("NFD", sentence)
    return unicodedata.normalize("NFC", "".join(c for c in apart if not unicodedata.combining(c)))


# ---- what both sides share is replaced on both ----


def with_placeholders(source: str, target: str, draw: random.Random) -> tuple[str, str] | None:
    """One to four items that both sides share become different placeholder symbols."""
    items = [item for item in common_items(source, target) if item.kind != "name" or not item.begins_sentence]
    if not items:
        return None
    chosen = draw.sample(items, draw.randint(1, min(MOST_PLACEHOLDERS, len(items))))
    return replace_items(source, target, zip(chosen, draw.sample(PLACEHOLDERS, len(chosen)), strict=True))


_SHARED_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")


def with_other_numbers(source: str, target: str, draw: random.Random) -> tuple[str, str] | None:
    """Each number that both sides share gets other digits: as many, and a day of a month or a year stays one."""
    numbers = [item for item in common_items(source, target) if item.kind == "number"]
    items = [item for item in numbers if _SHARED_NUMBER.fullmatch(item.text)]
    return replace_items(source, target, [(item, _other_digits(item.text, draw)) for item in items])


_RANGES = ((2, 9), (10, 31), (32, 99), (1900, 2099))  # a number of one of these becomes another one of it


def _other_digits(number: str, draw: random.Random) -> str:
    for low, high in _RANGES:
        if number.isdecimal() and number[0] != "0" and low <= int(number) <= high:
            return str(draw.randint(low, high))
    return str(draw.randint(1, 9)) + re.sub(r"\d", lambda _: str(draw.randint(0, 9)), number[1:])


# Capitalised words that both languages share and that are no names.
_NO_NAMES = frozenset(
    "Internet Central General Federal Plan No Oh Ah Eh Hey Don Doctor Doctora Dr Señor Señora Gobernador Cardinal "
    "Capital Control Total Social Popular Nacional Regional Federal Final Error Global Virtual Digital Manual".split()
)
# Before these words the first sound of a name decides about grammar: "y" and "e", "o" and "u", "a" and "an".
_LISTENING, _FITTED = frozenset("y o a".split()), frozenset("e u an".split())


def with_rarer_name(source: str, target: str, draw: random.Random) -> tuple[str, str] | None:
    """One name that both sides share becomes a rarer one of its kind; a first name keeps its gender."""
    names = load_names()
    candidates = [
        (item, kinds)
        for item in common_items(source, target)
        if item.kind == "name" and not _FITTED & set(item.words_before) and (kinds := _kinds_of(item, names))
    ]
    if not candidates:
        return None
    item, kinds = draw.choice(candidates)
    parts = []
    for kind in kinds:
        name = draw.choice(names[kind])
        while _LISTENING & set(item.words_before) and without_accents(name[0]) in "AEIOUHY":
            name = draw.choice(names[kind])
        parts.append(name)
    return replace_items(source, target, [(item, " ".join(parts))])


def _kinds_of(item: CommonItem, names: dict[str, list[str]]) -> tuple[str, ...]:
    """The kinds of names that may stand in its place, one after another; () for what is not clearly a name."""
    first, *others = item.text.split()
    if item.text in names["city"] or item.text in names["known_city"]:
        return ("city",)
    for kind in ("f", "m"):
        if first in names[kind] or first in names[f"known_{kind}"]:
            return (kind, "surname") if others else (kind,)
    written_otherwise = any(not word[1:].islower() for word in (first, *others))
    if item.begins_sentence or first in _NO_NAMES or written_otherwise:
        return ()
    return ("surname",) if item.text in names["surname"] else ("brand",)


@lru_cache(maxsize=1)
def load_names() -> dict[str, list[str]]:
    """`words/names.tsv`: kind ("f", "m", "surname", "city", "brand"; "known_f", "known_m", "known_city": such as
    are replaced, and never put in) -> names."""
    names: dict[str, list[str]] = {}
    for line in (Path(__file__).parent / "words" / "names.tsv").read_text(encoding="utf-8").splitlines():
        kind, _, listed = line.partition("\t")
        names.setdefault(kind, []).extend(listed.split(", "))
    return names


# ---- signs at the same place of both sides ----

_FIRST = ("# ", "## ", "### ", "- ", "- ", "* ", "• ", "→ ", "> ", "– ", "+ ", "» ", "[ ] ", "[x] ")
_LABELS = "ABCDEFGHKLMNPRSTVX"
_LAST = (" ✓", " ✔", " →", " *", " ©", " ®", " ™", " :)", " |", " ^", " ~", " #")
_AROUND = (("(", ")"), ("[", "]"), ("**", "**"), ("*", "*"), ("_", "_"), ("~~", "~~"), ('"', '"'), ("{", "}"))
_AROUND_ITEM = [pair.split() for pair in ("** **", "* *", "` `", "« »", '" "', "“ ”", "‘ ’", "< >")]
_WORDLESS_END = re.compile(r"[\w)»”\"'.!?]$")


def with_signs(source: str, target: str, draw: random.Random) -> tuple[str, str] | None:
    """One mark more on both sides; a pair that begins or ends with a mark of its own gets none there."""
    ways = ["first", "first", "number", "label", "last", "around", "dots", "item", "item"]
    way = draw.choice(ways)
    sides = (source, target)
    if way == "item":
        items = [item for item in common_items(*sides) if item.kind in ("name", "number", "code")]
        if items:
            item, (left, right) = draw.choice(items), draw.choice(_AROUND_ITEM)
            return replace_items(source, target, [(item, left + item.text + right)])
        way = draw.choice(["first", "last", "around"])
    if way == "dots":
        if not all(re.search(r"\w\.$", side) for side in sides):
            return None
        return source[:-1] + "…", target[:-1] + "…"
    if not all(re.match(r"[\w¿¡\"“«']", side) and _WORDLESS_END.search(side) for side in sides):
        return None
    number = draw.randint(1, 20)
    before, after = {
        "first": lambda: (draw.choice(_FIRST), ""),
        "number": lambda: (draw.choice((f"{number}. ", f"{number}) ", f"({number}) ", f"{number} | ")), ""),
        "label": lambda: (f"{draw.choice(_LABELS)}{number}{draw.choice((' — ', ' – ', ': '))}", ""),
        "last": lambda: ("", draw.choice(_LAST)),
        "around": lambda: draw.choice(_AROUND),
    }[way]()
    return before + source + after, before + target + after


CHANGES: dict[str, Callable[[str, str, random.Random], tuple[str, str] | None]] = {
    "placeholders": with_placeholders,
    "names": with_rarer_name,
    "numbers": with_other_numbers,
    "signs": with_signs,
}

# ---- several pairs together, and words alone ----

MOST_JOINED_WORDS = 12  # of each sentence that is joined to another
JOINED_REACH = 6  # how many pairs after the first are looked at for the next ones
_ENDED = re.compile(r"\w[.!?]$")


def joined_pairs(rows: Iterable[Row], config: NoiseConfig, firsts: int = sys.maxsize) -> Copies:
    """Two or three short sentences in one.  The rows are in file order; the first of a copy is one of their first
    `firsts`.

    Two pairs that share a sentence are never joined: lists of translations repeat them one after another."""
    if not config.joined:
        return
    stream = iter(rows)
    window = list(islice(stream, JOINED_REACH + 1))
    while window and firsts > 0:
        first, firsts = window[0], firsts - 1
        draw = drawn(config, "joined", pair_key(*first[:2])) if _joinable(first) else None
        if draw:
            parts = _next_ones(window, draw.choice((2, 2, 3)))
            if len(parts) > 1:
                source, target = (" ".join(part[side] for part in parts) for side in (0, 1))
                yield Copy(source, target, "", "joined"), first[2]
        window = [*window[1:], *islice(stream, 1)]


def _next_ones(window: list[Row], wanted: int) -> list[Row]:
    parts = [window[0]]
    for row in window[1:]:
        if len(parts) == wanted or row[2] != window[0][2]:
            break
        new = all(sentence_key(row[side]) != sentence_key(part[side]) for part in parts for side in (0, 1))
        if new and _joinable(row):
            parts.append(row)
    return parts


def _joinable(row: Row) -> bool:
    return all(_ENDED.search(side) and len(side.split()) <= MOST_JOINED_WORDS for side in row[:2])


MOST_LONE_WORDS = 4  # of an entry of a word list that is written in all its forms


def lone_word_copies(rows: Iterable[Row], config: NoiseConfig) -> Copies:
    """The entries of word lists with and without a capital, with and without a full stop, and in capitals, both sides
    alike.  The rows are those of all lists: no form is said twice."""
    listed = list(rows)
    said = {(source, target) for source, target, _ in listed}
    for source, target, origin in listed:
        if not drawn(config, "lone_words", pair_key(source, target)):
            continue
        for form in lone_word_forms(source, target):
            if form not in said:
                said.add(form)
                yield Copy(*form, "", "lone_words"), origin


def lone_word_forms(source: str, target: str) -> list[tuple[str, str]]:
    """("casa", "house") -> also Casa and House, "casa." and "house.", "Casa." and "House.", CASA and HOUSE."""
    sides = (source, target)
    if not all(len(side.split()) <= MOST_LONE_WORDS and side[-1:].isalpha() for side in sides):
        return []
    capital = (capitalised(source), capitalised(target))
    stopped = [(one + ".", other + ".") for one, other in (sides, capital)]
    forms = [capital, *stopped, (source.upper(), target.upper())]
    return [form for form in dict.fromkeys(forms) if form != sides]


def capitalised(text: str) -> str:
    """With its first letter, wherever it stands, in capitals."""
    return re.sub(r"[^\W\d_]", lambda letter: letter.group().upper(), text, count=1)
