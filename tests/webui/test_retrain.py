"""The tab Retrain without a browser: what may be asked for, what is shown, and one real training."""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("gradio", reason="the page's extra is not installed")

import gradio as gr

from nmt.commands.main import build_parser
from nmt.config import recipe_names
from nmt.serving import training_jobs as trainings_module
from nmt.serving import training_request
from nmt.serving.errors import PageError
from nmt.serving.messages import retrain as retrain_messages
from nmt.serving.training_jobs import Trainings
from nmt.serving.training_request import TrainingRequest, commands, safe_name
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


# --- what may be asked for --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "name"),
    [("Médico nº 2", "Medico-no-2"), ("../../etc/passwd", "etc-passwd"), ("--out", "out"), ("a_b-1", "a_b-1"),
     ("; rm -rf ~", "rm-rf"), ("x" * 200, "x" * 60)],
)  # fmt: skip
def test_a_name_becomes_that_of_a_folder(typed: str, name: str) -> None:
    assert safe_name(typed) == name
    assert training_request.is_safe_name(name)


@pytest.mark.parametrize("typed", ["", "..", "-", "¿?", "日本"])
def test_a_name_without_letters_and_digits_is_refused(typed: str) -> None:
    with pytest.raises(PageError, match="Give the training a name"):
        safe_name(typed)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"recipe": "language-model"}, "no recipe language-model"),
        ({"recipe": "../tiny"}, "no recipe"),
        ({"recipe": "/etc/hostname"}, "no recipe"),
        ({"first": "Spanish"}, "not a language code"),
        ({"first": "--"}, "not a language code"),
        ({"second": "es"}, "Both columns"),
        ({"path": ""}, "Give one text"),
        ({"path": None}, "Give one text"),
        ({"path": "\ud800"}, "cannot be used"),
        ({"path": "", "upload": "/nowhere/gone.tsv"}, "no longer on the server"),
        ({"recipe": None}, "no recipe None"),
        ({"recipe": "\ud800"}, r"no recipe \?"),
        ({"first": "\ud800"}, "not a language code"),
        ({"steps": 10**400}, "Most steps"),
        ({"path": "nowhere.tsv"}, "nowhere.tsv: no such file"),
        ({"path": "."}, "not a file"),
        ({"path": "/dev/zero"}, "not a file"),
        ({"path": "a\0b"}, "cannot be used"),
        ({"path": "mine.tsv:es=0,en=1"}, "cannot be used"),
        ({"path": "mine.tsv@repeat=9"}, "cannot be used"),
        ({"vocab_size": 299}, "at least 300"),
        ({"vocab_size": 10**6}, "Pieces of the vocabulary: write a number from 0 to 32,000"),
        ({"steps": -1}, "Most steps"),
        ({"steps": 1.5}, "Most steps"),
        ({"steps": "1000"}, "Most steps"),
        ({"minutes": float("nan")}, "Most minutes"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_starts(
    tmp_path: Path, text: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(PageError, match=message):
        request_for(tmp_path / "runs", text, **changes)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"only one column\n", "1 column"),
        (b"one\ttwo\tthree\n", "3 column"),
        (b"\tmissing\n", "one of the two columns is empty"),
        (b"missing\t \n", "one of the two columns is empty"),
        (b"caf\xe9\tcoffee\n", "not UTF-8"),
        (b"x" * training_request.MOST_OF_A_LINE, "longer than"),
    ],
)
def test_the_first_bad_line_is_named_by_file_and_number(text: Path, line: bytes, message: str) -> None:
    lines = text.read_bytes().splitlines(keepends=True)
    text.write_bytes(b"".join([*lines[:300], line, *lines[300:400], line, *lines[400:]]))
    with pytest.raises(PageError, match=f"mine.tsv:301: .*{message}"):
        request_for(text.parent, text)


def test_lines_are_counted_as_data_prep_does(text: Path) -> None:
    """Blank lines and a byte order mark are no error; CR LF is a line end."""
    lines = text.read_text(encoding="utf-8").splitlines()
    text.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(["", *lines, "", " \t "]).encode())
    assert request_for(text.parent, text).pairs == len(PAIRS)


def test_a_few_pairs_again_and_again_are_not_enough(tmp_path: Path) -> None:
    file = write_pairs(tmp_path / "few.tsv", 150)
    file.write_bytes(file.read_bytes() * 10)
    with pytest.raises(PageError, match=r"few\.tsv: only 150 different pairs; at least 200"):
        request_for(tmp_path, file)


def test_compressed_text_and_csv_are_refused_by_name(text: Path) -> None:
    for suffix in (".gz", ".CSV"):
        other = text.with_suffix(suffix)
        text.rename(other)
        with pytest.raises(PageError, match="only plain TSV"):
            request_for(text.parent, other)
        other.rename(text)


def test_an_unreadable_file_and_a_pipe_are_refused(text: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = text.parent / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(PageError, match="not a file"):
        request_for(text.parent, pipe)
    monkeypatch.setattr(os, "access", lambda *_: False)  # the tests may run as root, who may read everything
    with pytest.raises(PageError, match="may not read it"):
        request_for(text.parent, text)


def test_an_upload_is_bounded_and_the_message_says_what_to_do(
    text: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_request, "MOST_UPLOADED", 1000)
    with pytest.raises(PageError, match="mine.tsv is larger than .* give its path"):
        request_for(text.parent, text, upload=str(text), path="")


def test_a_file_of_the_server_is_bounded(text: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_request, "MOST_ON_SERVER", 1000)
    with pytest.raises(PageError, match="mine.tsv is larger than .* nmt train"):
        request_for(text.parent, text)


def test_both_an_upload_and_a_path_are_one_too_many(text: Path) -> None:
    with pytest.raises(PageError, match="Give one text"):
        request_for(text.parent, text, upload=str(text))


@pytest.mark.parametrize("reverse", [False, True])
def test_the_commands_are_understood_as_they_are_meant(tmp_path: Path, reverse: bool) -> None:
    """By the parsers of both commands, after being typed into a shell."""
    pytest.importorskip("lingua", reason="the extra `data` is not installed")
    from data_prep.cli import make_parser, recipe_settings
    from data_prep.recipe import Spec, make_recipe

    odd = write_pairs(tmp_path / 'it\'s; $(touch x) "mine".tsv')
    base = tmp_path / "my runs"
    request = request_for(base, odd, reverse=reverse, steps=300, minutes=1.5, language_filter=False)
    lines = [shlex.join(command) for command in commands(request, base / request.name).values()]
    prepare, train = (shlex.split(line) for line in lines)
    assert prepare[:3] == [sys.executable, "-m", "data_prep"] and train[:3] == [sys.executable, "-m", "nmt"]
    built = make_parser().parse_args(prepare[3:])
    recipe = make_recipe(recipe_settings(built), "test")
    assert recipe.pair == "es-en" and recipe.cleaning.language_filter is False
    assert recipe.subwords.vocab_size == request.vocab_size
    assert Spec.parse(recipe.sources[0].spec) == Spec("tsv", str(odd), {})
    trained = build_parser().parse_args(train[3:])
    assert (trained.recipe, trained.data, trained.out) == ("tiny", str(built.out), str(base / "toy" / "run"))
    limits = ["training.steps=300", "training.minutes=1.5"]
    assert trained.set == (["data.reverse=true", *limits] if reverse else limits)
    assert request.direction == (("en", "es") if reverse else ("es", "en"))


def test_every_recipe_of_a_translator_is_offered_and_no_other() -> None:
    offered = training_request.recipes()
    assert set(recipe_names()) - set(offered) == {"language-model"}
    assert offered[0] == "tiny"
    assert "104 minutes" in retrain_views.recipe("tatoeba-cpu")


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
    assert "no training" in retrain_tab.stop(trainings, None)
    assert "no training" in retrain_tab.resume(trainings, "../x")


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
    assert retrain_tab.stop(trainings, "toy") == ""
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
    assert not any(
        retrain_tab.__name__ == fn.fn.__module__ for fn in functions_of(build_page(fake_service()))
    )


def test_no_event_of_the_tab_is_in_the_api(tmp_path: Path) -> None:
    blocks = blocks_with_tab(tmp_path / "runs")
    mine = [fn for fn in functions_of(blocks) if fn.fn.__module__ == retrain_tab.__name__]
    assert len(mine) > 15
    assert blocks.get_api_info()["named_endpoints"] == {}
    assert all(fn.api_visibility == "private" for fn in mine)


def functions_of(blocks: Any) -> list[Any]:
    return [fn for fn in blocks.fns.values() if fn.fn is not None]


def test_every_word_of_the_tab_is_said_in_both_languages() -> None:
    """And each is used: found by its key in the files of the tab."""
    files = [*(ROOT / "nmt" / "webui").rglob("*.py"), *(ROOT / "nmt" / "serving").glob("*.py")]
    sources = "".join(file.read_text(encoding="utf-8") for file in files)
    for key, (english, spanish) in retrain_messages.WORDS.items():
        assert english.strip() and spanish.strip()
        stem = key.split("_")[0]
        assert f'"retrain.{key}"' in sources or f'"{key}"' in sources or f"retrain.{stem}_{{" in sources, key


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


def test_from_a_text_to_a_model_on_the_page(
    tmp_path: Path, text: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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
        assert retrain_tab.stop(trainings, "toy") == ""
        wait_for(lambda: not trainings.get("toy").running, "the stop")
        stopped = trainings.get("toy")
        assert stopped.state == "stopped", stopped.last_lines()
        assert 5 <= stopped.log().step < 80
        assert retrain_tab.resume(trainings, "toy") == ""
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
