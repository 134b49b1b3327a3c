"""The tab that looks inside a translation: attention, probabilities, beam tree, gates, memory, each explained.

The handlers are plain functions of values, so that tests call them without a browser; `build` lays out the
components and wires the handlers to them.  HTML is made in `views.py` and `beam_tree.py`, what it shows
comes from `explore.py`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.processing_utils import save_bytes_to_cache

from nmt.errors import UserError
from nmt.serving.job import Answer, Direction
from nmt.serving.messages import catalogue
from nmt.serving.service import MAX_BEAM, TranslationService
from nmt.webui import i18n, language_menus
from nmt.webui.inside import beam_tree as inside_tree
from nmt.webui.inside import memory_curves, views
from nmt.webui.inside.explore import Of, Seen, Wanted, look, remember, sentences
from nmt.webui.translate.views import View, notice

SCRIPT = Path(__file__).with_name("inside.js")
REMEMBERED = 3600  # seconds that the server keeps what was seen
LONGEST_LABEL = 60  # characters of a sentence in a menu
FORMULAS: list[dict[str, str | bool]] = [
    {"left": "$$", "right": "$$", "display": True},
    {"left": "$", "right": "$", "display": False},
]
ONE_AT_A_TIME = "inside"  # torch takes every core


@dataclass
class Components:
    """Every component of the tab that an event reads or writes."""

    sentence: gr.Dropdown
    direction: gr.Dropdown
    text: gr.Textbox
    given: gr.Textbox
    beam: gr.Slider
    look: gr.Button
    download: gr.DownloadButton
    notice: gr.HTML
    summary: gr.HTML
    attention: gr.HTML
    tokens: gr.HTML
    tree: gr.HTML
    layer: gr.Dropdown
    gates: gr.HTML
    memory_tab: gr.Tab
    memory_of: dict[Of, gr.Button]
    memory: gr.HTML
    offered: gr.State  # direction and sentences of the translation that was offered last
    seen: gr.State  # Seen, or None


Offered = tuple[Direction, list[str]]


def build(service: TranslationService, view: gr.State, tab: gr.Tab) -> Components:
    """Lay out the tab inside `tab` and wire its events.  `view`: the `View` of what the visitor translated last."""
    components = lay_out(service)
    wire(service, components, view, tab)
    return components


# --- handlers ---------------------------------------------------------------------------------------------


def offer(answer: Answer | None, offered: Offered | None) -> Offered | None:
    """The sentences of a translation; None if there are none, or if these were offered last."""
    found = sentences(answer)
    now = (answer.direction, found) if answer and found else None
    return None if now == offered else now


def fill_in(now: Offered | None) -> list[Any]:
    """Updates of the menu of sentences, direction, text, the visitor's own translation; the first sentence is
    chosen.  None: everything stays."""
    if now is None:
        return [gr.skip()] * 4
    direction, found = now
    choices = [(f"{place}. {_short(text)}", place - 1) for place, text in enumerate(found, start=1)]
    menu = gr.update(choices=choices, value=0, visible=len(choices) > 1)
    return [menu, "-".join(direction), found[0], ""]


def see(
    service: TranslationService,
    direction: str,
    text: str,
    given: str,
    beam: float,
    language: catalogue.Language,
) -> tuple[Seen | None, list[Any]]:
    """What was seen, and updates of notice, summary, attention, tokens, tree, layer menu, gates, memory."""
    try:
        found = look(service, Wanted(service.find(direction), text, given, int(beam)))
    except UserError as error:
        return None, [gr.update(value=notice(error), visible=True), *[gr.skip()] * 7]
    inside = found.inside
    names = [(_named(views.layer_words(layer.name), language), i) for i, layer in enumerate(inside.layers)]
    return found, [
        gr.update(value="", visible=False),
        views.summary(inside),
        views.attention(inside),
        views.tokens(inside),
        inside_tree.tree(inside),
        gr.update(choices=names, value=0 if names else None, visible=bool(names)),
        gates(found, 0),
        views.note("inside.choose"),  # what was there is no longer of this sentence
    ]


def gates(seen: Seen | None, layer: int | None) -> str:
    if seen is None:
        return views.note("inside.nothing")
    layers = seen.inside.layers
    return views.gates(layers[layer or 0]) if layers else views.note("inside.no_layers")


def recall(service: TranslationService, of: Of, seen: Seen | None) -> str:
    """Curves and table, or what is the matter."""
    try:
        return memory_curves.memory(remember(service, of, seen))
    except UserError as error:
        return notice(error)


def _named(both: tuple[str, str], language: catalogue.Language) -> str:
    name = both[catalogue.LANGUAGES.index(language)]
    return name[:1].upper() + name[1:]


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_LABEL else text[: LONGEST_LABEL - 1].rstrip() + "…"


# --- layout -----------------------------------------------------------------------------------------------


def lay_out(service: TranslationService) -> Components:
    """The components from top to bottom, in the state in which the page opens."""
    script = SCRIPT.read_text(encoding="utf-8")
    nothing = views.note("inside.nothing")
    sentence = gr.Dropdown(
        label=i18n.label("inside.sentence"), visible=False, filterable=False, elem_id="nmt-inside-sentence"
    )
    with gr.Row():
        direction = gr.Dropdown(
            language_menus.direction_choices(service, "en"),
            value=service.directions()[0],
            label=i18n.label("inside.direction"),
            filterable=False,
            scale=1,
            min_width=220,
            elem_id="nmt-inside-direction",
        )
        text = gr.Textbox(
            label=i18n.label("inside.text"),
            placeholder=i18n.label("inside.text_placeholder"),
            scale=3,
            min_width=280,
            elem_id="nmt-inside-text",
        )
    with gr.Row():
        given = gr.Textbox(
            label=i18n.label("inside.given"),
            info=i18n.label("inside.given_info"),
            scale=3,
            min_width=280,
            elem_id="nmt-inside-given",
        )
        beam = gr.Slider(
            1,
            MAX_BEAM,
            service.default_beam(service.first),
            step=1,
            label=i18n.label("translate.beam"),
            info=i18n.label("inside.beam_info"),
            buttons=[],
            scale=2,
            min_width=240,
            elem_id="nmt-inside-beam",
        )
    with gr.Row():
        button = gr.Button(
            i18n.label("inside.look"), variant="primary", scale=0, min_width=160, elem_id="nmt-inside-look"
        )
        download = gr.DownloadButton(
            i18n.label("inside.download"),  # type: ignore[arg-type]  # as good as for any button
            scale=0,
            min_width=210,
            size="lg",
            interactive=False,
            elem_id="nmt-inside-download",
        )
    notice_view = gr.HTML(visible=False, elem_id="nmt-inside-notice")
    summary = gr.HTML(nothing, elem_id="nmt-inside-summary")
    with gr.Tabs(elem_id="nmt-inside-views"):
        with _view("attention"):
            attention = gr.HTML(nothing, js_on_load=script, elem_id="nmt-attention")
        with _view("tokens"):
            tokens = gr.HTML(nothing, elem_id="nmt-tokens")
        with _view("beam"):
            tree = gr.HTML(nothing, js_on_load=script, elem_id="nmt-tree")
        with _view("gates"):
            layer = gr.Dropdown(
                label=i18n.label("inside.layer"), visible=False, filterable=False, elem_id="nmt-layer"
            )
            gates_view = gr.HTML(nothing, js_on_load=script, elem_id="nmt-gates")
        with _view("memory") as memory_tab:
            kinds: tuple[Of, ...] = ("model", "open", "plain")
            with gr.Row():
                memory_of = {
                    kind: gr.Button(
                        i18n.label(f"inside.memory_{kind}"), min_width=200, elem_id=f"nmt-memory-{kind}"
                    )
                    for kind in kinds
                }
            memory = gr.HTML(nothing, elem_id="nmt-memory")
    return Components(
        sentence,
        direction,
        text,
        given,
        beam,
        button,
        download,
        notice_view,
        summary,
        attention,
        tokens,
        tree,
        layer,
        gates_view,
        memory_tab,
        memory_of,
        memory,
        offered=gr.State(None),
        seen=gr.State(None, time_to_live=REMEMBERED),
    )


def _view(name: str) -> gr.Tab:
    """A tab within the tab, which begins with what a student should know."""
    tab = gr.Tab(i18n.label(f"inside.{name}"), id=name, elem_id=f"nmt-view-{name}")
    with tab, gr.Accordion(i18n.label("inside.about"), open=True):
        gr.Markdown(
            explanation(name), latex_delimiters=FORMULAS, sanitize_html=False, elem_classes="nmt-about"
        )
    return tab


def explanation(name: str) -> str:
    """Markdown in both languages, of which the style sheet shows one: a label would read formulas as messages."""
    return "\n\n".join(
        f'<div class="nmt-{language}" lang="{language}">\n\n{catalogue.say(language, f"inside.{name}_about")}\n\n</div>'
        for language in catalogue.LANGUAGES
    )


# --- events -----------------------------------------------------------------------------------------------


def wire(service: TranslationService, c: Components, view: gr.State, tab: gr.Tab) -> None:
    """Which event runs which handler.  All are private."""
    fields = [c.sentence, c.direction, c.text, c.given]
    shown = [c.notice, c.summary, c.attention, c.tokens, c.tree, c.layer, c.gates, c.memory]
    private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    heavy: dict[str, Any] = {
        "api_visibility": "private",
        "concurrency_id": ONE_AT_A_TIME,
        "concurrency_limit": 1,
        "show_progress": "minimal",
    }

    def opened(view: View, offered: Offered | None) -> list[Any]:
        now = offer(view.answer, offered)
        return [now or offered, *fill_in(now)]

    def looked(direction, text, given, beam, seen, request: gr.Request):  # type: ignore[no-untyped-def]
        found, updates = see(service, direction, text, given, beam, i18n.of_visitor(request))
        if found is None:
            return gr.skip(), gr.skip(), *updates
        data = json.dumps(found.inside.as_dict(), ensure_ascii=False, indent=1).encode()
        file = save_bytes_to_cache(data, f"inside-{direction}.json", c.download.GRADIO_CACHE)
        return found, gr.update(value=file, interactive=True), *updates

    def looked_if_new(direction, text, given, beam, seen, request: gr.Request):  # type: ignore[no-untyped-def]
        was = seen and seen.wanted
        if not text.strip() or (was and ("-".join(was.direction), was.text) == (direction, text)):
            return [gr.skip()] * (2 + len(shown))
        return looked(direction, text, given, beam, seen, request)

    looking: dict[str, Any] = {
        "inputs": [c.direction, c.text, c.given, c.beam, c.seen],
        "outputs": [c.seen, c.download, *shown],
        "show_progress_on": c.summary,
        **heavy,
    }
    tab.select(opened, [view, c.offered], [c.offered, *fields], **private).then(looked_if_new, **looking)
    gr.on([c.look.click, c.text.submit, c.given.submit], looked, **looking)
    c.sentence.input(
        lambda offered, place: (offered[1][place], ""), [c.offered, c.sentence], [c.text, c.given], **private
    ).then(looked, **looking)
    c.layer.input(gates, [c.seen, c.layer], c.gates, **private)

    def recalling(of: Of) -> dict[str, Any]:
        return {"fn": lambda seen: recall(service, of, seen), "inputs": c.seen, "outputs": c.memory, **heavy}

    for of, button in c.memory_of.items():
        button.click(**recalling(of), show_progress_on=c.memory)
    c.memory_tab.select(**recalling("model"), show_progress_on=c.memory)
