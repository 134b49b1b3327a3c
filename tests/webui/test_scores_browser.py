"""The tab that compares, in a real browser: example, two systems, sorting, a model's translation, errors, widths."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.page_in_browser import (
    PATIENCE,
    Locator,
    Page,
    open_tab,
    sync_api,
)
from tests.webui import test_page_browser

page, address = test_page_browser.page, test_page_browser.address  # fixtures


@pytest.fixture
def tab(page: Page) -> Page:
    open_tab(page, "page.tab_scores")
    box(page, "reference").wait_for()
    return page


def box(page: Page, name: str) -> Locator:
    return page.locator(f"#nmt-score-{name} textarea")


def expect(page: Page, selector: str, **said: str) -> None:
    """The text of an element in the browser's language."""
    sync_api.expect(page.locator(selector)).to_contain_text(said[page.locale], timeout=PATIENCE, use_inner_text=True)


def test_the_example_is_scored_and_its_sentences_can_be_sorted(tab: Page) -> None:
    tab.click("#nmt-score-example-button")
    expect(tab, "#nmt-scores h2", es="Puntuaciones de 8 frases", en="Scores of 8 sentences")
    sync_api.expect(tab.locator(".nmt-scores tbody tr")).to_have_count(3)
    numbers = tab.locator(".nmt-sentences .nmt-number > span:first-child")
    sync_api.expect(numbers).to_have_count(8)
    tab.locator("#nmt-score-sentences button[data-order=number]").click()
    line = {"es": "Línea", "en": "Line"}[tab.locale]
    sync_api.expect(numbers).to_have_text([f"{line} {n}" for n in range(1, 9)], timeout=PATIENCE, use_inner_text=True)
    tab.locator("#nmt-score-sentences button[data-order=number]").press("Enter")
    sync_api.expect(numbers).to_have_text(
        [f"{line} {n}" for n in range(8, 0, -1)], timeout=PATIENCE, use_inner_text=True
    )
    assert tab.locator(".nmt-sentences mark").count() > 3


def test_a_signature_can_be_copied(tab: Page) -> None:
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.click("#nmt-score-example-button")
    tab.locator(".nmt-signatures button").first.click()
    expect(tab, ".nmt-signatures li:first-child button", es="Copiado", en="Copied")
    assert tab.evaluate("navigator.clipboard.readText()").startswith("nrefs:1|bs:1000|")


def test_a_pasted_system_is_scored_and_its_table_downloaded(tab: Page, tmp_path: Path) -> None:
    box(tab, "reference").fill("the train leaves\nthe library\n")
    box(tab, "a").fill("the train leaves\na library")
    tab.click("#nmt-score-compare-button")
    sync_api.expect(tab.locator(".nmt-sentences li")).to_have_count(2, timeout=PATIENCE)
    with tab.expect_download() as download:
        tab.click("#nmt-score-download_table")
    table = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
    assert table[0].startswith("line\tBLEU A\tchrF2 A\t") and len(table) == 3


def test_different_numbers_of_lines_are_told_and_old_results_go(tab: Page) -> None:
    tab.click("#nmt-score-example-button")
    sync_api.expect(tab.locator(".nmt-sentences li")).to_have_count(8, timeout=PATIENCE)
    box(tab, "a").fill("one line")
    tab.click("#nmt-score-compare-button")
    expect(tab, "#nmt-score-notice", es="sistema A 1, sistema B 8", en="system A 1, system B 8")
    sync_api.expect(tab.locator("#nmt-score-results")).to_be_hidden()


def test_files_fill_their_boxes(tab: Page, tmp_path: Path) -> None:
    file = tmp_path / "reference.txt"
    file.write_bytes("uno\r\nseñal\n".encode())
    tab.locator("#nmt-score-reference-file").locator("xpath=..").locator("input[type=file]").set_input_files(file)
    sync_api.expect(box(tab, "reference")).to_have_value("uno\nseñal\n", timeout=PATIENCE)


def test_a_model_of_the_page_translates_and_is_scored(tab: Page) -> None:
    box(tab, "source").fill("¿Dónde está la biblioteca?\nel tren")
    box(tab, "reference").fill("Where is the library?\nThe train")
    tab.locator("#nmt-score-model button").first.click()
    tab.click("#nmt-score-translate-button")
    sync_api.expect(box(tab, "a")).to_have_value("Where is the library?\nThe train\n", timeout=PATIENCE)
    expect(tab, "#nmt-scores h2", es="Puntuaciones de 2 frases", en="Scores of 2 sentences")
    expect(tab, ".nmt-scores tbody tr:nth-child(2) td", es="100,00", en="100.00")
    with tab.expect_download() as download:
        tab.click("#nmt-score-download_translation")
    assert Path(download.value.path()).read_text(encoding="utf-8") == "Where is the library?\nThe train\n"


def test_a_long_translation_can_be_stopped(tab: Page) -> None:
    text = "\n".join(f"slow {n}" for n in range(2000))
    for name in ("source", "reference"):  # as pasting does; `fill` types each line, for minutes
        box(tab, name).evaluate("(e, text) => { e.value = text; e.dispatchEvent(new Event('input')); }", text)
    tab.locator("#nmt-score-model button").first.click()
    tab.click("#nmt-score-translate-button")
    tab.click("#nmt-score-stop")
    expect(tab, "#nmt-score-progress", es="no se ha evaluado nada", en="nothing was scored")
    sync_api.expect(tab.locator("#nmt-score-stop")).to_be_hidden()
