"""The tab that trains: a form, the two commands it comes to, and what a training is doing.

It exists only where the server was started with `--allow-training`.  What may be asked for is decided in
`nmt.serving.training_request`, processes and folders are `nmt.serving.training_jobs`', components are in `layout.py`,
HTML is made in `views.py`.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from pathlib import Path, PurePath
from typing import Any, NamedTuple

import gradio as gr

from nmt.errors import UserError
from nmt.serving import training_request
from nmt.serving.errors import PageError
from nmt.serving.job import Direction
from nmt.serving.messages import catalogue
from nmt.serving.service import TranslationService
from nmt.serving.training_jobs import RUNNING, Training, Trainings
from nmt.serving.training_request import MAX_NAME_CHARS, TrainingRequest
from nmt.translation.translator import Translator
from nmt.webui import i18n, markup
from nmt.webui.components import PRIVATE, SLOW, or_skip, shown_if_any
from nmt.webui.retrain import views
from nmt.webui.retrain.layout import Board, Form

LOOK_SECONDS = 2.0  # between two looks at a training that runs
# Settings of the events that read a whole file: one at a time.
READING: dict[str, Any] = {"concurrency_id": "retrain-check", "concurrency_limit": 1}

OnNew = Callable[[Direction, catalogue.Language], Any]


class Checked(NamedTuple):
    """What "Check" changes on the page, in the order of its outputs."""

    request: TrainingRequest | None = None
    summary: str = ""
    commands: str = ""
    notice: str = ""


class Seen(NamedTuple):
    """What the page shows already: curves are drawn again only when there is more of them."""

    name: str = ""
    log_size: int = -1
    state: str = ""


class Shown(NamedTuple):
    """A training on the page, in the order of its outputs; None: leave it as it is."""

    state: str | None
    figures: str = ""
    losses: Any = ()  # DataFrame
    scores: Any = ()  # DataFrame
    log: str = ""
    running: bool = False
    can_resume: bool = False
    can_try: bool = False
    seen: Seen = Seen()


def checked(trainings: Trainings, *form: Any) -> Checked:
    """The form's values in the order of `check`; an error becomes a notice, never an exception."""
    try:
        request = training_request.check(trainings.folder, *form)
    except UserError as error:
        return Checked(notice=markup.notice(error))
    lines = training_request.commands(request, trainings.folder / request.name)
    shown = "\n".join(shlex.join(command) for command in lines.values())
    return Checked(request, views.checked(request), shown)


def suggested_name(folder: Path, file: str | None) -> str:
    """A name after a file, with a number if there is a training of that name; "" if there is no file."""
    try:
        stem = training_request.safe_name(PurePath(file or "").stem)[: MAX_NAME_CHARS - len("-999")]
    except UserError:
        return ""
    names = (f"{stem}-{number}" if number > 1 else stem for number in range(1, 1000))
    return next((name for name in names if not (folder / name).exists()), "")


def start(trainings: Trainings, shown: TrainingRequest | None, *form: Any) -> tuple[str, Checked]:
    """(name of the training that was started, what to show): only the very commands that were `shown` are run."""
    found = checked(trainings, *form)
    if found.request is None:
        return "", found
    try:
        if found.request != shown:
            raise PageError("retrain.changed")
        return trainings.start(found.request).name, Checked()
    except UserError as error:
        return "", found._replace(notice=markup.notice(error))


def act(action: Callable[[str], Training], name: str | None) -> str:
    """Have `Trainings.stop` or `resume` done to a training; a notice, "" if all is well."""
    try:
        action(name or "")
    except UserError as error:
        return markup.notice(error)
    return ""


def try_it(service: TranslationService, trainings: Trainings, name: str | None) -> tuple[Direction | None, str]:
    """Have the page translate by a training's best checkpoint: (the direction that is new, what to say)."""
    try:
        training = trainings.get(name or "")
        if not training.has_model:
            raise PageError("retrain.no_model")
        translator = Translator.load(training.run)  # its best checkpoint
    except UserError as error:
        return None, markup.notice(error)
    direction = (translator.source_language, translator.target_language)
    said = "retrain.replaced" if direction in service.translators else "retrain.added"
    service.add(direction, translator)
    return direction, views.good_news(said, direction)


def listed(trainings: Trainings, chosen: str | None) -> tuple[list[str], str | None]:
    """(names of the trainings, which of them to show): the chosen one, or that which runs, or the newest."""
    names = [training.name for training in trainings.all()]
    running = trainings.running()
    first = running if running in names else names[0] if names else None
    return names, chosen if chosen in names else first


def show(trainings: Trainings, name: str | None, seen: Seen, language: catalogue.Language) -> Shown:
    """How a training stands."""
    try:
        training = trainings.get(name or "")
    except PageError:  # there is none, or its folder was removed
        return Shown(views.state(None))
    now = Seen(training.name, _size(training.run / "log.jsonl"), training.state)
    more = (now.name, now.log_size) != (seen.name, seen.log_size)
    return Shown(
        state=views.state(training) if (now.name, now.state) != (seen.name, seen.state) else None,
        figures=views.figures(training),
        losses=views.loss_table(training, language) if more else None,
        scores=views.bleu_table(training) if more else None,
        log=views.last_lines(training),
        running=training.running,
        can_resume=training.state in ("stopped", "failed") and not trainings.running(),
        can_try=training.has_model,
        seen=now,
    )


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def build(
    service: TranslationService, trainings: Trainings, on_new: OnNew, refreshed: Sequence[Any], tab: gr.Tab
) -> None:
    """Lay out the tab inside the current Blocks and wire its events.  All are private.

    on_new     called with the direction that a visitor tries and the visitor's language; returns the updates of the
               components `refreshed`
    tab        what the tab is in: when it is opened, the trainings are looked for again
    """
    form, board = Form(service.first), Board(LOOK_SECONDS)
    started = _wire_form(trainings, form)
    _wire_board(trainings, board, started, form, tab)
    _wire_trying(service, trainings, board, on_new, list(refreshed))


def _wire_form(trainings: Trainings, f: Form) -> Any:
    """Checking and starting; returns the event after which a training may have begun."""
    found = [f.request, f.summary, f.commands, f.notice, f.start]

    def name_it(name: str, upload: str | None, path: str) -> str:
        return name or suggested_name(trainings.folder, upload or path)

    def facts(recipe: str) -> str:
        return views.recipe(recipe) if recipe in training_request.recipes() else ""

    def check_form(*values: Any) -> list[Any]:
        return _form_updates(checked(trainings, *values))

    def start_checked(request: TrainingRequest | None, *values: Any) -> list[Any]:
        name, shown = start(trainings, request, *values)
        return [name or gr.skip(), *_form_updates(shown)]

    f.recipe.input(facts, f.recipe, f.facts, **PRIVATE)
    naming = f.check.click(name_it, [f.name, f.upload, f.path], f.name, **PRIVATE)
    naming.then(check_form, f.fields, found, **SLOW, **READING)
    return f.start.click(start_checked, [f.request, *f.fields], [f.started, *found], **PRIVATE, **READING)


def _wire_board(trainings: Trainings, b: Board, started: Any, f: Form, tab: gr.Tab) -> None:
    """What a training is doing: looked at when the page or the tab opens, and every moment while one runs."""
    shown = [
        b.state, b.figures, b.losses, b.scores, b.log, b.log_box, b.stop, b.resume, b.try_it,
        b.timer, b.seen,
    ]  # fmt: skip

    def list_all(name: str | None) -> Any:
        names, first = listed(trainings, name)
        return gr.update(choices=names, value=first)

    def show_chosen(name: str | None, seen: Seen | None, request: gr.Request) -> list[Any]:
        language = i18n.of_visitor(request)
        seen = seen or Seen()
        return _board_updates(show(trainings, name, seen, language), seen, language)

    look: dict[str, Any] = {
        "fn": show_chosen, "inputs": [b.chosen, b.seen], "outputs": shown, **PRIVATE, "trigger_mode": "multiple",
    }  # fmt: skip
    gr.on(None, lambda: list_all(None), [], b.chosen, **PRIVATE).then(**look)  # None: when the page is loaded
    tab.select(list_all, b.chosen, b.chosen, **PRIVATE).then(**look)
    started.then(list_all, f.started, b.chosen, **PRIVATE).then(**look)
    b.chosen.input(lambda: "", None, b.answer, **PRIVATE).then(**look)
    b.timer.tick(**{**look, "trigger_mode": "once"})
    b.stop.click(lambda name: act(trainings.stop, name), b.chosen, b.answer, **PRIVATE).then(**look)
    b.resume.click(lambda name: act(trainings.resume, name), b.chosen, b.answer, **PRIVATE).then(**look)


def _wire_trying(
    service: TranslationService, trainings: Trainings, b: Board, on_new: OnNew, refreshed: list[Any]
) -> None:
    def try_chosen(name: str | None) -> tuple[Direction | None, str]:
        return try_it(service, trainings, name)

    def tell(direction: Direction | None, request: gr.Request) -> Any:
        if direction is None:
            return [gr.skip()] * len(refreshed)
        return on_new(direction, i18n.of_visitor(request))

    tried = b.try_it.click(try_chosen, b.chosen, [b.tried, b.answer], **SLOW)
    tried.then(tell, b.tried, refreshed, **PRIVATE)


def _form_updates(found: Checked) -> list[Any]:
    request, *texts = found
    return [request, *map(shown_if_any, texts), gr.update(interactive=request is not None)]


def _board_updates(shown: Shown, seen: Seen, language: catalogue.Language) -> list[Any]:
    step = catalogue.say(language, "retrain.step")
    was_running = seen.state in RUNNING
    return [
        or_skip(shown.state),
        shown_if_any(shown.figures),
        _plot(shown.losses, x_title=step, y_title=catalogue.say(language, "retrain.loss_axis")),
        _plot(shown.scores, x_title=step, y_title="BLEU"),
        shown_if_any(shown.log),
        gr.update(open=True) if shown.state and shown.seen.state == "failed" else gr.skip(),
        gr.update(interactive=shown.running and shown.seen.state != "stopping"),
        gr.update(interactive=shown.can_resume),
        gr.update(interactive=shown.can_try),
        gr.skip() if shown.running == was_running else gr.update(active=shown.running),
        shown.seen,
    ]


def _plot(table: Any, **titles: str) -> Any:
    """None leaves the plot as it is; one without a point takes no room."""
    if table is None:
        return gr.skip()
    if len(table) == 0:
        return gr.update(value=None, visible=False)
    return gr.update(value=table, visible=True, **titles)
