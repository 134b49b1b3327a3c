"""The page in a real browser: keys, swap, errors, phone width, and no request to any other host.

Skipped where Playwright or Chromium is not installed (`pip install playwright`, then `apt-get install
chromium` or `playwright install chromium`).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any, TypeAlias

import pytest

from tests.fake_translator import served_page

pytest.importorskip("gradio", reason="the page's extra is not installed")
sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")

# Playwright's types are not there where it is not installed.
Browser: TypeAlias = Any
Locator: TypeAlias = Any
Page: TypeAlias = Any

SPANISH, ENGLISH = "¿Dónde está la biblioteca?", "Where is the library?"
QUIET = "--no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync"
PATIENCE = 60_000  # ms; a busy machine is slow, not wrong


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served_page(max_chars=200) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_api.sync_playwright() as playwright:
        installed = (
            shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        )
        try:
            browser = playwright.chromium.launch(executable_path=installed, args=QUIET.split())
        except sync_api.Error as error:
            pytest.skip(f"Chromium does not start: {error.message.splitlines()[0]}")
        yield browser
        browser.close()


@pytest.fixture(params=[(1280, 900), (390, 844)], ids=["desktop", "phone"])
def page(request: pytest.FixtureRequest, browser: Browser, address: str) -> Iterator[Page]:
    """The open page; fails a test during which the browser asked another host or logged an error."""
    width, height = request.param
    context = browser.new_context(viewport={"width": width, "height": height})
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    elsewhere, errors = [], []
    page.on(
        "request", lambda r: elsewhere.append(r.url) if not r.url.startswith((address, "data:")) else None
    )
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.goto(address)
    page.wait_for_selector("#nmt-source textarea")
    yield page
    context.close()
    assert elsewhere == []
    assert errors == []


def source(page: Page) -> Locator:
    return page.locator("#nmt-source textarea")


def expect_translation(page: Page, text: str) -> None:
    sync_api.expect(page.locator("#nmt-target textarea")).to_have_value(text, timeout=PATIENCE)


def test_enter_translates_and_swap_translates_back(page: Page) -> None:
    source(page).fill(SPANISH)
    source(page).press("Enter")
    expect_translation(page, ENGLISH)
    page.click("#nmt-swap")
    sync_api.expect(source(page)).to_have_value(ENGLISH, timeout=PATIENCE)
    expect_translation(page, "¿dónde está las biblioteca?")


def test_shift_enter_starts_a_line_and_the_button_translates(page: Page) -> None:
    source(page).fill("el tren")
    source(page).press("Shift+Enter")
    source(page).type("el tren sale")
    page.click("#nmt-translate")
    expect_translation(page, "The train\nThe train leaves")


def test_an_over_long_text_is_refused_beside_the_text_that_stays(page: Page) -> None:
    source(page).fill("x" * 201)
    source(page).press("Enter")
    sync_api.expect(page.locator(".nmt-notice")).to_contain_text("the limit is 200", timeout=PATIENCE)
    sync_api.expect(page.locator("#nmt-counter")).to_contain_text("201 / 200")
    assert source(page).input_value() == "x" * 201
    source(page).fill(SPANISH)
    source(page).press("Enter")
    expect_translation(page, ENGLISH)
    sync_api.expect(page.locator(".nmt-notice")).to_have_count(0)


def test_an_example_is_translated_and_its_attention_fits_the_page(page: Page) -> None:
    page.locator("#nmt-examples button").nth(2).click()
    sync_api.expect(page.locator("#nmt-alternatives li")).to_have_count(2, timeout=PATIENCE)
    page.locator("#nmt-attention button").first.click()
    page.wait_for_selector("#nmt-picture img")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_attention_shown_is_of_the_sentence_chosen(page: Page) -> None:
    page.locator("#nmt-attention button").first.click()
    source(page).fill(SPANISH)
    source(page).press("Enter")
    page.wait_for_selector(
        "#nmt-picture img[alt*='over 6 source pieces']"
    )  # 4 words, one cut in two, and the end
    source(page).fill("El tren. La biblioteca está.")
    source(page).press("Enter")
    page.wait_for_selector("#nmt-picture img[alt*='over 3 source pieces']")
    page.click("#nmt-sentence input")
    page.get_by_role("option", name="2. La biblioteca está.").click()
    page.wait_for_selector("#nmt-picture img[alt*='over 5 source pieces']")


def test_choosing_english_as_source_turns_the_direction(page: Page) -> None:
    page.click("#nmt-from input")
    page.get_by_role("option", name="English").click()
    sync_api.expect(page.locator("#nmt-to input")).to_have_value("Spanish", timeout=PATIENCE)
    source(page).fill("the train")
    source(page).press("Enter")
    expect_translation(page, "Las tren")
