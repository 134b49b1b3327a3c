"""Where the markup of a text (emphasis, links, tags, code) belongs in its translation.

A marked stretch is translated once more by itself, and stands in the translation where what it became so stands, or
nearly so (`locate`).  Where nothing is like it

- style (emphasis) is given up: an unmarked word harms less than a marked wrong one;
- what must be kept (a link) goes to the words at the same proportion of the text (`proportional`);
- what is fixed (code, never translated) is looked for as it is, else written at that place;
- a mark at a place, of no stretch (an image, a footnote's number), goes to the end of a word at that place, next to
  the same punctuation if there was any.

No text is ever lost, and no markup but style.  Which texts there are is `nmt.documents.marked_text`'s business.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Literal

ALIKE = (
    0.75  # of difflib's ratio, from which on other words count as the stretch: "working" for "works" does not
)
LONGEST = 200  # characters of a stretch that similar words are looked for: it takes the square of them
MOST = 200  # marks in one text, beyond which it is no prose, and formats leave it as it is
FAR = 12  # words from where proportion would have it, beyond which a merely similar stretch is not looked for

Span = tuple[int, int]

_OPENING, _CLOSING = "¿¡«“‘\"'([", ".,;:!?…»”’\"')]"
_WORD = re.compile(r"\w+(?:['’]\w+)*")
_TOKEN = re.compile(r"\S+")


@dataclass(eq=False)
class Mark:
    """Markup around characters [start, end) of a text; an empty stretch is a place."""

    start: int
    end: int
    opening: str = ""
    closing: str = ""
    kind: Literal["style", "keep", "fixed"] = "style"
    inner: list[Mark] = field(default_factory=list)  # `nested` fills it
    content: str | None = None  # what is written instead of a fixed stretch that is but a name, X0
    raised: bool = False  # or lowered: <sup>, <sub>
    in_word: bool = False  # a fixed stretch inside of a word

    @property
    def is_place(self) -> bool:
        return self.start == self.end


@dataclass(frozen=True)
class Placed:
    mark: Mark
    start: int  # in the translation
    end: int
    written: str | None = None  # in place of the translation's characters: what could not be found in it
    inner: tuple[Placed, ...] = ()


@dataclass(frozen=True)
class Room:
    """Where marks are placed: those of text[around] go to translation[within], beside what is `busy` there."""

    text: str
    around: Span
    translation: str
    within: Span
    busy: list[Span]

    def own(self, mark: Mark) -> str:
        return self.text[mark.start : mark.end]

    def near(self, at: int) -> float:
        """Where `at` of the text would be, by proportion."""
        return _proportion(at, self.around, self.within)

    def place_at(self, at: int) -> int:
        return place_at(self.text, at, self.around, self.translation, self.within, self.busy)


def place(marks: Sequence[Mark], room: Room, alone: dict[Mark, str]) -> tuple[Placed, ...]:
    """The marks, and those inside of them: first what is found, then what must have a place, then places."""
    taken: list[Placed] = []

    def put(mark: Mark, span: Span, written: str | None = None) -> None:
        room.busy.append(span)
        inside = Room(room.text, (mark.start, mark.end), room.translation, span, [])
        inner = place(mark.inner, inside, alone) if written is None else ()
        taken.append(Placed(mark, *span, written, inner))

    unfound: list[Mark] = []
    for mark in marks:
        span = None if mark.is_place else _found(mark, room, alone)
        if span:
            put(mark, span)
        elif not mark.is_place:
            unfound.append(mark)
    for mark in unfound:
        if mark.kind == "style":  # given up, but not what is inside of it
            taken += place(mark.inner, room, alone)
        elif mark.kind == "keep" and (free := proportional(mark, room)):
            put(mark, free)
        else:
            at = room.place_at(mark.start)
            put(mark, (at, at), _spaced(alone.get(mark, room.own(mark)), room.translation, at))
    for mark in marks:
        if mark.is_place:
            put(mark, (room.place_at(mark.start),) * 2)
    order = {mark: i for i, mark in enumerate(marks)}
    return tuple(sorted(taken, key=lambda p: (p.start, p.end, order.get(p.mark, 0))))


def _found(mark: Mark, room: Room, alone: dict[Mark, str]) -> Span | None:
    own, near = room.own(mark), room.near(mark.start)
    if mark.kind == "fixed":
        return _nearest(re.escape(own), room.translation, room.within, near, room.busy)
    if covers(mark, room.text, room.around):
        return room.within
    return locate(own, alone.get(mark, own), room.translation, room.within, near, room.busy)


def covers(mark: Mark, text: str, around: Span) -> bool:
    """Whether there are no other words in text[around]."""
    rest = text[around[0] : mark.start] + text[mark.end : around[1]]
    return not mark.is_place and not rest.strip()


def written(
    translation: str, placed: Sequence[Placed], escape: Callable[[str], str] = str, markup: bool = True
) -> str:
    """The translation with its markup; `escape` is applied to text outside of what is fixed."""

    def write(start: int, end: int, inner: Sequence[Placed], escape: Callable[[str], str]) -> str:
        pieces, position = [], start
        for one in inner:
            pieces.append(escape(translation[position : one.start]))
            code = one.mark.kind == "fixed" and not one.mark.opening  # nothing is escaped in it
            content = one.mark.content
            own = str if code else escape
            opening, closing = (one.mark.opening, one.mark.closing) if markup else ("", "")
            if one.written is None:
                inside = write(one.start, one.end, one.inner, own) if content is None else own(content)
                body = opening + inside + closing
            else:  # the space that keeps it from its neighbour is not marked
                core = one.written.strip(" ")
                body = one.written.replace(core, opening + own(content or core) + closing, 1)
            pieces.append(body)
            position = one.end
        return "".join([*pieces, escape(translation[position:end])])

    return write(0, len(translation), placed, escape)


def nested(marks: Iterable[Mark]) -> list[Mark]:
    """The outermost marks, each with those inside it.  Marks that begin at one place must be in the order in which
    they are written; marks that cross each other must not be there."""
    outermost: list[Mark] = []
    opened: list[Mark] = []
    for mark in sorted(marks, key=lambda mark: mark.start):
        mark.inner = []
        while opened and (mark.start >= opened[-1].end or opened[-1].is_place):
            opened.pop()
        (opened[-1].inner if opened else outermost).append(mark)
        opened.append(mark)
    return outermost


def locate(
    own: str, alone: str, translation: str, within: Span, near: float, busy: Sequence[Span] = ()
) -> Span | None:
    """Characters of translation[within] that a stretch of the source became, or None.

    own    the stretch in the source; `alone`, its translation by itself; `near`, where it is to be expected
    busy   characters that others have already
    """
    core = alone.strip(_OPENING + _CLOSING + " ")
    if not core:
        return None
    pattern = r"(?<!\w)" + r"\s+".join(map(re.escape, core.split())) + r"(?!\w)"
    span = _nearest(pattern, translation, within, near, busy, re.IGNORECASE)
    span = span or _similar(core, translation, within, near, busy)
    return span and _with_punctuation(own, translation, span, within, busy)


def proportional(mark: Mark, room: Room) -> Span | None:
    """The free words at the mark's proportion of the text, as long as it is by proportion; None if none is free."""
    start, end = room.near(mark.start), room.near(mark.end)
    words = [match.span() for match in _WORD.finditer(room.translation, *room.within)]
    free = [word for word in words if not any(overlap(word, other) for other in room.busy)]
    if not free:
        return None
    first = min(free, key=lambda word: abs(word[0] - start))
    last = first
    for word in free[free.index(first) + 1 :]:
        between = (last[1], word[0])
        if word[1] > end + (word[1] - word[0]) / 2 or any(overlap(between, other) for other in room.busy):
            break
        last = word
    return first[0], last[1]


def place_at(
    text: str, at: int, around: Span, translation: str, within: Span, busy: Sequence[Span] = ()
) -> int:
    """Where in translation[within] the place `at` of text[around] is: not inside of `busy`, nor of a word."""
    start, end = within
    if not text[around[0] : at].strip():
        candidates = [start]
    elif not text[at : around[1]].strip():
        candidates = [end]
    else:
        before, after, part = text[at - 1], text[at], translation[start:end]
        if before.isspace():
            found = [match.start() for match in _TOKEN.finditer(part)]
        elif before.isalnum():
            words = list(_WORD.finditer(part))
            own = re.split(r"\W", text[max(around[0], at - LONGEST) : at])[-1]
            ends = [word.end() for word in words if word.group() == own] or [word.end() for word in words]
            found = [
                place for place in ends if part[place : place + 1] == after and not after.isspace()
            ] or ends
        else:  # after the same punctuation
            found = [match.end() for match in re.finditer(re.escape(before), part)]
            found = found or [match.end() for match in _TOKEN.finditer(part)]
        candidates = [start + place for place in found]
    near = _proportion(at, around, within)
    allowed = [place for place in candidates if not any(low < place < high for low, high in busy)]
    allowed = allowed or [edge for span in busy for edge in span] or [start]
    return min(allowed, key=lambda place: abs(place - near))


def _nearest(
    pattern: str, translation: str, within: Span, near: float, busy: Sequence[Span], flags: int = 0
) -> Span | None:
    spans = [match.span() for match in re.compile(pattern, flags).finditer(translation, *within)]
    free = [span for span in spans if not any(overlap(span, other) for other in busy)]
    return min(free, key=lambda span: abs(span[0] - near), default=None)


def _similar(core: str, translation: str, within: Span, near: float, busy: Sequence[Span]) -> Span | None:
    """The words most like `core`, about as many and about there, if they are alike enough."""
    words = [match.span() for match in _WORD.finditer(translation, *within)]
    if not words or not 4 <= len(core) <= LONGEST:
        return None
    count = len(_WORD.findall(core))
    middle = min(range(len(words)), key=lambda i: abs(words[i][0] - near))
    best, best_ratio = None, ALIKE
    for first in range(max(0, middle - FAR), min(len(words), middle + FAR + 1)):
        for last in range(max(first, first + count - 2), min(len(words), first + count + 1)):
            span = words[first][0], words[last][1]
            alike = SequenceMatcher(None, core.casefold(), translation[slice(*span)].casefold()).ratio()
            if alike >= best_ratio and not any(overlap(span, other) for other in busy):
                best, best_ratio = span, alike
    return best


def _with_punctuation(own: str, translation: str, span: Span, within: Span, busy: Sequence[Span]) -> Span:
    """The span and the punctuation around it, if the stretch of the source had such around it, too."""
    start, end = span
    had = own.rstrip()[-1:] in _CLOSING and own.rstrip()[-1:] != ""
    while had and end < within[1] and translation[end] in _CLOSING:
        end += 1
    opened = own.lstrip()[:1] in _OPENING or own.rstrip()[-1:] in ("?", "!")
    while opened and start > within[0] and translation[start - 1] in _OPENING:
        start -= 1
    return span if any(overlap((start, end), other) for other in busy) else (start, end)


def _proportion(at: int, around: Span, within: Span) -> float:
    share = (at - around[0]) / max(1, around[1] - around[0])
    return within[0] + share * (within[1] - within[0])


def overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _spaced(text: str, translation: str, at: int) -> str:
    """`text`, to be put in at a word's end or beginning, with the space that keeps it apart."""
    before = " " if at > 0 and not translation[at - 1].isspace() else ""
    return before + text + ("" if before or at >= len(translation) else " ")
