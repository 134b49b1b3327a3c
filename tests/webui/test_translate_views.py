"""The translating tab's HTML: what a screen reader calls its parts, and figures as each language writes them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator

import pytest

pytest.importorskip("gradio", reason="the page's extra is not installed")

from nmt.serving.messages import catalogue
from nmt.serving.service import TranslationService
from nmt.webui import i18n
from nmt.webui.translate import tab as translate_tab
from nmt.webui.translate.views import View, counter, page
from tests.support.fake_translator import fake_service


@pytest.fixture
def service() -> Iterator[TranslationService]:
    service = fake_service(most=1)
    yield service
    service.close()


async def views_of(service: TranslationService, text: str) -> list[View]:
    """What a visitor sees, one after the other."""
    view = await translate_tab.translate(service, "me", View(), text, "es", "en", 0, 2)
    assert view is not None
    return [view] + [one async for one in translate_tab.follow(service, "me", view)]


def test_progress_is_named_by_the_words_beside_it(service: TranslationService) -> None:
    growing = asyncio.run(views_of(service, "\n".join(f"slow {n}" for n in range(12))))[0]
    assert re.search(
        r"<label><progress [^>]*></progress> .* of 12 sentences.* de 12 frases.*</label>", page(growing)
    )


def test_the_page_opens_with_a_limit_that_no_language_takes_for_a_fraction() -> None:
    assert counter(5000) == f"0 / {i18n.figure(5000, ',')}"
    assert 'lang="en">5,000<' in counter(5000) and 'lang="es">5000<' in counter(5000)
    assert 'lang="en">12,000<' in counter(12_000) and 'lang="es">12.000<' in counter(12_000)


@pytest.mark.parametrize(
    ("value", "form", "english", "spanish"),
    [
        (1234, ",", "1,234", "1234"),
        (12_345.6, ",.1f", "12,345.6", "12.345,6"),
        (1234.5, ",.1f", "1,234.5", "1234,5"),
        (1_234_567, ",", "1,234,567", "1.234.567"),
        (0.25, ".2f", "0.25", "0,25"),
    ],
)
def test_numbers_are_written_as_each_language_does(
    value: float, form: str, english: str, spanish: str
) -> None:
    assert catalogue.number(value, form) == (english, spanish)


def test_a_number_that_both_languages_write_alike_is_there_once() -> None:
    assert i18n.figure(12, ",") == "12"
