"""The components of the tab Retrain from top to bottom, as they are when the page opens.  Nothing is wired here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from nmt.serving import languages
from nmt.serving.training_request import MOST_MINUTES, MOST_PIECES, MOST_STEPS, recipes
from nmt.webui import i18n
from nmt.webui.retrain import views

WIDE = 280  # pixels: two such fields do not fit side by side on a phone


@dataclass
class Form:
    """The fields, in the order of `training_request.check`'s parameters, and what stands around them."""

    name: gr.Textbox
    recipe: gr.Dropdown
    first: gr.Dropdown
    second: gr.Dropdown
    reverse: gr.Checkbox
    upload: gr.File
    path: gr.Textbox
    vocab_size: gr.Number
    steps: gr.Number
    minutes: gr.Number
    language_filter: gr.Checkbox
    facts: gr.HTML
    check: gr.Button
    start: gr.Button
    notice: gr.HTML
    summary: gr.HTML
    commands: gr.Textbox
    request: gr.State  # what was checked, and is what Start starts
    started: gr.State  # the name of the training that was started last

    def fields(self) -> list[Any]:
        return list(vars(self).values())[:11]


@dataclass
class Board:
    """One training: how it stands, its curves, and what can be done with it."""

    chosen: gr.Dropdown
    stop: gr.Button
    resume: gr.Button
    try_it: gr.Button
    answer: gr.HTML
    state: gr.HTML
    figures: gr.HTML
    losses: gr.LinePlot
    scores: gr.LinePlot
    log: gr.HTML
    timer: gr.Timer
    seen: gr.State
    tried: gr.State


def lay_out_form(direction: tuple[str, str]) -> Form:
    """direction  the languages that the form suggests"""
    known = recipes()
    gr.Markdown(i18n.label("retrain.intro"))
    with gr.Accordion(i18n.label("retrain.help"), open=False, elem_id="nmt-retrain-help"):
        gr.Markdown(i18n.label("retrain.help_text"))
    with gr.Row():
        name = gr.Textbox(
            label=i18n.label("retrain.name"),
            info=i18n.label("retrain.name_info"),
            max_lines=1,
            max_length=60,
            min_width=WIDE,
            elem_id="nmt-retrain-name",
        )
        recipe = gr.Dropdown(
            known,
            value=known[0],
            label=i18n.label("retrain.recipe"),
            min_width=WIDE,
            elem_id="nmt-retrain-recipe",
        )
    facts = gr.HTML(views.recipe(known[0]), elem_id="nmt-retrain-facts")
    with gr.Row():
        first, second = (
            _language(column, code) for column, code in zip(("first", "second"), direction, strict=True)
        )
    reverse = gr.Checkbox(label=i18n.label("retrain.reverse"), elem_id="nmt-retrain-reverse")
    with gr.Row(equal_height=True):
        upload = gr.File(
            label=i18n.label("retrain.upload"),
            file_types=[".tsv", ".txt"],
            height=130,
            min_width=WIDE,
            elem_id="nmt-retrain-upload",
        )
        path = gr.Textbox(
            label=i18n.label("retrain.path"), max_lines=1, min_width=WIDE, elem_id="nmt-retrain-path"
        )
    with gr.Accordion(i18n.label("retrain.more"), open=False, elem_id="nmt-retrain-more"):
        with gr.Row():
            vocab_size = _number("vocab_size", "vocab_size_info", MOST_PIECES)
            steps = _number("steps", "zero", MOST_STEPS)
            minutes = _number("minutes", "zero", MOST_MINUTES, precision=None)
        language_filter = gr.Checkbox(value=True, label=i18n.label("retrain.language_filter"))
    with gr.Row(elem_classes="nmt-below"):
        check = gr.Button(i18n.label("retrain.check"), min_width=120, elem_id="nmt-retrain-check")
        start = gr.Button(
            i18n.label("retrain.start"),
            variant="primary",
            interactive=False,
            min_width=120,
            elem_id="nmt-retrain-start",
        )
    notice = gr.HTML(visible=False, elem_id="nmt-retrain-notice")
    summary = gr.HTML(visible=False, elem_id="nmt-retrain-summary")
    shown = gr.Textbox(
        label=i18n.label("retrain.commands"),
        buttons=["copy"],
        interactive=False,
        visible=False,
        lines=2,
        max_lines=12,
        elem_id="nmt-retrain-commands",
    )
    return Form(
        name, recipe, first, second, reverse, upload, path, vocab_size, steps, minutes, language_filter,
        facts, check, start, notice, summary, shown,
        request=gr.State(None), started=gr.State(None),
    )  # fmt: skip


def lay_out_board(often: float) -> Board:
    """often  seconds between two looks at a training that runs"""
    with gr.Row(elem_id="nmt-retrain-board"):
        chosen = gr.Dropdown(
            [],
            label=i18n.label("retrain.chosen"),
            interactive=True,
            scale=2,
            min_width=WIDE,
            elem_id="nmt-retrain-chosen",
        )
        with gr.Column(min_width=WIDE), gr.Row(elem_classes="nmt-below"):
            stop, resume, try_it = (_action(name) for name in ("stop", "resume", "try"))
    answer = gr.HTML("", elem_id="nmt-retrain-answer")
    state = gr.HTML(views.state(None), elem_id="nmt-retrain-state")
    figures = gr.HTML(visible=False, elem_id="nmt-retrain-figures")
    with gr.Row(elem_id="nmt-retrain-curves"):
        losses = gr.LinePlot(
            x="step",
            y="loss",
            color="curve",
            color_title=" ",  # else the column's name
            label=i18n.label("retrain.loss"),
            min_width=WIDE,
            visible=False,
            elem_id="nmt-retrain-losses",
        )
        scores = gr.LinePlot(
            x="step",
            y="bleu",
            label=i18n.label("retrain.bleu"),
            min_width=WIDE,
            visible=False,
            elem_id="nmt-retrain-scores",
        )
    with gr.Accordion(i18n.label("retrain.log"), open=False, elem_id="nmt-retrain-log"):
        log = gr.HTML("")
    return Board(
        chosen, stop, resume, try_it, answer, state, figures, losses, scores, log,
        timer=gr.Timer(often, active=False), seen=gr.State(None), tried=gr.State(None),
    )  # fmt: skip


def _language(column: str, code: str) -> gr.Dropdown:
    # Of one text for both interface languages: choices are no labels, which the browser could translate.
    choices = [
        (f"{code} · {' / '.join(dict.fromkeys(languages.name(code)))}", code) for code in languages.NAMES
    ]
    return gr.Dropdown(
        choices,
        value=code,
        label=i18n.label(f"retrain.{column}"),
        info=i18n.label("retrain.language_info"),
        allow_custom_value=True,
        min_width=WIDE,
        elem_id=f"nmt-retrain-{column}",
    )


def _number(name: str, info: str, most: int, precision: int | None = 0) -> gr.Number:
    return gr.Number(
        0,
        label=i18n.label(f"retrain.{name}"),
        info=i18n.label(f"retrain.{info}"),
        precision=precision,
        minimum=0,
        maximum=most,
        min_width=160,
        elem_id=f"nmt-retrain-{name}",
    )


def _action(name: str) -> gr.Button:
    return gr.Button(
        i18n.label(f"retrain.{name}"),
        interactive=False,
        scale=0,
        min_width=96,
        elem_id=f"nmt-retrain-{name}",
    )
