"""The tab that translates: language bar, two boxes, what else could stand at a word, options, examples.

The handlers are plain functions of values, so that tests call them without a browser; `build` lays out the
components and wires the handlers to them.  HTML is made in `translation_views.py`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr

from nmt.errors import UserError
from nmt.translation import SentenceTranslation
from nmt.webui import languages, words
from nmt.webui import translation_views as views
from nmt.webui.service import AUTO, MAX_ALTERNATIVES, MAX_BEAM, Answer, PageError, TranslationService

ALTERNATIVES = 2  # shown unless the visitor asks for more or fewer
SHORT = 300  # characters; of a longer text other translations as a whole are of no use
SCRIPTS = Path(__file__).with_name("translate_tab.js")


class Shown(NamedTuple):
    """What a translation changes on the page, in the order of its outputs; None: leave it as it is."""

    translation: str | None = ""  # HTML, as the others
    status: str | None = ""
    notice: str | None = ""
    alternatives: str | None = ""
    choices: str | None = ""
    running: bool | None = False
    answer: Answer | None = None
    target: str | None = None  # language


@dataclass(frozen=True)
class Choices:
    """What could stand at a word that was clicked."""

    segment: int
    prefix: str
    options: list[SentenceTranslation]


async def translate(
    service: TranslationService,
    owner: Hashable,
    text: str,
    source: str,
    target: str,
    beam: float,
    alternatives: float,
) -> AsyncIterator[Shown]:
    """What to show, again and again while the text is translated; an error becomes a notice, never an exception."""
    try:
        if not text.strip():
            service.stop(owner)
            yield Shown(status=words.html("translate.hint"))
            return
        direction, detected = service.resolve(text, source, target)
        wanted = alternatives if len(text) <= SHORT else 0
        async for answer in service.stream(text, direction, beam, wanted, owner):
            yield _shown(answer, detected, target)
    except UserError as error:
        yield Shown(translation=None, status="", notice=notice(error))


def _shown(answer: Answer, detected: bool, target: str) -> Shown:
    growing = answer.done < answer.total
    return Shown(
        translation=views.translation(answer),
        status=views.status(answer, detected),
        alternatives=views.alternatives(answer),
        running=growing,
        answer=answer,
        target=answer.direction[1] if answer.direction[1] != target else None,
    )


def stopped(answer: Answer | None) -> Shown:
    """After the visitor stopped it: what is done stays."""
    if answer is None:
        return Shown(status=words.html("translate.hint"))
    status = words.html("translate.stopped", done=answer.done, total=answer.total)
    return Shown(translation=views.translation(answer), status=status, answer=answer)


async def look_up(
    service: TranslationService, answer: Answer | None, segment: Any, start: Any
) -> tuple[Choices | None, str]:
    """What could stand at the character `start` of a segment of the translation, and the panel that shows it."""
    if not _is_place(answer, segment, start):
        return None, ""
    assert answer is not None
    text = answer.segments[segment].text
    prefix = text[:start].rstrip()
    try:
        found = await service.continue_from(answer, segment, prefix)
    except UserError as error:
        return None, notice(error)
    options = [option for option in found if option.text != text and option.text.startswith(prefix)]
    return Choices(segment, prefix, options), views.choices(text, prefix, [option.text for option in options])


def choose(answer: Answer | None, choices: Choices | None, index: Any) -> Shown:
    """The translation with one of the choices in it."""
    if answer is None or choices is None or not isinstance(index, int) or not 0 <= index < len(choices.options):
        return Shown(*[None] * len(Shown._fields))
    changed = answer.with_sentence(choices.segment, choices.options[index])
    return Shown(views.translation(changed), None, "", "", "", None, changed)


def take_alternative(answer: Answer | None, index: Any) -> Shown:
    """The translation of a single sentence exchanged for one of the others."""
    if answer is None or not isinstance(index, int) or not 0 <= index < len(answer.alternatives):
        return Shown(*[None] * len(Shown._fields))
    changed = answer.with_alternative(index)
    return Shown(views.translation(changed), None, "", views.alternatives(changed), "", None, changed)


def swap(
    service: TranslationService, text: str, answer: Answer | None, source: str, target: str
) -> tuple[str, str, str]:
    """(source language, target language, text) the other way about.  The translation becomes the text."""
    was = answer.direction[0] if answer else service.resolve(text, source, target)[0][0]
    other = was if (target, was) in service.translators else service.targets(target)[0]
    return target, other, (answer.text if answer else "") or text


def can_swap(service: TranslationService, target: str) -> bool:
    return bool(service.targets(target))


def notice(error: UserError) -> str:
    if isinstance(error, PageError):
        return views.notice(words.html(error.key, **error.values))
    return views.notice(views.escape(str(error)))


def _is_place(answer: Answer | None, segment: Any, start: Any) -> bool:
    """Whether a browser, which may send anything, names a character of a translated sentence."""
    if answer is None or not isinstance(segment, int) or not 0 <= segment < len(answer.segments):
        return False
    part = answer.segments[segment]
    if part.sentence is None or part.sentence.copied:
        return False
    return isinstance(start, int) and 0 <= start < len(part.text)


@dataclass
class Components:
    """Every component of the tab that an event reads or writes."""

    source: gr.Dropdown
    swap: gr.Button
    target: gr.Dropdown
    text: gr.Textbox
    typing: gr.HTML
    translation: gr.HTML
    counter: gr.HTML
    status: gr.HTML
    notice: gr.HTML
    translate: gr.Button
    stop: gr.Button
    clear: gr.Button
    choices_view: gr.HTML
    alternatives_view: gr.HTML
    examples: gr.Dataset
    beam: gr.Slider
    alternatives: gr.Slider
    answer: gr.State
    choices: gr.State


def build(service: TranslationService) -> Components:
    """Lay out the tab inside the current Blocks and wire its events."""
    components = lay_out(service)
    wire(service, components)
    return components


def lay_out(service: TranslationService) -> Components:
    """The components from top to bottom, in the state in which the page opens."""
    source, target = AUTO if service.identifier else service.first[0], service.first[1]
    script = _scripts()
    with gr.Row(elem_classes="nmt-languages"):
        source_box = _language_box("from", source_choices(service, "en"), source)
        swap_button = gr.Button(
            words.label("translate.swap"), size="md", scale=0, min_width=96, elem_id="nmt-swap"
        )
        target_box = _language_box("to", target_choices(service, source, "en"), target)
    with gr.Row():
        with gr.Column(min_width=320):
            text = _text_box()
            typing = gr.HTML("", js_on_load=script["typing"], elem_classes="nmt-nothing")
            with gr.Row(elem_classes="nmt-below"):
                translate_button = _button("translate", "primary", 120)
                stop_button = gr.Button(
                    words.label("page.stop"), scale=0, min_width=90, visible=False, elem_id="nmt-stop"
                )
                clear_button = _button("clear", "secondary", 80)
                counter = gr.HTML(f"0 / {service.max_chars:,}", elem_id="nmt-counter")
        with gr.Column(min_width=320):
            translation = gr.HTML(
                views.translation(None), js_on_load=script["translation"], elem_id="nmt-target"
            )
            with gr.Row(elem_classes="nmt-below"):
                status = gr.HTML(words.html("translate.hint"), elem_id="nmt-status")
    notice_view = gr.HTML(visible=False, elem_id="nmt-notice")
    choices_view = gr.HTML("", js_on_load=script["choices"], elem_id="nmt-choices")
    alternatives_view = gr.HTML("", js_on_load=script["alternatives"], elem_id="nmt-alternatives")
    examples = gr.Dataset(
        components=[gr.Textbox(visible=False)],
        samples=_samples(service, source),
        label=words.label("translate.examples"),
        elem_id="nmt-examples",
    )
    with gr.Accordion(words.label("translate.options"), open=False, elem_id="nmt-options"), gr.Row():
        beam = _slider("beam", 1, MAX_BEAM, service.default_beam(service.first))
        alternatives = _slider("alternatives_count", 0, MAX_ALTERNATIVES, ALTERNATIVES)
    return Components(
        source_box,
        swap_button,
        target_box,
        text,
        typing,
        translation,
        counter,
        status,
        notice_view,
        translate_button,
        stop_button,
        clear_button,
        choices_view,
        alternatives_view,
        examples,
        beam,
        alternatives,
        answer=gr.State(None),
        choices=gr.State(None),
    )


def wire(service: TranslationService, c: Components) -> None:
    """Which event runs which handler.  All are private: programs call the endpoints of `api.py`."""
    outputs = [c.translation, c.status, c.notice, c.alternatives_view, c.choices_view, c.stop, c.answer, c.target]
    private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}

    async def run(text, source, target, beam, alternatives, request: gr.Request):  # type: ignore[no-untyped-def]
        async for shown in translate(
            service, request.session_hash, text, source, target, beam, alternatives
        ):
            yield updates(shown)

    def stop(request: gr.Request) -> None:
        service.stop(request.session_hash)

    def clear(request: gr.Request) -> list[Any]:
        service.stop(request.session_hash)
        return ["", *updates(_nothing())]

    translating: dict[str, Any] = {
        "fn": run,
        "inputs": [c.text, c.source, c.target, c.beam, c.alternatives],
        "outputs": outputs,
        "trigger_mode": "multiple",  # a new one stops the one before
        **private,
    }
    changed_by_hand = [c.source.input, c.target.input]  # not by a swap
    gr.on([c.translate.click, c.text.submit, c.typing.pause], **translating)
    c.stop.click(stop, None, None, queue=False, **private)

    c.swap.click(
        lambda *values: _language_updates(service, *swap(service, *values)),
        [c.text, c.answer, c.source, c.target],
        [c.source, c.target, c.swap, c.examples, c.text],
        **private,
    ).then(**translating)
    for event in changed_by_hand:
        event(
            lambda source, target: _language_updates(service, source, target)[:4],
            [c.source, c.target],
            [c.source, c.target, c.swap, c.examples],
            **private,
        ).then(**translating)
    c.examples.click(lambda sample: sample[0], c.examples, c.text, **private).then(**translating)
    c.clear.click(clear, None, [c.text, *outputs], **private)
    c.text.change(None, c.text, c.counter, js=_counter_js(service.max_chars), **private)
    _wire_choices(service, c, outputs, private)


def _wire_choices(
    service: TranslationService, c: Components, outputs: list[Any], private: dict[str, Any]
) -> None:
    async def picked(answer, event: gr.EventData):  # type: ignore[no-untyped-def]
        return await look_up(service, answer, *_sent(event, "segment", "start"))

    def chosen(answer, choices, event: gr.EventData):  # type: ignore[no-untyped-def]
        return updates(choose(answer, choices, *_sent(event, "index")))

    def taken(answer, event: gr.EventData):  # type: ignore[no-untyped-def]
        return updates(take_alternative(answer, *_sent(event, "index")))

    c.translation.pick(picked, c.answer, [c.choices, c.choices_view], **private)
    c.choices_view.choose(chosen, [c.answer, c.choices], outputs, **private)
    c.alternatives_view.take(taken, c.answer, outputs, **private)


def updates(shown: Shown) -> list[Any]:
    """`Shown` as updates of the components; what is None stays."""
    values = list(shown)
    if shown.notice is not None:
        values[2] = gr.update(value=shown.notice, visible=bool(shown.notice))
    if shown.running is not None:
        values[5] = gr.update(visible=shown.running)
    if shown.target is not None:
        values[7] = gr.update(value=shown.target)
    keep_answer = shown.answer is None and shown.translation is None
    return [gr.skip() if v is None and (i != 6 or keep_answer) else v for i, v in enumerate(values)]


def source_choices(service: TranslationService, language: words.Language) -> list[tuple[str, str]]:
    automatic = [(words.say(language, "translate.detect"), AUTO)] if service.identifier else []
    return automatic + _named(service.sources(), language)


def target_choices(
    service: TranslationService, source: str, language: words.Language
) -> list[tuple[str, str]]:
    codes = service.targets(source)
    if source == AUTO:
        codes = list(dict.fromkeys(target for _, target in service.translators))
    return _named(codes, language)


def _language_updates(service: TranslationService, source: str, target: str, text: str | None = None) -> list[Any]:
    """The language bar and the examples after a change of direction."""
    if source != AUTO and target not in service.targets(source):
        target = service.targets(source)[0]
    samples = _samples(service, source)
    return [
        gr.update(value=source),
        gr.update(value=target),
        gr.update(interactive=can_swap(service, target)),
        gr.update(samples=samples, visible=bool(samples)),
        gr.skip() if text is None else text,
    ]


def in_language(service: TranslationService, language: words.Language) -> list[Any]:
    """The language menus (source, target) in the visitor's language."""
    return [
        gr.update(choices=source_choices(service, language)),
        gr.update(choices=target_choices(service, AUTO, language)),
    ]


def _nothing() -> Shown:
    return Shown(translation=views.translation(None), status=words.html("translate.hint"))


def _sent(event: gr.EventData, *names: str) -> list[Any]:
    """What the browser sent with an event; None for what it left out."""
    data = event._data if isinstance(event._data, dict) else {}
    return [data.get(name) for name in names]


def _language_box(name: str, choices: Sequence[tuple[str, str]], value: str) -> gr.Dropdown:
    return gr.Dropdown(
        choices,
        value=value,
        label=words.label(f"translate.{name}"),
        container=False,
        filterable=False,
        interactive=True,
        min_width=80,
        elem_id=f"nmt-{name}",
    )


def _text_box() -> gr.Textbox:
    # One line to Gradio: so Enter submits and Shift+Enter breaks the line.  The style sheet makes it tall.
    return gr.Textbox(
        label=words.label("translate.source"),
        placeholder=words.label("translate.source_placeholder"),
        lines=1,
        max_lines=12,
        autofocus=True,
        html_attributes=gr.InputHTMLAttributes(enterkeyhint="go"),
        elem_id="nmt-source",
        elem_classes="nmt-text",
    )


def _button(name: str, variant: Any, width: int) -> gr.Button:
    return gr.Button(
        words.label(f"translate.{name}"), variant=variant, scale=0, min_width=width, elem_id=f"nmt-{name}"
    )


def _slider(name: str, least: int, most: int, value: int) -> gr.Slider:
    info = "beam_info" if name == "beam" else "alternatives_info"
    return gr.Slider(
        least,
        most,
        value,
        step=1,
        label=words.label(f"translate.{name}"),
        info=words.label(f"translate.{info}"),
        buttons=[],
        min_width=240,
    )


def _named(codes: Sequence[str], language: words.Language) -> list[tuple[str, str]]:
    return [(languages.name(code)[words.LANGUAGES.index(language)].capitalize(), code) for code in codes]


def _samples(service: TranslationService, source: str) -> list[list[str]]:
    """Examples of a language; where it is found out, of all in turn."""
    of_each = [languages.examples(code) for code in (service.sources() if source == AUTO else [source])]
    most = max(map(len, of_each), default=0)
    return [[some[i]] for i in range(most) for some in of_each if i < len(some)][:5]


def _scripts() -> dict[str, str]:
    """The functions of translate_tab.js by name: each is what one component runs when it is loaded."""
    found: dict[str, str] = {}
    for function in SCRIPTS.read_text(encoding="utf-8").split("\n// == ")[1:]:
        name, _, body = function.partition("\n")
        found[name.split()[0]] = body
    return found


def _counter_js(max_chars: int) -> str:
    """Counts code points, as Python does, without asking the server."""
    return (
        "(text) => { const n = [...(text ?? '')].length;"
        f" const counter = `${{n.toLocaleString(document.documentElement.lang)}} / {max_chars:,}`;"
        f" return n > {max_chars} ? `<strong class='nmt-over'>${{counter}}</strong>` : counter; }}"
    )
