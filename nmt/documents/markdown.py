"""Markdown (.md): paragraphs, headings, list items, quotations, table cells, definitions and images' descriptions are
translated, also inside of notes (`!!!`, `:::`) and in HTML blocks; code, formulas, templates, imports, front
matter, addresses, titles of links and the definitions of links are not.

Everything but the translated contents stays byte for byte.  Emphasis, links and code inside a sentence follow
their words (`nmt.documents.marked_text`); a paragraph broken over lines is broken again at the same width, unless each
line ends with a sentence: then it is translated line by line.  Each written content is parsed again: if its text
differs from the translation (a stray `*` made emphasis), special characters are escaped, and if it still differs the
content stays as it was.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from markdown_it import MarkdownIt
from mdit_py_plugins.admon import admon_plugin
from mdit_py_plugins.container import container_plugin
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin

from nmt.documents import html
from nmt.documents.document import Line, Passage, dealt, lines
from nmt.documents.markdown_inline import Inline, InlineParser, template_rule

# What GitHub and others write before the text of a paragraph: a box to tick, the kind of a note, a footnote's name.
_LEADING = re.compile(r"\[[ xX]\][ \t]+|\[!\w+\][ \t]*(?:\n|$)|\[\^[^\]\s]+\]:[ \t]*")
_BLOCK_START = re.compile(
    r"#{1,6}(?:\s|$)|[-+*](?:\s|$)|>|\d{1,9}[.)](?:\s|$)|=+\s*$|-+\s*$|`{3}|~{3}|\||:\s|:{3}|!{3}|\?{3}|\${2}"
)
_FRONT_MATTER = {  # how it begins -> how it ends: YAML, TOML
    "---": ("---", "..."),
    "+++": ("+++",),
}
# A line of JavaScript, which MDX lets stand among paragraphs.
_MDX = re.compile(r"import\s.*['\"];?\s*|export\s+(?:const|let|var|default|function)\b.*")
_KINDS = {
    "paragraph_open": "paragraph",
    "heading_open": "heading",
    "dt_open": "heading",
    "admonition_title_open": "title",
}


@dataclass(frozen=True)
class Block:
    """The content of a paragraph, heading or cell, and where it stands."""

    content: str
    source: str  # the same as it is written in the file, at characters [start, end)
    start: int
    end: int
    between: str  # a line break of the content as it stands in the file: the line end, and what precedes the next line
    width: int  # at which its lines are broken; 0 if it has but one
    kind: str  # "paragraph", "heading", "title" or "cell"


def passages(content: str, name: str) -> list[Passage]:
    all_lines = lines(content)
    first = _after_front_matter(all_lines)
    markdown = _reader()
    env: dict[str, object] = {}
    tokens = markdown.parse("\n".join(line.text for line in all_lines[first:]), env)
    parser = InlineParser(markdown, env)
    found: list[Passage] = []
    columns: dict[int, int] = {}  # how far each line's cells have been found
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.type == "html_block" and token.map and token.level == 0:
            start, end = (all_lines[first + token.map[0]].start, all_lines[first + token.map[1] - 1].end)
            inside = html.passages(content[start:end], name)
            found += [replace(one, start=start + one.start, end=start + one.end) for one in inside]
        if before and token.type == "inline" and token.map and token.content:
            parts = token.content.split("\n")
            kind = _KINDS.get(before.type, "cell")
            own = range(first + token.map[0], first + max(token.map[1], token.map[0] + len(parts)))
            if kind == "paragraph" and all(map(_MDX.fullmatch, parts)):
                continue
            # Without a title of its own a note has its kind as the title.
            if kind == "title" and f'"{token.content}"' not in all_lines[own[0]].text:
                continue
            block = _block(all_lines, own, token.content, kind, columns)
            found += _of_block(block, parser) if block else []
    return found


def _reader() -> MarkdownIt:
    """A parser of blocks in CommonMark and what GitHub, MkDocs, Docusaurus, Hugo and Jekyll add to it."""
    markdown = MarkdownIt("commonmark").enable(["table", "strikethrough"]).disable("inline")
    markdown.use(admon_plugin).use(deflist_plugin)
    markdown.use(container_plugin, "note", validate=lambda *given: True)
    markdown.use(dollarmath_plugin, allow_space=False, allow_digits=False, double_inline=True)
    markdown.inline.ruler.before("escape", "template", template_rule)
    return markdown


def _after_front_matter(all_lines: Sequence[Line]) -> int:
    """The number of lines of front matter: YAML or TOML between two lines of three signs."""
    ends = _FRONT_MATTER.get(all_lines[0].text.rstrip() if all_lines else "", ())
    closing = (i for i, line in enumerate(all_lines) if i and line.text.rstrip() in ends)
    return next(closing, -1) + 1


def _block(all_lines: Sequence[Line], own: range, content: str, kind: str, columns: dict[int, int]) -> Block | None:
    """The block of a content, from the lines that its token names; None if they spell it differently (a tab that is in
    part indentation): then it is left alone."""
    places: list[tuple[int, int]] = []  # [start, end) of each line of the content, in the file
    parts = content.split("\n")
    for number, part in zip(own, parts, strict=False):
        line, after = all_lines[number], columns.get(number, 0)
        options = (part, part.replace("|", "\\|")) if kind == "cell" else (part,)
        for option in options:
            column = line.text.find(option, after) if kind == "cell" else line.text.rfind(option)
            if column >= 0:
                columns[number] = column + len(option)
                places.append((line.start + column, line.start + column + len(option)))
                break
    if len(places) < len(parts):
        return None
    between, width = "", 0
    if len(parts) > 1:
        second = all_lines[own[1]]
        between = all_lines[own[0]].ending + second.text[: places[1][0] - second.start]
        width = max(len(all_lines[number].text.rstrip()) for number in own[: len(parts)])
        width -= places[1][0] - second.start
    first, *rest = (all_lines[number] for number in own[: len(parts)])
    source = "".join([first.text, *(text for line in rest for text in (line.ending, line.text))])
    start, end = places[0][0], places[-1][1]
    return Block(content, source[start - first.start : end - first.start], start, end, between, width, kind)


def _of_block(block: Block, parser: InlineParser) -> Iterator[Passage]:
    leading = _LEADING.match(block.content) if block.kind == "paragraph" else None
    kept = leading.group() if leading else ""
    parts = parser.parse(block.content[len(kept) :])
    if parts is None:
        return
    inlines = [part for part in parts if isinstance(part, Inline)]
    texts = tuple(text for inline in inlines for text in inline.texts)
    if not texts:
        return
    if any(part == "\n" for part in parts):  # a sentence a line, however long
        block = replace(block, width=0)

    def render(translations: Sequence[str]) -> str:
        said = (inline.render(own) for inline, own in dealt(translations, inlines))
        written = [next(said) if isinstance(part, Inline) else (part, part, part) for part in parts]
        *options, plain = map("".join, zip(*written, strict=True))
        for content in options:  # as it is, and with everything escaped
            if block.kind == "cell":
                content = re.sub(r"(?<!\\)\|", r"\\|", content)
            content = _guarded(kept + content, block)
            if " ".join(parser.plain(content[len(kept) :]).split()) == " ".join(plain.split()):
                return content.replace("\n", block.between)
        return block.source

    yield Passage(block.start, block.end, texts, render)


def _guarded(content: str, block: Block) -> str:
    """The content broken at the block's width, and with no line that would begin something else."""
    if block.kind != "paragraph":
        return content
    broken: list[str] = []
    for line in content.split("\n"):
        ended = line[len(line.rstrip()) :]  # two spaces at the end of a line force a break
        wrapped = [line]
        if block.width:
            wrapped = textwrap.wrap(line, block.width, break_long_words=False, break_on_hyphens=False)
        merged: list[str] = []
        for piece in wrapped or [line]:
            if merged and _BLOCK_START.match(piece):
                merged[-1] += " " + piece
            else:
                merged.append(piece)
        if block.width:
            merged[-1] += ended
        broken += merged
    if _BLOCK_START.match(broken[0]) and not _BLOCK_START.match(block.content):
        broken[0] = re.sub(r"\d*", r"\g<0>\\", broken[0], count=1)  # "1\." begins no list
    return "\n".join(broken)
