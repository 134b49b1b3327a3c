"""Subtitles (.srt and .vtt): what is said in the cues is translated; numbers, times, settings, comments, styles and
tags stay byte for byte.

Lines of a cue that belong to one sentence are one text, and its translation is broken into as many lines of
about the same length; a line that begins with a dash or `>>` (another speaker) or follows the end of a sentence is a
text of its own, and so is what a second speaker says in a line.  `\\N` breaks a line as a line end does.  A sentence
that goes on in the next cue (no full stop, then a small letter) is translated as a whole, and each cue gets its share
of the words, by the length of what it had; not so where captions roll, and a cue repeats a line of the one before.
Tags around a line stay around it; for tags inside a sentence see `nmt.documents.marked_text`.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby

from nmt.documents.document import Line, Passage, lines
from nmt.documents.marked_text import Marked
from nmt.errors import UserError

LONGEST_SENTENCE = 4  # cues that one sentence may go over

_SRT_TIME = r"\d{1,3}:[0-5]?\d:[0-5]?\d(?:[,.]\d{1,3})?"  # players accept more than the format allows
_SRT_TIMES = re.compile(rf"\s*{_SRT_TIME}\s*-->\s*{_SRT_TIME}(?:\s.*)?")
_VTT_TIME = r"(?:\d+:)?[0-5]\d:[0-5]\d\.\d{3}"
_VTT_TIMES = re.compile(rf"[ \t]*{_VTT_TIME}[ \t]+-->[ \t]+{_VTT_TIME}(?:[ \t].*)?")
_ALMOST_TIMES = re.compile(r"\s*\d+:\d[\d:.,]*\s*[-–—=]*>")
_NOT_A_CUE = re.compile(r"(?:NOTE|STYLE|REGION)(?:\s|$)")

TAG = re.compile(r"</?[A-Za-z][^<>\n]*>|</?[civb]\.[^<>\n]*>|<\d[\d:.]*>|\{\\[^{}\n]*\}")
_TAG_NAME = re.compile(r"<(/?)(\w+)")
_SPEAKER = r"(?:[-–—]|(?:>|&gt;){2,})"  # what stands before the words of another speaker
_DASH = re.compile(rf"\s*{_SPEAKER}\s*")
_BREAK = re.compile(rf"\\[Nn]|(?<=[.!?…])\s+(?={_SPEAKER}\s*[¿¡\"“]?[^\W\d_])")  # in the middle of a line
_EDGE = re.compile(rf"(?:{TAG.pattern}|[\s♪♫])+")
_WORDS = re.compile(rf"(?:{TAG.pattern}|\S)+")
_SENTENCE_END = re.compile(r"[.!?…:;♪][)\]»”\"'’]*$")


@dataclass(frozen=True)
class Spoken:
    """The words of a line of a cue, without the markup around them."""

    cue: int
    start: int  # of the words in the file
    raw: str  # with tags, if there are any among the words
    after_dash: bool

    @property
    def end(self) -> int:
        return self.start + len(self.raw)

    @property
    def words(self) -> str:
        return " ".join(TAG.sub("", self.raw).split())


def srt_passages(content: str, name: str) -> list[Passage]:
    return list(_passages(_srt_cues(lines(content), name), content, escaped=False))


def vtt_passages(content: str, name: str) -> list[Passage]:
    return list(_passages(_vtt_cues(lines(content), name), content, escaped=True))


def _srt_cues(all_lines: Sequence[Line], name: str) -> Iterator[list[Line]]:
    """The lines of text of each cue.  A blank line inside a cue's text is accepted, as players do."""
    number, any_cue = 0, False
    while number < len(all_lines):
        text = all_lines[number].text
        if not text.strip():
            number += 1
            continue
        if text.strip().isdecimal() and number + 1 < len(all_lines):
            number += 1
            text = all_lines[number].text
            expected = True
        else:
            expected = not any_cue or _ALMOST_TIMES.match(text) is not None
        if _SRT_TIMES.fullmatch(text):
            number += 1
        elif expected:
            raise UserError(
                f"{name}:{number + 1}: expected the times of a subtitle, as 00:00:01,000 --> 00:00:04,000; "
                f"found {text[:60]!r}: correct the line"
            )
        any_cue = True
        first = number
        while number < len(all_lines) and all_lines[number].text.strip():
            if _SRT_TIMES.fullmatch(all_lines[number].text):  # the blank line before it was forgotten
                number -= all_lines[number - 1].text.strip().isdecimal() and number > first
                break
            number += 1
        yield list(all_lines[first:number])


def _vtt_cues(all_lines: Sequence[Line], name: str) -> Iterator[list[Line]]:
    if all_lines and not re.match(r"WEBVTT(?:\s|$)", all_lines[0].text):
        raise UserError(f"{name}:1: a .vtt file begins with a line WEBVTT; add it, or rename the file to .srt")
    groups = groupby(range(len(all_lines)), key=lambda number: all_lines[number].text != "")
    for block in [list(numbers) for has_text, numbers in groups if has_text]:
        if not any(all_lines[number].text.strip() for number in block):
            continue
        if block[0] == 0 or _NOT_A_CUE.match(all_lines[block[0]].text):
            continue
        timed = [number for number in block if "-->" in all_lines[number].text]
        for number in timed or block[:1]:
            if not _VTT_TIMES.fullmatch(all_lines[number].text):
                raise UserError(
                    f"{name}:{number + 1}: expected the times of a cue, as 00:01.000 --> 00:04.000, or NOTE, STYLE "
                    f"or REGION; found {all_lines[number].text[:60]!r}: correct the line"
                )
        for number, following in zip(timed, [*timed[1:], block[-1] + 1], strict=True):
            yield list(all_lines[number + 1 : following])


def _passages(cues: Iterator[list[Line]], content: str, escaped: bool) -> Iterator[Passage]:
    for sentence in _sentences(cues):
        marked = _marked(" ".join(line.raw for line in sentence), escaped)
        if marked.texts:
            yield _passage(sentence, marked, content, escaped)


def _sentences(cues: Iterator[list[Line]]) -> Iterator[list[Spoken]]:
    """Lines that are translated together."""
    spoken = [[_spoken(part, number) for line in cue for part in _cut(line)] for number, cue in enumerate(cues)]
    said = [{line.words for line in cue} for cue in spoken]
    pending: list[Spoken] = []
    for cue, before, after in zip(spoken, [set(), *said], [*said[1:], set()], strict=False):
        for line in cue:
            if not line.raw:
                continue
            rolls = line.words in before or line.words in after
            if pending and (rolls or not _goes_on(pending, line)):
                yield pending
                pending = []
            pending.append(line)
            if rolls:
                yield pending
                pending = []
    if pending:
        yield pending


def _cut(line: Line) -> Iterator[Line]:
    """The line cut where it is broken, or another begins to speak."""
    start = 0
    for found in _BREAK.finditer(line.text):
        yield Line(line.start + start, line.text[start : found.start()], found.group())
        start = found.end()
    yield Line(line.start + start, line.text[start:], line.ending)


def _goes_on(pending: Sequence[Spoken], spoken: Spoken) -> bool:
    last = pending[-1]
    if spoken.after_dash or _SENTENCE_END.search(last.words):
        return False
    if last.cue == spoken.cue:
        return True
    few = len({line.cue for line in pending}) < LONGEST_SENTENCE
    if any(TAG.search(line.raw) for line in (*pending, spoken)):  # each cue must close the tags that it opens
        return False
    return few and spoken.cue == last.cue + 1 and spoken.words.lstrip("… .")[:1].islower()


def _spoken(line: Line, cue: int) -> Spoken:
    """The words of a line: tags around them are left out, unless there are more among them."""
    start, end = _inside(line.text, 0)
    dash = _DASH.match(line.text, start, end)
    if dash:
        start, end = _inside(line.text, dash.end())
    if TAG.search(line.text, start, end):  # a tag at the edge may belong to one inside
        start = dash.end() if dash else len(line.text) - len(line.text.lstrip())
        end = len(line.text.rstrip())
    return Spoken(cue, line.start + start, line.text[start : max(start, end)], dash is not None)


def _inside(text: str, start: int) -> tuple[int, int]:
    """[start, end) without tags, notes and blanks at either end."""
    end = len(text)
    for edge in _EDGE.finditer(text, start):
        if edge.start() == start:
            start = edge.end()
        if edge.end() == len(text):
            end = edge.start()
    return start, max(start, end)


def _marked(raw: str, escaped: bool) -> Marked:
    """The words of `raw`, and its tags; in .vtt, characters may be written `&lt;`."""
    marked = Marked()
    for piece in re.split(f"({TAG.pattern})", raw):
        name = _TAG_NAME.match(piece)
        if not TAG.fullmatch(piece):
            marked.add(html.unescape(piece) if escaped else piece, piece)
        elif name and not name[1]:
            marked.open(name[2], piece)
        elif name:
            marked.close(name[2], piece)
        else:
            marked.place(piece)
    return marked


def _passage(sentence: Sequence[Spoken], marked: Marked, content: str, escaped: bool) -> Passage:
    between = [content[a.end : b.start] for a, b in zip(sentence, sentence[1:], strict=False)]
    by_cue: dict[int, list[Spoken]] = {}
    for line in sentence:
        by_cue.setdefault(line.cue, []).append(line)
    weights = [sum(len(line.raw) for line in own) for own in by_cue.values()]

    def render(translations: Sequence[str]) -> str:
        tagged = marked.render(translations, partial(html.escape, quote=False) if escaped else str)
        broken: list[str] = []
        for own, share in zip(by_cue.values(), shares(tagged, weights), strict=True):
            broken += shares(share or "…", _balance(own, content))
        pieces = [broken[0]]
        for gap, before, line, words in zip(between, sentence, sentence[1:], broken[1:], strict=False):
            if not words and line.cue == before.cue:  # fewer words than lines
                gap = re.sub(r"\s*(?:\r\n|\r|\n)\s*", "", gap, count=1)
            pieces += [gap, words]
        return "".join(pieces)

    return Passage(sentence[0].start, sentence[-1].end, tuple(marked.texts), render)


def _balance(cue: Sequence[Spoken], content: str) -> list[int]:
    """The weights of a cue's lines: all the same, unless tags between them mark what is in one of them."""
    tagged = TAG.search(content, cue[0].end, cue[-1].start)
    return [len(line.raw) if tagged else 1 for line in cue]


def shares(tagged: str, weights: Sequence[int]) -> list[str]:
    """Text cut between words into as many parts as weights, their lengths (without tags) as the weights are;
    the last parts are empty when there are fewer words."""
    words = _WORDS.findall(tagged)
    ends = [0]  # length up to each word's end
    for word in words:
        ends.append(ends[-1] + len(TAG.sub("", word)) + 1)
    parts, first, weight, total = [], 0, 0, max(1, sum(weights))
    for rest, own in zip(reversed(range(len(weights))), weights, strict=True):
        weight += own
        goal = ends[-1] * weight / total
        least, most = min(first + 1, len(words)), min(max(first + 1, len(words) - rest), len(words))
        # The first word that ends behind the goal, or the one before.
        last = bisect_left(ends, goal, least, most)
        if last > least and goal - ends[last - 1] < ends[last] - goal:
            last -= 1
        parts.append(" ".join(words[first:last]))
        first = last
    return parts
