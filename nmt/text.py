"""What of a text is translated, and what must stay as it is.

A text becomes a list of parts that join to exactly the text again: sentences for the model, and everything
between and around them (white space, line breaks, emoji, lines without a word), which is only copied.
Inside a sentence this file finds the items that a translation must keep: URLs, e-mail addresses, code and
numbers; putting them back when the model lost them is `nmt.repair`'s work.  Nothing here knows of models.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import regex  # type: ignore[import-untyped]
import sentencex  # type: ignore[import-untyped]

from nmt.casing import without_shouting


@dataclass(frozen=True)
class Part:
    """A stretch of the text: a sentence to translate, or something to copy."""

    text: str
    translate: bool


@dataclass(frozen=True)
class Item:
    """Characters [start, end) of a sentence that its translation must keep."""

    text: str
    start: int
    end: int
    kind: Literal["verbatim", "number"]  # a number may be written anew (1.000,5 as 1,000.5), the rest may not


# Characters that end a line wherever text is shown or read by line; Unicode's list (UAX 14), and control
# characters that str.splitlines takes for line ends.
_LINE_BREAK = regex.compile(r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")
# White space, and what is invisible like it: control characters, byte order mark, zero-width space.
_BLANK = r"[\s\p{Cc}\u2028\u2029\ufeff\u200b]"
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

# Every alternative starts at a place that its first character cannot repeat (the look-behinds), so that a
# line of 100 kB without a space costs one pass, not one for each of its characters.
_VERBATIM = regex.compile(
    r"""
    (?=\S)(?:(?<!\w)|(?!\w))(?:                                   # at a word's first character, or at a sign
      (?<!\S)\S{60,}                                              # base64, hashes: no word is so long
    | `[^`\n]+`                                                   # code as Markdown writes it
    | (?<![\w+.-])(?i:[a-z][a-z0-9+.-]*+://|www\.)                # URL, without the full stop after it
      [^\s<>"“”«»]*[^\s<>"“”«».,;:!?…)\]}'’]
    | (?<![\w.+-])[\w.+-]++@[\w-]+(?:\.[\w-]+)+                    # e-mail address
    | (?<![\w.@-])(?:[\w-]++\.)+(?:com|org|net|edu|gov|info|io|es|mx|ar|uk|eu)(?![\w-])(?:/[\w/.%-]*[\w/])?
    | (?<![\w@\#])[@\#]\p{L}\w*                                    # @mention, #hashtag
    | %\(\w+\)[-+\#0]*+\d*+(?:\.\d++)?[sdifuxXegc]               # placeholders: %(name)s, %1$s and %.1f%%, {x}, $x
    | (?<![\w%])(?<!\d\s)%(?:\d+\$)?[-+\#0]*+\d*+(?:\.\d++)?(?:hh?|ll?|z)?[sdiouxXeEfgGcp](?!\w)(?:%%)?
    | \$?\{[^{}\s]*\}|\$[A-Za-z_]\w*
    | </?[A-Za-z][^<>]*>|&(?:[a-z]+|\#\d+);                       # markup
    | (?<![\w.-])[\w-]++\.                                       # file names
      (?:py|js|css|sh|txt|md|pdf|html?|xml|json|ya?ml|csv|docx?|xlsx?|zip|gz|png|jpe?g|mp[34]|exe)(?!\w)
    | (?<![\w.-])(?!(?:VIH|HIV|UE|EU|FY|WW|Q|T)-?\d)            # COVID-19, H1N1; these differ between languages
      (?:COVID-|\p{Lu}{2,4}(?:-\p{L}{1,5})?-?|\p{Lu}-?)\d[\p{Lu}\d]*+(?:-[\p{Lu}\d]++)*+(?![\w-]|[.,]\w|\(\))
    | (?<!\w)(?<!\w\.)(?:\w++\.)*[^\W_]++(?:_+[^\W_]++)+(?:\(\))?  # snake_case
    | (?<!\w)[a-z]++(?:[A-Z][a-z0-9]++){2,}(?!\w)                 # camelCaseName, but not mRNA or iPhone
    | (?<![\w.])(?:\w++\.)*\w++\(\)                               # call()
    | (?<!\S)(?:(?:~|\.{1,2}|[A-Za-z]:)(?:[/\\][\w.+@-]*\w)+|(?:/[\w.+@-]*\w){2,})/?   # path
    | (?<!\S)--[a-z][a-z0-9]*+(?:[-=][\w./-]*\w)+                 # --long-option=value
    )""",
    regex.VERBOSE,
)
# What every protected item has; most sentences have nothing of it, and are spared the long patterns.
_SUSPICIOUS = regex.compile(r"[\d`@#%{$<&_/\\]|\.\w|\(\)|--|[a-z][A-Z]")
_NUMBER = regex.compile(r"(?<!\d)\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?!\d)(?:[.,]\d+)?|\d+(?:[.,]\d+)*")
_SEPARABLE = regex.compile(r"\d+(?:\s\d+)+|\d+([.,])\d+(?:\1\d+)+")
# What is written as a code by one may be a number to the other: F 16, F-16.
_CODE = regex.compile(r"[\p{L}\d-]+")
_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+")
_CONTROL = regex.compile(r"[\p{Cc}\u2028\u2029]")
_INVISIBLE = regex.compile(r"[\u00ad\u200b\ufeff\ufffd]")
_END = regex.compile(r"[.!?…:;][)»”\"']*$")  # of a sentence
_LETTER = regex.compile(r"[\p{L}--ªº]", regex.VERSION1)  # ª and º are letters to Unicode, but 3.º is a number

# Where a sentence that is too long may be cut, best first: after a clause, after a comma, between words.
_CUTS = (regex.compile(r"(?<=[.!?…;:][)»”\"]?)\s+"), regex.compile(r"(?<=[,)–—])\s+"), regex.compile(r"\s+"))


def split_text(text: str, language: str) -> list[Part]:
    """Cut `text` into parts; `language` is an ISO 639-1 code ("es").

    "".join(part.text for part in split_text(text, language)) == text, whatever the text.
    A part to translate has a word in it, no line break, and neither begins nor ends with white space.
    """
    parts: list[Part] = []
    for sentence in _sentences(text, language):
        parts += split_around(sentence, (match.span() for match in _PICTURES.finditer(sentence)))
    return _joined(parts)


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
    """Whether a part to translate is a sentence, and not a stretch of one: of "I ❤️ fish.", neither part is."""

    def apart(gap: Part, before: str | None) -> bool:
        if gap.translate or _LINE_BREAK.search(gap.text):
            return not gap.translate
        return not _LETTER.search(gap.text) and (before is None or _END.search(before) is not None)

    text = plan[place].text
    left = place == 0 or apart(plan[place - 1], plan[place - 2].text if place > 1 else None)
    last = len(plan) - 1
    right = place == last or apart(plan[place + 1], text if place + 1 < last else None)
    return left and right


def has_words(text: str) -> bool:
    """Whether anything is left to translate beside numbers, punctuation, URLs, addresses and code."""
    if _LETTER.search(text) is None:
        return False
    return not _may_have_items(text) or _LETTER.search(_VERBATIM.sub(" ", text)) is not None


def protected_items(sentence: str) -> list[Item]:
    """What the translation of `sentence` must keep, from left to right, without overlap."""
    if not _may_have_items(sentence):
        return []
    items = [Item(m.group(), m.start(), m.end(), "verbatim") for m in _VERBATIM.finditer(sentence)]
    masked = _VERBATIM.sub(lambda match: " " * len(match.group()), sentence) if items else sentence
    items += [Item(m.group(), m.start(), m.end(), "number") for m in _NUMBER.finditer(masked)]
    return sorted(items, key=lambda item: item.start)


def cut_long(sentence: str, size: Callable[[str], int], limit: int) -> list[Part]:
    """Cut a sentence of more than `limit` by `size` (pieces, say) into parts that are not; the parts join to
    the sentence.  Cuts halve it about the middle, after the strongest punctuation there."""
    if len(sentence) <= 1 or size(sentence) <= limit:
        return [Part(sentence, has_words(sentence))]
    start, end = _cut_place(sentence)
    gap = [Part(sentence[start:end], False)] if end > start else []
    return [*cut_long(sentence[:start], size, limit), *gap, *cut_long(sentence[end:], size, limit)]


def number_readings(number: str) -> set[str]:
    """The values that digits with separators may stand for, as plain decimals.

    "1.000,5" and "1,000.5" have one reading, "1000.5"; "1.000" has two: a thousand and one point zero.
    """
    groups = regex.split(r"[.,]", regex.sub(r"\s", "", number))
    separators = regex.findall(r"[.,]", number)
    whole = str(int("".join(groups)))
    if not separators:
        return {whole}
    readings: set[str] = set()
    if len(set(separators)) == 1 and _thousands(groups):
        readings.add(whole)
    if separators[-1] not in separators[:-1] and len(set(separators[:-1])) <= 1 and _thousands(groups[:-1]):
        readings.add(f"{int(''.join(groups[:-1]))}.{groups[-1]}")
    return readings or {".".join(groups)}  # a version or a date: 3.11.7, 12.05.2020


def same_number(one: str, other: str) -> bool:
    """Whether two numbers have a reading in common, or may have but for a unit word: 5.200 millones is 5.2
    billion, and 44,000 is 44 mil."""
    pairs = [(Decimal(a), Decimal(b)) for a in _plain(one) for b in _plain(other)]
    large = max(len(regex.findall(r"\d", number)) for number in (one, other)) >= 4
    units = (1000, 1000**2, 1000**3) if large else ()
    return not number_readings(one).isdisjoint(number_readings(other)) or any(
        a == b * unit or b == a * unit for a, b in pairs for unit in units if a and b
    )


def numbers_without_counterpart(text: str, other: str) -> list[Item]:
    """Numbers of `text` that `other` lacks.  One of several groups (10 200, 12.05.2020) counts as there when
    each group is, since it may be a date or two numbers side by side."""
    return _numbers_lost([item for item in protected_items(text) if item.kind == "number"], other)


def missing_items(source: str, hypothesis: str) -> list[Item]:
    """Protected items of the source sentence that the hypothesis lost."""
    items = protected_items(source)
    lost = [item for item in items if item.kind == "verbatim" and not _says(hypothesis, item.text)]
    lost += _numbers_lost([item for item in items if item.kind == "number"], hypothesis)
    return sorted(lost, key=lambda item: item.start)


def _says(hypothesis: str, verbatim: str) -> bool:
    """Whether the item stands there, not as the beginning of another: B-2 is not in B-25."""
    if verbatim not in hypothesis:
        return False
    before = r"(?<!\w)" if verbatim[0].isalnum() else ""
    return regex.search(rf"{before}{regex.escape(verbatim)}(?!\d)", hypothesis) is not None


def words(sentence: str) -> list[tuple[int, int]]:
    """[start, end) of every run of letters and digits."""
    return [match.span() for match in _WORD.finditer(sentence)]


def cleaned(sentence: str) -> str:
    """The sentence without what no training text has: control characters become spaces; marks that only guide
    line breaking, and the sign for an undecodable byte, go."""
    return _INVISIBLE.sub("", _CONTROL.sub(" ", sentence))


def model_input(sentence: str) -> str:
    """What a model is given of a sentence: cleaned, and in small letters if it is all in capitals."""
    return without_shouting(cleaned(sentence))


def composed(text: str) -> str:
    """With one character for a letter and its accent, as models have learned them (Unicode's form NFC)."""
    return unicodedata.normalize("NFC", text)


def one_line(hypothesis: str) -> str:
    """A hypothesis as clean text of one line: byte pieces can spell control characters and broken UTF-8."""
    return " ".join(_CONTROL.sub(" ", hypothesis.replace("\ufffd", "")).split())


def without_surrogates(text: str) -> str:
    """`text` with surrogate pairs joined and lone surrogates replaced: no encoder accepts them."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _sentences(text: str, language: str) -> Iterator[str]:
    """Lossless: sentencex's sentences of every line, and the line breaks between them."""
    start = 0
    for line_break in _LINE_BREAK.finditer(text):
        yield from _sentences_of_line(text[start : line_break.start()], language)
        yield line_break.group()
        start = line_break.end()
    yield from _sentences_of_line(text[start:], language)


def _sentences_of_line(line: str, language: str) -> Iterator[str]:
    """Only ends with white space after them count: sentencex also cuts "n.º 5" after the point, and URLs.
    (It never cuts inside brackets, quotation marks or markup.)"""
    start = end = 0
    for sentence in sentencex.segment(language, line):
        end += len(sentence)
        if sentence[-1:].isspace() or end == len(line):
            yield line[start:end]
            start = end


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
    masked = _VERBATIM.sub(lambda match: "x" * len(match.group()), sentence)
    for pattern in _CUTS:
        matches = pattern.finditer(masked, len(sentence) // 4, 3 * len(sentence) // 4)
        if places := [match.span() for match in matches]:
            return min(places, key=lambda place: abs(place[0] - middle))
    return middle, middle


def _may_have_items(sentence: str) -> bool:
    return _SUSPICIOUS.search(sentence) is not None or (
        len(sentence) >= 60 and max(map(len, sentence.split()), default=0) >= 60
    )


def _numbers_lost(numbers: list[Item], text: str) -> list[Item]:
    if not numbers:
        return []
    items = protected_items(text)
    there = [item.text for item in items if item.kind == "number"]
    there += [digits for item in items if _CODE.fullmatch(item.text) for digits in _NUMBER.findall(item.text)]
    there += [group for number in there for group in _groups(number)]

    def found(number: str) -> bool:
        return any(same_number(number, known) for known in there)

    return [n for n in numbers if not found(n.text) and not all(found(group) for group in _groups(n.text))]


def _plain(number: str) -> set[str]:
    """The readings of a number that are decimals; versions and dates are not."""
    return {reading for reading in number_readings(number) if reading.count(".") < 2}


def _thousands(groups: list[str]) -> bool:
    """Whether digit groups are those of one whole number: 12 345 678."""
    return len(groups) == 1 or (len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:]))


def _groups(number: str) -> list[str]:
    """What a date or numbers side by side consist of; a number that can only be one stays whole."""
    return regex.split(r"[.,\s]", number) if _SEPARABLE.fullmatch(number) else [number]
