"""Plain text (.txt): the translation has the same lines as the text, with their indentation and line ends.

A paragraph whose lines were broken in the middle of sentences to fit a width is one text, and its translation is
broken again at that width: line by line, a sentence would be translated in pieces.  Such a paragraph has all of
these properties: no line but the last has room for the first word of the next (and a tenth of the width to spare); the
longest has at least 40 characters; some line ends within a sentence, with the next beginning in a small letter.
Poems, lists, addresses and tables lack some of them.  Everything else is translated line by line, the mark of
a list item and of a quotation (`>`) left where it is.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from functools import partial

from nmt.documents.document import Line, Passage, lines
from nmt.text.protected import has_words

NARROWEST = 40  # characters; in narrower columns a line that happens to be full says little

_MARGIN = re.compile(r"[\s>]*")
_ITEM = re.compile(r"(?:[-+*•·‣–—]|\d{1,3}[.)]|[a-z]\))[ \t]+|(?=[–—])")  # a dash also opens a speech
_SENTENCE_END = re.compile(r"[.!?…:;][)\]»”\"'’]*$")


def passages(content: str, name: str) -> list[Passage]:
    return [passage for block in _blocks(lines(content)) for passage in _of_block(block)]


def _of_block(block: Sequence[Line]) -> Iterator[Passage]:
    if is_wrapped(block):
        first, rest = _margin(block[0].text), _margin(block[1].text)
        joined = " ".join(line.text[len(_margin(line.text)) :].strip() for line in block)
        width = max(len(line.text.rstrip()) for line in block)
        render = partial(_rewrapped, width=width, first=first, rest=rest, ending=block[0].ending)
        if has_words(joined):
            yield Passage(block[0].start, block[-1].start + len(block[-1].text.rstrip()), (joined,), render)
        return
    for line in block:
        margin = _margin(line.text)
        text = line.text[len(margin) :].rstrip()
        if has_words(text):
            start = line.start + len(margin)
            yield Passage(start, start + len(text), (text,), lambda translations: translations[0])


def is_wrapped(block: Sequence[Line]) -> bool:
    """Whether lines that follow each other are one paragraph, broken to fit a width."""
    texts = [line.text.rstrip() for line in block]
    if len(texts) < 2 or len({_margin(text) for text in texts[1:]}) > 1:
        return False
    bodies = [text[len(_margin(text)) :] for text in texts]
    width = max(map(len, texts))
    pairs = list(zip(texts, bodies[1:], strict=False))  # a line, and the words of the next
    full = all(len(line) + 1 + len(words.split(maxsplit=1)[0]) > 0.9 * width for line, words in pairs)
    goes_on = any(not _SENTENCE_END.search(line) and words[0].islower() for line, words in pairs)
    return width >= NARROWEST and full and goes_on


def _blocks(all_lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Lines without an empty one between them; a list item begins a new block."""
    block: list[Line] = []
    for line in all_lines:
        margin = _MARGIN.match(line.text)
        assert margin
        empty = margin.end() == len(line.text)
        if block and (empty or _ITEM.match(line.text, margin.end())):
            yield block
            block = []
        if not empty:
            block.append(line)
    if block:
        yield block


def _margin(text: str) -> str:
    """What stands before the words of a line: white space, quotation marks of e-mail, the mark of a list item."""
    margin = _MARGIN.match(text)
    assert margin
    item = _ITEM.match(text, margin.end())
    end = item.end() if item else margin.end()
    return text[:end] if text[end:].strip() else text[: margin.end()]


def _rewrapped(translations: Sequence[str], width: int, first: str, rest: str, ending: str) -> str:
    broken = textwrap.wrap(
        translations[0],
        width,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return ending.join(broken) or first
