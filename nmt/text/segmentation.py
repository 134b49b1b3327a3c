"""Cuts a text into sentences to translate and stretches to copy.

A text becomes a list of parts that join to exactly the text again: sentences for the model, and everything
between and around them (white space, line breaks, emoji, lines without a word), which is only copied.
`nmt.text.protected` finds what a translation must keep inside of a sentence.  Nothing here depends on models.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import regex  # type: ignore[import-untyped]
import sentencex  # type: ignore[import-untyped]

from nmt.text.messages import message_syntax
from nmt.text.protected import _LETTER, has_words, masked, protected_items


@dataclass(frozen=True)
class Part:
    """A stretch of the text: a sentence to translate, or something to copy."""

    text: str
    translate: bool


# Characters that end a line wherever text is shown or read by line; Unicode's list (UAX 14), and control
# characters that str.splitlines takes for line ends.
_LINE_BREAK = regex.compile(r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")
# White space, and other invisible characters: control characters, byte order mark, zero-width space,
# direction marks.
_BLANK = r"[\s\p{Cc}\u2028\u2029\ufeff\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f]"
_BLANKS = regex.compile(rf"{_BLANK}*")
_AFTER_CUT = regex.compile(rf"[)\]}}»”.,;:!?…]*{_BLANK}*")
_BEFORE_CUT = regex.compile(rf"[(\[{{«“¿¡]*{_BLANK}*")  # matched backwards

# Pictures that no training text has, with their joiners, skin tones and variation selectors; and bullets,
# arrows, stars.  Signs that belong to words (© ™ ° № and mathematical ones) are not among them.
_PICTURE = (
    r"(?:\p{Regional_Indicator}{2}"
    r"|[0-9#*]\ufe0f?\u20e3"
    r"|[\p{Emoji_Presentation}\u2022\u2023\u2190-\u21ff\u2300-\u27bf\u2900-\u297f\u2b00-\u2bff\U0001f000-\U0001faff]"
    r"|\p{Extended_Pictographic}(?=\ufe0f))"
    r"[\ufe0e\ufe0f\u200d\p{Emoji_Modifier}\U0001f000-\U0001faff\u2640\u2642\u2695\u2764\U000e0020-\U000e007f]*"
)
_SMILEY = r"(?<!\S)(?:[:;=]['’]?-?[()DPpOo3|/\\*]+|<3|[xX]D+)(?!\S)"
_PICTURES = regex.compile(rf"((?:{_PICTURE}|{_SMILEY})+)", regex.VERSION1)

# What marks a list entry, a heading, a quotation or a speaker, at the beginning of a sentence.
_LEAD = regex.compile(r"(?:\s*(?:\#{1,6}|>+(?:\ ?>)*|[*+•‣◦▪·–—-]|\d{1,3}[.)]|\[[ xX]\])(?=\s))*", regex.VERBOSE)
_DASH = regex.compile(r"\s*[-–—]\s")
# Abbreviations after which no sentence ends; before a number; and before a number or a small letter.
_TITLES = r"Sr|Sra|Sres|Srta|Dr|Dra|Dres|Dña|Prof|Profa|Ing|Lic|Gral|Avda|Mr|Mrs|Ms|St|Sto|Sta|Vd|Vds|Ud|Uds"
_NEVER_LAST = regex.compile(
    rf"(?<![\w.])(?:(?:{_TITLES}|cf|vs|e\.\s?g|i\.\s?e|p\.\s?ej|v\.\s?gr|núms?|nros?|págs?|arts?)\.|n\.[ºª]s?)\s+$"
)
_BEFORE_NUMBER = regex.compile(
    r"(?<![\w.])(?i:n|no|nos|nums?|caps?|pp?|vols?|figs?|secs?|chs?|tel|ext|cols?|approx|aprox|eds?|lib|tít)\.\s+$"
)
_SELDOM_LAST = regex.compile(
    r"(?<![\w.])(?:EE\.\s?UU|U\.\s?S|U\.\s?S\.\s?A|[ap]\.\s?m|etc|Inc|Ltd|Corp|Co|Jr|Cía|S\.\s?A|a\.\s?C|d\.\s?C|\d\.[ºª])\.?\s+$"
)
# Others that a translation may end with: an initial, capitals in twos (RR. HH.), and what labels are shortened to.
_LAST = regex.compile(
    r"(?<![\w.])(?:\p{Lu}|\p{Lu}{2}\.\s\p{Lu}{2}|(?i:máx|mín|max|min|ref|dpto|depto|dept|av|ave|avda|abrev|adj|adv|al))\.\s+$"
)
_SMALL_OR_NUMBER = regex.compile(r"[\p{Ps}\p{Pi}\"'¿¡]*[\p{Ll}\d]")

_END = regex.compile(r"[.!?…:;][)»”\"']*$")  # of a sentence

# Where a sentence that is too long may be cut, best first: after a clause, after a comma, between words.
_CUTS = (regex.compile(r"(?<=[.!?…;:][)»”\"]?)\s+"), regex.compile(r"(?<=[,)–—])\s+"), regex.compile(r"\s+"))


def split_text(text: str, language: str) -> list[Part]:
    """Cut `text` into parts; `language` is an ISO 639-1 code ("es").

    "".join(part.text for part in split_text(text, language)) == text, whatever the text.
    A part to translate has a word in it, no line break, and neither begins nor ends with white space.
    """
    parts: list[Part] = []
    for stretch, is_syntax in message_syntax(text):
        if is_syntax:
            parts.append(Part(stretch, False))
            continue
        for sentence in _sentences(stretch, language):
            begins_line = not parts or _LINE_BREAK.search(parts[-1].text[-1]) is not None
            parts += split_around(sentence, _cuts(sentence, _LEAD if begins_line else _DASH))
    return _joined(parts)


def _cuts(sentence: str, lead: regex.Pattern[str]) -> list[tuple[int, int]]:
    """[start, end) of what is copied inside of a sentence: a mark before it, pictures between
    sentences, and ends of lines and blocks."""
    items = protected_items(sentence)
    inside = {item.start for item in items if item.kind in ("emoji", "picture")}
    spans = [match.span() for match in _PICTURES.finditer(sentence) if match.start() not in inside]
    if (mark := lead.match(sentence)) and mark.end() > 0:
        spans.append(mark.span())
    spans += [
        (item.start, item.end) for item in items if item.role == "break" or (item.text == "|" and item.kind == "sign")
    ]
    apart: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if not apart or start >= apart[-1][1]:
            apart.append((start, end))
    return apart


def split_around(sentence: str, spans: Iterable[tuple[int, int]]) -> list[Part]:
    """Cut a sentence at [start, end) stretches, from left to right, that are to be copied; without loss.
    Punctuation that embraces a stretch or follows it is copied with it: half a bracket has no translation."""
    parts: list[Part] = []
    position = 0
    for start, end in [*spans, (len(sentence), len(sentence))]:
        chunk = sentence[position:start]
        first = (_AFTER_CUT if position > 0 else _BLANKS).match(chunk).end()
        backwards = chunk[first:][::-1]
        last = len(chunk) - (_BEFORE_CUT if start < len(sentence) else _BLANKS).match(backwards).end()
        core = chunk[first:last]
        parts += [Part(chunk[:first], False), Part(core, has_words(core)), Part(chunk[last:], False)]
        parts.append(Part(sentence[start:end], False))
        position = end
    return _joined(parts)


def stands_alone(plan: Sequence[Part], place: int) -> bool:
    """Whether a part to translate is a sentence, and not a stretch of one: of "I → fish.", neither part is."""

    def apart(gap: Part, before: str | None) -> bool:
        if gap.translate or _LINE_BREAK.search(gap.text) or _has_break(gap.text):
            return not gap.translate
        return not _LETTER.search(gap.text) and (before is None or _END.search(before) is not None)

    text = plan[place].text
    left = place == 0 or apart(plan[place - 1], plan[place - 2].text if place > 1 else None)
    last = len(plan) - 1
    right = place == last or apart(plan[place + 1], text if place + 1 < last else None)
    return left and right


def cut_long(sentence: str, size: Callable[[str], int], limit: int) -> list[Part]:
    """Cut a sentence of more than `limit` by `size` (pieces, say) into parts that are not; the parts join to
    the sentence.  Cuts halve it about the middle, after the strongest punctuation there."""
    if len(sentence) <= 1 or size(sentence) <= limit:
        return [Part(sentence, has_words(sentence))]
    start, end = _cut_place(sentence)
    gap = [Part(sentence[start:end], False)] if end > start else []
    return [*cut_long(sentence[:start], size, limit), *gap, *cut_long(sentence[end:], size, limit)]


def _sentences(text: str, language: str) -> Iterator[str]:
    """Lossless: sentencex's sentences of every line, and the line breaks between them."""
    start = 0
    for line_break in _LINE_BREAK.finditer(text):
        yield from _sentences_of_line(text[start : line_break.start()], language)
        yield line_break.group()
        start = line_break.end()
    yield from _sentences_of_line(text[start:], language)


def _sentences_of_line(line: str, language: str) -> Iterator[str]:
    """The sentences of a line.  What must stay as it is (a URL, "n.º 5") is hidden from sentencex, and tags are taken
    out, so that "Yes.</b> No." has two; only ends with white space after them count."""
    plain, places = _without_markup(line)
    ends: list[int] = []
    end = 0
    for sentence in sentencex.segment(language, plain):
        end += len(sentence)
        begin = ends[-1] if ends else 0
        if end < len(plain) and sentence[-1:].isspace() and not _goes_on(plain[begin:end], plain[end:]):
            ends.append(end)
    start = 0
    for end in ends:
        yield line[start : places[end]]
        start = places[end]
    yield line[start:]


def ends_with_abbreviation(text: str) -> bool:
    """Whether the full stop at the end of a text belongs to an abbreviation or to an initial."""
    return any(pattern.search(f"{text} ") for pattern in (_NEVER_LAST, _BEFORE_NUMBER, _SELDOM_LAST, _LAST))


def _goes_on(before: str, after: str) -> bool:
    """Whether the full stop at the end of `before` is that of an abbreviation."""
    if _NEVER_LAST.search(before):
        return True
    if _BEFORE_NUMBER.search(before):
        return after[:1].isdigit()
    return _SELDOM_LAST.search(before) is not None and _SMALL_OR_NUMBER.match(after) is not None


def _without_markup(line: str) -> tuple[str, list[int]]:
    """The line without its tags, and other items hidden; and for each character, and the end, its place in the line.
    A tag that opens goes with what follows it, one that closes with what is before it."""
    hidden = masked(line)
    if hidden == line:
        return line, list(range(len(line) + 1))
    characters: list[str] = []
    places: list[int] = []
    position = 0
    opened: int | None = None  # where the tags begin that stand right before the next character

    def copy(text: str, start: int) -> None:
        nonlocal opened
        for offset, character in enumerate(text):
            characters.append(character)
            places.append(start + offset if opened is None else opened)
            opened = None

    for item in protected_items(line):
        if item.role not in ("open", "close", "empty"):
            continue
        copy(hidden[position : item.start], position)
        if item.role == "close":
            opened = None
        elif opened is None:
            opened = item.start
        position = item.end
    copy(hidden[position:], position)
    return "".join(characters), [*places, len(line)]


def _has_break(text: str) -> bool:
    return text.strip() == "|" or any(item.role == "break" for item in protected_items(text))


def _joined(parts: list[Part]) -> list[Part]:
    """Neighbouring copied parts become one; empty ones go."""
    joined: list[Part] = []
    for part in parts:
        if not part.text:
            continue
        if joined and not joined[-1].translate and not part.translate:
            joined[-1] = Part(joined[-1].text + part.text, False)
        else:
            joined.append(part)
    return joined


def _cut_place(sentence: str) -> tuple[int, int]:
    """[start, end) of the white space to cut at: of the strongest kind found in the middle half, and of those
    the one nearest to the middle; without any, the middle itself."""
    middle = len(sentence) // 2
    hidden = masked(sentence)
    for pattern in _CUTS:
        matches = pattern.finditer(hidden, len(sentence) // 4, 3 * len(sentence) // 4)
        if places := [match.span() for match in matches]:
            return min(places, key=lambda place: abs(place[0] - middle))
    return middle, middle
