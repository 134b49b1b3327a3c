"""Normalisation (every text) and filters (whole pairs), each with a name under which it is counted.

What needs the whole corpus (duplicates, contact with test sets) is decided in `corpus.py`; which language a text is in,
in `languages.py`.
"""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass

from lxml.html import defs as html_defs

from nmt.errors import UserError


@dataclass(frozen=True)
class CleaningConfig:
    """Bounds of the filters; lengths in characters or white-space separated words, after normalisation."""

    strip_markup: bool = True  # remove HTML tags, resolve entities
    drop_identical: bool = True  # to the letter: '¿Tom?' is a translation of 'Tom?'
    min_chars: int = 1
    max_chars: int = 1000
    min_words: int = 1
    max_words: int = 150
    max_length_ratio: float = 3.0  # characters of the longer side / characters of the shorter
    length_ratio_from: int = 25  # characters of the longer side, from which it is judged: "Sí", "Yes, sir."
    min_script_share: float = 0.5  # of the letters, this share must be in a script of the language
    drop_duplicates: bool = True  # of pairs, compared folded; train_only ones letter by letter
    language_filter: bool = True
    language_from: int = 40  # characters; a shorter text is too short to tell its language

    def __post_init__(self) -> None:
        for low, high in (("min_chars", "max_chars"), ("min_words", "max_words")):
            least, most = getattr(self, low), getattr(self, high)
            if not 0 <= least <= most:
                raise UserError(f"{low} is {least} and {high} {most}: need 0 <= {low} <= {high}")
        if not self.max_length_ratio >= 1:  # so that NaN is refused too
            raise UserError(
                f"max_length_ratio is {self.max_length_ratio}: the longer side by the shorter, so take 1 or more"
            )
        if not 0 <= self.min_script_share <= 1:
            raise UserError(f"min_script_share is {self.min_script_share}: take a share from 0 to 1")


# ---- normalisation: what every text goes through ----

_HTML_TAG = re.compile(
    r"""</?(?P<name>[A-Za-z][A-Za-z0-9]*)(?:\s+[\w:-]+\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'=<>`]+))*\s*/?>"""
    r"|<!--.*?-->|<!\[CDATA\[|\]\]>",
    re.DOTALL,
)
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
# HTML5's own on top of lxml's HTML 4 list. Other names in angle brackets ("cp <archivo>") are text.
_HTML_5_BLOCKS = set("article section figure figcaption main nav".split())
_TAGS = html_defs.tags | _HTML_5_BLOCKS | {"mark", "aside", "header"}
_BREAKING_TAGS = html_defs.block_tags | _HTML_5_BLOCKS | {"br", "td"}

# Controls, and the invisible format characters with no meaning in running text: soft hyphen, zero-width space
# and no-break space, direction marks, invisible operators. The zero-width (non-)joiner stays: Persian, Hindi
# and emoji need it. Characters that break lines or columns become spaces.
_CONTROL = dict.fromkeys(
    [code for code in range(0x110000) if unicodedata.category(chr(code)) == "Cc"]
    + [0xAD, 0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2060, 0x2065), *range(0x2066, 0x206A)]
    + [0xFEFF, 0xFFFE, 0xFFFF]
) | dict.fromkeys([0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x85], " ")
_HAS_CONTROL = re.compile("[" + "".join(re.escape(chr(code)) for code in _CONTROL) + "]")


def strip_markup(text: str) -> str:
    """`text` without HTML tags and comments, entities resolved. `a < b`, `<3` and `<archivo>` stay."""
    if "<" in text or "]]>" in text:
        text = _HTML_TAG.sub(_tag_replacement, text)
    if "&" in text:
        text = _ENTITY.sub(lambda match: html.unescape(match.group()), text)
    return text


def _tag_replacement(match: re.Match[str]) -> str:
    name = match.group("name")
    if name is None:  # comment or CDATA fence
        return ""
    if name.lower() not in _TAGS:
        return match.group()
    return " " if name.lower() in _BREAKING_TAGS else ""


def normalise(text: str, config: CleaningConfig) -> tuple[str, list[str]]:
    """Returns the normalised text and the names of the steps that changed it.

    NFC, never NFKC: the latter would turn ½ into 1⁄2, … into three dots and º into o."""
    steps = []

    def note(name: str, after: str) -> str:
        if after != text:
            steps.append(name)
        return after

    if config.strip_markup:
        text = note("markup", strip_markup(text))
    if _HAS_CONTROL.search(text):
        text = note("control_characters", text.translate(_CONTROL))
    text = note("nfc", unicodedata.normalize("NFC", text))
    text = note("white_space", " ".join(text.split()))
    return text, steps


NORMALISATIONS = ("markup", "control_characters", "nfc", "white_space")

# ---- filters: which pairs go ----

# Scripts by language where it is not Latin, as the first word of a character's Unicode name.
SCRIPTS = {
    **dict.fromkeys(("ru", "uk", "be", "bg", "mk", "kk", "mn"), ("CYRILLIC",)),
    "sr": ("CYRILLIC", "LATIN"),
    **dict.fromkeys(("ar", "fa", "ur", "ps"), ("ARABIC",)),
    **dict.fromkeys(("hi", "mr", "ne"), ("DEVANAGARI",)),
    **{"el": ("GREEK",), "he": ("HEBREW",), "yi": ("HEBREW",), "hy": ("ARMENIAN",), "ka": ("GEORGIAN",)},
    **{"bn": ("BENGALI",), "gu": ("GUJARATI",), "pa": ("GURMUKHI",), "ta": ("TAMIL",), "te": ("TELUGU",)},
    **{"th": ("THAI",), "lo": ("LAO",), "my": ("MYANMAR",), "km": ("KHMER",), "am": ("ETHIOPIC",)},
    **{"zh": ("CJK",), "ja": ("CJK", "HIRAGANA", "KATAKANA"), "ko": ("HANGUL", "CJK")},
}


class _Scripts(dict[int, str | None]):
    """Translation table that learns, character by character, to turn a letter into the mark of its script.

    It deletes what is no letter or belongs to any script, such as the ordinal º."""

    def __init__(self) -> None:
        super().__init__()
        self.marks: dict[str, str] = {}  # script -> one character

    def __missing__(self, code: int) -> str | None:
        character = chr(code)
        script = unicodedata.name(character, "UNKNOWN").split(" ")[0] if character.isalpha() else ""
        shared = script in ("", "MODIFIER", "FEMININE", "MASCULINE", "MICRO", "MATHEMATICAL")
        self[code] = None if shared else self.marks.setdefault(script, chr(0x41 + len(self.marks)))
        return self[code]


_SCRIPT_OF = _Scripts()


def script_share(text: str, language: str) -> float | None:
    """Share of the letters of `text` that are in a script of `language`; None if it has no letter."""
    letters = text.translate(_SCRIPT_OF)
    if not letters:
        return None
    expected = (_SCRIPT_OF.marks.get(script) for script in SCRIPTS.get(language, ("LATIN",)))
    return sum(letters.count(mark) for mark in expected if mark) / len(letters)


FILTERS = tuple("empty damaged too_short too_long identical length_ratio no_letters wrong_script".split())


def failed_filter(source: str, target: str, languages: tuple[str, str], config: CleaningConfig) -> str | None:
    """The name of the first of `FILTERS` that the normalised pair fails, None if it passes all."""
    if not source or not target:
        return "empty"
    if "\ufffd" in source or "\ufffd" in target:  # a character that some earlier decoding lost
        return "damaged"
    chars = sorted((len(source), len(target)))
    words = sorted((len(source.split()), len(target.split())))
    if chars[0] < config.min_chars or words[0] < config.min_words:
        return "too_short"
    if chars[1] > config.max_chars or words[1] > config.max_words:
        return "too_long"
    if config.drop_identical and source == target:
        return "identical"
    if chars[1] >= config.length_ratio_from and chars[1] > config.max_length_ratio * chars[0]:
        return "length_ratio"
    shares = script_share(source, languages[0]), script_share(target, languages[1])
    if shares[0] is None or shares[1] is None:
        return "no_letters"
    if min(shares[0], shares[1]) < config.min_script_share:
        return "wrong_script"
    return None
