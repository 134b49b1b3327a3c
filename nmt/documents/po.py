"""Translation catalogues of gettext (.po): what is missing is filled in, and marked `fuzzy` for a person to check.

An entry is translated if it has no translation yet, or a fuzzy one; what people have translated, obsolete entries,
comments and the header say what they said.  Of a plural, the first form gets the translation of the singular and the
others that of the plural.  White space at either end of a message is kept, tags and links stay around their words,
and a menu's accelerator (`&File`, `_File`) is before a letter again.  An entry whose translation would lose a
placeholder (`%s`, `{name}`) stays without one, with a comment that says so: a program could crash over it.

polib reads the file and writes the entries that change; all others stay byte for byte (written whole by polib, a
catalogue's header would be sorted anew, and its obsolete entries moved to the end).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field

import polib
import regex  # type: ignore[import-untyped]

from nmt.documents.document import Passage, lines
from nmt.documents.inline_markup import Mark
from nmt.documents.marked_text import Marked
from nmt.errors import UserError

NOTE = "Not translated by machine: placeholders would have been lost."

_LINE = re.compile(r'\s*(?:(?:msgctxt|msgid|msgid_plural|msgstr(?:\[\d+\])?)\s*)?".*"\s*|\s*(?:#.*)?')
_STRING = re.compile(r'^\s*(?:msg|")[^\r\n]*"', re.MULTILINE)
_CHARSET = re.compile(r"charset=([\w.-]+)", re.IGNORECASE)
_PLACEHOLDER = re.compile(
    r"%(?:\(\w+\)|\{\w+\}|\d+\$)?[-+#0']*(?:\*|\d+)?(?:\.(?:\*|\d+))?(?:hh|h|ll|l|z|j|t|q|L)?[diouxXeEfFgGcrsapn@]"
    r"|%%|%\d+|[$#%]?\{\{?[^{}\s]*\}?\}|\$\{?\w+\}?|</?\w[^<>]*>|&#?\w+;|\[\[\w+\]\]"
)
_BREAK = re.compile(r"\s*<br\s*/?>\s*|(?<=\w)\|(?=\w)", re.IGNORECASE)  # between texts
_TAG = re.compile(r"<(/?)([A-Za-z][\w:-]*)[^<>]*?(/?)>")
_PAIR = re.compile(
    r"\[([^\[\]\n]+)\](\([^()\s]*\))|(\*\*|__)(?=\S)(.+?)(?<=\S)\3"
)  # Markdown's links, and bold
_ACCELERATOR = (
    regex.compile(  # not an entity's, nor an identifier's sign: Save _As, Gu_ardar, but not save_as
        r"&(?=\p{L})(?!\w+;)|(?:(?<!\w)|(?<=\b\p{Lu}\p{Ll}{0,6}))_(?=\p{L}[^\W_]*(?!\w))"
    )
)
_HEADER = re.compile(
    r"(?:[^\S\r\n]*(?:#(?:[^\S\r\n].*)?)?(?:\r\n|\r|\n))*"
)  # comments of the file as a whole


@dataclass
class Message:
    """A message without what a translator has no business with."""

    before: str
    after: str  # white space
    parts: list[Marked] = field(default_factory=list)
    between: list[str] = field(default_factory=list)
    accelerator: str = ""  # the sign, and the letter after it

    @property
    def texts(self) -> list[str]:
        return [text for part in self.parts for text in part.texts]

    def render(self, translations: Sequence[str]) -> str:
        written, done = self.before, 0
        for part, between in zip(self.parts, [*self.between, self.after], strict=True):
            own = [one.strip() for one in translations[done : done + len(part.texts)]]
            done += len(own)
            written += part.render(own) + between
        return _with_accelerator(written, self.accelerator) if self.accelerator else written


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
        start = (
            starts[entry.linenum - 1] if entry.linenum else header.end()
        )  # no line of a first entry is known
        following = bisect_right(firsts, entry.linenum)
        limit = starts[firsts[following] - 1] if following < len(firsts) else len(content)
        end = start + [line.end() for line in _STRING.finditer(content[start:limit])][-1]
        found += _of_entry(entry, start, end, ending)
    return found


def _catalogue(content: str, name: str) -> polib.POFile:
    """UserError unless polib can read the file, and UTF-8 is what it says it is in."""
    try:
        catalogue = polib.pofile(content + "\n")  # a line end: so that it is no file's name
    except (OSError, ValueError) as error:
        found = re.search(r"\(?line (\d+)\)?:?\s*(.*)", str(error))
        place, why = (f":{found[1]}", found[2]) if found else ("", str(error))
        raise UserError(f"{name}{place}: not a .po file: {why or 'syntax error'}; correct the line") from None
    for number, line in enumerate(lines(content), start=1):
        if not _LINE.fullmatch(line.text):  # polib lets an open quote pass
            raise UserError(
                f'{name}:{number}: expected a keyword and a text in quotes, like msgid "…"; correct the line'
            )
    charset = _CHARSET.search(catalogue.metadata.get("Content-Type", ""))
    if charset and charset[1].lower() not in ("utf-8", "utf8"):
        raise UserError(
            f"{name}: its header says charset={charset[1]}; convert it with `msgconv -t UTF-8`, or correct the header"
        )
    return catalogue


def _of_entry(entry: polib.POEntry, start: int, end: int, ending: str) -> Iterator[Passage]:
    messages = _messages(entry)
    texts = tuple(text for message in messages for text in message.texts)

    def render(translations: Sequence[str]) -> str:
        done, said = 0, []
        for message in messages:
            own = translations[done : done + len(message.texts)]
            done += len(own)
            said.append(message.render(own))
        return ending.join(str(_filled(entry, said)).rstrip("\n").split("\n"))

    if texts:
        yield Passage(start, end, texts, render, fills=True)


def _messages(entry: polib.POEntry) -> list[Message]:
    return [_message(text) for text in (entry.msgid, entry.msgid_plural) if text]


def _message(text: str) -> Message:
    core = text.strip()
    lead = len(text) - len(text.lstrip())
    message = Message(text[:lead], text[lead + len(core) :])
    signs = _ACCELERATOR.findall(core)
    if len(signs) == 1:
        at = core.index(signs[0])
        message.accelerator = core[at : at + 2]
        core = core[:at] + core[at + 1 :]
    start = 0
    for cut in _BREAK.finditer(core):
        message.parts.append(_marked(core[start : cut.start()]))
        message.between.append(cut.group())
        start = cut.end()
    message.parts.append(_marked(core[start:]))
    return message


def _marked(text: str) -> Marked:
    """A text without tags and Markdown's links and bold."""
    found: list[tuple[int, int, int, int]] = []  # opening and closing markup: [start, end), [start, end)
    opened: list[re.Match[str]] = []
    for tag in _TAG.finditer(text):
        partner = next((one for one in reversed(opened) if one[2] == tag[2]), None) if tag[1] else None
        if partner:
            del opened[opened.index(partner) :]
            found.append((*partner.span(), *tag.span()))
        elif not tag[1] and not tag[3]:
            opened.append(tag)
    for pair in _PAIR.finditer(text):
        inner = pair.span(1 if pair[1] else 4)
        found.append((pair.start(), inner[0], inner[1], pair.end()))
    plain, position, moved = "", 0, {0: 0}  # places in the text without markup
    for start, end in sorted(span for pair in found for span in ((pair[0], pair[1]), (pair[2], pair[3]))):
        if start < position:  # markup that crosses other markup: none is taken out
            return Marked(text, [])
        plain += text[position:start]
        moved[start] = moved[end] = len(plain)
        position = end
    plain += text[position:]
    marks = [
        Mark(moved[a], moved[c], text[a:b], text[c:d], kind="keep")
        for a, b, c, d in sorted(found, key=lambda pair: (pair[0], -pair[3]))
        if moved[a] < moved[c]
    ]
    return Marked(plain, marks) if len(marks) == len(found) else Marked(text, [])


def _filled(entry: polib.POEntry, said: Sequence[str]) -> polib.POEntry:
    """The entry with a translation, unless that has other placeholders than the text."""
    filled = deepcopy(entry)
    texts = [text for text in (entry.msgid, entry.msgid_plural) if text]
    kept = all(_placeholders(text) == _placeholders(new) for text, new in zip(texts, said, strict=True))
    if not kept or not all(new.strip() for new in said):
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


def _placeholders(text: str) -> tuple[Counter[str], list[str]]:
    """All of them, and those that stand for arguments by their order."""
    found = _PLACEHOLDER.findall(text)
    return Counter(found), [item for item in found if re.match(r"%(?!\(|\{|\d|%)", item)]


def _with_accelerator(text: str, accelerator: str) -> str:
    """The sign before its letter if the text has that, at best a word's first; else before the first letter."""
    sign, letter = accelerator[0], accelerator[1]
    masked = _PLACEHOLDER.sub(lambda found: "\0" * len(found.group()), text)
    for pattern in (rf"(?<!\w){letter}", letter, r"[^\W\d_]"):
        found = re.search(pattern, masked, re.IGNORECASE)
        if found:
            return f"{text[: found.start()]}{sign}{text[found.start() :]}"
    return text
