"""Web pages (.html, .htm, .xhtml), and the pages of books (.epub): visible text is translated, and so are attributes
that are read out (`alt`, `title`, `placeholder`, `aria-label`); everything else stays byte for byte.

Inline elements are part of the sentence that they stand in, and follow their words; every other element ends a text.
Kept are scripts, styles, `<pre>`, `<code>` and the like, templates (`{{ … }}`), and elements with translate="no" or
class="notranslate".  The page is read by a tokenizer and not into a tree: no parser of HTML gives the position of every
node, and a page written from a tree would change in many places.  Broken markup is text, or stays as it is.
"""

from __future__ import annotations

import codecs
import html
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from nmt.documents.document import Passage
from nmt.documents.marked_text import Marked
from nmt.text.protected import has_words
from nmt.text.protected_patterns import DOCUMENT_TEMPLATE

SUFFIXES = (".html", ".htm", ".xhtml")

_TAG = r"<(?P<close>/?)(?P<name>[A-Za-z][^\s/<>\"']*)(?P<attributes>(?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>"
_TOKEN = re.compile(
    r"<!--(?:.*?-->|.*)"  # to the end of the page if it is not closed, as browsers have it
    r"|<!\[CDATA\[(?:.*?\]\]>|.*)|<\?(?:.*?\?>|.*)|<!DOCTYPE[^<>\[]*(?:\[[^\]]*\])?[^<>]*>|<![^<>]*>"
    r"|<(?P<raw>script|style|svg|math|object|iframe)\b[^<>]*>(?:.*?</(?P=raw)\s*>|.*)"
    rf"|(?P<tag>{_TAG})",
    re.DOTALL | re.IGNORECASE,
)
_TEMPLATE = re.compile(DOCUMENT_TEMPLATE, re.DOTALL)
_ATTRIBUTE = re.compile(r"([^\s\"'<>/=]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_INLINE = frozenset(
    "a abbr acronym b bdi bdo big button cite code data del dfn em font i img input ins kbd label mark meter output "
    "progress q rp rt ruby s samp small span strike strong sub sup time tt u var wbr".split()
)
_VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
_BESIDE = frozenset("rt rp".split())  # notes beside a word, not translated either
_LITERAL = _BESIDE.union("code kbd samp var tt pre textarea".split())  # whose content is not translated
# Elements whose end tag may be left out: what begins after them ends them, unless one of the last is open in them.
_ENDED_BY = {
    name: (frozenset(ends.split()), frozenset(shields.split()))
    for names, ends, shields in (
        ("p", "address article aside blockquote dd details dialog div dl dt fieldset figcaption figure footer form h1 "
         "h2 h3 h4 h5 h6 header hgroup hr li main menu nav ol p pre search section table td th tr ul",
         "button object table"),
        ("li", "li", "ul ol menu table"), ("dt dd", "dt dd", "dl table"),
        ("td th", "td th tr tbody tfoot", "table"), ("tr", "tr tbody tfoot", "table"),
        ("thead tbody tfoot", "tbody tfoot", "table"), ("option", "option optgroup hr", ""),
        ("optgroup", "optgroup hr", ""), ("rt rp", "rt rp", "ruby"),
    )
    for name in names.split()
}  # fmt: skip
# Formatting, which goes on in the next block, and what only its own end tag ends.
_GOES_ON = frozenset("a b big code em font i s small strike strong textarea tt u".split())
_READ_OUT = frozenset("alt title placeholder aria-label".split())
_NOT_TRANSLATED = re.compile(
    r"(?<![\w-])(?:translate\s*=\s*[\"']?no\b|class\s*=\s*(?:\"[^\"]*(?<![\w-])notranslate(?![\w-])"
    r"|'[^']*(?<![\w-])notranslate(?![\w-])|notranslate(?![\w-])))",
    re.IGNORECASE,
)
_CHARSET = re.compile(rb"(?i)(?:<meta[^>]{0,200}charset|<\?xml[^>]{0,100}encoding)\s*=\s*[\"']?([\w.:-]+)")
_WORD = re.compile(r"[^\W\d_]{2}")
_DECLARED_WITHIN = 1024  # bytes
_DEEPEST = 512  # elements in one another, as in browsers


@dataclass
class Piece:
    """A tag, a comment, a stretch that is not translated, or text."""

    start: int
    end: int
    kind: str  # "open", "close", "place", "fixed", "cut" (a block's tag, or a block that is kept) or "text"
    name: str = ""


def declared_codec(data: bytes) -> str | None:
    """The encoding that a page declares; as in browsers, Latin-1 means Windows-1252."""
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
        for start, end in _read_out(piece, content):
            text = html.unescape(content[start:end])
            found.append(Passage(start, end, (text,), lambda said: html.escape(said[0])))
    return found


@dataclass
class Kept:
    """An element that is not translated and has not ended yet."""

    start: int
    name: str
    around: Counter[str]  # names of the elements that it is in
    inside: list[str] = field(default_factory=list)  # names of the elements open in it

    @property
    def kind(self) -> str:
        return "place" if self.name in _BESIDE else "fixed" if self.name in _INLINE else "cut"

    def ended_before(self, name: str, closes: bool) -> bool:
        """Whether a tag ends it without its own end tag, by HTML's rules."""
        if not closes:
            ends, shields = _ENDED_BY.get(self.name, (frozenset(), frozenset()))
            return name in ends and shields.isdisjoint(self.inside)
        outer = name != self.name and name not in _INLINE and name not in self.inside
        return outer and self.around[name] > 0 and self.name not in _GOES_ON

    def ended_by(self, name: str, opens: bool, closes: bool) -> bool:
        """Whether a tag inside of it is its own end tag."""
        if opens and len(self.inside) < _DEEPEST:
            self.inside.append(name)
        elif closes and name in self.inside:
            del self.inside[len(self.inside) - 1 - self.inside[::-1].index(name) :]
        elif closes:
            return name == self.name
        return False


def _pieces(content: str) -> Iterator[Piece]:
    position = 0
    kept: Kept | None = None
    around: Counter[str] = Counter()
    for token in _TOKEN.finditer(content):
        if kept is None and position < token.start():
            yield Piece(position, token.start(), "text")
        name, closes = (token["name"] or "").lower(), bool(token["close"])
        alone = name in _VOID or (bool(name) and token["attributes"].endswith("/"))
        opens = bool(name) and not closes and not alone
        if kept and kept.ended_before(name, closes):
            yield Piece(kept.start, token.start(), kept.kind)
            kept = None
        if kept is not None:
            if kept.ended_by(name, opens, closes):
                yield Piece(kept.start, token.end(), kept.kind)
                kept = None
        elif opens and (name in _LITERAL or _NOT_TRANSLATED.search(token["attributes"])):
            kept = Kept(token.start(), name, around)
        elif not name:  # a comment, a script: if there is a word on either side, it stays between them
            yield Piece(token.start(), token.end(), "place")
        else:
            around[name] = max(0, around[name] + opens - closes)
            kind = "cut" if name not in _INLINE else "place" if alone else "close" if closes else "open"
            yield Piece(token.start(), token.end(), kind, name)
        position = token.end()
    if kept is None and position < len(content):
        yield Piece(position, len(content), "text")


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
    raw = content[run[0].start : run[-1].end] if run else ""
    marked = _marked(run, content)
    no_break_space = next((spelling for spelling in ("&nbsp;", "&#160;") if spelling in raw), "\xa0")

    def escape(text: str) -> str:
        """Text as HTML; a no-break space as the page writes it, for not every editor shows one."""
        return html.escape(text, quote=False).replace("\xa0", no_break_space)

    if marked.texts:
        render = partial(marked.render, escape=escape, escape_said=html.escape)
        yield Passage(run[0].start, run[-1].end, tuple(marked.texts), render)


def _trimmed(run: Sequence[Piece], content: str) -> list[Piece]:
    """The pieces without white space at either end."""
    start, end = (run[0].start, run[-1].end) if run else (0, 0)
    if run and run[0].kind == "text":
        start += len(raw := content[start : run[0].end]) - len(raw.lstrip())
    if run and run[-1].kind == "text":
        end -= len(raw := content[run[-1].start : end]) - len(raw.rstrip())
    inside = (replace(piece, start=max(start, piece.start), end=min(end, piece.end)) for piece in run)
    return [piece for piece in inside if piece.start < piece.end]


def _marked(run: Sequence[Piece], content: str) -> Marked:
    """The text of a run, and the values of attributes that are translated."""
    marked = Marked()
    for piece in run:
        raw = content[piece.start : piece.end]
        if piece.kind == "text":
            _add_text(marked, raw)
            continue
        position = 0
        pieces = []
        for start, end in _read_out(piece, content):
            pieces += [raw[position : start - piece.start], marked.say(html.unescape(content[start:end]))]
            position = end - piece.start
        raw = "".join([*pieces, raw[position:]])
        if piece.kind == "fixed":
            marked.keep(raw)
        elif piece.kind == "open":
            marked.open(piece.name, raw)
        elif piece.kind == "close":
            marked.close(piece.name, raw, raised=piece.name in ("sub", "sup"))
        else:
            marked.place(raw)
    return marked


def _add_text(marked: Marked, raw: str) -> None:
    """Add text as a reader sees it: white space is one blank, templates are kept."""
    position = 0
    for template in [*_TEMPLATE.finditer(raw), None]:
        own = raw[position : template.start() if template else len(raw)]
        if own:
            marked.add(re.sub(r"[ \t\r\n\f]+", " ", html.unescape(own)), own)
        if template:
            marked.keep(template.group())
            position = template.end()
