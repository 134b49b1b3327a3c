"""The tab that translates: language bar, two boxes, what else could stand at a word, options, examples.

The handlers are plain functions of values, most of them from a `View` to the next one, so that tests call them
without a browser.  `build` lays out the components and wires the handlers to them; `views.py` makes HTML
of a view, and translate.js is what that HTML does in the browser.

A translation that is done at once goes past Gradio's queue (one request, one answer: half the time); one that takes
longer is shown as it grows, by an event that the browser sends when it sees that there is more to come.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Hashable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr

from nmt.errors import UserError
from nmt.serving import languages
from nmt.serving.job import Answer
from nmt.serving.service import AUTO, MAX_ALTERNATIVES, MAX_BEAM, TranslationService
from nmt.webui import i18n
from nmt.webui.language_menus import fitting_target, language_box, opening, source_choices, target_choices
from nmt.webui.translate import views
from nmt.webui.translate.views import Choices, View

ALTERNATIVES = 2  # shown unless the visitor asks for more or fewer
SHORT = 300  # characters; of a longer text other translations as a whole are of no use
SCRIPTS = Path(__file__).with_name("translate.js")
# The last look-up of each visitor, while it runs and nothing else changes the view.
LookingUp = dict[Hashable, object]


async def translate(
    service: TranslationService,
    owner: Hashable,
    view: View,
    text: str,
    source: str,
    target: str,
    beam: float,
    alternatives: float,
) -> View | None:
    """What is done of the text in a moment; an error is part of the view, never an exception.  None: no change."""
    try:
        if not (text or "").strip():
            service.forget(owner)
            return View()
        direction, detected = service.resolve(text, source, target)
        wanted = alternatives if len(text) <= SHORT else 0
        answer = await service.start(text, direction, owner, beam, wanted)
    except UserError as error:
        service.forget(owner)
        return replace(view, error=error.with_traceback(None), choices=None, running=False, flip="")
    if answer is None:
        return None
    flip = direction[1] if direction[1] != target else ""
    return View(answer, text, detected, running=answer.growing, flip=flip)


async def follow(service: TranslationService, owner: Hashable, view: View) -> AsyncIterator[View]:
    """The rest of a translation that takes longer."""
    if (begun := view.answer) is None:
        return
    view = replace(view, flip="")
    try:
        async for answer in service.follow(owner, begun):
            view = replace(view, answer=answer, running=answer.growing)
            yield view
    except UserError as error:
        yield replace(view, error=error.with_traceback(None), running=False)


async def look_up(service: TranslationService, view: View, segment: Any, start: Any) -> View:
    """What could stand at the character `start` of a segment of the translation, if that is whole."""
    if view.answer is None or view.running or not _is_place(view.answer, segment, start):
        return view
    view = replace(view, choices=None, error=None, flip="")
    assert view.answer is not None
    text = view.answer.segments[segment].text
    prefix = text[:start].rstrip()
    try:
        found = await service.continue_from(view.answer, segment, prefix)
    except UserError as error:
        return replace(view, error=error.with_traceback(None))
    options = [option for option in found if option.text != text and option.text.startswith(prefix)]
    return replace(view, choices=Choices(segment, prefix, tuple(options)))


async def look_up_unless_overtaken(
    service: TranslationService, looking_up: LookingUp, owner: Hashable, view: View, segment: Any, start: Any
) -> View:
    """The same, but the view as it was if the visitor's translation changed meanwhile: it is not to come back."""
    mine = looking_up[owner] = object()
    new = await look_up(service, view, segment, start)
    if looking_up.get(owner) is not mine:
        return view
    del looking_up[owner]
    return new


def choose(view: View, index: Any) -> View:
    """The translation with one of the choices in it."""
    answer, choices = view.answer, view.choices
    if answer is None or choices is None or not _is_index(index, choices.options):
        return view
    changed = answer.with_sentence(choices.segment, choices.options[index])
    return replace(view, answer=changed, choices=None, flip="")


def take_alternative(view: View, index: Any) -> View:
    """The translation of a single sentence exchanged for one of the others."""
    if view.answer is None or not _is_index(index, view.answer.alternatives):
        return view
    return replace(view, answer=view.answer.with_alternative(index), choices=None, flip="")


def swap(
    service: TranslationService, text: str, view: View, source: str, target: str
) -> tuple[str, str, str]:
    """(source language, target language, text) the other way about.  The translation becomes the text, if it is all
    of it and the text has not changed since."""
    if not can_swap(service, target):
        return source, target, text
    answer = view.answer
    was = answer.direction[0] if answer else service.resolve(text, source, target)[0][0]
    other = was if (target, was) in service.translators else service.targets(target)[0]
    carried = answer is not None and answer.done == answer.total and view.text == text and view.error is None
    return target, other, answer.text if carried and answer is not None else text


def can_swap(service: TranslationService, target: str) -> bool:
    return bool(service.targets(target))


def _is_place(answer: Answer, segment: Any, start: Any) -> bool:
    """Whether a browser, which may send anything, names a character of a translated sentence."""
    if not _is_index(segment, answer.segments):
        return False
    part = answer.segments[segment]
    return part.sentence is not None and not part.sentence.copied and _is_index(start, part.text)


def _is_index(index: Any, of: Sequence[Any]) -> bool:
    return isinstance(index, int) and 0 <= index < len(of)


@dataclass
class Components:
    """Every component of the tab that an event reads or writes."""

    source: gr.Dropdown
    swap: gr.Button
    target: gr.Dropdown
    text: gr.Textbox
    typing: gr.HTML
    counter: gr.HTML
    result: gr.HTML
    translate: gr.Button
    clear: gr.Button
    examples: gr.Dataset
    beam: gr.Slider
    alternatives: gr.Slider
    view: gr.State


def build(service: TranslationService) -> Components:
    """Lay out the tab inside the current Blocks and wire its events."""
    components = lay_out(service)
    wire(service, components)
    return components


def lay_out(service: TranslationService) -> Components:
    """The components from top to bottom, in the state in which the page opens."""
    source, target = opening(service)
    script = _scripts()
    with gr.Row(elem_classes="nmt-languages"):
        source_box = language_box("from", source_choices(service, "en"), source, "nmt-from")
        swap_button = gr.Button(
            i18n.label("translate.swap"),
            size="md",
            scale=0,
            min_width=96,
            elem_id="nmt-swap",
            interactive=can_swap(service, target),
        )
        target_box = language_box("to", target_choices(service, source, "en"), target, "nmt-to")
    with gr.Row():
        with gr.Column(min_width=320):
            text = _text_box()
            typing = gr.HTML("", js_on_load=script["typing"], elem_classes="nmt-nothing")
            with gr.Row(elem_classes="nmt-below"):
                translate_button = _button("translate", "primary", 120)
                clear_button = _button("clear", "secondary", 80)
                counter = gr.HTML(views.counter(service.max_chars), elem_id="nmt-counter")
        with gr.Column(min_width=320):
            result = gr.HTML(views.page(View()), js_on_load=script["result"], elem_id="nmt-target")
    examples = gr.Dataset(
        components=[gr.Textbox(visible=False)],
        samples=_samples(service, source),
        label=i18n.label("translate.examples"),
        elem_id="nmt-examples",
    )
    with gr.Accordion(i18n.label("translate.options"), open=False, elem_id="nmt-options"), gr.Row():
        beam = _slider("beam", 1, MAX_BEAM, service.default_beam(service.first))
        alternatives = _slider("alternatives_count", 0, MAX_ALTERNATIVES, ALTERNATIVES)
    return Components(
        source_box,
        swap_button,
        target_box,
        text,
        typing,
        counter,
        result,
        translate_button,
        clear_button,
        examples,
        beam,
        alternatives,
        view=gr.State(View()),
    )


def wire(service: TranslationService, c: Components) -> None:
    """Which event runs which handler.  All are private: programs call the endpoints of `gradio_api.py`."""
    shown = [c.result, c.view]
    private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    at_once: dict[str, Any] = {**private, "queue": False}
    looking_up: LookingUp = {}

    async def translated(view, text, source, target, beam, alternatives, request: gr.Request):  # type: ignore[no-untyped-def]
        owner, values = request.session_hash, (text, source, target, beam, alternatives)
        looking_up.pop(owner, None)
        new = await translate(service, owner, view, *values)
        looking_up.pop(owner, None)
        return [gr.skip(), gr.skip()] if new is None else _both(new)

    async def followed(view, request: gr.Request):  # type: ignore[no-untyped-def]
        async for new in follow(service, request.session_hash, view):
            looking_up.pop(request.session_hash, None)
            yield _both(new)

    def flipped(target: str, event: gr.EventData) -> str:
        (wanted,) = _sent(event, "target")
        return wanted if any(wanted == one for _, one in service.translators) else target

    def stop(request: gr.Request) -> None:
        service.stop(request.session_hash)

    def clear(request: gr.Request) -> list[Any]:
        service.forget(request.session_hash)
        looking_up.pop(request.session_hash, None)
        return ["", *_both(View())]

    translating: dict[str, Any] = {
        "fn": translated,
        "inputs": [c.view, c.text, c.source, c.target, c.beam, c.alternatives],
        "outputs": shown,
        "trigger_mode": "multiple",  # a new one stops the one before
        **at_once,
    }
    gr.on([c.translate.click, c.text.submit, c.typing.pause], **translating)
    c.result.more(followed, c.view, shown, **private)
    c.result.stop(stop, None, None, **at_once)
    c.result.flip(flipped, c.target, c.target, **at_once)
    c.swap.click(
        lambda *values: _language_updates(service, *swap(service, *values)),
        [c.text, c.view, c.source, c.target],
        [c.source, c.target, c.swap, c.examples, c.text],
        **at_once,
    ).then(**translating)
    for event in (c.source.input, c.target.input):  # chosen by hand, not by a swap
        event(
            lambda source, target: _language_updates(service, source, target)[:4],
            [c.source, c.target],
            [c.source, c.target, c.swap, c.examples],
            **at_once,
        ).then(**translating)
    c.examples.click(lambda sample: sample[0], c.examples, c.text, **at_once).then(**translating)
    c.clear.click(clear, None, [c.text, *shown], **at_once)
    c.text.change(None, c.text, c.counter, js=_counter_js(service.max_chars), **private)
    _wire_words(service, c, shown, at_once, looking_up)


def _wire_words(
    service: TranslationService,
    c: Components,
    shown: list[Any],
    at_once: dict[str, Any],
    looking_up: LookingUp,
) -> None:
    async def picked(view, request: gr.Request, event: gr.EventData):  # type: ignore[no-untyped-def]
        place = _sent(event, "segment", "start")
        new = await look_up_unless_overtaken(service, looking_up, request.session_hash, view, *place)
        return _if_new(view, new)

    def chosen(view, request: gr.Request, event: gr.EventData):  # type: ignore[no-untyped-def]
        looking_up.pop(request.session_hash, None)
        return _if_new(view, choose(view, *_sent(event, "index")))

    def taken(view, request: gr.Request, event: gr.EventData):  # type: ignore[no-untyped-def]
        looking_up.pop(request.session_hash, None)
        return _if_new(view, take_alternative(view, *_sent(event, "index")))

    c.result.pick(picked, c.view, shown, **at_once)
    c.result.choose(chosen, c.view, shown, **at_once)
    c.result.take(taken, c.view, shown, **at_once)


def _both(view: View) -> list[Any]:
    return [views.page(view), view]


def _if_new(old: View, new: View) -> list[Any]:
    """What is not to be shown again: a server that no longer knows the visitor would show an empty box."""
    return [gr.skip(), gr.skip()] if new is old else _both(new)


def _language_updates(
    service: TranslationService, source: str, target: str, text: str | None = None
) -> list[Any]:
    """The language bar and the examples after a change of direction."""
    target = fitting_target(service, source, target)
    samples = _samples(service, source)
    return [
        gr.update(value=source),
        gr.update(value=target),
        gr.update(interactive=can_swap(service, target)),
        gr.update(samples=samples, visible=bool(samples)),
        gr.skip() if text is None else text,
    ]


def _sent(event: gr.EventData, *names: str) -> list[Any]:
    """What the browser sent with an event; None for what it left out."""
    data = event._data if isinstance(event._data, dict) else {}
    return [data.get(name) for name in names]


def _text_box() -> gr.Textbox:
    # One line to Gradio: so Enter submits and Shift+Enter breaks the line.  The style sheet makes it tall.
    return gr.Textbox(
        label=i18n.label("translate.source"),
        placeholder=i18n.label("translate.source_placeholder"),
        lines=1,
        max_lines=12,
        autofocus=True,
        html_attributes=gr.InputHTMLAttributes(enterkeyhint="go"),
        elem_id="nmt-source",
        elem_classes="nmt-text",
    )


def _button(name: str, variant: Any, width: int) -> gr.Button:
    return gr.Button(
        i18n.label(f"translate.{name}"), variant=variant, scale=0, min_width=width, elem_id=f"nmt-{name}"
    )


def _slider(name: str, least: int, most: int, value: int) -> gr.Slider:
    info = "beam_info" if name == "beam" else "alternatives_info"
    return gr.Slider(
        least,
        most,
        value,
        step=1,
        label=i18n.label(f"translate.{name}"),
        info=i18n.label(f"translate.{info}"),
        buttons=[],
        min_width=240,
    )


def _samples(service: TranslationService, source: str) -> list[list[str]]:
    """Examples of a language; where it is found out, of all in turn."""
    of_each = [languages.examples(code) for code in (service.sources() if source == AUTO else [source])]
    most = max(map(len, of_each), default=0)
    return [[some[i]] for i in range(most) for some in of_each if i < len(some)][:5]


def _scripts() -> dict[str, str]:
    """The functions of translate.js by name: each is what one component runs when it is loaded."""
    found: dict[str, str] = {}
    for function in SCRIPTS.read_text(encoding="utf-8").split("\n// == ")[1:]:
        name, _, body = function.partition("\n")
        found[name.split()[0]] = body
    return found


def _counter_js(max_chars: int) -> str:
    """Counts code points, as Python does, without asking the server."""
    return (
        "(text) => { const n = [...(text ?? '')].length;"
        f" const said = number => number.toLocaleString(document.documentElement.lang);"
        f" const counter = `${{said(n)}} / ${{said({max_chars})}}`;"
        f" return n > {max_chars} ? `<strong class='nmt-over'>${{counter}}</strong>` : counter; }}"
    )
