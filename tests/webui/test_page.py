"""The page's frame: menus in the visitor's language and after a direction was added, and HTML in both languages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("gradio", reason="the page's extra is not installed")

from nmt.serving.service import TranslationService
from nmt.webui import i18n, language_menus
from nmt.webui.page import trying_with
from tests.support.fake_translator import FakeTranslator, fake_service

ES_EN, EN_ES = ("es", "en"), ("en", "es")


@pytest.fixture
def service() -> Iterator[TranslationService]:
    service = fake_service()
    yield service
    service.close()


def test_who_tries_a_new_direction_has_it_in_translate_and_documents(service: TranslationService) -> None:
    service.add(("pt", "en"), FakeTranslator("pt", "en"))  # type: ignore[arg-type]
    updates = trying_with(service)(("pt", "en"), "en")
    assert [update.get("value") for update in updates] == ["pt", "en", "pt", "en", None, None]
    assert "pt-en" in dict(map(reversed, updates[4]["choices"]))


def test_a_third_language_that_comes_while_the_page_is_open_breaks_no_visitors_menu(
    service: TranslationService,
) -> None:
    opened_with = language_menus.opening(service)[0]
    assert opened_with == "auto" and "value" not in language_menus.in_language(service, "en")[0]
    service.add(("pt", "en"), FakeTranslator("pt", "en"))  # type: ignore[arg-type]
    source, _ = language_menus.in_language(service, "en")  # what the next visitor's menu becomes
    codes = [code for _, code in source["choices"]]
    assert {"auto", "es", "en", "pt"} == set(codes) and "value" not in source  # a menu stays as it was set
    assert service.resolve("the train", "auto", "es") == (EN_ES, True)


def test_the_directions_are_named_in_the_visitors_language(service: TranslationService) -> None:
    assert language_menus.direction_choices(service, "en")[0] == ("Spanish → English", "es-en")
    assert language_menus.direction_choices(service, "es")[1] == ("Inglés → Español", "en-es")


def test_html_says_it_in_both_languages_and_escapes_values() -> None:
    said = i18n.html("translate.no_model", source=("<Spanish>", "español"), target="x")
    assert "No model translates &lt;Spanish&gt; into x." in said
    assert "Ningún modelo traduce de español a x." in said


@pytest.mark.parametrize(("asked", "language"), [("es-MX,en", "es"), ("en-US,es", "en"), ("fr", "en"), ("", "en")])
def test_the_visitors_language_is_the_browsers_first(asked: str, language: str) -> None:
    class Asking:
        headers = {"accept-language": asked}

    assert i18n.of_visitor(Asking()) == language  # type: ignore[arg-type]
    assert i18n.of_visitor(None) == "en"


def test_a_number_that_both_languages_write_alike_is_there_once() -> None:
    assert i18n.figure(12, ",") == "12"
