"""The tab Retrain without a browser: what may be asked for, what is shown, and one real training."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("gradio", reason="the page's extra is not installed")

import gradio as gr

from nmt.serving import training_jobs as trainings_module
from nmt.serving.training_jobs import Trainings
from nmt.serving.training_request import TrainingRequest, commands
from nmt.webui.retrain import tab as retrain_tab
from nmt.webui.retrain import views as retrain_views
from nmt.webui.retrain.tab import Checked, Seen
from tests.support.fake_translator import fake_service
from tests.support.pretended_trainings import (  # noqa: F401  # its fixtures
    PAIRS,
    is_training,
    pretended,
    pretending_fixture,
    request_for,
    text_fixture,
    trainings_fixture,
    wait_for,
    wait_for_state,
    write_log,
    write_pairs,
)

ROOT = Path(__file__).resolve().parents[2]


def test_a_duration_is_written_alike_in_both_languages() -> None:
    assert [retrain_views.duration(s) for s in (40, 90, 3600, 5000)] == [
        "40 s",
        "2 min",
        "1 h 0 min",
        "1 h 23 min",
    ]


def test_a_recipe_says_what_it_trains_and_for_how_long() -> None:
    assert "104 minutes" in retrain_views.recipe("tatoeba-cpu") and "1,000 steps" in retrain_views.recipe("tiny")


def test_a_training_is_named_after_its_file_and_counted_on_from_another_of_that_name(tmp_path: Path) -> None:
    assert retrain_tab.suggested_name(tmp_path, "/tmp/x/Médico nº 2.tsv") == "Medico-no-2"
    (tmp_path / "mine").mkdir()
    assert retrain_tab.suggested_name(tmp_path, "mine.tsv") == "mine-2"
    assert retrain_tab.suggested_name(tmp_path, None) == retrain_tab.suggested_name(tmp_path, "¿?.tsv") == ""


# --- handlers ---------------------------------------------------------------------------------------------


def form(text: Path, **changes: Any) -> list[Any]:
    fields = {
        "name": "toy", "recipe": "tiny", "first": "es", "second": "en", "reverse": False, "upload": None,
        "path": str(text), "vocab_size": 0, "steps": 0, "minutes": 0, "language_filter": True, **changes,
    }  # fmt: skip
    return list(fields.values())


def test_both_commands_are_shown_and_nothing_is_started(trainings: Trainings, text: Path) -> None:
    found = retrain_tab.checked(trainings, *form(text))
    assert found.request and found.notice == ""
    prepare, train = found.commands.splitlines()
    assert shlex.split(prepare)[1:4] == ["-m", "data_prep", "build"]
    assert shlex.split(train)[1:4] == ["-m", "nmt", "train"]
    assert "800 pairs" in found.summary and "800 pares" in found.summary
    assert trainings.all() == []


def test_an_error_is_a_notice_in_both_languages(trainings: Trainings, text: Path) -> None:
    found = retrain_tab.checked(trainings, *form(text, path="<b>.tsv"))
    assert found.request is None and found.commands == ""
    assert "no such file" in found.notice and "no existe ese archivo" in found.notice
    assert "<b>" not in found.notice and "&lt;b&gt;.tsv" in found.notice
    assert "no training" in retrain_tab.act(trainings.stop, None)
    assert "no training" in retrain_tab.act(trainings.resume, "../x")


def test_only_the_commands_that_were_shown_are_run(trainings: Trainings, text: Path) -> None:
    shown = retrain_tab.checked(trainings, *form(text)).request
    for request, values in ((shown, form(text, recipe="tatoeba-cpu")), (None, form(text))):
        name, found = retrain_tab.start(trainings, request, *values)
        assert name == "" and "no longer those that were checked" in found.notice
        assert found.request and values[1] in found.commands  # what Start would run next
    write_pairs(text, 700)  # the file has changed, not the form
    assert "no longer" in retrain_tab.start(trainings, shown, *form(text))[1].notice
    assert "Give the training a name" in retrain_tab.start(trainings, shown, *form(text, name=""))[1].notice
    assert trainings.all() == []


@pytest.mark.usefixtures("pretending")
def test_a_page_opened_again_shows_the_training_that_runs(trainings: Trainings, text: Path) -> None:
    assert retrain_tab.listed(trainings, None) == ([], None)
    request = retrain_tab.checked(trainings, *form(text)).request
    assert retrain_tab.start(trainings, request, *form(text)) == ("toy", Checked())
    assert retrain_tab.listed(trainings, None) == (["toy"], "toy")
    wait_for(lambda: is_training(trainings, "toy"), "the training")
    write_log(trainings.folder / "toy" / "run" / "log.jsonl", [
        {"kind": "train", "step": 50, "loss": 4.5, "tokens_per_second": 1234.0, "done": 0.5, "seconds": 60.0},
        {"kind": "dev", "step": 50, "loss": 4.0, "bleu": 12.3},
    ])  # fmt: skip
    shown = retrain_tab.show(trainings, "toy", Seen(), "es")
    assert shown.state is not None and "Entrenando" in shown.state
    assert all(figure in shown.figures for figure in ("50", "4.50", "12.3", "1,234", "1 min"))
    assert all(f'lang="es">{figure}<' in shown.figures for figure in ("4,50", "12,3", "1234"))
    assert list(shown.losses["curve"]) == ["texto de entrenamiento", "dev"]
    assert list(shown.scores["bleu"]) == [12.3]
    assert (shown.running, shown.can_resume, shown.can_try) == (True, False, False)
    again = retrain_tab.show(trainings, "toy", shown.seen, "es")
    assert again.losses is None and again.scores is None and again.state is None  # nothing is drawn twice
    assert retrain_tab.act(trainings.stop, "toy") == ""
    wait_for_state(trainings, "toy", "stopped")
    stopped = retrain_tab.show(trainings, "toy", shown.seen, "es")
    assert stopped.state is not None and "se puede seguir" in stopped.state
    assert (stopped.running, stopped.can_resume) == (False, True)
    assert "nothing to try" in retrain_tab.try_it(fake_service(), trainings, "toy")[1]


@pytest.mark.usefixtures("pretending")
def test_a_step_of_many_digits_is_no_fraction_in_spanish(trainings: Trainings, text: Path) -> None:
    training = trainings.start(request_for(trainings.folder, text))
    wait_for(lambda: is_training(trainings, "toy"), "the training")
    write_log(training.run / "log.jsonl", [{"kind": "train", "step": 12_000}])
    figures = retrain_tab.show(trainings, "toy", Seen(), "es").figures
    assert 'lang="en">12,000<' in figures and 'lang="es">12.000<' in figures
    trainings.stop("toy")
    wait_for_state(trainings, "toy", "stopped")


def test_a_removed_training_leaves_an_empty_board(trainings: Trainings) -> None:
    shown = retrain_tab.show(trainings, "gone", Seen("gone", 5, "done"), "en")
    assert not (shown.running or shown.can_resume or shown.can_try)
    assert shown.state is not None and "No training yet" in shown.state


# --- the tab ----------------------------------------------------------------------------------------------


def blocks_with_tab(folder: Path) -> Any:
    with gr.Blocks(analytics_enabled=False) as blocks, gr.Tabs(), gr.Tab("Retrain") as tab:
        retrain_tab.build(fake_service(), Trainings(folder), lambda direction, language: [], [], tab)
    return blocks


def test_without_the_flag_there_is_neither_tab_nor_event() -> None:
    from nmt.webui.page import build_page

    config = build_page(fake_service()).get_config_file()
    assert "nmt-retrain" not in json.dumps(config["components"], default=str)
    assert not any(component["type"] == "timer" for component in config["components"])
    assert not any(retrain_tab.__name__ == fn.fn.__module__ for fn in functions_of(build_page(fake_service())))


def test_no_event_of_the_tab_is_in_the_api(tmp_path: Path) -> None:
    blocks = blocks_with_tab(tmp_path / "runs")
    mine = [fn for fn in functions_of(blocks) if fn.fn.__module__ == retrain_tab.__name__]
    assert len(mine) > 15
    assert blocks.get_api_info()["named_endpoints"] == {}
    assert all(fn.api_visibility == "private" for fn in mine)


def functions_of(blocks: Any) -> list[Any]:
    return [fn for fn in blocks.fns.values() if fn.fn is not None]


# --- a real one -------------------------------------------------------------------------------------------

SMALL = """
data.batch_tokens=400 model.embedding=32 model.encoder.hidden=32 model.decoder.hidden=32 model.attention.size=32
training.lr=0.01 training.warmup=5 training.log_every=5 training.validate_every=40 training.valid_sentences=10
""".split()


def real_but_small(request: TrainingRequest, folder: Path, resume: bool = False) -> dict[str, list[str]]:
    found = commands(request, folder, resume)
    for setting in SMALL:
        found["train"] += ["--set", setting]
    return found


def test_from_a_text_to_a_model_on_the_page(tmp_path: Path, text: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prepared, trained, stopped, resumed and tried, by the real commands."""
    pytest.importorskip("lingua", reason="the extra `data` is not installed")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setattr(trainings_module, "commands", real_but_small)
    service = fake_service()
    with Trainings(tmp_path / "runs") as trainings:
        values = form(text, path="", upload=str(text), reverse=True, vocab_size=300, steps=80)
        shown = retrain_tab.checked(trainings, *values).request
        assert retrain_tab.start(trainings, shown, *values) == ("toy", Checked())
        wait_for(lambda: trainings.get("toy").log().step > 0 or not trainings.get("toy").running, "a step")
        assert retrain_tab.act(trainings.stop, "toy") == ""
        wait_for(lambda: not trainings.get("toy").running, "the stop")
        stopped = trainings.get("toy")
        assert stopped.state == "stopped", stopped.last_lines()
        assert 5 <= stopped.log().step < 80
        assert retrain_tab.act(trainings.resume, "toy") == ""
        wait_for(lambda: not trainings.get("toy").running, "the end")
        done = trainings.get("toy")
        assert done.state == "done", done.last_lines()
        assert "stopped at step" in (done.folder / "output.txt").read_text(encoding="utf-8")
        log = done.log()
        losses = log.curve("train", "loss")
        assert [step for step, _ in losses] == list(range(5, 81, 5))  # nothing lost, nothing twice
        assert losses[-1][1] < 0.8 * losses[0][1]
        assert [step for step, _ in log.curve("dev", "bleu")] == [40, 80]
        assert log.train[7]["done"] == 0.5 and log.train[7]["seconds"] > 0 and log.seconds_left == 0.0
        direction, said = retrain_tab.try_it(service, trainings, "toy")
    assert direction == ("en", "es") and "is now this training" in said
    translator: Any = service.translators["en", "es"]
    assert (translator.folder, translator.source_language) == (done.run / "best", "en")
    assert isinstance(translator.translate("the black cat sleeps here"), str)
