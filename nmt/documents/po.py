"""Translation catalogues of gettext (.po): what is missing is filled in, and marked `fuzzy` for a person to check.

An entry is translated if it has no translation yet, or a fuzzy one; what people have translated, obsolete
entries, comments and the header stay as they are.  Of a plural, the first form gets the translation of the
singular and the others that of the plural.  White space at either end of a message is kept, and an entry whose
translation would lose a placeholder (`%s`, `{name}`) is left untranslated: a program could crash over it.
polib checks the file; since it would write all of it anew, entries are changed in place here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import polib

from nmt.documents.document import Line, Passage, lines
from nmt.errors import UserError
from nmt.text.protected import has_words

WIDTH = 76  # at which long strings are broken, as gettext's tools do

_FIELD = re.compile(r'\s*(msgctxt|msgid|msgid_plural|msgstr(?:\[\d+\])?)\s*"(.*)"\s*')
_MORE = re.compile(r'\s*"(.*)"\s*')
_NO_ENTRY = re.compile(r"\s*$|#~")  # flags before these are of no entry that follows
_CHARSET = re.compile(r"charset=([\w.-]+)", re.IGNORECASE)
_PLACEHOLDER = re.compile(
    r"%(?:\(\w+\)|\{\w+\}|\d+\$)?[-+#0']*(?:\*|\d+)?(?:\.(?:\*|\d+))?(?:hh|h|ll|l|z|j|t|q|L)?[diouxXeEfFgGcrsapn@]"
    r"|%%|%\d+|\$?\{[^{}\s]*\}|\$\{?\w+\}?|</?\w[^<>]*>"
)


@dataclass
class Entry:
    """What a message is, and where its parts stand in the file."""

    start: int  # of its first line that is no comment
    number: int  # of that line, from 1
    lines: dict[str, list[str]] = field(default_factory=dict)  # "msgid", "msgstr[0]", …: the string's lines
    first_form: int = 0  # where its first msgstr begins
    end: int = 0  # where its last msgstr ends
    flags: Line | None = None  # the line "#, fuzzy, c-format"

    @cached_property  # of an entry that is whole; joined once, as one line after another takes time squared
    def values(self) -> dict[str, str]:
        return {name: "".join(own) for name, own in self.lines.items()}

    @property
    def fuzzy(self) -> bool:
        return self.flags is not None and "fuzzy" in re.split(r"[,\s]+", self.flags.text)

    @property
    def forms(self) -> list[str]:
        return [name for name in self.lines if name.startswith("msgstr")]


def passages(content: str, name: str) -> list[Passage]:
    _check(content, name)
    all_lines = lines(content)
    ending = next((line.ending for line in all_lines if line.ending), "\n")
    return [passage for entry in _entries(all_lines, name) for passage in _of_entry(entry, content, ending)]


def _check(content: str, name: str) -> None:
    """UserError unless polib can read the file, and UTF-8 is what it says it is in."""
    try:
        catalogue = polib.pofile(content + "\n")  # a line end: so that it is no file's name
    except (OSError, ValueError) as error:
        found = re.search(r"\(?line (\d+)\)?:?\s*(.*)", str(error))
        place, why = (f":{found[1]}", found[2]) if found else ("", str(error))
        raise UserError(f"{name}{place}: not a .po file: {why or 'syntax error'}; correct the line") from None
    charset = _CHARSET.search(catalogue.metadata.get("Content-Type", ""))
    if charset and charset[1].lower() not in ("utf-8", "utf8"):
        raise UserError(
            f"{name}: its header says charset={charset[1]}; convert it with `msgconv -t UTF-8`, or correct the header"
        )


def _entries(all_lines: Sequence[Line], name: str) -> Iterator[Entry]:
    """Every entry that is not obsolete; the header too."""
    entry: Entry | None = None
    flags: Line | None = None
    last = ""
    for number, line in enumerate(all_lines, start=1):
        found = _FIELD.fullmatch(line.text)
        more = _MORE.fullmatch(line.text)
        if found:
            if found[1] in ("msgctxt", "msgid") and (entry is None or entry.forms):
                if entry:
                    yield entry
                entry, flags = Entry(line.start, number, flags=flags), None
            if entry is None:
                raise UserError(f"{name}:{number}: {found[1]} without a msgid before it; correct the line")
            last = found[1]
            if last.startswith("msgstr") and not entry.forms:
                entry.first_form = line.start
            entry.lines[last] = [polib.unescape(found[2])]
        elif more and entry and last:
            entry.lines[last].append(polib.unescape(more[1]))
        elif not line.text.strip():  # also between the lines of one text
            flags = None
            continue
        elif not line.text.lstrip().startswith("#"):  # polib lets an open quote pass
            raise UserError(
                f'{name}:{number}: expected a keyword and a text in quotes, like msgid "…"; correct the line'
            )
        else:
            flags = line if line.text.startswith("#,") else None if _NO_ENTRY.match(line.text) else flags
            last = ""
        if entry and last:
            entry.end = line.end
    if entry and entry.forms:
        yield entry


def _of_entry(entry: Entry, content: str, ending: str) -> Iterator[Passage]:
    messages = [entry.values[key] for key in ("msgid", "msgid_plural") if key in entry.values]
    filled = all(entry.values[form] for form in entry.forms)
    if not entry.values.get("msgid") or not has_words("\n".join(messages)) or (filled and not entry.fuzzy):
        return
    cores = [message.strip() for message in messages]

    def render(translations: Sequence[str]) -> str:
        pairs = list(zip(messages, cores, translations, strict=True))
        if any(_placeholders(core) != _placeholders(new) or not new.strip() for _, core, new in pairs):
            return content[start : entry.end]
        full = [message.replace(core, new.strip()) if core else message for message, core, new in pairs]
        head = content[start : entry.first_form]
        if entry.flags and not entry.fuzzy:
            head = head.replace("#,", "#, fuzzy,", 1)
        elif not entry.fuzzy:
            head = f"#, fuzzy{ending}{head}"
        written: list[str] = []
        for i, form in enumerate(entry.forms):
            own = "" if entry.fuzzy else entry.values[form]  # of a plural's forms, some may be translated
            written += _lines(form, own or full[min(i, len(full) - 1)])
        return head + ending.join(written)

    start = entry.flags.start if entry.flags else entry.start
    yield Passage(start, entry.end, tuple(cores), render, fills=True)


def _lines(form: str, text: str) -> list[str]:
    """`msgstr "…"`, over several lines as gettext writes what is long or has line breaks."""
    pieces = [""]
    for word in re.findall(r"\S+[^\S\n]*\n?|[^\S\n]+\n?|\n", text):
        escaped = polib.escape(word)
        if pieces[-1].endswith("\\n") or (pieces[-1] and len(pieces[-1]) + len(escaped) > WIDTH):
            pieces.append("")
        pieces[-1] += escaped
    if len(pieces) == 1 and len(pieces[0]) <= WIDTH:
        return [f'{form} "{pieces[0]}"']
    return [f'{form} ""', *(f'"{piece}"' for piece in pieces if piece)]


def _placeholders(text: str) -> tuple[Counter[str], list[str]]:
    """All of them, and those that stand for arguments by their order."""
    found = _PLACEHOLDER.findall(text)
    return Counter(found), [item for item in found if re.match(r"%(?!\(|\{|\d|%)", item)]
