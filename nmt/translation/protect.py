"""Takes out of a sentence what a model must not change; `nmt.translation.restore` puts it back.

An item in the place of a noun or a number (a URL, %s, €35) is replaced by a stand-in that the model copies.  A sign or
a tag beside words is taken out, and its place is recorded.  Nothing here calls the model; only the characters and the
placeholder symbols of its vocabulary are needed.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import regex  # type: ignore[import-untyped]

from nmt.text.normalization import cleaned, composed
from nmt.text.protected import TERM, Item, beside, is_sign, protected_items
from nmt.text.tokenizer import Tokenizer

# Stand-ins for models that have no placeholder symbols, by how often a trained model copies them (of 200 sentences
# each way: 397 to 400 times; names such as "John" 385, Greek letters 315): codes for words, numbers for numbers.
CODES = ("X2", "C3", "M3", "K7", "B2", "G6", "D4", "F8", "L5", "A1", "Z9", "X1", "H4", "J6", "P5", "N8")
NUMBERS = ("12", "37", "58", "25", "43", "64", "78", "32", "47", "95", "26", "53", "84", "39", "67", "92")
# Kinds that models mostly copy by themselves.
COPIED_FIRST = frozenset({"designation", "date", "time", "ordinal"})
ATTEMPTS = 3  # at protecting a sentence: with stand-ins; with other and more stand-ins; without any
OWN_DIGITS = 3  # an item with one plain number of so few digits has that as its stand-in: "§ 12" is read as 12

# Signs that a vocabulary may lack and others that it reads in their place.
SAME_SIGN = {
    "…": "...", "‐": "-", "‑": "-", "―": "—", "„": "“", "‟": "”", "‚": "‘", "‛": "’", "′": "'", "″": '"', "´": "'",
    "‹": "«", "›": "»", "＂": '"', "，": ",", "。": ".", "！": "!", "？": "?",
}  # fmt: skip
AND = {"en": "and", "es": "y"}  # what the model reads for "&" between words
FOREIGN = "foreign"  # the kind of words in a script that the model does not read
READ_SCRIPTS = frozenset({"LATIN", "GREEK"})  # and any other of which a vocabulary has MIN_LETTERS
MIN_HALF = 3  # letters of either word in an identifier; with fewer the sign is an accelerator in one word
MAX_TERMS = 8  # of a glossary in one sentence: of more stand-ins at once a model loses some
MIN_LETTERS = 20  # of a script; a vocabulary with fewer has them by accident
_PAIR = ("open", "close")  # roles
_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:['’-][\p{L}\p{M}]+)*")
_PLAIN_NUMBER = regex.compile(r"\d+")
_LETTER = regex.compile(r"\p{L}")
_OPENING_SIGN = regex.compile(r"[\s\p{P}\p{S}]*")


@dataclass(frozen=True)
class Vocabulary:
    """The characters of a source tokenizer, and placeholder symbols that both tokenizers have."""

    # Of texts; a symbol that a text has of its own is a sign that the model does not know.
    characters: frozenset[str]
    symbols: tuple[str, ...]  # placeholder symbols that the model has learned to copy
    size: Callable[[str], int]  # pieces of a text
    language: str = ""  # the source's and the target's, ISO 639-1
    target_language: str = ""

    @classmethod
    def of(cls, source: Tokenizer, target: Tokenizer, language: str, target_language: str) -> Vocabulary:
        symbols = tuple(symbol for symbol in source.placeholders if symbol in target.characters)
        count = Counter(filter(None, map(script, source.characters)))
        stray = {one for one, letters in count.items() if letters < MIN_LETTERS and one not in READ_SCRIPTS}
        characters = frozenset(one for one in source.characters if script(one) not in stray) - {*symbols}
        return cls(characters, symbols, lambda text: len(source.encode(text)), language, target_language)

    def knows(self, text: str) -> bool:
        return self.characters.issuperset(text.replace(" ", ""))


@dataclass(frozen=True)
class Slot:
    """An item, and where it was in what the model reads."""

    item: Item
    start: int  # of the stand-in in `Protected.model_text`; an item that was taken out has start == end
    end: int
    before: str  # the character before and after the item in the sentence, "" at its ends
    after: str

    @property
    def is_out(self) -> bool:
        return self.start == self.end


@dataclass(frozen=True)
class Protected:
    """A sentence, and what a model reads of it."""

    sentence: str
    model_text: str
    slots: tuple[Slot, ...] = ()  # from left to right
    target_language: str = ""  # ISO 639-1

    @property
    def has_words(self) -> bool:
        """Whether the model has any words to translate, not only stand-ins."""
        pieces, position = [], 0
        for slot in self.slots:
            pieces.append(self.model_text[position : slot.start])
            position = slot.end if slot.item.reads_as is None else slot.start
        return _LETTER.search(" ".join([*pieces, self.model_text[position:]])) is not None

    @property
    def unmarked(self) -> str:
        """The sentence without the signs that mark a letter (`&File`), if nothing else is protected in it."""
        return self.model_text if all(slot.item.role == "letter" for slot in self.slots) else self.sentence

    @property
    def needs_attention(self) -> bool:
        """Whether something was taken out that has to be placed."""
        return any(slot.is_out for slot in self.slots)

    @property
    def foreign(self) -> tuple[str, ...]:
        """Stretches in a script that the model does not read."""
        return tuple(slot.item.text for slot in self.slots if slot.item.kind == FOREIGN)

    def prefix(self, text: str) -> str:
        """What the model has to write for a translation that is to begin with `text`."""
        for slot in self.slots:
            written = slot.item.text if slot.item.text in text else slot.item.capitalised
            text = text.replace(written, self.model_text[slot.start : slot.end], 1)
        return text


def protect(
    sentence: str,
    vocabulary: Vocabulary,
    attempt: int = 0,
    lost: Collection[Item] = (),
    given: Sequence[Item] = (),
) -> Protected:
    """What the model reads of `sentence`.

    attempt  0; or 1 and 2, after the translation of the attempt before could not be restored
    lost     numbers and other items that the model was to copy and did not: these get stand-ins
    given    a glossary's terms, with their places in the cleaned sentence; they go before the items of the grammar
    """
    text = composed(cleaned(sentence))
    items = beside(beside(given, protected_items(text)), _unknown(text, vocabulary))
    if not items:
        return Protected(sentence, text, target_language=vocabulary.target_language)
    items = [_identifier(item, text, vocabulary) or item for item in items]
    wanted = {(item.start, item.end) for item in lost}
    held = [item for item in items if _is_held(item, vocabulary, attempt) or (item.start, item.end) in wanted]
    held = _with_signs(held)
    further_terms = [item for item in held if item.kind == TERM][MAX_TERMS:]
    held = [item for item in held if item not in further_terms]
    stand_ins = _stand_ins(text, held, vocabulary, attempt)
    pieces: list[str] = []
    slots: list[Slot] = []
    position = size = 0

    def add(piece: str) -> None:
        nonlocal size
        if pieces and pieces[-1][-1:].isspace():
            piece = piece.lstrip(" ")
        elif not pieces:
            piece = piece.lstrip(" ")
        if piece:
            pieces.append(piece)
            size += len(piece)

    for place, (item, stand_in) in enumerate(zip(held, stand_ins, strict=True)):
        add(text[position : item.start])
        before, after = neighbours(text, held, place)
        apart = bool(stand_in) and item.role != "sign"
        between = not stand_in and item.role in ("break", "sign", "word") and before.isalnum() and after.isalnum()
        if (apart and before.isalnum()) or between:
            add(" ")
        start = size
        add(stand_in)
        slots.append(Slot(item, start, size, before, after))
        if apart and after.isalnum():
            add(" ")
        position = item.end
    add(text[position:])
    model_text = "".join(pieces).rstrip()
    slots = [replace(s, start=min(s.start, len(model_text)), end=min(s.end, len(model_text))) for s in slots]
    return Protected(sentence, model_text, tuple(slots), vocabulary.target_language)


def neighbours(text: str, items: Sequence[Item], place: int) -> tuple[str, str]:
    """The characters before and after an item, "" at the ends of the text; tags around words are not seen, but by
    other tags."""
    first = last = place
    if items[place].role not in _PAIR:
        while first > 0 and items[first - 1].role in _PAIR and items[first - 1].end == items[first].start:
            first -= 1
        while last + 1 < len(items) and items[last + 1].role in _PAIR and items[last + 1].start == items[last].end:
            last += 1
    start, end = items[first].start, items[last].end
    return text[start - 1 : start], text[end : end + 1]


def _identifier(item: Item, text: str, vocabulary: Vocabulary) -> Item | None:
    """The identifier, if a sign that looks like an accelerator in a word ("Sa_ve") joins two words instead.  `&` joins
    only whole words: rock&roll."""
    if item.kind != "accelerator" or not text[item.start - 1 : item.start].isalpha():
        return None
    left, right = _WORD.findall(text[: item.start])[-1], _WORD.match(text, item.end).group()
    apart = [vocabulary.size(half.lower()) for half in (left, right)]
    whole_words = apart == [1, 1] and min(len(left), len(right)) >= MIN_HALF
    one_word = item.text == "&" or vocabulary.size((left + right).lower()) < sum(apart)
    if one_word and not whole_words:
        return None
    start, end = item.start - len(left), item.end + len(right)
    return Item(text[start:end], start, end, "identifier", "word")


def _is_held(item: Item, vocabulary: Vocabulary, attempt: int) -> bool:
    """Whether the item is kept from the model."""
    known = vocabulary.knows(item.text)
    if item.role == "number":
        return False
    if item.kind in ("sign", "dollar"):
        return not known or (attempt > 0 and item.kind == "sign")
    if item.kind in COPIED_FIRST and attempt == 0:
        return not known
    return True


def _with_signs(items: Sequence[Item]) -> list[Item]:
    """The items, in which a sign that touches an item of role "word" is joined to it."""
    joined: list[Item] = []
    for item in items:
        last = joined[-1] if joined else None
        if last and last.end == item.start and {last.kind, item.kind} & {"sign"}:
            word, sign = (last, item) if item.kind == "sign" else (item, last)
            if word.role == "word" and sign.reads_as is None:
                joined[-1] = replace(word, text=last.text + item.text, start=last.start, end=item.end)
                continue
        joined.append(item)
    return joined


def _stand_ins(text: str, items: Sequence[Item], vocabulary: Vocabulary, attempt: int) -> list[str]:
    """What the model reads in place of each item; "" for what is taken out."""
    shift = attempt * 5
    symbols, codes, numbers = (
        iter([*some[shift:], *some[:shift]])
        for some in (
            vocabulary.symbols,
            [code for code in CODES if code not in text and vocabulary.knows(code)],
            [number for number in NUMBERS if number not in text and vocabulary.knows(number)],
        )
    )
    taken: set[str] = set()

    def stand_in(item: Item) -> str:
        if attempt == ATTEMPTS - 1 and not item.is_letters:
            return ""
        if item.reads_as is not None and vocabulary.knows(item.reads_as) and not is_sign(item.reads_as):
            return item.reads_as
        if item.reads_as == "&" or item.text == "&":
            return AND.get(vocabulary.language, "") if _between_words(text, item) else ""
        if item.role not in ("word", "number"):
            return ""
        if vocabulary.symbols:
            return next(symbols, "")
        digits = _PLAIN_NUMBER.findall(item.text)
        if item.counts and attempt == 0 and len(digits) == 1 and len(digits[0]) <= OWN_DIGITS:
            if text.count(digits[0]) == 1:
                return digits[0]
        return next(numbers if item.counts else codes, "")

    chosen = []
    for item in items:
        word = stand_in(item)
        chosen.append("" if word in taken and item.role != "sign" else word)
        taken.add(word)
    return chosen


def _between_words(text: str, item: Item) -> bool:
    return text[item.start - 2 : item.start][-1:] == " " and text[item.end : item.end + 1] == " "


def _unknown(text: str, vocabulary: Vocabulary) -> list[Item]:
    """Words and signs with characters that the vocabulary only has as bytes, which the model could only guess.
    Neighbouring foreign words are one item."""
    items: list[Item] = []
    if vocabulary.knows(text):
        return items
    position = 0
    for word in _WORD.finditer(text):
        items += _unknown_signs(text, position, word.start(), vocabulary)
        position = word.end()
        if not vocabulary.knows(word.group()):
            items.append(_unknown_word(text, word.start(), word.end(), vocabulary))
    items += _unknown_signs(text, position, len(text), vocabulary)
    joined: list[Item] = []
    for item in items:
        last = joined[-1] if joined else None
        if last and last.kind == item.kind in (FOREIGN, "unknown") and text[last.end : item.start] in ("", " "):
            joined[-1] = replace(last, text=text[last.start : item.end], end=item.end)
        else:
            joined.append(item)
    return joined


def _unknown_signs(text: str, start: int, end: int, vocabulary: Vocabulary) -> Iterator[Item]:
    for at in range(start, end):
        sign = text[at]
        if not vocabulary.knows(sign):
            yield Item(sign, at, at + 1, "sign", "sign", reads_as=SAME_SIGN.get(sign))


def _unknown_word(text: str, start: int, end: int, vocabulary: Vocabulary) -> Item:
    """An item for a word that is copied, or that the model reads in small letters or without the accents that the
    vocabulary lacks."""
    word = text[start:end]
    bare = "".join(c if vocabulary.knows(c) else _unaccented(c) for c in word)
    if vocabulary.knows(bare):
        begins = _OPENING_SIGN.fullmatch(text, 0, start) is not None
        small = word[0].lower() + word[1:]
        if begins and vocabulary.knows(small) and vocabulary.size(small) < vocabulary.size(bare):
            return Item(word, start, end, "spelling", "sign", reads_as=small)
        if vocabulary.size(bare) == 1:
            return Item(word, start, end, "spelling", "sign", reads_as=bare)
    known = any(letter.isalpha() and vocabulary.knows(letter) for letter in word)
    return Item(word, start, end, "unknown" if known else FOREIGN, "word")


def script(character: str) -> str:
    """The script of a letter by its Unicode name ("LATIN", "CYRILLIC", "CJK"); "" for what is no letter."""
    return unicodedata.name(character, "").partition(" ")[0] if character.isalpha() else ""


def _unaccented(letter: str) -> str:
    return unicodedata.normalize("NFKD", letter)[:1]
