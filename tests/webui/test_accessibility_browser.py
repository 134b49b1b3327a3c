"""What axe-core finds on every tab, in both languages, on a desktop and a phone, light and dark: nothing serious."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.test_inside import SENTENCE, checkpoint
from tests.support.fake_translator import serving
from tests.support.page_in_browser import PATIENCE, Browser, Page, open_tab, opened, sync_api

WINDOWS = {
    "desktop-en": (1280, 800, "en-US", "light"),
    "desktop-es": (1280, 800, "es-ES", "dark"),
    "phone-es": (390, 844, "es-ES", "light"),
    "phone-en": (390, 844, "en-US", "dark"),
}
SERIOUS = ("serious", "critical")
HELD = ("heading-order",)  # less serious, and held all the same


@pytest.fixture(scope="module")
def address(reversal_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    from nmt.serving.service import TranslationService
    from nmt.serving.training_jobs import Trainings
    from nmt.translation.translator import Translator

    folder = tmp_path_factory.mktemp("accessible")
    translator = Translator.load(checkpoint(folder / "es-en", reversal_data, hidden=16))
    service = TranslationService({("es", "en"): translator}, max_chars=400)
    with serving(service, trainings=Trainings(folder / "runs")) as address:
        yield address


@pytest.fixture(params=list(WINDOWS.values()), ids=list(WINDOWS))
def page(request: pytest.FixtureRequest, browser: Browser, address: str) -> Iterator[Page]:
    *window, scheme = request.param
    with opened(browser, address, tuple(window)) as page:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        yield page


def expect_nothing_serious(page: Page, where: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    page.mouse.move(0, 0)
    page.wait_for_timeout(400)  # until nothing fades in any more
    found = axe.Axe().run(page).response["violations"]
    said = [
        f"{where}: {one['id']}: {node['html'][:200]}"
        for one in found
        if one["impact"] in SERIOUS or one["id"] in HELD
        for node in one["nodes"]
    ]
    assert said == []


def test_the_translator_in_all_its_states(page: Page) -> None:
    expect_nothing_serious(page, "empty")
    page.locator("#nmt-source textarea").fill(SENTENCE)
    page.locator("#nmt-source textarea").press("Enter")
    page.wait_for_selector(".nmt-word")
    page.locator("#nmt-options > button").click()
    page.locator("#nmt-history summary").click()
    expect_nothing_serious(page, "translated")
    page.locator(".nmt-word").first.click()
    page.wait_for_selector(".nmt-popover:popover-open")
    expect_nothing_serious(page, "popover")
    page.locator("#nmt-source textarea").fill("x" * 401)
    page.locator("#nmt-source textarea").press("Enter")
    page.wait_for_selector(".nmt-notice")
    expect_nothing_serious(page, "error")


def test_documents_and_a_translated_one(page: Page) -> None:
    open_tab(page, "page.tab_documents")
    page.wait_for_selector("#nmt-document-translate")
    expect_nothing_serious(page, "documents")
    given = {"name": "a.txt", "mimeType": "text/plain", "buffer": SENTENCE.encode()}
    with page.expect_response(lambda response: "upload?" in response.url):
        page.set_input_files("#nmt-document input[type=file]", given)
    status = page.locator("#nmt-document-status")
    sync_api.expect(status).to_contain_text("a.txt", timeout=PATIENCE, use_inner_text=True)
    page.click("#nmt-document-translate")
    page.wait_for_selector("#nmt-document-download:visible")
    assert page.locator(".tabitem .primary:visible").count() == 1
    expect_nothing_serious(page, "a document")


def test_scores_with_the_example(page: Page) -> None:
    open_tab(page, "page.tab_scores")
    page.click("#nmt-score-example-button")
    page.wait_for_selector("#nmt-scores table")
    expect_nothing_serious(page, "scores")


def test_every_view_of_the_inside(page: Page) -> None:
    page.locator("#nmt-source textarea").fill(SENTENCE)
    page.locator("#nmt-source textarea").press("Enter")
    page.wait_for_selector(".nmt-word")
    open_tab(page, "page.tab_inside")
    page.wait_for_selector("#nmt-attention .nmt-grid")
    for view, shown in {
        "attention": ".nmt-grid",
        "tokens": ".nmt-token",
        "beam": ".nmt-tree",
        "gates": ".nmt-gates",
        "memory": ".nmt-curve",
    }.items():
        open_tab(page, f"inside.{view}", "#nmt-inside-views")
        page.wait_for_selector(f"#nmt-inside-views {shown}:visible")
        expect_nothing_serious(page, view)


def test_the_training_form(page: Page) -> None:
    open_tab(page, "page.tab_retrain")
    page.locator("#nmt-retrain-more > button").click()
    page.click("#nmt-retrain-check")
    sync_api.expect(page.locator("#nmt-retrain-notice .nmt-notice")).to_be_visible()
    expect_nothing_serious(page, "retrain")
