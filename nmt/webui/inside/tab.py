"""The tab that looks inside a translation: attention, probabilities, beam tree, gates, memory, each explained.

HTML is made in `views.py`, `beam_tree.py` and `memory_curves.py`; what it shows comes from `explore.py`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.processing_utils import save_bytes_to_cache

from nmt.errors import UserError
from nmt.serving.job import Answer, Direction
from nmt.serving.messages import catalogue
from nmt.serving.service import MAX_BEAM, TranslationService
from nmt.webui import i18n
from nmt.webui.components import PRIVATE, SLOW, button, download_button, shown_if_any, slider
from nmt.webui.inside import beam_tree, memory_curves, views
from nmt.webui.inside.explore import Of, Seen, Wanted, look, remember, sentences
from nmt.webui.language_menus import direction_menu
from nmt.webui.markup import notice
from nmt.webui.translate.views import View

SCRIPT = Path(__file__).with_name("inside.js")
KEPT_SECONDS = 3600  # that the server keeps what was seen
MAX_LABEL_CHARS = 60  # of a sentence in a menu
FORMULAS: list[dict[str, str | bool]] = [
    {"left": "$$", "right": "$$", "display": True},
    {"left": "$", "right": "$", "display": False},
]
# Settings of an event that computes: one visitor at a time, for torch takes every core.
HEAVY: dict[str, Any] = {**SLOW, "concurrency_id": "inside", "concurrency_limit": 1}

# Explanations are open at the first visit, and closed afterwards.
OPEN_ONCE = """() => {
  let first = true;
  try { first = !localStorage.getItem('nmt-inside'); localStorage.setItem('nmt-inside', 'visited'); } catch {}
  return Array(%d).fill({ __type__: 'update', ...(first ? { open: true } : {}) });
}"""

Offered = tuple[Direction, list[str]]  # direction and sentences of the translation that was offered last


def offer(answer: Answer | None, offered: Offered | None) -> Offered | None:
    """The sentences of a translation; None if there are none, or if these were offered last."""
    found = sentences(answer)
    now = (answer.direction, found) if answer and found else None
    return None if now == offered else now


def fill_in(now: Offered | None) -> list[Any]:
    """Updates of the menu of sentences, of which the first is chosen, and of direction, text, and the visitor's own
    translation.  None: everything stays."""
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
        return None, [shown_if_any(notice(error)), *[gr.skip()] * 7]
    inside = found.inside
    names = [(_named(views.layer_name(layer.name), language), i) for i, layer in enumerate(inside.layers)]
    return found, [
        shown_if_any(""),
        views.summary(inside),
        views.attention(inside),
        views.tokens(inside),
        beam_tree.tree(inside),
        gr.update(choices=names, value=0 if names else None, visible=bool(names)),
        gates(found, 0),
        views.note("inside.choose"),  # what was there is no longer of this sentence
    ]


def gates(seen: Seen | None, layer: int | None) -> str:
    """The gates of one layer, or why there are none."""
    if seen is None:
        return views.note("inside.nothing")
    layers = seen.inside.layers
    return views.gates(layers[layer or 0]) if layers else views.note("inside.no_layers")


def recall(service: TranslationService, of: Of, seen: Seen | None) -> str:
    """Curves and table of how far back layers remember, or what is the matter."""
    try:
        return memory_curves.memory(remember(service, of, seen))
    except UserError as error:
        return notice(error)


def explanation(name: str) -> str:
    """Markdown in both languages, of which the style sheet shows one: a label would read formulas as messages."""
    both = catalogue.EXPLANATIONS[f"inside.{name}_about"]
    return "\n\n".join(
        f'<div class="nmt-{language}" lang="{language}" tabindex="0">\n\n{text}\n\n</div>'
        for language, text in zip(catalogue.LANGUAGES, both, strict=True)
    )


def _named(both: catalogue.Both, language: catalogue.Language) -> str:
    name = both[catalogue.LANGUAGES.index(language)]
    return name[:1].upper() + name[1:]


def _short(text: str) -> str:
    return text if len(text) <= MAX_LABEL_CHARS else text[: MAX_LABEL_CHARS - 1].rstrip() + "…"


class Layout:
    """The components from top to bottom, in the state in which the page opens."""

    def __init__(self, service: TranslationService) -> None:
        script = SCRIPT.read_text(encoding="utf-8")
        nothing = views.note("inside.nothing")
        self.sentence = _hidden_menu("inside.sentence", "nmt-inside-sentence")
        with gr.Row():
            self.direction = direction_menu(service, "inside.direction", "nmt-inside-direction", scale=1)
            placeholder = i18n.label("inside.text_placeholder")
            self.text = _text_box("text", placeholder=placeholder)
        with gr.Row():
            self.given = _text_box("given", info=i18n.label("inside.given_info"))
            beam = service.default_beam(service.first)
            self.beam = slider(
                "translate.beam", "inside.beam_info", 1, MAX_BEAM, beam, scale=2, elem_id="nmt-inside-beam"
            )
        with gr.Row():
            self.look = button("inside.look", "nmt-inside-look", variant="primary", min_width=160)
            self.download = download_button(
                "inside.download", "nmt-inside-download", scale=0, min_width=210, size="lg", interactive=False
            )
        self.notice = gr.HTML(visible=False, elem_id="nmt-inside-notice")
        gr.HTML(views.working(), elem_id="nmt-inside-working")
        self.summary = gr.HTML(nothing, elem_id="nmt-inside-summary")
        self.about: list[gr.Accordion] = []
        with gr.Tabs(elem_id="nmt-inside-views", overflow_behavior="wrap"):
            with self._view("attention"):
                self.attention = gr.HTML(nothing, js_on_load=script, elem_id="nmt-attention")
            with self._view("tokens"):
                self.tokens = gr.HTML(nothing, elem_id="nmt-tokens")
            with self._view("beam"):
                self.tree = gr.HTML(nothing, js_on_load=script, elem_id="nmt-tree")
            with self._view("gates"):
                self.layer = _hidden_menu("inside.layer", "nmt-layer")
                self.gates = gr.HTML(nothing, js_on_load=script, elem_id="nmt-gates")
            with self._view("memory") as self.memory_tab:
                kinds: tuple[Of, ...] = ("model", "open", "plain")
                with gr.Row():
                    self.memory_of = {
                        kind: button(f"inside.memory_{kind}", f"nmt-memory-{kind}", min_width=200, scale=None)
                        for kind in kinds
                    }
                self.memory = gr.HTML(nothing, elem_id="nmt-memory")
        self.offered = gr.State(None)  # Offered, or None
        self.seen = gr.State(None, time_to_live=KEPT_SECONDS)  # Seen, or None

    def _view(self, name: str) -> gr.Tab:
        """A tab within the tab, which begins with what a student should know."""
        tab = gr.Tab(i18n.label(f"inside.{name}"), id=name, elem_id=f"nmt-view-{name}")
        with tab, gr.Accordion(i18n.label("inside.about"), open=False) as about:
            gr.Markdown(explanation(name), latex_delimiters=FORMULAS, sanitize_html=False, elem_classes="nmt-about")
        self.about.append(about)
        return tab


def _hidden_menu(key: str, elem_id: str) -> gr.Dropdown:
    """A menu that is shown when there is something to choose."""
    return gr.Dropdown(label=i18n.label(key), visible=False, filterable=False, elem_id=elem_id)


def _text_box(name: str, **settings: Any) -> gr.Textbox:
    return gr.Textbox(
        label=i18n.label(f"inside.{name}"), scale=3, min_width=280, elem_id=f"nmt-inside-{name}", **settings
    )


def build(service: TranslationService, view: gr.State, tab: gr.Tab) -> Layout:
    """Lay out the tab inside `tab` and wire its events.  `view`: the `View` of what the visitor translated last."""
    c = Layout(service)
    fields = [c.sentence, c.direction, c.text, c.given]
    shown = [c.notice, c.summary, c.attention, c.tokens, c.tree, c.layer, c.gates, c.memory]

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

    def chosen(offered: Offered, place: int) -> tuple[str, str]:
        return offered[1][place], ""

    looking: dict[str, Any] = {
        "inputs": [c.direction, c.text, c.given, c.beam, c.seen],
        "outputs": [c.seen, c.download, *shown],
        "show_progress_on": c.summary,
        **HEAVY,
    }
    tab.select(opened, [view, c.offered], [c.offered, *fields], **PRIVATE).then(looked_if_new, **looking)
    tab.select(None, None, c.about, js=OPEN_ONCE % len(c.about), **PRIVATE)
    gr.on([c.look.click, c.text.submit, c.given.submit], looked, **looking)
    c.sentence.input(chosen, [c.offered, c.sentence], [c.text, c.given], **PRIVATE).then(looked, **looking)
    c.layer.input(gates, [c.seen, c.layer], c.gates, **PRIVATE)

    def recalling(of: Of) -> dict[str, Any]:
        return {"fn": lambda seen: recall(service, of, seen), "inputs": c.seen, "outputs": c.memory, **HEAVY}

    for of, memory_button in c.memory_of.items():
        memory_button.click(**recalling(of), show_progress_on=c.memory)
    c.memory_tab.select(**recalling("model"), show_progress_on=c.memory)
    return c
