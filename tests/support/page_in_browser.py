"""What the tests in a real browser share: Chromium, an open page that is watched, its tabs.

Playwright, which the extra `dev` brings, drives the system's Chromium (`apt-get install chromium`).  Where one of them
is missing these tests are skipped and say why; `make test-browser` has them fail instead, once Chromium is there.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn, TypeAlias

import pytest

try:
    from playwright import sync_api
except ImportError:
    sync_api = None

# Playwright's types are not there where it is not installed.
Browser: TypeAlias = Any
Locator: TypeAlias = Any
Page: TypeAlias = Any

QUIET = "--no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync"
PATIENCE = 60_000  # milliseconds; a busy machine is slow, not wrong
# Window and language: every test runs in each of them.
WINDOWS = {"desktop-es": (1280, 900, "es-ES"), "phone-en": (390, 844, "en-US")}
in_each_window = pytest.fixture(params=list(WINDOWS.values()), ids=list(WINDOWS))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    pytest.importorskip("gradio", reason="the page's extra is not installed")
    if sync_api is None:
        no_browser("Playwright is not installed (pip install playwright)")
    installed = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if installed is None:
        no_browser("there is no Chromium on PATH (apt-get install chromium)")
    with sync_api.sync_playwright() as playwright:
        try:
            found = playwright.chromium.launch(executable_path=installed, args=QUIET.split())
        except sync_api.Error as error:
            no_browser(f"{installed} does not start: {error.message.splitlines()[0]}")
        yield found
        found.close()


def no_browser(why: str) -> NoReturn:
    """Skip, or fail where a browser was promised."""
    if os.environ.get("BROWSER_REQUIRED"):
        pytest.fail(why)
    pytest.skip(why)


def is_error(message: Any) -> bool:
    return message.type == "error"


@contextmanager
def opened(
    browser: Browser,
    address: str,
    window: tuple[int, int, str],
    wrong: Callable[[Any], bool] = is_error,
) -> Iterator[Page]:
    """The page, opened; its `locale` is the language that it should speak.

    Fails a test during which the browser asked another host or said what is `wrong`, and one after which something
    is wider than the window.
    """
    width, height, locale = window
    context = browser.new_context(viewport={"width": width, "height": height}, locale=locale)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    elsewhere, errors = [], []
    page.on("request", lambda r: elsewhere.append(r.url) if not r.url.startswith((address, "data:")) else None)
    page.on("console", lambda message: errors.append(message.text) if wrong(message) else None)
    page.goto(address)
    page.wait_for_selector("#nmt-source textarea")
    page.locale = locale[:2]
    try:
        yield page
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    finally:
        context.close()
    assert elsewhere == []
    assert errors == []
    assert wide <= 0


def open_tab(page: Page, key: str, group: str = "#nmt-tabs") -> None:
    """A tab by the key of its name."""
    from nmt.serving.messages import catalogue

    label, tabs = catalogue.say(page.locale, key), page.locator(group)
    tabs.get_by_role("tab", selected=True).first.wait_for()  # after a reload they are not there at once
    tabs.get_by_role("tab", name=label, exact=True).first.click()
