"""The tab "Inside" in a real browser, over a tiny model: pointer, keys, phone width, formulas, both languages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.test_inside import SENTENCE, checkpoint
from tests.support.fake_translator import serving
from tests.support.page_in_browser import (
    PATIENCE,
    Browser,
    Page,
    in_each_window,
    open_tab,
    opened,
    sync_api,
)


@pytest.fixture(scope="module")
def address(reversal_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    from nmt.serving.service import TranslationService
    from nmt.translation.translator import Translator

    folder = checkpoint(tmp_path_factory.mktemp("inside") / "es-en", reversal_data, hidden=16)
    with serving(TranslationService({("es", "en"): Translator.load(folder)}, max_chars=400)) as address:
        yield address


@in_each_window
def page(request: pytest.FixtureRequest, browser: Browser, address: str) -> Iterator[Page]:
    """After a sentence was translated and the tab opened."""
    with opened(browser, address, request.param) as page:
        page.locator("#nmt-source textarea").fill(f"{SENTENCE}. diez uno.")
        page.locator("#nmt-source textarea").press("Enter")
        page.wait_for_selector(".nmt-word")
        open_tab(page, "page.tab_inside")
        page.wait_for_selector("#nmt-attention .nmt-grid")
        yield page


def open_view(page: Page, name: str) -> None:
    open_tab(page, f"inside.{name}", "#nmt-inside-views")


def test_the_sentence_just_translated_is_looked_into(page: Page) -> None:
    sync_api.expect(page.locator("#nmt-inside-text textarea, #nmt-inside-text input")).to_have_value(f"{SENTENCE}.")
    sync_api.expect(page.locator("#nmt-inside-summary")).to_contain_text(SENTENCE)
    said = page.locator("#nmt-inside-summary").inner_text()
    assert ("log-probabilidad" in said) == (page.locale == "es")
    page.locator("#nmt-inside-sentence input").click()
    page.get_by_role("option", name="2. diez uno.").click()
    sync_api.expect(page.locator("#nmt-inside-summary")).to_contain_text("diez uno.", timeout=PATIENCE)


def test_the_cell_under_the_pointer_is_read_out_and_its_row_shades_the_source(page: Page) -> None:
    row = page.locator("#nmt-attention .nmt-row").nth(1)
    cell = row.locator("td").nth(2)
    cell.hover()
    readout = page.locator("#nmt-attention .nmt-readout").inner_text()
    shown = cell.inner_text().replace(".", "," if page.locale == "es" else ".")  # the table itself has points
    assert " → " in readout and readout.endswith(shown)
    weights = [float(text) for text in row.locator("td").all_inner_texts()]
    shades = page.locator("#nmt-attention .nmt-from > span").evaluate_all(
        "spans => spans.map(span => Number(span.style.getPropertyValue('--w')))"
    )
    assert shades == weights


def test_a_piece_of_the_translation_stands_for_its_row(page: Page) -> None:
    page.locator("#nmt-attention .nmt-onto > span:not([lang])").nth(2).click()
    rows = page.locator("#nmt-attention .nmt-row").evaluate_all(
        "rows => rows.map(row => row.classList.contains('nmt-on'))"
    )
    assert [place for place, on in enumerate(rows) if on] == [2]


def test_arrow_keys_walk_over_the_heat_map_and_tab_comes_back(page: Page) -> None:
    cell = page.locator("#nmt-attention [tabindex='0']")
    cell.focus()
    for key in ("ArrowDown", "ArrowRight", "ArrowRight", "ArrowUp", "ArrowUp"):
        page.keyboard.press(key)
    where = "document.activeElement.parentElement.rowIndex + ' ' + document.activeElement.cellIndex"
    assert page.evaluate(where) == "1 3"
    assert page.locator("#nmt-attention [tabindex='0']").count() == 1
    page.keyboard.press("Home")
    assert page.evaluate(where) == "1 0"


def test_the_way_of_a_candidate_is_marked_back_to_the_beginning(page: Page) -> None:
    open_view(page, "beam")
    start = page.locator("#nmt-tree [tabindex='0']")
    start.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    sync_api.expect(page.locator("#nmt-tree .nmt-node.nmt-on")).to_have_count(3)
    assert page.locator("#nmt-tree path.nmt-on").count() == 3
    said = {"es": "suma hasta aquí", "en": "sum so far"}[page.locale]
    assert said in page.locator("#nmt-tree .nmt-readout").inner_text()
    page.keyboard.press("ArrowLeft")
    assert page.locator("#nmt-tree .nmt-node.nmt-on").count() == 2


def test_what_comes_under_a_resting_pointer_is_not_pointed_at(page: Page) -> None:
    open_view(page, "beam")
    nodes, marked = page.locator("#nmt-tree .nmt-node"), re.compile("nmt-on")
    nodes.nth(2).hover()
    sync_api.expect(nodes.nth(2)).to_have_class(marked)
    nodes.nth(0).focus()
    sync_api.expect(nodes.nth(0)).to_have_class(marked)
    page.evaluate("scrollBy(0, 30)")
    page.wait_for_timeout(300)
    sync_api.expect(nodes.nth(0)).to_have_class(marked)
    # Of a pointer that has rested since before the view was there, only this event comes when the view scrolls to it.
    nodes.nth(2).dispatch_event("pointerover")
    page.wait_for_timeout(300)
    sync_api.expect(nodes.nth(0)).to_have_class(marked)


def test_a_token_opens_on_its_alternatives(page: Page) -> None:
    open_view(page, "tokens")
    token = page.locator("#nmt-tokens details").nth(1)
    token.locator("summary").click()
    assert token.locator("tr").count() >= 5
    assert token.locator("tr").first.is_visible()


def test_gates_of_the_layer_that_is_chosen(page: Page) -> None:
    open_view(page, "gates")
    first = page.locator("#nmt-gates .nmt-row").first
    before = first.inner_text()
    page.locator("#nmt-layer input").click()
    name = {"es": "Codificador, capa 1 hacia atrás", "en": "Encoder layer 1 backward"}[page.locale]
    page.get_by_role("option", name=name).click()
    sync_api.expect(first).not_to_have_text(before, timeout=PATIENCE)


def test_memory_is_drawn_and_listed_for_the_model_and_for_fresh_cells(page: Page) -> None:
    open_view(page, "memory")
    page.wait_for_selector("#nmt-memory .nmt-curve")
    rows = page.locator("#nmt-memory tbody tr")
    assert rows.count() > 3
    page.click("#nmt-memory-open")
    sync_api.expect(rows).to_have_count(3, timeout=PATIENCE)
    assert {"es": "RNN simple", "en": "simple RNN"}[page.locale] in rows.first.inner_text()


def test_formulas_are_set_and_only_one_language_is_shown(page: Page) -> None:
    about = page.locator("#nmt-view-attention .prose.nmt-about")
    sync_api.expect(about.locator(".katex:visible").first).to_be_visible()
    shown = about.inner_text()
    assert ("Antes de escribir" in shown) == (page.locale == "es")
    assert ("Before it writes" in shown) == (page.locale == "en")
    assert "$" not in shown


def test_a_translation_of_ones_own_is_looked_into(page: Page) -> None:
    given = page.locator("#nmt-inside-given textarea, #nmt-inside-given input")
    given.fill("dos uno")
    given.press("Enter")
    said = {"es": "Su traducción", "en": "Your translation"}[page.locale]
    sync_api.expect(page.locator("#nmt-inside-summary")).to_contain_text(said, use_inner_text=True, timeout=PATIENCE)


def test_a_text_that_is_none_is_refused_in_the_visitors_language(page: Page) -> None:
    page.locator("#nmt-inside-text textarea, #nmt-inside-text input").fill(" ")
    page.click("#nmt-inside-look")
    said = {"es": "Escriba una frase", "en": "Give a sentence"}[page.locale]
    sync_api.expect(page.locator("#nmt-inside-notice")).to_contain_text(said, use_inner_text=True, timeout=PATIENCE)


def test_everything_can_be_downloaded(page: Page) -> None:
    with page.expect_download() as downloaded:
        page.locator("#nmt-inside-download").click()
    data = json.loads(Path(downloaded.value.path()).read_text(encoding="utf-8"))
    assert data["source"] == f"{SENTENCE}." and len(data["attention"]) == len(data["target_tokens"])


def test_templates_in_a_text_are_shown_as_they_are(page: Page) -> None:
    strange = "{{uno}} ${1+1} `dos` <b>tres</b>"
    text = page.locator("#nmt-inside-text textarea, #nmt-inside-text input")
    text.fill(strange)
    text.press("Enter")
    sync_api.expect(page.locator("#nmt-inside-summary")).to_contain_text(strange, timeout=PATIENCE)
