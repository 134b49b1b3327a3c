"""Web pages (.html, .htm, .xhtml), and the pages of books (.epub): what a reader sees is translated, and what is
read to him (`alt`, `title`, `placeholder`, `aria-label`); everything else stays byte for byte.

Inline elements are part of the sentence that they stand in, and follow their words; every other element ends a text.
Kept are scripts, styles, `<pre>`, `<code>` and the like, templates (`{{ … }}`), and elements with translate="no" or
class="notranslate".  The page is read by a tokenizer, not into a tree: no parser of HTML says where each of its nodes
stood, and written from a tree a page would change in many places.  Broken markup is text, or stays as it is.
"""

from __future__ import annotations

import codecs
import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from nmt.documents.document import Passage
from nmt.documents.inline_markup import MOST, Mark
from nmt.documents.marked_text import Marked
from nmt.text.protected import has_words

SUFFIXES = (".html", ".htm", ".xhtml")

_TAG = r"<(?P<close>/?)(?P<name>[A-Za-z][^\s/<>\"']*)(?P<attributes>(?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>"
_TOKEN = re.compile(
    r"<!--(?:.*?-->|.*)"  # to the end of the page if it is not closed, as browsers have it
    r"|<!\[CDATA\[(?:.*?\]\]>|.*)|<\?(?:.*?\?>|.*)|<!DOCTYPE[^<>\[]*(?:\[[^\]]*\])?[^<>]*>|<![^<>]*>"
    r"|<(?P<raw>script|style|svg|math|object|iframe)\b[^<>]*>(?:.*?</(?P=raw)\s*>|.*)"
    rf"|(?P<tag>{_TAG})",
    re.DOTALL | re.IGNORECASE,
)
_TEMPLATE = re.compile(r"\{\{.{1,500}?\}\}|\{%.{1,500}?%\}|<%.{1,500}?%>", re.DOTALL)
_ATTRIBUTE = re.compile(r"([^\s\"'<>/=]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_INLINE = frozenset(
    "a abbr acronym b bdi bdo big button cite code data del dfn em font i img input ins kbd label mark meter output "
    "progress q rp rt ruby s samp small span strike strong sub sup time tt u var wbr".split()
)
_VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
_LITERAL = frozenset("code kbd samp var tt pre textarea".split())  # whose content is not translated
_READ_OUT = frozenset("alt title placeholder aria-label".split())
_NOT_TRANSLATED = re.compile(
    r"translate\s*=\s*[\"']?no\b|class\s*=\s*(?:\"[^\"]*(?<![\w-])notranslate(?![\w-])"
    r"|'[^']*(?<![\w-])notranslate(?![\w-])|notranslate(?![\w-]))",
    re.IGNORECASE,
)
_CHARSET = re.compile(
    rb"(?:<meta[^>]{0,200}charset|<\?xml[^>]{0,100}encoding)\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE
)
_WORD = re.compile(r"[^\W\d_]{2}")
_FILLED = re.compile("\0(\\d+)\0")  # where an attribute's translation goes
_DECLARED_WITHIN = 1024  # bytes


@dataclass
class Piece:
    """A tag, a comment, a stretch that is not translated, or text."""

    start: int
    end: int
    kind: str  # "open", "close", "place", "fixed", "cut" (a block's tag, or a block that is kept) or "text"
    name: str = ""


def declared_codec(data: bytes) -> str | None:
    """The encoding that a page says it is in; Latin-1 means Windows-1252, as it does to browsers."""
    found = _CHARSET.search(data[:_DECLARED_WITHIN])
    try:
        codec = codecs.lookup(found[1].decode()).name if found else None
    except LookupError:
        return None
    return "cp1252" if codec in ("iso8859-1", "ascii") else codec


def passages(content: str, name: str) -> list[Passage]:
    found: list[Passage] = []
    run: list[Piece] = []
    for piece in [*_pieces(content), Piece(len(content), len(content), "cut")]:
        if piece.kind != "cut":
            run.append(piece)
            continue
        found += _of_run(run, content)
        run = []
        found += _of_attributes(piece, content)
    return found


def _pieces(content: str) -> Iterator[Piece]:
    position = 0
    kept: tuple[int, str, bool] | None = (
        None  # where an element begins that is kept, its name, whether it is inline
    )
    depth = 0
    for token in _TOKEN.finditer(content):
        if kept is None and position < token.start():
            yield Piece(position, token.start(), "text")
        name = (token["name"] or "").lower()
        opens = (
            bool(name) and not token["close"] and name not in _VOID and not token["attributes"].endswith("/")
        )
        if kept is not None:
            if name == kept[1]:
                depth += 1 if opens else -bool(token["close"])
            if depth == 0:
                yield Piece(kept[0], token.end(), "fixed" if kept[2] else "cut")
                kept = None
        elif opens and (name in _LITERAL or _NOT_TRANSLATED.search(token["attributes"])):
            kept, depth = (token.start(), name, name in _INLINE), 1
        elif not name:  # a comment, a script: if there is a word on either side, it stays between them
            yield Piece(token.start(), token.end(), "place")
        elif name not in _INLINE:
            yield Piece(token.start(), token.end(), "cut", name)
        elif name in _VOID or token["attributes"].endswith("/"):
            yield Piece(token.start(), token.end(), "place", name)
        else:
            yield Piece(token.start(), token.end(), "close" if token["close"] else "open", name)
        position = token.end()
    if kept is None and position < len(content):
        yield Piece(position, len(content), "text")


def _of_attributes(piece: Piece, content: str) -> Iterator[Passage]:
    """What is read to people of a block's tag."""
    for start, end in _read_out(piece, content):
        yield Passage(start, end, (html.unescape(content[start:end]),), lambda said: html.escape(said[0]))


def _read_out(piece: Piece, content: str) -> Iterator[tuple[int, int]]:
    """[start, end) of the values of a tag's attributes that are translated."""
    if not piece.name:
        return
    raw = content[piece.start : piece.end]
    if _NOT_TRANSLATED.search(raw):
        return
    found = {match[1].lower(): match for match in _ATTRIBUTE.finditer(raw)}
    wanted = set(_READ_OUT)
    if piece.name == "meta" and re.search(r"=\s*[\"'](?:og:|twitter:)?(?:description|title)[\"']", raw):
        wanted.add("content")
    if piece.name == "input" and re.search(r"type\s*=\s*[\"']?(?:submit|button|reset)", raw, re.IGNORECASE):
        wanted.add("value")
    for name, match in found.items():
        group = 2 if match[2] is not None else 3
        value = html.unescape(match[group])
        if name in wanted and has_words(value) and _WORD.search(value):
            yield piece.start + match.start(group), piece.start + match.end(group)


def _of_run(run: Sequence[Piece], content: str) -> Iterator[Passage]:
    run = _trimmed(run, content)
    if sum(piece.kind != "text" for piece in run) > MOST:
        return
    if not any(piece.kind == "text" for piece in run):  # nothing but pictures
        for piece in run:
            yield from _of_attributes(piece, content)
        return
    text, marks, read_out = _marked(run, content)
    marked = Marked(text, marks)
    texts = marked.texts

    def render(translations: Sequence[str]) -> str:
        values = {str(number): html.escape(value) for number, value in enumerate(translations[len(texts) :])}
        rendered = marked.render(translations[: len(texts)], _escape)
        return _FILLED.sub(lambda found: values.get(found[1], found[0]), rendered)

    if texts or read_out:
        yield Passage(run[0].start, run[-1].end, (*texts, *read_out), render)


def _trimmed(run: Sequence[Piece], content: str) -> list[Piece]:
    """The pieces without white space at either end."""
    start, end = (run[0].start, run[-1].end) if run else (0, 0)
    if run and run[0].kind == "text":
        start += len(raw := content[start : run[0].end]) - len(raw.lstrip())
    if run and run[-1].kind == "text":
        end -= len(raw := content[run[-1].start : end]) - len(raw.rstrip())
    inside = (replace(piece, start=max(start, piece.start), end=min(end, piece.end)) for piece in run)
    return [piece for piece in inside if piece.start < piece.end]


def _marked(run: Sequence[Piece], content: str) -> tuple[str, list[Mark], list[str]]:
    """(the text of a run, its markup, the values of attributes that are translated)"""
    text = ""
    marks: list[Mark] = []
    opened: list[tuple[str, Mark]] = []
    read_out: list[str] = []
    for piece in run:
        raw = content[piece.start : piece.end]
        if piece.kind == "text":
            text = _with_text(text, raw, marks)
            continue
        position = 0
        pieces = []
        for start, end in _read_out(piece, content):
            pieces += [raw[position : start - piece.start], f"\0{len(read_out)}\0"]
            read_out.append(html.unescape(content[start:end]))
            position = end - piece.start
        raw = "".join([*pieces, raw[position:]])
        partner = next((mark for name, mark in reversed(opened) if name == piece.name), None)
        if piece.kind == "fixed":
            marks.append(Mark(len(text), len(text) + len(raw), kind="fixed"))
            text += raw
        elif piece.kind == "close" and partner and partner.start < len(text):
            partner.end, partner.closing = len(text), raw
            partner.raised = piece.name in ("sub", "sup")
            del opened[[mark for _, mark in opened].index(partner) :]
        else:
            marks.append(Mark(len(text), len(text), raw, kind="keep"))  # until its partner comes
            if piece.kind == "open":
                opened.append((piece.name, marks[-1]))
    return text, marks, read_out


def _with_text(text: str, raw: str, marks: list[Mark]) -> str:
    """The text with what is written on, white space become one blank, templates marked."""
    position = 0
    for template in [*_TEMPLATE.finditer(raw), None]:
        plain = html.unescape(raw[position : template.start() if template else len(raw)])
        plain = re.sub(r"[ \t\r\n\f]+", " ", plain)
        if plain.startswith(" ") and (not text or text.endswith(" ")):
            plain = plain[1:]
            if marks and marks[-1].start == len(text):  # a place keeps the blank after it
                marks[-1].opening += " "
        text += plain
        if template:
            marks.append(Mark(len(text), len(text) + len(template.group()), kind="fixed"))
            text += template.group()
            position = template.end()
    return text


def _escape(text: str) -> str:
    return html.escape(text, quote=False).replace("\xa0", "&#160;")  # by its number, which XHTML knows, too
