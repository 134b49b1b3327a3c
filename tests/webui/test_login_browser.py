"""Where a password is asked for: the login in a browser, and the page behind it, with all security headers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("gradio", reason="the page's extra is not installed")

from tests.support.fake_translator import served_page
from tests.support.page_in_browser import PATIENCE, Browser


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served_page(200, {"ana": "secreto:1"}) as address:
        yield address


def test_a_visitor_logs_in_and_translates(browser: Browser, address: str) -> None:
    context = browser.new_context(locale="es-ES")
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(address)
    assert page.url == f"{address}/login" and page.locator("h1").inner_text() == "Inicie sesión para traducir"
    assert not page.get_by_role("alert").is_visible()
    for password in ("wrong", "secreto:1"):
        page.fill("[name=username]", "ana")
        page.fill("[name=password]", password)
        page.click("button")
        if password == "wrong":
            page.get_by_role("alert").wait_for()
    page.fill("#nmt-source textarea", "el tren")
    page.locator("#nmt-target", has_text="The train").wait_for()
    page.goto(f"{address}/logout")
    page.goto(address)
    assert page.url == f"{address}/login"
    context.close()


def test_the_api_is_described_in_a_page_that_loads_nothing_from_elsewhere(browser: Browser, address: str) -> None:
    context = browser.new_context()
    context.request.post(f"{address}/login", form={"username": "ana", "password": "secreto:1"})
    page, elsewhere = context.new_page(), []
    page.set_default_timeout(PATIENCE)
    page.on(
        "request",
        lambda one: elsewhere.append(one.url) if not one.url.startswith((address, "data:")) else None,
    )
    page.goto(f"{address}/docs")
    page.locator(".opblock", has_text="translate_file").first.wait_for()
    assert elsewhere == []
    context.close()
