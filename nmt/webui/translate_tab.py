"""The tab that translates: language bar, two text boxes, options, alternatives, attention, examples.

The handlers are plain functions of values (no component), so that tests call them directly; `build` lays
out the components and wires the handlers to them.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import gradio as gr

from nmt.errors import UserError
from nmt.webui import languages, plots
from nmt.webui.service import MAX_ALTERNATIVES, MAX_BEAM, AttentionMap, TranslationService

ALTERNATIVES = 2  # shown unless the visitor asks for more or fewer
HINT = "Enter translates, Shift+Enter starts a new line."
ONE_AT_A_TIME = "translate"  # the page and the API take turns: a translation uses every core


class Shown(NamedTuple):
    """What a translation changes on the page, in the order of its outputs."""

    translation: str = ""
    status: str = HINT
    notice: str = ""  # an error message, as HTML; hidden when empty
    alternatives: str = ""  # HTML; hidden when empty
    maps: tuple[AttentionMap, ...] = ()  # kept for drawing, one a sentence


def translate(
    service: TranslationService, text: str, source: str, target: str, beam: float, alternatives: float
) -> Shown:
    """Translate and say what to show; an error becomes a notice on the page, never an exception."""
    try:
        answer = service.translate(text, (source, target), beam, alternatives, with_attention=True)
    except UserError as error:
        return Shown(notice=notice_html(str(error)))
    return Shown(
        translation=answer.text,
        status=f"Translated in {answer.seconds:.1f} s" if answer.text else HINT,
        alternatives=alternatives_html(answer.alternatives),
        maps=tuple(answer.attention),
    )


def swap(text: str, translation: str, source: str, target: str) -> tuple[str, str, str]:
    """The other direction: (source language, target language, text).  The translation becomes the text."""
    return target, source, translation or text


def nearest_direction(service: TranslationService, source: str, target: str) -> tuple[str, str]:
    """The direction asked for; another target when no model leads from `source` to `target`."""
    targets = service.targets(source)
    return source, target if target in targets else targets[0]


def sentence_choices(maps: Sequence[AttentionMap]) -> list[tuple[str, int]]:
    """Labels and indices for choosing the sentence whose attention is drawn."""
    return [(f"{k + 1}. {_beginning(attention)}", k) for k, attention in enumerate(maps)]


def draw(maps: Sequence[AttentionMap], sentence: int | None) -> str:
    """The picture of one sentence, or a line that says why there is none."""
    if not maps:
        return (
            '<p class="nmt-small">Translate something to see which source words each word was read from.</p>'
        )
    return plots.attention_html(maps[sentence or 0])


def notice_html(message: str) -> str:
    return f'<div class="nmt-notice" role="alert">{html.escape(message)}</div>' if message else ""


def alternatives_html(alternatives: list[str]) -> str:
    if not alternatives:
        return ""
    items = "".join(f"<li>{html.escape(text)}</li>" for text in alternatives)
    return f'<div class="nmt-alternatives"><h2>Other translations</h2><ol>{items}</ol></div>'


def _beginning(attention: AttentionMap, characters: int = 48) -> str:
    text = attention.sentence
    return text if len(text) <= characters else text[: characters - 1].rstrip() + "…"


@dataclass
class Components:
    """Every component of the tab that an event reads or writes."""

    from_language: gr.Dropdown
    swap: gr.Button
    to_language: gr.Dropdown
    text: gr.Textbox
    translation: gr.Textbox
    counter: gr.HTML
    status: gr.HTML
    notice: gr.HTML
    translate: gr.Button
    clear: gr.Button
    alternatives_view: gr.HTML
    examples: gr.Dataset
    beam: gr.Slider
    alternatives: gr.Slider
    sentence: gr.Dropdown
    picture: gr.HTML
    maps: gr.State


def build(service: TranslationService) -> None:
    """Lay out the tab inside the current Blocks and wire its events."""
    wire(service, lay_out(service))


def lay_out(service: TranslationService) -> Components:
    """The components from top to bottom, in the state in which the page opens."""
    source, target = service.first
    with gr.Row(elem_classes="nmt-languages"):
        from_language = _language_box("From", service.sources(), source)
        swap_button = gr.Button(
            "⇄ Swap",
            size="md",
            scale=0,
            min_width=88,
            elem_id="nmt-swap",
            interactive=_can_swap(service, source, target),
        )
        to_language = _language_box("To", service.targets(source), target)
    with gr.Row():
        with gr.Column(min_width=320):
            text = _text_box(source)
            with gr.Row(elem_classes="nmt-below"):
                translate_button = gr.Button(
                    "Translate", variant="primary", scale=0, min_width=120, elem_id="nmt-translate"
                )
                clear_button = gr.Button("Clear", scale=0, min_width=80, elem_id="nmt-clear")
                counter = gr.HTML(f"0 / {service.max_chars:,}", elem_id="nmt-counter")
            notice = gr.HTML(visible=False, elem_id="nmt-notice")
        with gr.Column(min_width=320):
            translation = _translation_box()
            with gr.Row(elem_classes="nmt-below"):
                status = gr.HTML(HINT, elem_id="nmt-status")
    alternatives_view = gr.HTML(visible=False, elem_id="nmt-alternatives")
    examples = gr.Dataset(
        components=[gr.Textbox(visible=False)],
        samples=_samples(source),
        label="Examples",
        elem_id="nmt-examples",
    )
    with gr.Accordion("Options", open=False, elem_id="nmt-options"), gr.Row():
        beam = gr.Slider(
            1,
            MAX_BEAM,
            service.default_beam((source, target)),
            step=1,
            label="Beam size",
            buttons=[],
            min_width=240,
            info="Partial translations kept at each step; more is slower.",
        )
        alternatives = gr.Slider(
            0,
            MAX_ALTERNATIVES,
            ALTERNATIVES,
            step=1,
            label="Alternatives",
            buttons=[],
            min_width=240,
            info="How many other translations to show.",
        )
    with gr.Accordion("Attention", open=False, elem_id="nmt-attention"):
        sentence = gr.Dropdown(label="Sentence", visible=False, filterable=False, elem_id="nmt-sentence")
        picture = gr.HTML(draw((), None), elem_id="nmt-picture")
    return Components(
        from_language,
        swap_button,
        to_language,
        text,
        translation,
        counter,
        status,
        notice,
        translate_button,
        clear_button,
        alternatives_view,
        examples,
        beam,
        alternatives,
        sentence,
        picture,
        maps=gr.State(()),
    )


def wire(service: TranslationService, c: Components) -> None:
    """Which event runs which handler.  All are private: programs call the endpoints of `api.py`."""
    shown = [c.translation, c.status, c.notice, c.alternatives_view, c.maps, c.sentence, c.picture]
    languages_shown = [c.from_language, c.to_language, c.swap, c.text, c.examples]
    private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    run: dict[str, Any] = {
        "fn": lambda *values: _updates(translate(service, *values)),
        "inputs": [c.text, c.from_language, c.to_language, c.beam, c.alternatives],
        "outputs": shown,
        "api_visibility": "private",
        "show_progress": "minimal",
        "show_progress_on": c.translation,
        "concurrency_id": ONE_AT_A_TIME,
        "concurrency_limit": 1,
    }
    show_maps: dict[str, Any] = {
        "fn": _new_maps,
        "inputs": c.maps,
        "outputs": [c.sentence, c.picture],
        **private,
    }

    gr.on([c.translate.click, c.text.submit], **run, trigger_mode="always_last").then(**show_maps)
    c.swap.click(
        lambda *values: _swapped(service, *values),
        [c.text, c.translation, c.from_language, c.to_language],
        languages_shown,
        **private,
    ).then(**run).then(**show_maps)
    c.examples.click(lambda sample: sample[0], c.examples, c.text, **private).then(**run).then(**show_maps)
    for box in (c.from_language, c.to_language):  # `input`: chosen by the visitor, not set by a swap
        box.input(
            lambda *values: _language_updates(service, *values),
            [c.from_language, c.to_language],
            languages_shown,
            **private,
        ).then(**run).then(**show_maps)
    c.clear.click(lambda: ("", *_updates(Shown())), None, [c.text, *shown], **private).then(**show_maps)
    c.sentence.input(draw, [c.maps, c.sentence], c.picture, **private)
    c.text.change(None, c.text, c.counter, js=_counter_js(service.max_chars), **private)


def _language_box(label: str, codes: list[str], value: str) -> gr.Dropdown:
    return gr.Dropdown(
        _named(codes),
        value=value,
        label=label,
        container=False,
        filterable=False,
        interactive=True,
        min_width=80,
        elem_id=f"nmt-{label.lower()}",
    )


def _text_box(source: str) -> gr.Textbox:
    # One line to Gradio: so Enter submits and Shift+Enter breaks the line.  The style sheet makes it tall.
    return gr.Textbox(
        label="Your text",
        placeholder=_placeholder(source),
        lines=1,
        max_lines=12,
        autofocus=True,
        html_attributes=gr.InputHTMLAttributes(enterkeyhint="go"),
        elem_id="nmt-source",
        elem_classes="nmt-text",
    )


def _translation_box() -> gr.Textbox:
    return gr.Textbox(
        label="Translation",
        lines=1,
        max_lines=12,
        interactive=False,
        buttons=["copy"],
        elem_id="nmt-target",
        elem_classes="nmt-text",
    )


def _updates(shown: Shown) -> list[Any]:
    """`Shown` as component updates: what is empty takes no room."""
    return [
        shown.translation,
        shown.status,
        gr.update(value=shown.notice, visible=bool(shown.notice)),
        gr.update(value=shown.alternatives, visible=bool(shown.alternatives)),
        shown.maps,
        gr.update(
            visible=False
        ),  # the old picture goes at once, the new one is drawn after the text is shown
        "",
    ]


def _swapped(service: TranslationService, text: str, translation: str, source: str, target: str) -> list[Any]:
    source, target, text = swap(text, translation, source, target)
    updates = _language_updates(service, source, target)
    updates[3] = gr.update(value=text, placeholder=_placeholder(source))
    return updates


def _language_updates(service: TranslationService, source: str, target: str) -> list[Any]:
    """The language bar, the placeholder and the examples after a change of direction."""
    source, target = nearest_direction(service, source, target)
    samples = _samples(source)
    return [
        gr.update(value=source),
        gr.update(value=target, choices=_named(service.targets(source))),
        gr.update(interactive=_can_swap(service, source, target)),
        gr.update(placeholder=_placeholder(source)),
        gr.update(samples=samples, visible=bool(samples)),
    ]


def _new_maps(maps: Sequence[AttentionMap]) -> list[Any]:
    choices = sentence_choices(maps)
    return [gr.update(choices=choices, value=0 if choices else None, visible=len(choices) > 1), draw(maps, 0)]


def _can_swap(service: TranslationService, source: str, target: str) -> bool:
    return (target, source) in service.translators


def _named(codes: list[str]) -> list[tuple[str, str]]:
    return [(languages.name(code), code) for code in codes]


def _samples(source: str) -> list[list[str]]:
    return [[sentence] for sentence in languages.examples(source)]


def _placeholder(source: str) -> str:
    return f"Type or paste {languages.name(source)} text"


def _counter_js(max_chars: int) -> str:
    """Counts code points, as Python does, without asking the server."""
    return (
        "(text) => { const n = [...(text ?? '')].length;"
        f" const counter = `${{n.toLocaleString('en')}} / {max_chars:,}`;"
        f" return n > {max_chars} ? `<strong class='nmt-over'>${{counter}}</strong>` : counter; }}"
    )
