"""The README's pictures of the page, taken in Chromium with the shipped models.

    python -m benchmarks.screenshots [--out docs]

Needs Playwright, which the extra `dev` brings, and the system's Chromium (on Debian: `apt-get install chromium`).
Fails if the page asks another host, logs an error, or is wider than the window.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.common import make_parser
from benchmarks.page_load import chromium, served

SPANISH = "El tren sale a las ocho. Tenemos que darnos prisa. ¿Has comprado los billetes?"
ENGLISH = "If I had known that you were coming, I would have made dinner."
DESKTOP, PHONE = (1280, 800), (390, 844)


def translate(page: Any, text: str) -> None:
    page.locator("#nmt-source textarea").fill(text)
    page.locator("#nmt-source textarea").press("Enter")
    page.wait_for_selector("#nmt-target .nmt-word")
    page.wait_for_timeout(1000)


def words(page: Any) -> None:
    """Show a translation and what could stand at one of its words."""
    translate(page, SPANISH)
    page.locator(".nmt-word").nth(9).click()
    page.wait_for_selector("button.nmt-choose")


def one_sentence(page: Any) -> None:
    translate(page, ENGLISH)


def scores(page: Any) -> None:
    _open(page, 2)
    page.click("#nmt-score-example-button")
    page.wait_for_selector("#nmt-scores table")


def attention(page: Any) -> None:
    translate(page, "Ella lleva un sombrero blanco.")
    _open(page, 3)
    page.wait_for_selector("#nmt-attention .nmt-grid", timeout=120_000)


def _open(page: Any, tab: int) -> None:
    """Open a tab by its place."""
    page.locator("#nmt-tabs > .tab-wrapper").first.get_by_role("tab").nth(tab).click()
    page.wait_for_timeout(500)


# File, window, language of the browser, dark or light, what is done first.
SHOTS: tuple[tuple[str, tuple[int, int], str, str, Callable[[Any], None]], ...] = (
    ("page.png", DESKTOP, "en-US", "light", words),
    ("page-es-dark.png", DESKTOP, "es-ES", "dark", one_sentence),
    ("page-phone.png", PHONE, "es-ES", "light", one_sentence),
    ("page-scores.png", DESKTOP, "en-US", "light", scores),
    ("page-inside.png", DESKTOP, "es-ES", "light", attention),
)


@contextmanager
def opened(browser: Any, address: str, size: tuple[int, int], locale: str, scheme: str) -> Iterator[Any]:
    """A page that is watched: SystemExit for whatever it must not do."""
    window = {"width": size[0], "height": size[1]}
    context = browser.new_context(viewport=window, locale=locale, color_scheme=scheme)
    page, wrong = context.new_page(), []
    page.set_default_timeout(60_000)

    def check_request(request: Any) -> None:
        if not request.url.startswith((address, "data:")):
            wrong.append(request.url)

    page.on("request", check_request)
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.goto(address)
    page.wait_for_selector("#nmt-source textarea")
    page.wait_for_timeout(1500)
    yield page
    if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
        wrong.append("the page is wider than the window")
    context.close()
    if wrong:
        sys.exit(f"{address}: {wrong}")


def main() -> int:
    parser = make_parser(__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs"), metavar="FOLDER", help="(default: docs)")
    args = parser.parse_args()
    with served() as (address, _), chromium() as browser:
        for name, size, locale, scheme, prepare in SHOTS:
            with opened(browser, address, size, locale, scheme) as page:
                prepare(page)
                page.mouse.move(0, 0)
                page.screenshot(path=args.out / name, full_page=True)
            print(args.out / name, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
