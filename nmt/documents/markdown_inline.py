"""The inside of a Markdown paragraph, heading or table cell: its text without markup, and the markup around a
translation again.  `nmt.documents.markdown` finds the paragraphs.

markdown-it-py finds the markup; since its inline tokens have no positions, its rules are wrapped to record them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline

from nmt.documents.marked_text import Marked
from nmt.text.marks import MAX_MARKS
from nmt.text.protected import has_words
from nmt.text.protected_patterns import DOCUMENT_TEMPLATE

_HTML_TAG = re.compile(r"<(/?)([A-Za-z][\w-]*)")
_VOID = {"br", "img", "hr", "wbr", "input"}
_LITERAL = {"<kbd>", "<code>", "<samp>", "<var>"}  # pairs whose text is not translated
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_FOOTNOTE = re.compile(r"(?<![^\n])\[\^[^\]\s]+\]:[ \t]*|\[\^[^\]\s]+\]")  # a footnote, or a reference to it
_SENTENCE_END = re.compile(r"[.!?…:;][)\]»”\"'’*_]*$")
_SPECIAL = re.compile(r"([\\`*_\[\]<>~|&$])")
# Jekyll's, Hugo's and others' templates, links and pictures of wikis, attributes, names of pictures.
_TEMPLATE = re.compile(
    DOCUMENT_TEMPLATE + r"|\[\[[^\[\]\n]{1,500}\]\]|\{[:#.][^{}\n]{1,200}\}"
    r"|(?<![\w:]):[a-z][a-z0-9_+-]{0,40}:(?![\w:])",
    re.DOTALL,
)
# How often rules may be tried in search of the end of a label, beyond which a content is left as it is: some times, and
# some for each of its characters.  Brackets in brackets need twenty for each, since markdown-it looks from each.
_TRIES, _TRIES_PER_CHARACTER = 200, 3

Rule = Callable[[StateInline, bool], bool]


@dataclass
class Event:
    """Markup at characters [start, end) of the content."""

    start: int
    end: int
    kind: str  # "open", "close", "fixed", "character", "place", "image", "soft" or "hard"
    text: str = ""  # the character that an escape stands for; an image's description
    name: str = ""  # of the markup that is opened or closed


@dataclass
class Inline:
    """A stretch of content without a forced line break in it."""

    marked: Marked
    spelled: dict[str, str]  # characters that were escaped, as they were written

    @property
    def texts(self) -> list[str]:
        return self.marked.texts

    def render(self, translations: Sequence[str]) -> tuple[str, str, str]:
        """(as Markdown, the same with every special character escaped, its text without markup)"""

        def spell(text: str) -> str:
            return "".join(self.spelled.get(character, character) for character in text)

        def escape(text: str) -> str:
            return _SPECIAL.sub(r"\\\1", text)

        plain, escaped = (self.marked.render(translations, one, escape) for one in (spell, escape))
        return plain, escaped, self.marked.render(translations, markup=False)


def template_rule(state: StateInline, silent: bool) -> bool:
    """A rule for markdown-it: `_TEMPLATE` is one token, whatever is in it."""
    found = _TEMPLATE.match(state.src, state.pos)
    if not found:
        return False
    if not silent:
        state.push("template", "", 0).content = found.group()
    state.pos = found.end()
    return True


class _TooMuchMarkup(Exception):
    pass


class InlineParser:
    """Reads the content of blocks; `env` has the link definitions that the parse of all blocks left there."""

    def __init__(self, markdown: MarkdownIt, env: dict[str, Any]) -> None:
        self.markdown, self.env = markdown, env
        self._src = ""
        self._tries = 0  # tries that are left
        self._seen: list[tuple[str, int, int, list[Any]]] = []
        for name in markdown.inline.ruler.get_active_rules():
            if name not in ("text", "linkify"):
                rules = markdown.inline.ruler.__rules__
                rule = next(rule.fn for rule in rules if rule.name == name)
                markdown.inline.ruler.at(name, self._watched(name, rule))

    def parse(self, content: str) -> list[str | Inline] | None:
        """What the content consists of: text, and the breaks between, as they are written.
        None if there is more markup than prose has."""
        events = self.events(content)
        if events is None:
            return None
        parts: list[str | Inline] = []
        for part in _parts(content, events):
            if isinstance(part, str):
                parts.append(part)
            elif sum(event.kind not in ("soft", "character") for event in part[1]) > MAX_MARKS:
                return None
            else:
                parts.append(_inline(content, *part))
        return parts

    def plain(self, content: str) -> str:
        """The text of the content, as a reader sees it."""
        parts = self.parse(content)
        return "".join(part if isinstance(part, str) else part.render(part.texts)[2] for part in parts or [])

    def events(self, content: str) -> list[Event] | None:
        """The markup of the content from left to right; None if there is so much that finding or pairing it takes
        long."""
        self._src, self._seen = content, []
        self._tries = _TRIES + _TRIES_PER_CHARACTER * len(content)
        try:
            self.markdown.inline.parse(content, self.markdown, self.env, [])
        except _TooMuchMarkup:
            return None
        events: list[Event] = []
        for rule, start, end, extra in self._seen:
            events += _events(rule, content, start, end, extra)
        busy = [event for event in events if event.kind in ("fixed", "image", "close")]
        places = {place for event in busy for place in range(event.start, event.end)}
        for note in _FOOTNOTE.finditer(content):
            if note.start() not in places:
                events.append(Event(note.start(), note.end(), "place"))
        if sum(event.kind in ("open", "close") for event in events) > 10 * MAX_MARKS:
            return None
        return _paired(events)

    def _watched(self, name: str, rule: Rule) -> Rule:
        """The rule, which also records where it found markup."""

        def run(state: StateInline, silent: bool) -> bool:
            self._tries -= silent
            if self._tries < 0:
                raise _TooMuchMarkup
            start, count, pending = state.pos, len(state.tokens), bool(state.pending)
            if not rule(state, silent):
                return False
            if not silent and len(state.src) == len(self._src):  # not inside an image's description
                extra: list[Any] = state.tokens[count + pending :]  # pending text became a token of its own
                if name in ("link", "image"):
                    label = start + (name == "image")
                    position = state.pos
                    extra = [state.md.helpers.parseLinkLabel(state, label, name == "link")]
                    state.pos = position
                self._seen.append((name, start, state.pos, extra))
            return True

        return run


def _parts(content: str, events: Sequence[Event]) -> list[str | tuple[tuple[int, int], list[Event]]]:
    """The content cut at its forced breaks: breaks as they are written, and ([start, end), events)."""
    lines = content.split("\n")
    by_sentence = len(lines) > 1 and all(_SENTENCE_END.search(line.rstrip()) for line in lines[:-1])
    parts: list[str | tuple[tuple[int, int], list[Event]]] = []
    own: list[Event] = []
    start = depth = 0
    for event in events:
        depth += {"open": 1, "close": -1}.get(event.kind, 0)
        if depth == 0 and (event.kind == "hard" or (event.kind == "soft" and by_sentence)):
            parts += [((start, event.start), own), content[event.start : event.end]]
            start, own = event.end, []
        else:
            own.append(event)
    return [*parts, ((start, len(content)), own)]


def _events(rule: str, content: str, start: int, end: int, extra: list[Any]) -> list[Event]:
    raw = content[start:end]
    if rule in ("backticks", "autolink"):
        literal = rule == "backticks" and raw == "`" * len(raw)  # backticks that close nothing are text
        return [] if literal else [Event(start, end, "fixed")]
    if rule == "template" and raw.startswith("[[") and "|" in raw:  # a link's name and its text
        label = start + raw.index("|") + 1
        return [Event(start, label, "open", name="wiki"), Event(end - 2, end, "close", name="wiki")]
    if rule in ("template", "math_inline"):
        return [Event(start, end, "fixed")]
    if rule in ("escape", "entity"):
        if extra and extra[0].type == "text_special":
            return [Event(start, end, "character", extra[0].content)]
        return [Event(start, end, "hard")] if raw.startswith("\\") else []
    if rule == "newline":
        blanks = 0
        while blanks < start and content[start - blanks - 1] == " ":
            blanks += 1
        forced = blanks >= 2 or content.startswith("[^", end)  # the next footnote's explanation
        return [Event(start - blanks, end, "hard" if forced else "soft")]
    if rule == "link":
        return [Event(start, start + 1, "open", name="link"), Event(extra[0], end, "close", name="link")]
    if rule == "image":
        return [Event(start, end, "image", content[start + 2 : extra[0]])]
    if rule == "html_inline":
        tag = _HTML_TAG.match(raw)
        if _BREAK.fullmatch(raw):
            return [Event(start, end, "hard")]
        if not tag or tag[2].lower() in _VOID or raw.endswith("/>"):
            return [Event(start, end, "place")]
        return [Event(start, end, "close" if tag[1] else "open", name=f"<{tag[2].lower()}>")]
    return _delimiters(start, extra)


def _delimiters(start: int, tokens: list[Any]) -> list[Event]:
    """Events of a run of `*`, `_` or `~`, whose tokens have since become emphasis (or stayed text)."""
    events = []
    for place, token in enumerate(tokens):
        width = 2 if token.type.startswith("s_") else 1  # ~~ is one token, ** are two
        at = start + place * width
        kind, _, side = token.type.rpartition("_")
        if kind == "strong":
            at = at - 1 if side == "open" else at
            events.append(Event(at, at + 2, side, name=kind))
        elif kind in ("em", "s"):
            events.append(Event(at, at + width, side, name=kind))
    return events


def _paired(events: list[Event]) -> list[Event]:
    """The events in order; tags that open or close nothing, or cross other markup, become places."""
    ordered = sorted(events, key=lambda event: (event.start, event.end))
    opened: list[Event] = []
    lonely: set[int] = set()
    for event in ordered:
        if event.kind == "open":
            opened.append(event)
        elif event.kind == "close":
            partner = next((i for i in reversed(range(len(opened))) if opened[i].name == event.name), None)
            if partner is None or any(not other.name.startswith("<") for other in opened[partner + 1 :]):
                lonely.add(id(event))
            else:
                lonely |= {id(other) for other in opened[partner + 1 :]}
                del opened[partner:]
    lonely |= {id(event) for event in opened}
    for event in ordered:
        if id(event) in lonely:
            event.kind = "place"
    return ordered


def _inline(content: str, span: tuple[int, int], events: Sequence[Event]) -> Inline:
    """The text of content[span] and its markup."""
    position = span[0]
    marked = Marked()
    opened: list[Event] = []
    literal: list[Event] = []  # what is open and has no text to translate
    spelled: dict[str, str] = {}
    for event in events:
        if literal or (event.kind == "open" and event.name in _LITERAL):
            if event.kind == "open":
                literal.append(event)
            elif event.kind == "close" and (first := literal.pop()) and not literal:
                marked.add(content[position : first.start])
                marked.keep(content[first.start : event.end].replace("\n", " "))
                position = event.end
            continue
        marked.add(content[position : event.start])
        raw, position = content[event.start : event.end], event.end
        if event.kind == "soft":
            marked.add(" ")
        elif event.kind == "character":
            if len(event.text) == 1 and (raw.startswith("&") or _SPECIAL.match(event.text)):
                spelled[event.text] = raw
            marked.add(event.text, raw)
        elif event.kind == "fixed":
            marked.keep(raw.replace("\n", " "))
        elif event.kind == "open":
            opened.append(event)
            marked.open(event.name, raw)
        elif event.kind == "close":
            closing = _closing(raw, content[opened.pop().end : event.start])
            marked.close(event.name, closing, event.name in ("<sub>", "<sup>"))
        else:  # a place, or a forced break inside of emphasis
            if event.kind == "image" and has_words(event.text) and not _SPECIAL.search(event.text):
                raw = "![" + marked.say(event.text) + _closing(raw[2 + len(event.text) :], event.text)
            marked.place(raw)
    marked.add(content[position : span[1]])
    return Inline(marked, spelled)


def _closing(written: str, text: str) -> str:
    """The markup that closes a pair or an image; where `text` is the name of a link's definition, with that name."""
    return f"][{text}]" if written in ("]", "][]") else written
