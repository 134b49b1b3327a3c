"""All messages by key, and how each language says them and writes numbers.

The texts are data beside this file.  Keys begin with the name of the file that has the message: "inside.gates" is in
`inside.yaml`.  Explanations, which are Markdown of several paragraphs, have files of their own: "inside.gates_about" is
in `explanations/inside.gates_about.en.md` and its Spanish twin.  What the page makes of both, labels and HTML, is in
`nmt.webui.i18n`.
"""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter
from typing import Literal

import yaml

Language = Literal["en", "es"]
LANGUAGES: tuple[Language, ...] = ("en", "es")
Both = tuple[str, str]  # the same in English and Spanish, in the order of LANGUAGES
Value = str | int | float | Both


def _read_messages(file: Path) -> dict[str, Both]:
    texts = yaml.safe_load(file.read_text(encoding="utf-8"))
    return {f"{file.stem}.{key}": (english, spanish) for key, (english, spanish) in texts.items()}


def _read_explanation(file: Path) -> Both:
    spanish = file.with_name(file.name.replace(".en.md", ".es.md"))
    return file.read_text(encoding="utf-8").rstrip(), spanish.read_text(encoding="utf-8").rstrip()


_HERE = Path(__file__).parent
MESSAGES = {key: both for file in sorted(_HERE.glob("*.yaml")) for key, both in _read_messages(file).items()}
EXPLANATIONS = {
    file.name.removesuffix(".en.md"): _read_explanation(file) for file in sorted(_HERE.glob("explanations/*.en.md"))
}


def say(language: Language, key: str, /, **values: Value) -> str:
    """The message in one language with `{name}` filled in, by a pair of values its half; KeyError for no such key."""
    index = LANGUAGES.index(language)
    chosen = {name: value[index] if isinstance(value, tuple) else value for name, value in values.items()}
    return _FORMATTERS[language].format(MESSAGES[key][index], **chosen)


def preferred(accept_language: str) -> Language:
    """Spanish for a browser that asks for Spanish first, otherwise English."""
    return "es" if accept_language.strip().lower().startswith("es") else "en"


def both(key: str, /, **values: Value) -> Both:
    """The message in both languages; it can be a value of another one."""
    return say("en", key, **values), say("es", key, **values)


def number(value: float, form: str) -> Both:
    """A number as each language writes it: number(12345.6, ",.1f") is "12,345.6" and "12.345,6"."""
    return _FORMATTERS["en"].format_field(value, form), _FORMATTERS["es"].format_field(value, form)


class _Spanish(Formatter):
    """Writes 12.345,6 for 12,345.6; a number of four digits has no mark between them, as in a browser."""

    def format_field(self, value: object, format_spec: str) -> str:
        text = str(super().format_field(value, format_spec))
        if not (isinstance(value, int | float) and format_spec):
            return text
        return _FOUR_DIGITS.sub(r"\1\2", text).translate(_SWAPPED)


_FOUR_DIGITS = re.compile(r"(?<![\d,])(\d),(\d{3})(?![\d,])")
_SWAPPED = str.maketrans(",.", ".,")
_FORMATTERS: dict[Language, Formatter] = {"en": Formatter(), "es": _Spanish()}
