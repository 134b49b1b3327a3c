"""The components of the tab Retrain from top to bottom, as they are when the page opens.  Nothing is wired here."""

from __future__ import annotations

from typing import Any

import gradio as gr

from nmt.serving import languages
from nmt.serving.training_request import MAX_MINUTES, MAX_NAME_CHARS, MAX_PIECES, MAX_STEPS, recipes
from nmt.webui import i18n
from nmt.webui.components import button
from nmt.webui.retrain import views

MIN_FIELD_WIDTH = 280  # pixels: two such fields do not fit side by side on a phone


class Form:
    """What is to be trained, the commands that do it, and the buttons that check and start it."""

    def __init__(self, direction: tuple[str, str]) -> None:
        """direction: the languages that the form suggests"""
        known = list(recipes())
        gr.Markdown(i18n.label("retrain.intro"))
        with gr.Accordion(i18n.label("retrain.help"), open=False, elem_id="nmt-retrain-help"):
            gr.Markdown(i18n.label("retrain.help_text"))
        self.upload = gr.File(file_types=[".tsv", ".txt"], height=130, **_labelled("upload"))
        with gr.Row():
            first, second = map(_language, ("first", "second"), direction)
        with gr.Accordion(i18n.label("retrain.more"), open=False, elem_id="nmt-retrain-more"):
            with gr.Row():
                info = i18n.label("retrain.name_info")
                self.name = gr.Textbox(info=info, max_lines=1, max_length=MAX_NAME_CHARS, **_labelled("name"))
                self.recipe = gr.Dropdown(known, value=known[0], **_labelled("recipe"))
            self.facts = gr.HTML(views.recipe(known[0]), elem_id="nmt-retrain-facts")
            self.path = gr.Textbox(max_lines=1, **_labelled("path"))
            reverse = gr.Checkbox(label=i18n.label("retrain.reverse"), elem_id="nmt-retrain-reverse")
            with gr.Row():
                vocab_size = _number("vocab_size", "vocab_size_info", MAX_PIECES)
                steps = _number("steps", "zero", MAX_STEPS)
                minutes = _number("minutes", "zero", MAX_MINUTES, precision=None)
            language_filter = gr.Checkbox(value=True, label=i18n.label("retrain.language_filter"))
        # In the order of the parameters of `training_request.check`.
        self.fields: list[Any] = [
            self.name, self.recipe, first, second, reverse, self.upload, self.path,
            vocab_size, steps, minutes, language_filter,
        ]  # fmt: skip
        with gr.Row(elem_classes="nmt-below"):
            self.check = _button("check", min_width=120, scale=None)
            self.start = _button("start", min_width=120, scale=None, variant="primary", interactive=False)
        self.notice = gr.HTML(visible=False, elem_id="nmt-retrain-notice")
        self.summary = gr.HTML(visible=False, elem_id="nmt-retrain-summary")
        self.commands = gr.Textbox(
            label=i18n.label("retrain.commands"),
            buttons=["copy"],
            interactive=False,
            visible=False,
            lines=2,
            max_lines=12,
            elem_id="nmt-retrain-commands",
        )
        self.request = gr.State(None)  # what was checked, and is what Start starts
        self.started = gr.State(None)  # the name of the training that was started last


class Board:
    """One training: how it stands, its curves, and what can be done with it."""

    def __init__(self, look_seconds: float) -> None:
        """look_seconds: between two looks at a training that runs"""
        with gr.Row(elem_id="nmt-retrain-board"):
            self.chosen = gr.Dropdown([], interactive=True, scale=2, **_labelled("chosen"))
            with gr.Column(min_width=MIN_FIELD_WIDTH), gr.Row(elem_classes="nmt-below"):
                self.stop, self.resume, self.try_it = (
                    _button(name, min_width=96, interactive=False) for name in ("stop", "resume", "try")
                )
        self.answer = gr.HTML("", elem_id="nmt-retrain-answer")
        self.state = gr.HTML(views.state(None), elem_id="nmt-retrain-state")
        self.figures = gr.HTML(visible=False, elem_id="nmt-retrain-figures")
        with gr.Row(elem_id="nmt-retrain-curves"):
            # Without a title of its own, the legend would have the column's name.
            self.losses = _plot("loss", "losses", color="curve", color_title=" ")
            self.scores = _plot("bleu", "scores")
        with gr.Accordion(i18n.label("retrain.log"), open=False, elem_id="nmt-retrain-log") as self.log_box:
            self.log = gr.HTML("")
        self.timer = gr.Timer(look_seconds, active=False)
        self.seen = gr.State(None)
        self.tried = gr.State(None)


def _labelled(name: str) -> dict[str, Any]:
    """What every field of the tab is given by its name."""
    return {
        "label": i18n.label(f"retrain.{name}"),
        "min_width": MIN_FIELD_WIDTH,
        "elem_id": f"nmt-retrain-{name}",
    }


def _language(name: str, code: str) -> gr.Dropdown:
    # One text for both languages of the page: choices are no labels, which the browser could translate.
    names = {one: " / ".join(dict.fromkeys(languages.name(one))) for one in languages.NAMES}
    choices = [(f"{one} · {said}", one) for one, said in names.items()]
    info = i18n.label("retrain.language_info")
    return gr.Dropdown(choices, value=code, info=info, allow_custom_value=True, **_labelled(name))


def _number(name: str, info: str, most: int, precision: int | None = 0) -> gr.Number:
    return gr.Number(
        0,
        info=i18n.label(f"retrain.{info}"),
        precision=precision,
        minimum=0,
        maximum=most,
        **{**_labelled(name), "min_width": 160},
    )


def _plot(figure: str, name: str, **settings: Any) -> gr.LinePlot:
    settings = {**_labelled(figure), "elem_id": f"nmt-retrain-{name}", **settings}
    return gr.LinePlot(x="step", y=figure, visible=False, **settings)


def _button(name: str, **settings: Any) -> gr.Button:
    return button(f"retrain.{name}", f"nmt-retrain-{name}", **settings)
