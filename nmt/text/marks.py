"""Inline markup inside of a text, as single characters: the document's `<i>Hola</i> a todos<img>` becomes an opening
mark, "Hola", the closing mark, " a todos", and a mark for the picture.

The characters are in a private-use area of Unicode.  `nmt.text.protected` finds them as protected items, so that the
translator places each of them by attention.
"""

from __future__ import annotations

import re
from typing import Literal

MAX_MARKS = 256  # of one role, in one text
_FIRST = 0xFF000  # of the characters

MarkRole = Literal["open", "close", "empty", "word"]
_ROLES: tuple[MarkRole, ...] = ("open", "close", "empty", "word")
# The characters of each role, for a character class: "word" stands for a noun that is kept, such as code; "empty" marks
# a point that encloses no text.
OPENING, CLOSING, PLACES, KEPT = (
    f"{chr(_FIRST + place * MAX_MARKS)}-{chr(_FIRST + (place + 1) * MAX_MARKS - 1)}" for place in range(4)
)
MARK = re.compile(f"[{OPENING}{CLOSING}{PLACES}{KEPT}]")


def mark(role: MarkRole, number: int) -> str:
    """The mark of a number below `MAX_MARKS`; both halves of a pair have the same."""
    return chr(_FIRST + _ROLES.index(role) * MAX_MARKS + number)


def number_of(character: str) -> int:
    return (ord(character) - _FIRST) % MAX_MARKS


def role_of(character: str) -> MarkRole:
    return _ROLES[(ord(character) - _FIRST) // MAX_MARKS]


def without_marks(text: str) -> str:
    """The text as people read it, with "…" for each thing that is kept."""
    return MARK.sub(lambda found: "…" if role_of(found[0]) == "word" else "", text)
