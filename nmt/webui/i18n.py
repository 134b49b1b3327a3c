"""How the page says what `nmt.serving.messages` has in English and Spanish.

- `label("translate.copy")` for what is fixed when the page is built (labels, buttons, placeholders, Markdown):
  the browser says it in its own language (`gr.I18n`).
- `html("translate.done", seconds=0.3)`, and `figure(0.3, ".2f")` for a number alone, for what a handler shows in an
  HTML component: both languages, of which the style sheet shows one, that of `<html lang>`, which Gradio sets.  So no
  handler needs to know who is asking.
- `catalogue.say("es", "inside.gate")` for the few places that take neither (choices, headers of tables, axes of plots);
  `of_visitor(request)` is the language to use.
"""

from __future__ import annotations

from html import escape
from typing import Any

import gradio as gr

from nmt.serving.messages import catalogue
from nmt.serving.messages.catalogue import LANGUAGES, Value

_LABELS = {**catalogue.MESSAGES, **catalogue.EXPLANATIONS}
I18N = gr.I18n(**{code: {key: said[i] for key, said in _LABELS.items()} for i, code in enumerate(LANGUAGES)})


def label(key: str) -> Any:
    """For a label, placeholder, info, button or Markdown of a component; KeyError for an unknown key.

    It is Gradio's I18nData; some components declare that they take plain strings only.
    """
    if key not in _LABELS:
        raise KeyError(key)
    return I18N(key)


def html(key: str, /, **values: Value) -> str:
    """The message in both languages, for an HTML component; values are escaped."""
    return in_both(*catalogue.both(key, **{name: _escaped(value) for name, value in values.items()}))


def figure(value: float, form: str) -> str:
    """A number that stands alone in an HTML component, as each language writes it."""
    return in_both(*catalogue.number(value, form))


def in_both(english: str, spanish: str, tag: str = "span") -> str:
    """HTML of which the style sheet shows one language; once, if both are alike.  In a drawing the tag is tspan."""
    if english == spanish:
        return english
    return "".join(
        f'<{tag} class="nmt-{language}" lang="{language}">{said}</{tag}>'
        for language, said in zip(LANGUAGES, (english, spanish), strict=True)
    )


def of_visitor(request: gr.Request | None) -> catalogue.Language:
    """The page's language in the visitor's browser."""
    return catalogue.preferred(request.headers.get("accept-language", "") if request else "")


def _escaped(value: Value) -> Value:
    if isinstance(value, tuple):
        return escape(value[0]), escape(value[1])
    return escape(value) if isinstance(value, str) else value
