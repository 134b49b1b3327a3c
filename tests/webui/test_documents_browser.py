"""The tab "Documents" in a real browser: upload, progress, download, bad file, stop."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.fake_translator import served_page
from tests.support.page_in_browser import (
    PATIENCE,
    Browser,
    Page,
    in_each_window,
    is_error,
    open_tab,
    opened,
    sync_api,
)

LONG = "".join(f"slow {i}.\n" for i in range(100))


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served_page(max_chars=200) as address:
        yield address


def is_wrong(message: Any) -> bool:
    """A small file is there before Gradio's own question how far its upload is, which is then answered by 404."""
    asked_late = "upload_progress" in message.location["url"] or message.text == "Response"
    return is_error(message) and not asked_late


@in_each_window
def page(request: pytest.FixtureRequest, browser: Browser, address: str) -> Iterator[Page]:
    """With the tab open."""
    with opened(browser, address, request.param, is_wrong) as page:
        open_tab(page, "page.tab_documents")
        page.wait_for_selector("#nmt-document-translate")
        yield page


def upload(page: Page, name: str, content: str) -> None:
    if not page.locator("#nmt-document input[type=file]").count():
        page.get_by_role("button", name={"es": "Limpiar", "en": "Clear"}[page.locale]).click()
    page.set_input_files(
        "#nmt-document input[type=file]",
        {"name": name, "mimeType": "application/octet-stream", "buffer": content.encode()},
    )
    page.locator("#nmt-document").get_by_text(name.rpartition(".")[0][:5]).first.wait_for()


def expect_status(page: Page, english: str, spanish: str) -> None:
    said = {"en": english, "es": spanish}[page.locale]
    sync_api.expect(page.locator("#nmt-document-status")).to_contain_text(said, timeout=PATIENCE, use_inner_text=True)


def downloaded(page: Page) -> tuple[str, str]:
    """Name and content of the translation."""
    sync_api.expect(page.locator("#nmt-document-download")).to_be_visible(timeout=PATIENCE)
    with page.expect_download() as download:
        page.click("#nmt-document-download")
    return download.value.suggested_filename, Path(download.value.path()).read_text(encoding="utf-8")


def test_a_document_comes_back_in_the_same_format(page: Page) -> None:
    upload(page, "guía.es.md", "# el tren\n\n- sale [a](http://x.y)\n")
    expect_status(page, "from Spanish into English", "del español al inglés")
    page.click("#nmt-document-translate")
    assert downloaded(page) == ("guía.en.md", "# The train\n\n- Leaves [at](http://x.y)\n")
    expect_status(page, "Ready: guía.en.md", "Listo: guía.en.md")
    sync_api.expect(page.locator(".nmt-pairs td").nth(1)).to_have_text("The train")
    sync_api.expect(page.locator(".nmt-pairs th").first).to_have_text(
        {"es": "español", "en": "Spanish"}[page.locale], use_inner_text=True
    )


def test_a_document_in_the_other_language_goes_the_other_way(page: Page) -> None:
    upload(page, "letter.txt", "the train\n")
    spanish = {"es": "Español", "en": "Spanish"}[page.locale]
    sync_api.expect(page.locator("#nmt-document-to input")).to_have_value(spanish, timeout=PATIENCE)
    page.click("#nmt-document-translate")
    assert downloaded(page) == ("letter.es.txt", "Las tren\n")


def test_what_a_visitor_leaves_lies_in_the_servers_temporary_folder_only(page: Page) -> None:
    upload(page, "only-here.txt", "el tren\n")
    page.click("#nmt-document-translate")
    assert downloaded(page)[0] == "only-here.en.txt"
    found = [path.name for path in Path(os.environ["GRADIO_TEMP_DIR"]).rglob("only-here*")]
    assert sorted(set(found)) == ["only-here.en.txt", "only-here.txt"]
    assert not list(Path.cwd().glob("only-here*"))


def test_a_bad_file_is_one_clear_message_and_the_next_one_works(page: Page) -> None:
    for name, content, english, spanish in (
        ("photo.png", "x", "photo.png has no format", "photo.png no tiene un formato"),
        ("damaged.docx", "x", "damaged.docx", "damaged.docx"),
    ):
        upload(page, name, content)
        notice = page.locator("#nmt-document-notice .nmt-notice")
        said = {"en": english, "es": spanish}[page.locale]
        sync_api.expect(notice).to_contain_text(said, timeout=PATIENCE, use_inner_text=True)
    upload(page, "good.txt", "el tren\n")
    sync_api.expect(notice).to_have_count(0, timeout=PATIENCE)
    page.click("#nmt-document-translate")
    assert downloaded(page) == ("good.en.txt", "The train\n")


def test_progress_is_shown_and_stop_ends_it(page: Page) -> None:
    upload(page, "long.txt", LONG)
    expect_status(page, "long.txt", "long.txt")
    page.click("#nmt-document-translate")
    expect_status(page, "of 100 sentences", "de 100 frases")
    assert page.locator("#nmt-document-status progress").get_attribute("max") == "100"
    sync_api.expect(page.locator("#nmt-document-translate")).to_be_disabled()
    page.click("#nmt-document-stop")
    expect_status(page, "Stopped", "Detenido")
    sync_api.expect(page.locator("#nmt-document-stop")).to_be_hidden(timeout=PATIENCE)
    page.wait_for_timeout(1000)
    expect_status(page, "Stopped", "Detenido")  # still
    sync_api.expect(page.locator("#nmt-document-translate")).to_be_enabled()
    sync_api.expect(page.locator("#nmt-document-download")).to_be_hidden()


def test_another_document_stops_the_one_before(page: Page) -> None:
    upload(page, "long.txt", LONG)
    page.click("#nmt-document-translate")
    expect_status(page, "of 100 sentences", "de 100 frases")
    upload(page, "short.txt", "el tren\n")
    expect_status(page, "short.txt", "short.txt")
    page.wait_for_timeout(1000)
    expect_status(page, "short.txt", "short.txt")  # still
    page.click("#nmt-document-translate")
    assert downloaded(page) == ("short.en.txt", "The train\n")
