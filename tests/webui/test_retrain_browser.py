"""The tab Retrain in a real browser, both interface languages and phone width, over commands that only pretend."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nmt.serving import training_jobs as trainings_module
from nmt.serving.training_request import TrainingRequest
from tests.support.fake_translator import FakeTranslator, fake_service, serving
from tests.support.page_in_browser import (
    PATIENCE,
    Browser,
    Page,
    in_each_window,
    open_tab,
    opened,
    sync_api,
)
from tests.support.pretended_trainings import write_pairs

PRETEND = """
import json, signal, sys, time
from pathlib import Path
stage, folder, resume = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
print(f"{stage} begins with a long line: " + "x" * 300, flush=True)
if folder.name == "broken":
    sys.exit("line 7: out of memory")
if stage == "prepare":
    (folder / "data").mkdir()
    (folder / "data" / "data.yaml").touch()
    sys.exit(0)
signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
run = folder / "run"
(run / "best").mkdir(parents=True, exist_ok=True)
(run / "config.yaml").touch()
(run / "best" / "config.yaml").touch()
start = 3000 if resume else 0
for step in range(start + 50, start + 3000, 50):
    train = {"kind": "train", "step": step, "loss": 8 / (1 + step / 500) ** 0.5 + 0.2 * (step // 50 % 3),
             "tokens_per_second": 3210.0, "done": step / 6000, "seconds": step / 10}
    dev = {"kind": "dev", "step": step, "loss": 8 / (1 + step / 600) ** 0.5, "bleu": step / 150}
    with open(run / "log.jsonl", "a") as file:
        file.write(json.dumps(train) + "\\n" + (json.dumps(dev) + "\\n" if step % 250 == 0 else ""))
while not resume:
    time.sleep(0.05)
"""


def pretended(request: TrainingRequest, folder: Path, resume: bool = False) -> dict[str, list[str]]:
    python = [sys.executable, "-c", PRETEND]
    return {stage: [*python, stage, str(folder), "again" * resume] for stage in ("prepare", "train")}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_pairs(tmp_path / "mine.tsv")
    return tmp_path


@pytest.fixture
def address(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """What a visitor tries is said to translate into Catalan."""
    from nmt.translation.translator import Translator

    monkeypatch.setattr(trainings_module, "commands", pretended)
    monkeypatch.setattr(Translator, "load", classmethod(lambda cls, folder: FakeTranslator("es", "ca")))
    trainings = trainings_module.Trainings(folder / "runs")
    try:
        with serving(fake_service(), trainings=trainings) as address:
            yield address
    finally:
        trainings.close()


@in_each_window
def page(request: pytest.FixtureRequest, browser: Browser, address: str) -> Iterator[Page]:
    """With the tab open."""
    with opened(browser, address, request.param) as page:
        open_retrain(page)
        yield page


def open_retrain(page: Page) -> None:
    open_tab(page, "page.tab_retrain")
    page.wait_for_selector("#nmt-retrain-check")


def open_more(page: Page) -> None:
    """What most people leave as it is: the name, the recipe, a file of the server's."""
    page.locator("#nmt-retrain-more > button").click()
    page.wait_for_selector("#nmt-retrain-name input, #nmt-retrain-name textarea")


def upload(page: Page, file: Path) -> None:
    page.set_input_files("#nmt-retrain-upload input[type=file]", str(file))
    sync_api.expect(page.locator("#nmt-retrain-upload")).to_contain_text(file.stem, timeout=PATIENCE)


def field(page: Page, name: str) -> Any:
    return page.locator(f"#nmt-retrain-{name} input, #nmt-retrain-{name} textarea").first


def expect(page: Page, name: str, english: str, spanish: str) -> None:
    wanted = {"es": spanish, "en": english}[page.locale]
    sync_api.expect(page.locator(f"#nmt-retrain-{name}")).to_contain_text(wanted, timeout=PATIENCE)


def fits(page: Page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def expect_the_new_direction(page: Page) -> None:
    """Chosen in Translate, which translates by it; offered in Scores and Inside."""
    catalan = {"es": "Catalán", "en": "Catalan"}[page.locale]
    both = {"es": "Español → Catalán", "en": "Spanish → Catalan"}[page.locale]
    open_tab(page, "page.tab_translate")
    sync_api.expect(page.locator("#nmt-to input")).to_have_value(catalan)
    page.locator("#nmt-source textarea").fill("el tren")
    page.locator("#nmt-source textarea").press("Enter")
    sync_api.expect(page.locator("#nmt-target .nmt-translation")).to_have_text("The train", use_inner_text=True)
    open_tab(page, "page.tab_scores")
    page.locator("#nmt-score-model button").first.click()
    expect_offered(page, "#nmt-score-direction input", both)
    open_tab(page, "page.tab_inside")
    expect_offered(page, "#nmt-inside-direction input", both)


def expect_offered(page: Page, menu: str, name: str) -> None:
    page.locator(menu).click()
    page.get_by_role("option", name=name).wait_for()
    page.keyboard.press("Escape")


def test_a_training_from_the_form_to_the_translate_tab(page: Page, folder: Path) -> None:
    assert not page.locator("#nmt-retrain-start").is_enabled()
    open_more(page)
    field(page, "name").fill("mío")
    field(page, "path").fill(str(folder / "nowhere.tsv"))
    page.click("#nmt-retrain-check")
    expect(page, "notice", "no such file", "no existe ese archivo")
    field(page, "path").fill(str(folder / "mine.tsv"))
    page.click("#nmt-retrain-check")
    expect(page, "summary", "800 pairs, Spanish → English", "800 pares, español → inglés")
    both = re.compile(r"-m data_prep build --pair es-en .*\n.* -m nmt train tiny ")
    sync_api.expect(field(page, "commands")).to_have_value(both, timeout=PATIENCE)
    assert fits(page)
    page.click("#nmt-retrain-start")
    expect(page, "state", "Training", "Entrenando")
    expect(page, "figures", "Time left", "Tiempo que falta")
    page.wait_for_selector("#nmt-retrain-losses canvas, #nmt-retrain-losses svg.marks")
    page.wait_for_selector("#nmt-retrain-scores canvas, #nmt-retrain-scores svg.marks")
    page.reload()  # it goes on, and is found again
    open_retrain(page)
    expect(page, "state", "Training", "Entrenando")
    page.locator("#nmt-retrain-log button").first.click()
    expect(page, "log", "train begins", "train begins")
    assert fits(page)
    page.click("#nmt-retrain-stop")
    expect(page, "state", "Stopped", "Parado")
    sync_api.expect(page.locator("#nmt-retrain-stop")).to_be_disabled(timeout=PATIENCE)
    page.click("#nmt-retrain-resume")
    expect(page, "state", "Done", "Terminado")
    page.click("#nmt-retrain-try")
    expect(page, "answer", "best checkpoint", "mejor punto")
    assert fits(page)
    expect_the_new_direction(page)


def test_a_change_after_the_check_is_shown_before_it_is_started(page: Page, folder: Path) -> None:
    open_more(page)
    field(page, "name").fill("mine")
    field(page, "path").fill(str(folder / "mine.tsv"))
    page.click("#nmt-retrain-check")
    expect(page, "summary", "800 pairs", "800 pares")
    field(page, "name").fill("other")
    page.click("#nmt-retrain-start")
    expect(page, "notice", "press Start once more", "pulse Empezar otra vez")
    sync_api.expect(field(page, "commands")).to_have_value(re.compile("runs/other/data"), timeout=PATIENCE)
    page.click("#nmt-retrain-start")
    expect(page, "state", "Training", "Entrenando")
    assert not (folder / "runs" / "mine").exists()


def test_a_file_is_all_that_is_needed_and_gives_the_training_its_name(page: Page, folder: Path) -> None:
    sync_api.expect(page.locator("#nmt-retrain-name")).to_be_hidden()
    upload(page, folder / "mine.tsv")
    page.click("#nmt-retrain-check")
    expect(page, "summary", "800 pairs", "800 pares")
    page.click("#nmt-retrain-start")
    expect(page, "state", "Training", "Entrenando")
    assert (folder / "runs" / "mine" / "text.tsv").read_bytes() == (folder / "mine.tsv").read_bytes()


def test_a_training_that_fails_opens_its_last_lines(page: Page, folder: Path) -> None:
    upload(page, write_pairs(folder / "broken.tsv"))
    page.click("#nmt-retrain-check")
    expect(page, "summary", "800 pairs", "800 pares")
    page.click("#nmt-retrain-start")
    expect(page, "state", "Failed", "Ha fallado")
    sync_api.expect(page.locator("#nmt-retrain-log .nmt-log")).to_be_visible(timeout=PATIENCE)
    expect(page, "log", "line 7: out of memory", "line 7: out of memory")
