"""The page in a real browser: keys, swap, errors, phone width, and no request to any other host."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nmt.serving.messages import catalogue
from tests.support.fake_translator import served_page
from tests.support.page_in_browser import (
    PATIENCE,
    Browser,
    Locator,
    Page,
    in_each_window,
    opened,
    sync_api,
)

SPANISH, ENGLISH = "¿Dónde está la biblioteca?", "Where is the library?"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served_page(max_chars=200) as address:
        yield address


@in_each_window
def page(request: pytest.FixtureRequest, browser: Browser, address: str) -> Iterator[Page]:
    with opened(browser, address, request.param) as page:
        yield page


def source(page: Page) -> Locator:
    return page.locator("#nmt-source textarea")


def translation(page: Page) -> Locator:
    return page.locator("#nmt-target .nmt-translation")


def expect_translation(page: Page, text: str) -> None:
    sync_api.expect(translation(page)).to_have_text(text, timeout=PATIENCE, use_inner_text=True)


def test_enter_translates_and_swap_translates_back(page: Page) -> None:
    source(page).fill(SPANISH)
    source(page).press("Enter")
    expect_translation(page, ENGLISH)
    page.click("#nmt-swap")
    sync_api.expect(source(page)).to_have_value(ENGLISH, timeout=PATIENCE)
    expect_translation(page, "¿dónde está las biblioteca?")


def test_the_window_has_a_title_in_the_visitors_language(page: Page) -> None:
    sync_api.expect(page).to_have_title(catalogue.say(page.locale, "page.title"), timeout=PATIENCE)  # type: ignore[attr-defined]


def test_a_pause_in_typing_translates(page: Page) -> None:
    source(page).press_sequentially("el tren", delay=20)
    expect_translation(page, "The train")


def test_shift_enter_starts_a_line_and_the_button_translates(page: Page) -> None:
    source(page).fill("el tren")
    source(page).press("Shift+Enter")
    source(page).type("el tren sale")
    page.click("#nmt-translate")
    expect_translation(page, "The train\nThe train leaves")


def test_an_over_long_text_is_refused_beside_the_text_that_stays(page: Page) -> None:
    source(page).fill("x" * 201)
    source(page).press("Enter")
    said = {"es": "el límite es 200", "en": "the limit is 200"}[page.locale]
    sync_api.expect(page.locator(".nmt-notice")).to_contain_text(said, timeout=PATIENCE, use_inner_text=True)
    sync_api.expect(page.locator("#nmt-counter")).to_contain_text("201 / 200")
    assert source(page).input_value() == "x" * 201
    source(page).fill(SPANISH)
    source(page).press("Enter")
    expect_translation(page, ENGLISH)
    sync_api.expect(page.locator(".nmt-notice")).to_have_count(0)


def test_the_page_speaks_the_browsers_language(page: Page) -> None:
    button, hint = {
        "es": ("Traducir", "Traduce cuando hace una pausa"),
        "en": ("Translate", "Translates as you pause"),
    }[page.locale]
    sync_api.expect(page.locator("#nmt-translate")).to_have_text(button)
    sync_api.expect(page.locator("#nmt-target .nmt-status")).to_contain_text(hint, use_inner_text=True)
    shown = page.locator("#nmt-target .nmt-status").inner_text()
    assert ("pausa" in shown) != ("pause" in shown.replace("pausa", ""))
    detect = {"es": "Detectar idioma", "en": "Detect language"}[page.locale]
    sync_api.expect(page.locator("#nmt-from input")).to_have_value(detect, timeout=PATIENCE)


def test_an_example_is_translated_and_another_translation_can_be_taken(page: Page) -> None:
    page.locator("#nmt-examples button").nth(2).click()
    others = page.locator("button.nmt-take")
    sync_api.expect(others).to_have_count(2, timeout=PATIENCE)
    wanted = others.first.inner_text()
    others.first.click()
    expect_translation(page, wanted)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_word_that_is_clicked_can_be_exchanged(page: Page) -> None:
    source(page).fill("El tren sale. El tren.")
    source(page).press("Enter")
    expect_translation(page, "The train sale. The tren.")
    page.locator(".nmt-word", has_text="train").click()
    page.locator("button.nmt-choose", has_text="surely").click()
    expect_translation(page, "The surely sale. The tren.")
    sync_api.expect(page.locator("button.nmt-choose")).to_have_count(0)


def test_words_are_reached_and_exchanged_by_keyboard(page: Page) -> None:
    source(page).fill("el tren sale")
    source(page).press("Enter")
    expect_translation(page, "The train leaves")
    page.locator('.nmt-word[tabindex="0"]').focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.locator("button.nmt-choose").first.press("Enter")
    expect_translation(page, "The perhaps leaves")


def test_a_long_text_can_be_stopped(page: Page) -> None:
    source(page).fill("slow. " * 33)
    source(page).press("Enter")
    page.wait_for_timeout(200)
    name = {"es": "de 33 frases", "en": "of 33 sentences"}[page.locale]  # what a screen reader calls the bar
    sync_api.expect(page.get_by_role("progressbar", name=name)).to_be_visible(timeout=PATIENCE)
    read_out = page.locator('[aria-live="polite"]:has(.nmt-result)')  # when it is whole, not as it grows
    sync_api.expect(read_out).to_have_attribute("aria-busy", "true")
    page.locator(".nmt-stop").click(timeout=PATIENCE)
    said = {"es": "Detenido tras", "en": "Stopped after"}[page.locale]
    sync_api.expect(page.locator(".nmt-status")).to_contain_text(said, timeout=PATIENCE)
    sync_api.expect(read_out).to_have_attribute("aria-busy", "false")


def test_copy_puts_the_translation_on_the_clipboard(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    source(page).fill("el tren\nsale")
    source(page).press("Enter")
    expect_translation(page, "The train\nLeaves")
    page.click(".nmt-copy")
    page.wait_for_selector(".nmt-copied")
    assert page.evaluate("navigator.clipboard.readText()") == "The train\nLeaves"


def test_english_typed_is_translated_into_spanish(page: Page) -> None:
    source(page).fill("the train")
    source(page).press("Enter")
    expect_translation(page, "Las tren")
    spanish = {"es": "Español", "en": "Spanish"}[page.locale]
    sync_api.expect(page.locator("#nmt-to input")).to_have_value(spanish, timeout=PATIENCE)


def test_choosing_english_as_source_turns_the_direction(page: Page) -> None:
    english, spanish = {"es": ("Inglés", "Español"), "en": ("English", "Spanish")}[page.locale]
    sync_api.expect(page.locator("#nmt-to input")).to_have_value(english, timeout=PATIENCE)
    page.click("#nmt-from input")
    page.get_by_role("option", name=english).click()
    sync_api.expect(page.locator("#nmt-to input")).to_have_value(spanish, timeout=PATIENCE)
    source(page).fill("the train")
    source(page).press("Enter")
    expect_translation(page, "Las tren")
