"""The tab that translates: one card with the language bar, two boxes and a row of status; examples, options, history.

Most handlers make of a `View` the next one.  `views.py` makes HTML of a view, and `translate.js` is what that HTML does
in the browser.

A translation that is done at once goes past Gradio's queue (one request, one answer: half the time); one that takes
longer is shown as it grows, by an event that the browser sends when it sees that there is more to come.  The history
of a visit and the text of a shared link are the browser's alone: both come back as an event of the component `visit`.
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable, Hashable
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from nmt.errors import UserError
from nmt.serving import languages
from nmt.serving.messages import catalogue
from nmt.serving.service import AUTO, MAX_ALTERNATIVES, MAX_BEAM, TranslationService
from nmt.webui import i18n
from nmt.webui.components import AT_ONCE, COPY_SCRIPT, PRIVATE, button, or_skip, sent, slider
from nmt.webui.glossary import glossary_box
from nmt.webui.language_menus import fitting_target, opening, source_choices, source_menu, target_menu
from nmt.webui.latest_event import LatestEvents
from nmt.webui.translate import views
from nmt.webui.translate.views import View
from nmt.webui.translate.words import choose, look_up_unless_overtaken, take_alternative

SHOWN_ALTERNATIVES = 2  # unless the visitor asks for more or fewer
MAX_CHARS_WITH_ALTERNATIVES = 300  # of a longer text other translations as a whole are of no use
MAX_EXAMPLES = 5
MIN_WORDS_TO_TURN = 3  # of a text that contradicts the language in the menu; fewer may be a name
SCRIPTS = Path(__file__).with_name("translate.js")


async def translate(
    service: TranslationService,
    owner: Hashable,
    view: View,
    text: str,
    source: str,
    target: str,
    beam: float,
    alternatives: float,
    insisted: bool = False,
    glossary: str = "",
) -> View | None:
    """What is done of the text in a moment; an error is part of the view, never an exception.  None: no change.

    insisted  the visitor has just named the source by hand: it stays, also for a text that is in another language
    """
    menus = source, target
    try:
        if not (text or "").strip():
            service.forget(owner)
            return View()
        insisted = insisted or view.insisted
        if not insisted and contradicts(service, text, source):
            source = AUTO
        direction, detected = service.resolve(text, source, target)
        wanted = alternatives if len(text) <= MAX_CHARS_WITH_ALTERNATIVES else 0
        answer = await service.start(text, direction, owner, beam, wanted, glossary)
    except UserError as error:
        service.forget(owner)
        error = error.with_traceback(None)
        return replace(view, error=error, choices=None, running=False, detected=False)
    if answer is None:
        return None
    return View(answer, text, direction[0], detected, menus, insisted, running=answer.growing)


def contradicts(service: TranslationService, text: str, source: str) -> bool:
    """Whether a text is plainly in another language than the menu says."""
    if source == AUTO or len(text.split()) < MIN_WORDS_TO_TURN:
        return False
    return service.detect(text) not in (None, source)


async def follow(service: TranslationService, owner: Hashable, view: View) -> AsyncIterator[View]:
    """The rest of a translation that takes longer."""
    if (begun := view.answer) is None:
        return
    try:
        async for answer in service.follow(owner, begun):
            view = replace(view, answer=answer, running=answer.growing)
            yield view
    except UserError as error:
        yield replace(view, error=error.with_traceback(None), running=False)


def swap(service: TranslationService, text: str, view: View, source: str, target: str) -> tuple[str, str, str]:
    """(source language, target language, text) the other way round.

    The translation becomes the text, if it is whole and the text has not changed since.
    """
    if not can_swap(service, target):
        return source, target, text
    answer = view.answer
    was = view.source if answer else service.detect(text) if source == AUTO else source
    other = was if was in service.targets(target) else service.targets(target)[0]
    carried = answer is not None and answer.done == answer.total and view.text == text and view.error is None
    return target, other, answer.text if carried and answer is not None else text


def can_swap(service: TranslationService, target: str) -> bool:
    return bool(service.targets(target))


class Layout:
    """The components from top to bottom, in the state in which the page opens.  The style sheet makes a grid of the
    card: what of `result` belongs to the source's box and to the row of status has its place there."""

    def __init__(self, service: TranslationService) -> None:
        source, target = opening(service)
        script = _scripts()
        with gr.Column(elem_classes="nmt-card"):
            with gr.Row(elem_classes="nmt-languages"):
                self.source = source_menu(service, "nmt-from")
                swappable = can_swap(service, target)
                self.swap = button("translate.swap", "nmt-swap", min_width=40, interactive=swappable)
                self.target = target_menu(service, "nmt-to")
            self.text = _text_box()
            self.clear = button("translate.clear", "nmt-clear", min_width=32)
            self.counter = gr.HTML(views.counter(service.max_chars), elem_id="nmt-counter")
            in_browser = COPY_SCRIPT + script["result"]
            self.result = gr.HTML(views.page(View()), js_on_load=in_browser, elem_id="nmt-target")
            self.typing = gr.HTML("", js_on_load=script["typing"], elem_classes="nmt-nothing")
        self.examples = gr.Dataset(
            components=[gr.Textbox(visible=False)],
            samples=_samples(service, source),
            label=i18n.label("translate.examples"),
            elem_id="nmt-examples",
        )
        with gr.Accordion(i18n.label("translate.options"), open=False, elem_id="nmt-options"):
            self.glossary = glossary_box("nmt-glossary")
            with gr.Row():
                beam = service.default_beam(service.first)
                self.beam = slider("translate.beam", "translate.beam_info", 1, MAX_BEAM, beam)
                self.alternatives = slider(
                    "translate.alternatives_count",
                    "translate.alternatives_info",
                    0,
                    MAX_ALTERNATIVES,
                    SHOWN_ALTERNATIVES,
                )
        self.visit = gr.HTML(views.history(), js_on_load=script["visit"], elem_id="nmt-history")
        self.view = gr.State(View())


def _text_box() -> gr.Textbox:
    # One line to Gradio: so Enter submits and Shift+Enter breaks the line.  The style sheet makes it tall.
    return gr.Textbox(
        label=i18n.label("translate.source"),
        placeholder=i18n.label("translate.source_placeholder"),
        lines=1,
        container=False,
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


def build(service: TranslationService) -> Layout:
    """Lay out the tab inside the current Blocks and wire its events."""
    c, lookups = Layout(service), LatestEvents()

    def clear(request: gr.Request) -> list[Any]:
        service.forget(request.session_hash)
        lookups.overtake(request.session_hash)
        choices = source_choices(service, i18n.of_visitor(request))
        return ["", *_shown(View()), gr.update(choices=choices, value=opening(service)[0])]

    _wire_languages(service, c, *_wire_translating(service, c, lookups))
    c.clear.click(clear, None, [c.text, c.result, c.view, c.source], **AT_ONCE)
    c.text.change(None, c.text, c.counter, js=_counter_js(service.max_chars), **PRIVATE)
    _wire_words(service, c, lookups)
    return c


def _wire_translating(
    service: TranslationService, c: Layout, lookups: LatestEvents
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What translates the text, has the rest of a long one, and stops it.

    Returns the settings of the first, for other events that have the text translated, and those for events in which
    the visitor named its language.
    """

    def translating(insisted: bool) -> dict[str, Any]:
        async def translated(view, text, source, target, beam, alternatives, glossary, request: gr.Request):  # type: ignore[no-untyped-def]
            owner = request.session_hash
            lookups.overtake(owner)
            asked = text, source, target, beam, alternatives, insisted, glossary or ""
            new = await translate(service, owner, view, *asked)
            lookups.overtake(owner)
            return (
                [gr.skip()] * 2 if new is None else _shown(new, next(turns) if turned(view, new, source, target) else 0)
            )

        return {
            "fn": translated,
            "inputs": [c.view, c.text, c.source, c.target, c.beam, c.alternatives, c.glossary],
            "outputs": [c.result, c.view],
            "trigger_mode": "multiple",  # a new one stops the one before
            **AT_ONCE,
        }

    turns = itertools.count(1)

    async def followed(view, request: gr.Request):  # type: ignore[no-untyped-def]
        async for new in follow(service, request.session_hash, view):
            lookups.overtake(request.session_hash)
            yield _shown(new)

    def stop(request: gr.Request) -> None:
        service.stop(request.session_hash)

    def menus(view, source, target, request: gr.Request):  # type: ignore[no-untyped-def]
        return menus_of(service, view, source, target, i18n.of_visitor(request))

    gr.on([c.text.submit, c.typing.pause], **translating(insisted=False))
    # An event of its own: Gradio builds a menu anew for every answer that could change it, half a millisecond each.
    c.result.turned(menus, [c.view, c.source, c.target], [c.source, c.target], trigger_mode="always_last", **AT_ONCE)
    c.result.more(followed, c.view, [c.result, c.view], **PRIVATE)
    c.result.stop(stop, None, None, **AT_ONCE)
    return translating(insisted=False), translating(insisted=True)


def turned(old: View, new: View, source: str, target: str) -> bool:
    """Whether the menus, which say `source` and `target`, no longer fit what is shown: which language was detected, or
    the direction."""
    was, now = (view.source if view.detected else None for view in (old, new))
    return was != now or (now is not None and source != AUTO) or _target(new, target) != target


def menus_of(
    service: TranslationService, view: View, source: str, target: str, language: catalogue.Language
) -> list[Any]:
    """Updates of the menus, which say `source` and `target`, to what is shown.

    What was chosen since it was asked for stays: another translation is on its way.
    """
    detected = view.source if view.detected else None
    change: dict[str, Any] = {"choices": source_choices(service, language, detected)}
    if (source, target) != view.menus:
        return [gr.update(**change), gr.skip()]
    if detected and source != AUTO:
        change["value"] = AUTO
    found = _target(view, target)
    return [gr.update(**change), or_skip(found if found != target else None)]


def _target(view: View, target: str) -> str:
    """The language of the translation that is shown; `target` while there is none."""
    return view.answer.direction[1] if view.answer and not view.error else target


def _wire_languages(
    service: TranslationService, c: Layout, translating: dict[str, Any], insisting: dict[str, Any]
) -> None:
    """The language bar, examples, history: whatever a visitor changes there has the text translated again."""
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

    def opened(event: gr.EventData) -> list[Any]:
        source, target, text = sent(event, "source", "target", "text")
        first = opening(service)
        source = source if source in service.sources() else first[0]
        target = target if any(target == one for _, one in service.translators) else first[1]
        return [*updates(source, target), text if isinstance(text, str) else ""]

    swapping = c.swap.click(swapped, [c.text, c.view, c.source, c.target], [*bar, c.text], **AT_ONCE)
    swapping.then(**translating)
    for chosen_by_hand in (c.source.input, c.target.input):
        chosen_by_hand(updates, [c.source, c.target], bar, **AT_ONCE).then(**insisting)
    c.examples.click(lambda sample: sample[0], c.examples, c.text, **AT_ONCE).then(**translating)
    c.visit.open(opened, None, [*bar, c.text], **AT_ONCE).then(**translating)


def _wire_words(service: TranslationService, c: Layout, lookups: LatestEvents) -> None:
    """What puts other words into a translation."""
    shown = [c.result, c.view]

    async def picked(view, glossary, request: gr.Request, event: gr.EventData):  # type: ignore[no-untyped-def]
        place = *sent(event, "segment", "start"), glossary or ""
        new = await look_up_unless_overtaken(service, lookups, request.session_hash, view, *place)
        return _shown_if_new(view, new)

    def changing(change: Callable[[View, Any], View]) -> Callable[..., list[Any]]:
        def changed(view, request: gr.Request, event: gr.EventData):  # type: ignore[no-untyped-def]
            lookups.overtake(request.session_hash)
            return _shown_if_new(view, change(view, *sent(event, "index")))

        return changed

    c.result.pick(picked, [c.view, c.glossary], shown, **AT_ONCE)
    c.result.choose(changing(choose), c.view, shown, **AT_ONCE)
    c.result.take(changing(take_alternative), c.view, shown, **AT_ONCE)


def _shown(view: View, menus_turn: int = 0) -> list[Any]:
    return [views.page(view, menus_turn), view]


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
