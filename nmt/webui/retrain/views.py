"""What the tab Retrain shows of a training: HTML in both languages, and the tables of its curves."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from nmt.serving import languages
from nmt.serving.messages import catalogue
from nmt.serving.training_jobs import Training
from nmt.serving.training_request import TrainingRequest, recipes
from nmt.webui import i18n, markup

if TYPE_CHECKING:
    from pandas import DataFrame


def good_news(key: str, direction: tuple[str, str]) -> str:
    source, target = map(languages.name, direction)
    return f'<div class="nmt-panel" role="status">{i18n.html(key, source=source, target=target)}</div>'


def recipe(name: str) -> str:
    """What a recipe trains, and for how long."""
    config = recipes()[name]
    model, training = config.model, config.training
    if training.minutes:  # where minutes are given they are meant to come before the steps
        limit = catalogue.both("retrain.limit_minutes", minutes=training.minutes)
    else:
        limit = catalogue.both("retrain.limit_steps", steps=training.steps)
    return i18n.html(
        "retrain.recipe_facts",
        cell=model.encoder.cell.upper(),
        encoder=model.encoder.layers,
        decoder=model.decoder.layers,
        hidden=model.encoder.hidden,
        limit=limit,
    )


def checked(request: TrainingRequest) -> str:
    """What a request that was checked comes to."""
    source, target = map(languages.name, request.direction)
    pairs, pieces = request.pairs, request.vocab_size
    said = i18n.html("retrain.checked", pairs=pairs, source=source, target=target, pieces=pieces)
    return markup.status(said)


def state(training: Training | None) -> str:
    """One line, in a box that a screen reader reads out when it changes."""
    if training is None:
        return f'<div class="nmt-state">{i18n.html("retrain.none")}</div>'
    said = i18n.html(f"retrain.state_{training.state}")
    return f'<div class="nmt-state" data-state="{training.state}" role="status">{said}</div>'


def figures(training: Training) -> str:
    """Step, loss, best BLEU, speed and time left, as far as they are known."""
    log = training.log()
    if not (log.train or log.dev):
        return ""
    last = log.train[-1] if log.train else {}
    shown = [("step", i18n.figure(log.step, ","))]
    if "loss" in last:
        shown.append(("loss", i18n.figure(last["loss"], ".2f")))
    if log.best is not None:
        shown.append(("best", i18n.figure(log.best, ".1f")))
    if training.state == "training":
        if "tokens_per_second" in last:
            shown.append(("speed", i18n.figure(last["tokens_per_second"], ",.0f")))
        if log.seconds_left is not None:
            shown.append(("left", duration(log.seconds_left)))
    items = "".join(
        f"<div><dt>{i18n.html(f'retrain.figure_{name}')}</dt><dd>{value}</dd></div>" for name, value in shown
    )
    return f'<dl class="nmt-figures">{items}</dl>'


def last_lines(training: Training) -> str:
    """The end of what the commands printed; it scrolls in its own box."""
    text = training.last_lines()
    return f'<pre class="nmt-log" tabindex="0">{escape(text)}</pre>' if text else ""


def loss_table(training: Training, language: catalogue.Language) -> DataFrame:
    """Columns step, loss, curve: the training's and dev's."""
    log = training.log()
    rows = [
        (step, value, catalogue.say(language, f"retrain.{kind}"))
        for kind in ("train", "dev")
        for step, value in log.curve(kind, "loss")
    ]
    return _table(rows, ["step", "loss", "curve"])


def bleu_table(training: Training) -> DataFrame:
    """Columns step, bleu."""
    return _table(training.log().curve("dev", "bleu"), ["step", "bleu"])


def duration(seconds: float) -> str:
    """ "3 min", "1 h 20 min", "40 s": the same in both languages."""
    minutes = round(seconds / 60)
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _table(rows: list[tuple[int, float, str]] | list[tuple[int, float]], columns: list[str]) -> DataFrame:
    from pandas import DataFrame  # Gradio has it; slow to import

    return DataFrame(rows, columns=columns)
