"""Translation catalogues of gettext (.po): missing translations are added and marked `fuzzy` for a person to check.

An entry is translated if it has no translation yet, or a fuzzy one; what people have translated, obsolete entries,
comments and the header stay.  Of a plural, the first form gets the translation of the singular and the
others that of the plural.  White space at either end of a message is kept, tags and links stay around their words,
and a menu's accelerator (`&File`, `_File`) is before a letter again.  An entry whose translation would lose a
placeholder (`%s`, `{name}`) stays without one, with a comment that says so: a program could crash over it.

polib reads the file and writes the entries that change; all others stay byte for byte (written whole by polib, a
catalogue's header would be sorted anew, and its obsolete entries moved to the end).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from copy import deepcopy

import polib

from nmt.documents.document import Passage, dealt, lines
from nmt.documents.message import Message
from nmt.errors import UserError

NOTE = "Not translated by machine: placeholders would have been lost."

_LINE = re.compile(r'\s*(?:(?:msgctxt|msgid|msgid_plural|msgstr(?:\[\d+\])?)\s*)?".*"\s*|\s*(?:#.*)?')
_STRING = re.compile(r'^\s*(?:msg|")[^\r\n]*"', re.MULTILINE)
_CHARSET = re.compile(r"charset=([\w.-]+)", re.IGNORECASE)
# Comments of the file as a whole.
_HEADER = re.compile(r"(?:[^\S\r\n]*(?:#(?:[^\S\r\n].*)?)?(?:\r\n|\r|\n))*")


def passages(content: str, name: str) -> list[Passage]:
    catalogue = _catalogue(content, name)
    starts = [0]  # of polib's lines
    for line in content.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    ending = next((line.ending for line in lines(content)), "\n") or "\n"
    firsts = sorted(entry.linenum for entry in catalogue)
    found: list[Passage] = []
    header = _HEADER.match(content)
    assert header
    for entry in sorted(catalogue, key=lambda entry: entry.linenum):
        forms = list(entry.msgstr_plural.values()) or [entry.msgstr]
        if entry.obsolete or (all(forms) and not entry.fuzzy):
            continue
        # No line of a first entry is known.
        start = starts[entry.linenum - 1] if entry.linenum else header.end()
        following = bisect_right(firsts, entry.linenum)
        limit = starts[firsts[following] - 1] if following < len(firsts) else len(content)
        end = start + [line.end() for line in _STRING.finditer(content[start:limit])][-1]
        found += _of_entry(entry, start, end, ending)
    return found


def _catalogue(content: str, name: str) -> polib.POFile:
    """UserError unless polib can read the file and it declares UTF-8."""
    try:
        catalogue = polib.pofile(content + "\n")  # a line end: so that it is no file's name
    except (OSError, ValueError) as error:
        found = re.search(r"\(?line (\d+)\)?:?\s*(.*)", str(error))
        place, why = (f":{found[1]}", found[2]) if found else ("", str(error))
        raise UserError(f"{name}{place}: not a .po file: {why or 'syntax error'}; correct the line") from None
    for number, line in enumerate(lines(content), start=1):
        if not _LINE.fullmatch(line.text):  # polib lets an open quote pass
            expected = 'expected a keyword and a text in quotes, like msgid "…"'
            raise UserError(f"{name}:{number}: {expected}; correct the line")
    charset = _CHARSET.search(catalogue.metadata.get("Content-Type", ""))
    if charset and charset[1].lower() not in ("utf-8", "utf8"):
        raise UserError(
            f"{name}: its header says charset={charset[1]}; convert it with `msgconv -t UTF-8`, or correct the header"
        )
    return catalogue


def _of_entry(entry: polib.POEntry, start: int, end: int, ending: str) -> Iterator[Passage]:
    messages = [Message(text) for text in (entry.msgid, entry.msgid_plural) if text]
    texts = tuple(text for message in messages for text in message.texts)

    def render(translations: Sequence[str]) -> str:
        said = [message.render(own) for message, own in dealt(translations, messages)]
        return ending.join(str(_filled(entry, said)).rstrip("\n").split("\n"))

    if texts:
        yield Passage(start, end, texts, render, fills=True)


def _filled(entry: polib.POEntry, said: Sequence[str | None]) -> polib.POEntry:
    """The entry with a translation, unless that lost a placeholder."""
    filled = deepcopy(entry)
    if None in said:
        if NOTE not in entry.tcomment:
            filled.tcomment = f"{entry.tcomment}\n{NOTE}".lstrip("\n")
        return filled
    filled.msgstr = said[0] if entry.msgstr or not entry.msgstr_plural else ""
    for index, (number, old) in enumerate(sorted(entry.msgstr_plural.items())):
        if entry.fuzzy or not old:  # of a plural's forms, some may be translated
            filled.msgstr_plural[number] = said[min(index, len(said) - 1)]
    if not entry.fuzzy:
        filled.flags.insert(0, "fuzzy")
    return filled
