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
    open_tab,
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


def test_shift_enter_starts_a_line(page: Page) -> None:
    source(page).fill("el tren")
    source(page).press("Shift+Enter")
    source(page).type("el tren sale")
    expect_translation(page, "The train\nThe train leaves")


def test_a_glossary_holds_once_its_box_is_left_and_is_kept_for_the_visit(page: Page) -> None:
    source(page).fill("el tren doubt")
    source(page).press("Enter")
    expect_translation(page, "The train doubt")
    page.locator("#nmt-options button").first.click()
    page.locator("#nmt-glossary textarea").fill("tren = convoy")
    page.locator("#nmt-glossary textarea").blur()
    expect_translation(page, "The convoy doubt")
    explained = page.locator(".nmt-doubtful", has_text="doubt")
    sync_api.expect(explained).to_have_attribute("title", catalogue.say(page.locale, "translate.doubtful"))  # type: ignore[attr-defined]
    page.reload()
    open_tab(page, "page.tab_documents")
    page.locator("#nmt-document-options button").first.click()
    sync_api.expect(page.locator("#nmt-document-glossary textarea")).to_have_value("tren = convoy")


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
    placeholder, hint = {
        "es": ("Escriba o pegue un texto", "Traduce cuando hace una pausa"),
        "en": ("Type or paste text", "Translates as you pause"),
    }[page.locale]
    sync_api.expect(source(page)).to_have_attribute("placeholder", placeholder)
    sync_api.expect(page.locator("#nmt-target .nmt-status")).to_contain_text(hint, use_inner_text=True)
    shown = page.locator("#nmt-target .nmt-status").inner_text()
    assert ("pausa" in shown) != ("pause" in shown.replace("pausa", ""))
    detect = {"es": "Detectar idioma", "en": "Detect language"}[page.locale]
    sync_api.expect(page.locator("#nmt-from input")).to_have_value(detect, timeout=PATIENCE)


def test_an_example_is_translated_and_another_translation_can_be_taken(page: Page) -> None:
    page.locator("#nmt-examples button").nth(2).click()
    sync_api.expect(page.locator("#nmt-examples")).to_be_hidden(timeout=PATIENCE)
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
    word = page.locator(".nmt-word", has_text="train")
    word.click()
    popover = page.locator(".nmt-popover")
    sync_api.expect(popover).to_be_visible(timeout=PATIENCE)
    beside, at = popover.bounding_box(), word.bounding_box()
    assert beside["y"] - (at["y"] + at["height"]) < 20 and beside["x"] - at["x"] < 20
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
    sync_api.expect(page.locator("button.nmt-choose").first).to_be_focused(timeout=PATIENCE)
    page.keyboard.press("Escape")
    sync_api.expect(page.locator(".nmt-popover")).to_be_hidden()
    sync_api.expect(page.locator(".nmt-word", has_text="train")).to_be_focused()
    page.keyboard.press("Enter")
    page.locator("button.nmt-choose").first.press("Enter")
    expect_translation(page, "The perhaps leaves")


def test_a_long_text_can_be_stopped(page: Page) -> None:
    source(page).fill("slow. " * 33)
    source(page).press("Enter")
    page.wait_for_timeout(200)
    name = {"es": "de 33 frases", "en": "of 33 sentences"}[page.locale]  # what a screen reader calls the bar
    sync_api.expect(page.get_by_role("progressbar", name=name)).to_be_visible(timeout=PATIENCE)
    sync_api.expect(page.locator(".nmt-stop")).to_be_in_viewport(ratio=1)
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
    spanish, detected, detect = {
        "es": ("Español", "Inglés – detectado", "Detectar idioma"),
        "en": ("Spanish", "English – detected", "Detect language"),
    }[page.locale]
    expect_menus(page, detected, spanish)
    page.click("#nmt-to input")  # a choice that the text contradicts: the menu says again what is shown
    page.get_by_role("option", name={"es": "Inglés", "en": "English"}[page.locale], exact=True).click()
    expect_menus(page, detected, spanish)
    page.click("#nmt-swap")
    expect_menus(page, spanish, {"es": "Inglés", "en": "English"}[page.locale])
    page.click("#nmt-clear")
    sync_api.expect(page.locator("#nmt-from input")).to_have_value(detect, timeout=PATIENCE)
    sync_api.expect(page.locator("#nmt-clear")).to_be_hidden()
    sync_api.expect(page.locator("#nmt-examples")).to_be_visible()


def expect_menus(page: Page, source: str, target: str) -> None:
    sync_api.expect(page.locator("#nmt-from input")).to_have_value(source, timeout=PATIENCE)
    sync_api.expect(page.locator("#nmt-to input")).to_have_value(target, timeout=PATIENCE)


def test_both_boxes_scroll_by_themselves_and_the_status_stays_in_sight(page: Page) -> None:
    source(page).fill("el\n" * 60)
    source(page).press("Enter")
    for box in ("#nmt-source textarea", ".nmt-scroll"):
        scrolls = "s => { const b = document.querySelector(s); return b && b.scrollHeight > b.clientHeight; }"
        page.wait_for_function(scrolls, arg=box)
    sync_api.expect(page.locator(".nmt-status")).to_be_in_viewport(ratio=1)


def test_all_tabs_are_in_one_row_that_scrolls(page: Page) -> None:
    tabs = page.locator("#nmt-tabs > .tab-wrapper [role=tab]")
    assert len({tab.bounding_box()["y"] for tab in tabs.all()}) == 1
    assert tabs.all_inner_texts() == [
        catalogue.say(page.locale, f"page.tab_{name}")  # type: ignore[attr-defined]
        for name in ("translate", "documents", "scores", "inside")
    ]
    tabs.last.scroll_into_view_if_needed()
    sync_api.expect(tabs.last).to_be_in_viewport(ratio=1)


def test_what_was_translated_is_listed_comes_back_and_can_be_forgotten(page: Page) -> None:
    for text, translated in (("el tren", "The train"), ("la biblioteca?", "The library?")):
        source(page).fill(text)
        source(page).press("Enter")
        expect_translation(page, translated)
    page.locator("#nmt-history summary").click()
    items = page.locator("#nmt-history .nmt-item")
    sync_api.expect(items).to_have_count(2)
    items.last.click()
    sync_api.expect(source(page)).to_have_value("el tren", timeout=PATIENCE)
    expect_translation(page, "The train")
    page.click(".nmt-forget")
    sync_api.expect(page.locator("#nmt-history details")).to_be_hidden()
    assert not page.evaluate("JSON.parse(sessionStorage.getItem('nmt-history')).length")


def test_a_link_opens_with_the_text_which_no_address_carries_to_the_server(page: Page, address: str) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    source(page).fill("the train & 1+1 #%")
    source(page).press("Enter")
    page.click(".nmt-link")
    page.wait_for_selector(".nmt-link.nmt-copied")
    link = page.evaluate("navigator.clipboard.readText()")
    other = page.context.new_page()
    asked: list[str] = []
    other.on("request", lambda request: asked.append(request.url))
    other.goto(link)
    sync_api.expect(other.locator("#nmt-source textarea")).to_have_value("the train & 1+1 #%", timeout=PATIENCE)
    sync_api.expect(other.locator(".nmt-word").first).to_be_visible(timeout=PATIENCE)
    assert other.url == f"{address}/" and not any("train" in url for url in asked[1:])


def drop(page: Page, name: str, content: str) -> None:
    script = "([name, content]) => { const d = new DataTransfer(); d.items.add(new File([content], name)); return d; }"
    data = page.evaluate_handle(script, [name, content])
    page.dispatch_event(".nmt-card", "dragover", {"dataTransfer": data})
    sync_api.expect(page.locator(".nmt-drop")).to_be_visible()
    page.dispatch_event(".nmt-card", "drop", {"dataTransfer": data})


def test_a_file_dropped_on_the_translator_is_a_document_and_so_is_an_over_long_text(page: Page) -> None:
    status = page.locator("#nmt-document-status")
    drop(page, "letter.txt", "el tren")
    sync_api.expect(status).to_contain_text("letter.txt", timeout=PATIENCE)
    page.locator("[role=tab][data-tab-id=translate]").click()
    source(page).fill("el tren " * 30)
    source(page).press("Enter")
    page.click(".nmt-as-document")
    sync_api.expect(status).to_contain_text("text.txt", timeout=PATIENCE)  # in the place of the other


def test_only_voices_of_the_browser_itself_read_aloud(page: Page) -> None:
    page.evaluate(
        """() => {
          speechSynthesis.getVoices = () => [
            { localService: true, lang: 'es-ES' }, { localService: false, lang: 'en-US' }];
          window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
          speechSynthesis.speak = utterance => { window.spoken = [utterance.text, utterance.lang]; };
        }"""
    )
    source(page).fill("el tren")
    source(page).press("Enter")
    expect_translation(page, "The train")
    sync_api.expect(page.locator('.nmt-speak[data-of="target"]')).to_be_hidden()
    page.click('.nmt-speak[data-of="source"]')
    assert page.evaluate("window.spoken") == ["el tren", "es"]


def test_choosing_english_as_source_turns_the_direction(page: Page) -> None:
    english, spanish = {"es": ("Inglés", "Español"), "en": ("English", "Spanish")}[page.locale]
    sync_api.expect(page.locator("#nmt-to input")).to_have_value(english, timeout=PATIENCE)
    page.click("#nmt-from input")
    page.get_by_role("option", name=english).click()
    sync_api.expect(page.locator("#nmt-to input")).to_have_value(spanish, timeout=PATIENCE)
    source(page).fill("the train")
    source(page).press("Enter")
    expect_translation(page, "Las tren")
