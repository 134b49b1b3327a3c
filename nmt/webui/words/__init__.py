"""What the page says, in English and Spanish: one file of words a tab, and the three ways to say them.

- `label("translate.copy")` for what is fixed when the page is built (labels, buttons, placeholders, Markdown):
  the browser says it in its own language (`gr.I18n`).
- `html("translate.done", seconds=0.3)`, and `figure(0.3, ".2f")` for a number alone, for what a handler shows in an
  HTML component: both languages, of which the style sheet shows one, that of `<html lang>`, which Gradio sets.  So no
  handler needs to know who is asking.
- `say("es", "inside.gate")` for the few places that take neither (choices, headers of tables, axes of plots);
  `of_visitor(request)` is the language to use.
"""

from __future__ import annotations

import re
from html import escape
from string import Formatter
from typing import Literal

import gradio as gr
from gradio.i18n import I18nData

from nmt.webui.words import documents, inside, page, retrain, scores, translate

Language = Literal["en", "es"]
LANGUAGES: tuple[Language, ...] = ("en", "es")
Value = str | int | float | tuple[str, str]

# Keys begin with the name of their file.
WORDS: dict[str, tuple[str, str]] = {
    f"{module.__name__.rpartition('.')[2]}.{key}": both
    for module in (documents, inside, page, retrain, scores, translate)
    for key, both in module.WORDS.items()
}

I18N = gr.I18n(
    **{language: {key: both[i] for key, both in WORDS.items()} for i, language in enumerate(LANGUAGES)}
)


def label(key: str) -> I18nData:
    """For a label, placeholder, info, button or Markdown of a component; KeyError for an unknown key."""
    return I18N(_known(key))


def say(language: Language, key: str, /, **values: Value) -> str:
    """In one language, with `{name}` filled in; a pair of values is words too, and has its own in each language."""
    mine = LANGUAGES.index(language)
    chosen = {name: value[mine] if isinstance(value, tuple) else value for name, value in values.items()}
    return _FORMATTERS[language].format(WORDS[_known(key)][mine], **chosen)


def html(key: str, /, **values: Value) -> str:
    """In both languages, for an HTML component; values are escaped."""
    safe = {name: _escaped(value) for name, value in values.items()}
    return in_both(*(say(language, key, **safe) for language in LANGUAGES))


def number(value: float, form: str) -> tuple[str, str]:
    """As each language writes it, to be a value among words: number(12345.6, ",.1f") has 12,345.6 and 12.345,6."""
    return _FORMATTERS["en"].format_field(value, form), _FORMATTERS["es"].format_field(value, form)


def figure(value: float, form: str) -> str:
    """A number that stands alone in an HTML component."""
    english, spanish = number(value, form)
    return in_both(english, spanish)


def in_both(english: str, spanish: str) -> str:
    """HTML of which the style sheet shows one language; once, if both are alike."""
    if english == spanish:
        return english
    return "".join(
        f'<span class="nmt-{language}" lang="{language}">{said}</span>'
        for language, said in zip(LANGUAGES, (english, spanish), strict=True)
    )


def of_visitor(request: gr.Request | None) -> Language:
    """Spanish for a browser that asks for Spanish first, otherwise English."""
    first = request.headers.get("accept-language", "") if request else ""
    return "es" if first.strip().lower().startswith("es") else "en"


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


def _escaped(value: Value) -> Value:
    if isinstance(value, tuple):
        return escape(value[0]), escape(value[1])
    return escape(value) if isinstance(value, str) else value


def _known(key: str) -> str:
    if key not in WORDS:
        raise KeyError(f"no words for {key!r}")
    return key
