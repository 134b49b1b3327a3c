"""All messages by key, and how they are said in one language; the HTML and labels of the page are `nmt.webui.i18n`'s.

`say("es", "inside.gate")` gives the words of one language, with `{name}` filled in."""

from __future__ import annotations

import re
from string import Formatter
from typing import Literal

from nmt.serving.messages import documents, inside, page, retrain, scores, translate

Language = Literal["en", "es"]
LANGUAGES: tuple[Language, ...] = ("en", "es")
Value = str | int | float | tuple[str, str]
# Keys begin with the name of their file.
WORDS: dict[str, tuple[str, str]] = {
    f"{module.__name__.rpartition('.')[2]}.{key}": both
    for module in (documents, inside, page, retrain, scores, translate)
    for key, both in module.WORDS.items()
}


def say(language: Language, key: str, /, **values: Value) -> str:
    """In one language, with `{name}` filled in; a pair of values is words too, and has its own in each language."""
    mine = LANGUAGES.index(language)
    chosen = {name: value[mine] if isinstance(value, tuple) else value for name, value in values.items()}
    return _FORMATTERS[language].format(WORDS[_known(key)][mine], **chosen)


def number(value: float, form: str) -> tuple[str, str]:
    """As each language writes it, to be a value among words: number(12345.6, ",.1f") has 12,345.6 and 12.345,6."""
    return _FORMATTERS["en"].format_field(value, form), _FORMATTERS["es"].format_field(value, form)


class _Spanish(Formatter):
    """12.345,6 where English has 12,345.6; a number of four digits has no mark between them, as in a browser."""

    def format_field(self, value: object, format_spec: str) -> str:
        text = str(super().format_field(value, format_spec))
        if not (isinstance(value, int | float) and format_spec):
            return text
        return _FOUR_DIGITS.sub(r"\1\2", text).translate(_SWAPPED)


_FOUR_DIGITS = re.compile(r"(?<![\d,])(\d),(\d{3})(?![\d,])")
_SWAPPED = str.maketrans(",.", ".,")
_FORMATTERS: dict[Language, Formatter] = {"en": Formatter(), "es": _Spanish()}


def _known(key: str) -> str:
    if key not in WORDS:
        raise KeyError(f"no words for {key!r}")
    return key
