"""A text whose inline markup became marks (`nmt.text.marks`), and its translation with the markup again.

A format builds a `Marked` from left to right.  Markup around the whole text is not sent to the translator; it is
written back unchanged.  Separators (`|`, the space between links in a row) cut the text into several texts.  The
translator places the marks by attention, and each mark is written back as its markup exactly once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cached_property

from nmt.text.marks import CLOSING, KEPT, MARK, MAX_MARKS, OPENING, PLACES, MarkRole, mark, number_of, role_of
from nmt.text.protected import has_words, protected_items
from nmt.translation.protect import Protected, Slot, neighbours
from nmt.translation.restore import restore

_SEPARATOR = re.compile(r"(?<!\s)\s*\|\s*|(?<!\s)\s+[·•]\s+")  # looks at each run of blanks once
_SAID = re.compile("\0(\\d+)\0")  # no document has a NUL
_PIECE = re.compile(f"({MARK.pattern})")
_OUTSIDE = re.compile(rf"[\s{PLACES}]")
_WORD = re.compile(rf"[\w{KEPT}]+")
_EMPTY_PAIR = re.compile(rf"[{OPENING}][^\w{KEPT}{OPENING}]*[{CLOSING}]")
_LETTER = r"[^\W\d_]"
# A variable, or a unit of length without a number before it: no word that has a footnote.
SYMBOL = r"(?<!\d\s)(?<!\w)[b-df-hj-np-tv-xz]"
_OPENED_IN_WORD = re.compile(rf"(?<!{_LETTER})({_LETTER}+)([{OPENING}]+)(?={_LETTER})")
_ENDED_IN_WORD = re.compile(rf"(?<={_LETTER})([{CLOSING}{PLACES}]+)({_LETTER}+)")


class Marked:
    """A text in pieces; each has what the translator reads and what the file has."""

    def __init__(self) -> None:
        self._pieces: list[tuple[str, str]] = []
        self._markup: dict[str, str] = {}  # what each mark stands for
        self._raised: set[str] = set()  # marks of numbers at the end of a word: the 2 of m²
        self._opened: list[tuple[str, str, int]] = []  # what is open: its name, its mark, the place of its piece
        self._said: list[str] = []
        self._count = 0

    def add(self, text: str, written: str | None = None) -> None:
        """Add text, and how the file writes it; a character of the text that is a mark to us becomes a place."""
        for number, piece in enumerate(_PIECE.split(text)):
            raw = piece if written is None else written
            if number % 2:
                one = self._add_mark("empty", piece)
                self._pieces[-1] = (one, raw)
            elif piece:
                self._pieces.append((piece, raw))
            written = "" if written is not None and piece else written

    def open(self, name: str, written: str) -> None:
        """Add opening markup; `close` with the same name closes it, and without that it becomes a place."""
        self._opened.append((name, self._add_mark("open", written), len(self._pieces) - 1))

    def close(self, name: str, written: str, raised: bool = False) -> None:
        """Close what was last opened with this name.  A pair without words, a raised number at the end of a word, and
        markup that closes nothing each become a place."""
        place = next((i for i in reversed(range(len(self._opened))) if self._opened[i][0] == name), None)
        if place is None:
            self.place(written)
            return
        _, opened, at = self._opened[place]
        del self._opened[place:]
        inside = "".join(text for text, _ in self._pieces[at + 1 :])
        glued = raised and not any(c.isalpha() or c.isspace() for c in inside) and self._letter_before(at).isalnum()
        if glued or not _WORD.search(inside):
            whole = "".join(raw for _, raw in self._pieces[at:]) + written
            del self._pieces[at:]
            one = self._add_mark("empty", whole)
            self._raised |= {one} if glued else set()
            return
        closing = mark("close", number_of(opened))
        self._markup[closing] = written
        self._pieces.append((closing, written))

    def _letter_before(self, at: int) -> str:
        """The last character of text before piece `at`."""
        earlier = map(self._pieces.__getitem__, range(at - 1, -1, -1))
        return next((text[-1] for text, _ in earlier if not MARK.fullmatch(text)), " ")

    def place(self, written: str) -> None:
        """Add markup that encloses nothing: a picture, a tag without a closing one."""
        self._add_mark("empty", written)

    def keep(self, written: str) -> None:
        """Add something that stays unchanged and stands for a word: code, say."""
        self._add_mark("word", written)

    def say(self, text: str) -> str:
        """A placeholder to write into markup for a text that is translated by itself: a picture's description, say."""
        self._said.append(text)
        return f"\0{len(self._said) - 1}\0"

    @property
    def texts(self) -> list[str]:
        """The texts to translate, then those given to `say`.  A text without words, or with more than `MAX_MARKS`
        pieces of markup, is not translated."""
        return [*(text for text, translate in self._stretches if translate), *self._said]

    def render(
        self,
        translations: Sequence[str],
        escape: Callable[[str], str] = str,
        escape_said: Callable[[str], str] = str,
        markup: bool = True,
    ) -> str:
        """The text with the translations of `texts`, with its markup or without.

        escape       how the file spells text
        escape_said  how it spells text inside of markup (`say`)
        """
        said = dict(enumerate(translations[len(translations) - len(self._said) :]))
        rendered = self._rendered(translations, escape, markup)
        return _SAID.sub(lambda found: escape_said(said.get(int(found[1]), found[0])), rendered)

    def _rendered(self, translations: Sequence[str], escape: Callable[[str], str], markup: bool) -> str:
        if not self._stretches:
            return "".join(written for _, written in self._pieces)
        waiting = iter(translations)
        whole = "".join(mended(text, next(waiting)) if there else text for text, there in self._stretches)
        pieces = []
        for piece in _PIECE.split(whole):
            if not MARK.fullmatch(piece):
                pieces.append(escape(piece))
            elif markup or role_of(piece) == "word":
                pieces.append(self._markup[piece])
        return "".join(pieces)

    def _add_mark(self, role: MarkRole, written: str) -> str:
        added = mark(role, min(self._count, MAX_MARKS - 1))
        self._count += 1
        self._markup[added] = written
        self._pieces.append((added, written))
        return added

    @cached_property
    def _stretches(self) -> list[tuple[str, bool]]:
        """Stretches that join to the text, each with whether it is translated; empty if none is."""
        if self._count > MAX_MARKS:
            return []
        text = "".join(piece for piece, _ in self._pieces)
        for opened in set(re.findall(f"[{OPENING}]", text)):
            if mark("close", number_of(opened)) not in text:
                text = text.replace(opened, self._also("empty", opened))
        for raised in self._raised:  # inside of a word (H₂O), or the exponent of a sign (x², m²)
            kept = self._also("word", raised)
            text = re.sub(rf"{raised}(?={_LETTER})|(?<={SYMBOL}){raised}", kept, text)
        stretches = _cut(tidied(text))
        return stretches if any(translate for _, translate in stretches) else []

    def _also(self, role: MarkRole, character: str) -> str:
        """The mark in another role."""
        changed = mark(role, number_of(character))
        self._markup[changed] = self._markup[character]
        return changed


def tidied(text: str) -> str:
    """The text with no mark inside of a word: a pair around some letters is around the whole word."""
    return _ENDED_IN_WORD.sub(r"\2\1", _OPENED_IN_WORD.sub(r"\2\1", text))


def peeled(text: str) -> tuple[str, str, str]:
    """The text without blanks, places and pairs around all of it: (before, text, after)."""
    start, end = 0, len(text)
    while True:
        while start < end and _OUTSIDE.fullmatch(text[start]):
            start += 1
        while start < end and _OUTSIDE.fullmatch(text[end - 1]):
            end -= 1
        pair = start < end and re.match(f"[{OPENING}]", text[start])
        if not pair or text[end - 1] != mark("close", number_of(text[start])):
            return text[:start], text[start:end], text[end:]
        start, end = start + 1, end - 1


def _cut(text: str) -> list[tuple[str, bool]]:
    """The text cut at the separators outside of pairs.  If all words are in pairs, and each pair begins with a
    capital (a row of links), it is cut between the pairs."""
    outside, depth = "", 0
    for character in text:
        depth += re.match(f"[{OPENING}]", character) is not None
        outside += "\0" if depth else character
        depth -= re.match(f"[{CLOSING}]", character) is not None
    pairs = [found.span() for found in re.finditer("\0+", outside)]
    firsts = [next(iter(re.findall(r"[^\W_]", text[slice(*pair)])), "") for pair in pairs]
    row = len(pairs) > 1 and not has_words(outside) and not any(map(str.islower, firsts))
    if row:
        cuts = [(end, start) for (_, end), (start, _) in zip(pairs, pairs[1:], strict=False)]
    else:
        cuts = [found.span() for found in _SEPARATOR.finditer(outside)]
    stretches: list[tuple[str, bool]] = []
    edges = [0, *(edge for cut in cuts for edge in cut), len(text)]
    for number, (start, end) in enumerate(zip(edges, edges[1:], strict=False)):
        before, core, after = peeled(text[start:end]) if number % 2 == 0 else (text[start:end], "", "")
        stretches += [(before, False), (core, has_words(core)), (after, False)]
    return [stretch for stretch in stretches if stretch[0]]


def mended(text: str, translation: str) -> str:
    """The translation with each mark of the text once, pairs around words and never across each other.

    The translator's own output is like that.  A translation memory has no marks; they are then placed in proportion to
    their places in the text.
    """
    if _is_nested(text, translation) and not _EMPTY_PAIR.search(translation):
        return translation
    slots = []
    marks = [item for item in protected_items(text) if item.kind == "mark"]
    for place, item in enumerate(marks):
        at = len(MARK.sub("", text[: item.start]))
        slots.append(Slot(item, at, at, *neighbours(text, marks, place)))
    protected = Protected(text, MARK.sub("", text), tuple(slots))
    plain = MARK.sub("", translation)
    placed = restore(protected, plain, (), (), None)
    if _is_nested(text, placed):
        return placed
    first, *rest = MARK.findall(text)  # the words are fewer than the pairs
    return "".join([first, plain, *rest])


def _is_nested(text: str, translation: str) -> bool:
    """Whether the translation has the marks of the text, and no pair crosses another."""
    opened: list[str] = []
    for found in MARK.findall(translation):
        if role_of(found) == "open":
            opened.append(mark("close", number_of(found)))
        elif role_of(found) == "close" and (not opened or opened.pop() != found):
            return False
    return sorted(MARK.findall(text)) == sorted(MARK.findall(translation))
