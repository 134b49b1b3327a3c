"""The tab that translates: language bar, two boxes, what else could stand at a word, options, examples.

The handlers are plain functions of values, most of them from a `View` to the next one, so that tests call them
without a browser; `build` lays out the components and wires the handlers to them.  `views.py` makes HTML of a view, and
`translate.js` is what that HTML does in the browser.

A translation that is done at once goes past Gradio's queue (one request, one answer: half the time); one that takes
longer is shown as it grows, by an event that the browser sends when it sees that there is more to come.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Hashable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from nmt.errors import UserError
from nmt.serving import languages
from nmt.serving.job import Answer
from nmt.serving.service import AUTO, MAX_ALTERNATIVES, MAX_BEAM, TranslationService
from nmt.webui import i18n
from nmt.webui.components import AT_ONCE, COPY_SCRIPT, PRIVATE, button, sent, slider
from nmt.webui.language_menus import fitting_target, opening, source_menu, target_menu
from nmt.webui.latest_event import LatestEvents
from nmt.webui.translate import views
from nmt.webui.translate.views import Choices, View

SHOWN_ALTERNATIVES = 2  # unless the visitor asks for more or fewer
MAX_CHARS_WITH_ALTERNATIVES = 300  # of a longer text other translations as a whole are of no use
MAX_EXAMPLES = 5
SCRIPTS = Path(__file__).with_name("translate.js")


# --- handlers ---------------------------------------------------------------------------------------------


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
        wanted = alternatives if len(text) <= MAX_CHARS_WITH_ALTERNATIVES else 0
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
    service: TranslationService, lookups: LatestEvents, owner: Hashable, view: View, segment: Any, start: Any
) -> View:
    """As `look_up`; the view as it was if the visitor's translation changed meanwhile, for it must not come back."""
    with lookups.event(owner) as mine:
        new = await look_up(service, view, segment, start)
        return new if lookups.is_last(owner, mine) else view


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
    """(source language, target language, text) the other way round.

    The translation becomes the text, if it is whole and the text has not changed since.
    """
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


# --- layout -----------------------------------------------------------------------------------------------


class Layout:
    """The components from top to bottom, in the state in which the page opens."""

    def __init__(self, service: TranslationService) -> None:
        source, target = opening(service)
        script = _scripts()
        with gr.Row(elem_classes="nmt-languages"):
            self.source = source_menu(service, "nmt-from")
            swappable = can_swap(service, target)
            self.swap = button("translate.swap", "nmt-swap", size="md", min_width=96, interactive=swappable)
            self.target = target_menu(service, "nmt-to")
        with gr.Row():
            with gr.Column(min_width=320):
                self.text = _text_box()
                self.typing = gr.HTML("", js_on_load=script["typing"], elem_classes="nmt-nothing")
                with gr.Row(elem_classes="nmt-below"):
                    self.translate = button(
                        "translate.translate", "nmt-translate", variant="primary", min_width=120
                    )
                    self.clear = button("translate.clear", "nmt-clear", min_width=80)
                    self.counter = gr.HTML(views.counter(service.max_chars), elem_id="nmt-counter")
            with gr.Column(min_width=320):
                in_browser = COPY_SCRIPT + script["result"]
                self.result = gr.HTML(views.page(View()), js_on_load=in_browser, elem_id="nmt-target")
        self.examples = gr.Dataset(
            components=[gr.Textbox(visible=False)],
            samples=_samples(service, source),
            label=i18n.label("translate.examples"),
            elem_id="nmt-examples",
        )
        with gr.Accordion(i18n.label("translate.options"), open=False, elem_id="nmt-options"), gr.Row():
            beam = service.default_beam(service.first)
            self.beam = slider("translate.beam", "translate.beam_info", 1, MAX_BEAM, beam)
            self.alternatives = slider(
                "translate.alternatives_count",
                "translate.alternatives_info",
                0,
                MAX_ALTERNATIVES,
                SHOWN_ALTERNATIVES,
            )
        self.view = gr.State(View())


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


def _samples(service: TranslationService, source: str) -> list[list[str]]:
    """Examples of a language; where it is to be detected, of all languages in turn."""
    codes = service.sources() if source == AUTO else [source]
    of_each = [languages.EXAMPLES.get(code, []) for code in codes]
    most = max(map(len, of_each), default=0)
    return [[some[i]] for i in range(most) for some in of_each if i < len(some)][:MAX_EXAMPLES]


def _scripts() -> dict[str, str]:
    """The functions of translate.js by name: each is what one component runs when it is loaded."""
    found: dict[str, str] = {}
    for function in SCRIPTS.read_text(encoding="utf-8").split("\n// == ")[1:]:
        name, _, body = function.partition("\n")
        found[name.split()[0]] = body
    return found


# --- events -----------------------------------------------------------------------------------------------


def build(service: TranslationService) -> Layout:
    """Lay out the tab inside the current Blocks and wire its events."""
    c, lookups = Layout(service), LatestEvents()

    def clear(request: gr.Request) -> list[Any]:
        service.forget(request.session_hash)
        lookups.overtake(request.session_hash)
        return ["", *_shown(View())]

    translating = _wire_translating(service, c, lookups)
    _wire_languages(service, c, translating)
    c.clear.click(clear, None, [c.text, c.result, c.view], **AT_ONCE)
    c.text.change(None, c.text, c.counter, js=_counter_js(service.max_chars), **PRIVATE)
    _wire_words(service, c, lookups)
    return c


def _wire_translating(service: TranslationService, c: Layout, lookups: LatestEvents) -> dict[str, Any]:
    """What translates the text, has the rest of a long one, and stops it.

    Returns the settings of the first, for other events that have the text translated.
    """

    async def translated(view, text, source, target, beam, alternatives, request: gr.Request):  # type: ignore[no-untyped-def]
        owner = request.session_hash
        lookups.overtake(owner)
        new = await translate(service, owner, view, text, source, target, beam, alternatives)
        lookups.overtake(owner)
        return [gr.skip(), gr.skip()] if new is None else _shown(new)

    async def followed(view, request: gr.Request):  # type: ignore[no-untyped-def]
        async for new in follow(service, request.session_hash, view):
            lookups.overtake(request.session_hash)
            yield _shown(new)

    def stop(request: gr.Request) -> None:
        service.stop(request.session_hash)

    translating: dict[str, Any] = {
        "fn": translated,
        "inputs": [c.view, c.text, c.source, c.target, c.beam, c.alternatives],
        "outputs": [c.result, c.view],
        "trigger_mode": "multiple",  # a new one stops the one before
        **AT_ONCE,
    }
    gr.on([c.translate.click, c.text.submit, c.typing.pause], **translating)
    c.result.more(followed, c.view, [c.result, c.view], **PRIVATE)
    c.result.stop(stop, None, None, **AT_ONCE)
    return translating


def _wire_languages(service: TranslationService, c: Layout, translating: dict[str, Any]) -> None:
    """The language bar and the examples: whatever a visitor changes there has the text translated again."""
    bar = [c.source, c.target, c.swap, c.examples]

    def updates(source: str, target: str) -> list[Any]:
        target = fitting_target(service, source, target)
        samples = _samples(service, source)
        return [
            gr.update(value=source),
            gr.update(value=target),
            gr.update(interactive=can_swap(service, target)),
            gr.update(samples=samples, visible=bool(samples)),
        ]

    def swapped(text: str, view: View, source: str, target: str) -> list[Any]:
        source, target, text = swap(service, text, view, source, target)
        return [*updates(source, target), text]

    def flipped(target: str, event: gr.EventData) -> str:
        (wanted,) = sent(event, "target")
        return wanted if any(wanted == one for _, one in service.translators) else target

    c.result.flip(flipped, c.target, c.target, **AT_ONCE)
    c.swap.click(swapped, [c.text, c.view, c.source, c.target], [*bar, c.text], **AT_ONCE).then(**translating)
    for chosen_by_hand in (c.source.input, c.target.input):
        chosen_by_hand(updates, [c.source, c.target], bar, **AT_ONCE).then(**translating)
    c.examples.click(lambda sample: sample[0], c.examples, c.text, **AT_ONCE).then(**translating)


def _wire_words(service: TranslationService, c: Layout, lookups: LatestEvents) -> None:
    """What puts other words into a translation."""
    shown = [c.result, c.view]

    async def picked(view, request: gr.Request, event: gr.EventData):  # type: ignore[no-untyped-def]
        place = sent(event, "segment", "start")
        new = await look_up_unless_overtaken(service, lookups, request.session_hash, view, *place)
        return _shown_if_new(view, new)

    def changing(change: Callable[[View, Any], View]) -> Callable[..., list[Any]]:
        def changed(view, request: gr.Request, event: gr.EventData):  # type: ignore[no-untyped-def]
            lookups.overtake(request.session_hash)
            return _shown_if_new(view, change(view, *sent(event, "index")))

        return changed

    c.result.pick(picked, c.view, shown, **AT_ONCE)
    c.result.choose(changing(choose), c.view, shown, **AT_ONCE)
    c.result.take(changing(take_alternative), c.view, shown, **AT_ONCE)


def _shown(view: View) -> list[Any]:
    return [views.page(view), view]


def _shown_if_new(old: View, new: View) -> list[Any]:
    """Nothing for the same view: a server that no longer knows the visitor would show an empty box."""
    return [gr.skip(), gr.skip()] if new is old else _shown(new)


def _counter_js(max_chars: int) -> str:
    """Counts code points, as Python does, without asking the server."""
    return (
        "(text) => { const n = [...(text ?? '')].length;"
        f" const said = number => number.toLocaleString(document.documentElement.lang);"
        f" const counter = `${{said(n)}} / ${{said({max_chars})}}`;"
        f" return n > {max_chars} ? `<strong class='nmt-over'>${{counter}}</strong>` : counter; }}"
    )
