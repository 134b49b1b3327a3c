"""The page without a browser: requests, handlers, endpoints, command line."""

from __future__ import annotations

import asyncio
import dataclasses
import math
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from html import unescape
from pathlib import Path
from typing import Any, TypeVar

import pytest

pytest.importorskip("gradio", reason="the page's extra is not installed")

from gradio_client import Client
from gradio_client.exceptions import AppError

import app_gradio
from nmt.errors import UserError
from nmt.serving.errors import PageError
from nmt.serving.job import Answer, Work
from nmt.serving.messages import catalogue
from nmt.serving.service import TranslationService
from nmt.text.segmentation import Part
from nmt.translation.plan import Plan
from nmt.webui import app, i18n, language_menus
from nmt.webui.translate import tab as translate_tab
from nmt.webui.translate.views import View, page
from tests.support.fake_translator import SLOW, FakeTranslator, fake_service, free_port, served_page

ROOT = Path(__file__).resolve().parents[2]
SPANISH, ENGLISH = "¿Dónde está la biblioteca?", "Where is the library?"
ES_EN, EN_ES = ("es", "en"), ("en", "es")
T = TypeVar("T")


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(coroutine)


def calls(service: TranslationService, direction: tuple[str, str] = ES_EN) -> list[dict[str, Any]]:
    return service.translators[direction].calls  # type: ignore[attr-defined, no-any-return]


@pytest.fixture
def service() -> Iterator[TranslationService]:
    service = fake_service()
    yield service
    service.close()


async def streamed(service: TranslationService, text: str, owner: str = "me") -> list[Answer]:
    """What the visitor `owner` sees, one after the other."""
    answer = await service.start(text, ES_EN, owner)
    return [] if answer is None else [answer] + [answer async for answer in service.follow(owner, answer)]


# --- requests -------------------------------------------------------------------------------------------


def test_a_text_is_translated_in_the_direction_asked_for(service: TranslationService) -> None:
    assert run(service.translate(SPANISH, ES_EN)).text == ENGLISH
    assert run(service.translate("the train", EN_ES)).text == "Las tren"


def test_line_breaks_of_a_text_stay(service: TranslationService) -> None:
    assert run(service.translate("el tren\n\nel tren sale", ES_EN)).text == "The train\n\nThe train leaves"


def test_blank_text_is_not_sent_to_the_model(service: TranslationService) -> None:
    assert run(service.translate(" \n ", ES_EN)).text == " \n "
    assert calls(service) == []


def test_the_limit_counts_characters_and_admits_a_text_of_exactly_its_length(
    service: TranslationService,
) -> None:
    assert run(service.translate("ñ" * 200, ES_EN)).text
    with pytest.raises(UserError, match="201 characters; the limit is 200"):
        run(service.translate("ñ" * 201, ES_EN))


@pytest.mark.parametrize(
    ("beam", "alternatives", "message"),
    [(13, 0, "beam is 13"), (-1, 0, "beam is -1"), (2.5, 0, "whole number"), (5, 6, "alternatives is 6"),
     ("5", 0, "whole number"), (5, None, "whole number"), (float("nan"), 0, "whole number")],
)  # fmt: skip
def test_impossible_numbers_are_refused(
    service: TranslationService, beam: float, alternatives: int, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        run(service.translate("el tren", ES_EN, beam, alternatives))


def test_beam_zero_means_the_checkpoints_own_and_alternatives_widen_a_narrow_beam(
    service: TranslationService,
) -> None:
    run(service.translate("el tren", ES_EN))
    run(service.translate("el tren", ES_EN, beam=2, alternatives=4))
    assert [(call["beam"], call["n_best"]) for call in calls(service)] == [(5, 1), (5, 5)]


def test_a_crash_of_the_model_becomes_a_message_without_its_details(
    service: TranslationService, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(UserError, match="Something went wrong") as raised:
        run(service.translate("crash", ES_EN))
    assert "fake translator" not in str(raised.value)
    assert "the fake translator was asked to crash" in caplog.text  # the log has them


def test_a_crash_in_the_middle_of_a_text_is_told_too(service: TranslationService) -> None:
    with pytest.raises(UserError, match="Something went wrong"):
        run(service.translate("El tren. crash. El tren.", ES_EN))


def test_texts_are_translated_together_and_each_has_its_answer(service: TranslationService) -> None:
    answers = run(service.translate_many(["el tren", "", "la biblioteca?\nsale"], ES_EN))
    assert [answer.text for answer in answers] == ["The train", "", "The library?\nLeaves"]
    assert [call["sentences"] for call in calls(service)] == [["el tren", "la biblioteca?", "sale"]]


def test_a_long_text_comes_sentence_by_sentence() -> None:
    service = fake_service(max_chars=10_000, most=1)
    answers = run(streamed(service, "slow el tren. slow sale.\nslow las."))
    service.close()
    texts = [answer.text for answer in answers]
    assert texts[-1] == "Slow the tren. Slow sale.\nSlow las."
    assert len(answers) > 1
    for shorter, longer in zip(texts, texts[1:], strict=False):
        assert longer.startswith(shorter)
    assert answers[0].done < answers[-1].done == answers[-1].total


def test_a_text_that_takes_too_long_is_given_up() -> None:
    service = fake_service(timeout=SLOW / 3)
    with pytest.raises(PageError) as raised:
        run(service.translate("slow", ES_EN))
    assert raised.value.key == "page.timeout"
    assert run(service.translate("", ES_EN)).text == ""
    service.close()


def test_stop_leaves_what_is_done() -> None:
    service = fake_service(max_chars=10_000, most=1)

    async def stopped() -> list[Answer]:
        begun = await service.start("slow uno. " * 20, ES_EN, "me")
        assert begun
        answers = []
        async for answer in service.follow("me", begun):
            answers.append(answer)
            if answer.done:
                service.stop("me")
        return answers

    answers = run(stopped())
    service.close()
    assert 0 < answers[-1].done < 20
    assert answers[-1].text.count("Slow uno.") == answers[-1].done


def test_a_new_text_of_the_same_visitor_stops_the_one_before_and_no_one_elses() -> None:
    service = fake_service(max_chars=10_000, most=1)

    async def both() -> list[list[Answer]]:
        first = asyncio.create_task(streamed(service, "slow uno. " * 20))
        other = asyncio.create_task(streamed(service, "slow dos.", "other"))
        await asyncio.sleep(SLOW / 2)
        second = asyncio.create_task(streamed(service, "el tren"))
        return list(await asyncio.gather(first, other, second))

    first, other, second = run(both())
    service.close()
    assert all(answer.done < 20 for answer in first)
    assert other[-1].text == "Slow dos."
    assert second[-1].text == "The train"


def test_following_a_text_that_another_took_the_place_of_leaves_the_other_alone() -> None:
    service = fake_service(max_chars=10_000, most=1)

    async def both() -> list[Answer]:
        first = await service.start("slow uno. " * 20, ES_EN, "me")
        second = await service.start("slow dos. slow dos. slow dos.", ES_EN, "me")
        assert first and second and second.growing
        assert [answer async for answer in service.follow("me", first)] == []
        return [answer async for answer in service.follow("me", second)]

    assert run(both())[-1].done == 3
    service.close()


def test_a_text_that_is_still_being_planned_is_not_done() -> None:
    assert not Work(ES_EN).finished


def test_a_sentence_that_is_done_while_work_is_looked_at_is_no_harm() -> None:
    class Racing(Work):
        """The batcher's thread finishes the sentence right after the third look."""

        looks = 0

        @property
        def done(self) -> int:
            now = super().done
            self.looks += 1
            if self.looks == 3:
                self.futures[0].set_result(FakeTranslator(*ES_EN)._sentence("el tren", 1))
            return now

    work = Racing(ES_EN)
    work.take([Plan([Part("el tren", True)])])
    work._submit, work._ahead = (lambda more: []), 1
    work.futures = [Future()]
    run(work.wait(5.0))
    assert work.looks > 3 and work.finished and work.answers()[0].text == "The train"


def test_a_visitor_who_left_is_forgotten(service: TranslationService) -> None:
    run(streamed(service, "el tren"))
    assert service._running == {}


def test_a_text_of_many_sentences_grows_though_they_fit_into_one_batch() -> None:
    service = fake_service(max_chars=10_000)
    answers = run(streamed(service, "slow uno. " * 50))
    service.close()
    assert [answer.done for answer in answers if 0 < answer.done < 50] != []
    assert answers[-1].done == 50 and not answers[-1].growing


def test_clear_while_a_text_grows_ends_it_without_a_word() -> None:
    service = fake_service(max_chars=10_000)

    async def cleared() -> list[View]:
        first = await translate_tab.translate(service, "me", View(), "slow uno. " * 50, "es", "en", 5, 2)
        assert first and first.running
        found = []
        async for view in translate_tab.follow(service, "me", first):
            found.append(view)
            assert await translate_tab.translate(service, "me", view, " ", "es", "en", 5, 2) == View()
        return found

    assert len(run(cleared())) == 1
    service.close()


def test_of_two_texts_the_later_one_counts_though_the_earlier_is_still_being_planned() -> None:
    import time

    from nmt.serving import service as service_module

    service = fake_service(max_chars=10_000)
    fake: Any = service.translators[ES_EN]
    plan = fake.plan

    def slowly(text: str) -> Any:
        if len(text) > service_module.LONG:
            time.sleep(SLOW)
        return plan(text)

    fake.plan = slowly

    async def both() -> list[Answer | None]:
        long = asyncio.create_task(service.start("uno. " * 500, ES_EN, "me"))
        await asyncio.sleep(SLOW / 5)
        return [await service.start("el tren", ES_EN, "me"), await long]

    short, long = run(both())
    assert short and short.text == "The train"
    assert long is None and service._running == {}
    service.close()


def test_a_failure_stops_the_rest_of_the_text() -> None:
    service = fake_service(max_chars=10_000, most=1)
    with pytest.raises(UserError):
        run(service.start("crash. slow uno. slow dos. slow tres.", ES_EN, "me"))
    run(service.translate("el tren", ES_EN))
    done = [sentence for call in calls(service) for sentence in call["sentences"]]
    assert "slow tres." not in done and service._running == {}
    service.close()


def test_what_visitors_left_behind_is_forgotten_in_time() -> None:
    service = fake_service(timeout=SLOW / 10, most=1)

    async def leave() -> None:
        answer = await service.start("slow. slow. slow.", ES_EN, "left")
        assert answer and answer.done < 3
        while not service._running["left"].finished:
            await asyncio.sleep(SLOW / 10)
        await asyncio.sleep(SLOW)
        await service.start("slow. slow. slow.", ES_EN, "next")

    run(leave())
    assert list(service._running) == ["next"]
    service.close()


def test_many_visitors_share_batches(service: TranslationService) -> None:
    async def crowd() -> list[Answer]:
        return list(await asyncio.gather(*[service.translate(f"slow {i}", ES_EN) for i in range(12)]))

    assert [answer.text for answer in run(crowd())] == [f"Slow {i}" for i in range(12)]
    assert len(calls(service)) <= 3


# --- the language of a text -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "source", "target", "direction", "detected"),
    [
        ("el tren", "auto", "en", ES_EN, True),
        ("the train", "auto", "en", EN_ES, True),  # it is English already: the page's pair the other way
        ("the train", "auto", "es", EN_ES, True),
        ("Once.", "auto", "es", EN_ES, True),  # a phrase book knows what the identifier does not
        ("12", "auto", "en", ES_EN, False),
        ("12", "auto", "es", EN_ES, False),
        ("the train", "es", "en", ES_EN, False),  # the visitor knows better
    ],
)
def test_the_direction_follows_the_text(
    service: TranslationService, text: str, source: str, target: str, direction: Any, detected: bool
) -> None:
    assert service.resolve(text, source, target) == (direction, detected)


def test_languages_that_the_identifier_does_not_know_are_not_detected() -> None:
    from tests.support.fake_translator import FakeIdentifier

    three: Any = {pair: FakeTranslator(*pair) for pair in (ES_EN, EN_ES, ("fr", "en"))}
    service = TranslationService(three, identifier=FakeIdentifier())  # type: ignore[arg-type]
    assert service.identifier is None
    assert "auto" not in dict(map(reversed, language_menus.source_choices(service, "en")))  # type: ignore[arg-type]
    service.close()


def test_who_tries_a_new_direction_has_it_in_translate_and_documents(service: TranslationService) -> None:
    from nmt.webui.page import _trying_with

    service.translators["pt", "en"] = FakeTranslator("pt", "en")  # type: ignore[assignment]
    updates = _trying_with(service)(("pt", "en"), "en")
    assert [update.get("value") for update in updates] == ["pt", "en", "pt", "en", None, None]
    assert "pt-en" in dict(map(reversed, updates[4]["choices"]))


def test_a_third_language_that_comes_while_the_page_is_open_breaks_no_visitors_menu(
    service: TranslationService,
) -> None:
    opened_with = language_menus.opening(service)[0]
    assert opened_with == "auto" and "value" not in language_menus.in_language(service, "en")[0]
    service.translators["pt", "en"] = FakeTranslator("pt", "en")  # type: ignore[assignment]
    source, _ = language_menus.in_language(service, "en")  # what the next visitor's menu becomes
    assert source["value"] in [code for _, code in source["choices"]]
    # Who has "auto" in his menu still has the two languages told apart.
    assert service.resolve("the train", "auto", "es") == (EN_ES, True)


# --- handlers -------------------------------------------------------------------------------------------


def shown(service: TranslationService, text: str, source: str = "auto", target: str = "en") -> View:
    """The last view of a translation."""

    async def all_of_it() -> View:
        first = await translate_tab.translate(service, "me", View(), text, source, target, 5, 2)
        assert first
        rest = [view async for view in translate_tab.follow(service, "me", first)] if first.running else []
        return [first, *rest][-1]

    return run(all_of_it())


def text_of(view: View) -> str:
    """The translation that a visitor sees."""
    inner = re.search(r'<div class="nmt-translation"[^>]*>(.*?)</div>', page(view), re.DOTALL)
    assert inner
    return unescape(re.sub(r"<[^>]*>", "", inner[1]))


def test_translate_handler_shows_text_alternatives_and_time(service: TranslationService) -> None:
    found = shown(service, SPANISH)
    assert text_of(found) == ENGLISH
    assert page(found).count("nmt-take") == 3  # the panel and two buttons
    assert "Spanish detected" in page(found) and "Detectado: español" in page(found)
    assert found.error is None and not found.running


def test_a_long_text_is_shown_as_it_grows_and_asks_for_more() -> None:
    service = fake_service(max_chars=1000, most=1)

    async def views() -> list[View]:
        first = await translate_tab.translate(service, "me", View(), "slow el. " * 4, "es", "en", 5, 2)
        assert first
        return [first, *[view async for view in translate_tab.follow(service, "me", first)]]

    found = run(views())
    service.close()
    assert 'data-more="1"' in page(found[0]) and "<progress" in page(found[0])
    assert 'data-more="1"' not in page(found[-1]) and "<progress" not in page(found[-1])
    assert text_of(found[-1]) == "Slow el. Slow el. Slow el. Slow el. "


def test_the_target_menu_follows_the_language_that_was_found(service: TranslationService) -> None:
    assert 'data-flip="es"' in page(shown(service, "the train", "auto", "en"))
    assert "data-flip" not in page(shown(service, "el tren", "auto", "en"))


def test_no_text_shows_nothing(service: TranslationService) -> None:
    assert shown(service, " \n") == View()


@pytest.mark.parametrize(
    ("text", "message"), [("x" * 201, "the limit is 200"), ("crash", "Something went wrong")]
)
def test_a_failed_translation_is_a_notice_that_leaves_the_old_translation(
    service: TranslationService, text: str, message: str
) -> None:
    old = shown(service, "el tren")
    found = run(translate_tab.translate(service, "me", old, text, "auto", "en", 5, 2))
    assert found and message in page(found) and 'role="alert"><span class="nmt-en"' in page(found)
    assert text_of(found) == "The train"
    assert "alert" not in page(shown(service, "el tren"))


def test_markup_in_a_text_is_shown_as_text(service: TranslationService) -> None:
    found = shown(service, "<b>& el")
    assert "<b>" not in page(found)
    assert text_of(found) == "<b>& the"


def test_doubtful_sentences_are_marked_and_the_mark_is_explained(service: TranslationService) -> None:
    doubtful, certain = page(shown(service, "doubt el. El tren.")), page(shown(service, "El tren."))
    assert doubtful.count("nmt-unsure") == 1 and "underlined with dots" in doubtful
    assert "nmt-unsure" not in certain and "underlined with dots" not in certain


def test_a_click_on_a_word_offers_others_and_taking_one_changes_that_sentence_alone(
    service: TranslationService,
) -> None:
    view = shown(service, "El tren sale.\nLa biblioteca?")
    asked = run(translate_tab.look_up(service, view, 2, 4))
    assert asked.choices and [o.text for o in asked.choices.options] == ["The perhaps", "The surely"]
    assert "<strong>perhaps</strong>" in page(asked) and "go on from “library”" in page(asked)
    changed = translate_tab.choose(asked, 1)
    assert text_of(changed) == "The train sale.\nThe surely"  # the fake does not know "sale."
    assert changed.choices is None
    assert translate_tab.choose(asked, 2) == translate_tab.choose(asked, "0") == asked


@pytest.mark.parametrize(
    "place", [(None, None), (0, 99), (0, -1), (1, 0), (9, 0), ("0", 0), (0, 1.5), (0, None)]
)
def test_a_place_that_is_none_offers_nothing(service: TranslationService, place: tuple[Any, Any]) -> None:
    view = shown(service, "El tren.\nEl tren.")
    assert run(translate_tab.look_up(service, view, *place)).choices is None


def test_other_translations_change_places_with_the_one_shown(service: TranslationService) -> None:
    view = shown(service, "el tren")
    changed = translate_tab.take_alternative(view, 0)
    assert text_of(changed) == "The train'"
    its_own = pytest.approx(math.exp(-0.5 - 1.0))
    assert changed.answer is not None and changed.answer.segments[0].probability == its_own
    again = translate_tab.take_alternative(changed, 0).answer
    assert again is not None and view.answer is not None and again.segments == view.answer.segments
    assert translate_tab.take_alternative(view, 7) == view


def test_swap_makes_the_translation_the_text(service: TranslationService) -> None:
    view = shown(service, "el tren")
    assert translate_tab.swap(service, "el tren", view, "auto", "en") == ("en", "es", "The train")


def test_swap_keeps_what_was_typed_since_the_translation(service: TranslationService) -> None:
    view = shown(service, "el tren")
    assert translate_tab.swap(service, "la biblioteca?", view, "auto", "en") == ("en", "es", "la biblioteca?")


def test_with_one_direction_there_is_nothing_to_swap() -> None:
    one: Any = {ES_EN: FakeTranslator(*ES_EN)}
    service = TranslationService(one)
    assert not translate_tab.can_swap(service, "en")
    assert translate_tab.swap(service, "el tren", View(), "es", "en") == ("es", "en", "el tren")
    service.close()


def test_a_word_of_a_translation_that_grows_or_is_forgotten_offers_nothing(
    service: TranslationService,
) -> None:
    growing = dataclasses.replace(shown(service, "el tren"), running=True)
    assert run(translate_tab.look_up(service, growing, 0, 0)) is growing
    forgotten = View()
    assert run(translate_tab.look_up(service, forgotten, 0, 0)) is forgotten


def test_a_look_up_that_comes_late_does_not_bring_the_old_translation_back(
    service: TranslationService,
) -> None:
    view = shown(service, "el tren")
    waiting: translate_tab.LookingUp = {}

    async def overtaken() -> View:
        looking = translate_tab.look_up_unless_overtaken(service, waiting, "me", view, 0, 4)
        task = asyncio.create_task(looking)
        await asyncio.sleep(0)
        waiting.pop("me")  # as every event does that shows another translation
        return await task

    assert run(overtaken()) is view
    in_time = run(translate_tab.look_up_unless_overtaken(service, waiting, "me", view, 0, 4))
    assert in_time.choices and waiting == {}


def test_a_crash_while_a_word_is_looked_up_is_a_notice(service: TranslationService) -> None:
    view = shown(service, "el tren")
    fake: Any = service.translators[ES_EN]
    fake.continuations = lambda *_: 1 / 0
    asked = run(translate_tab.look_up(service, view, 0, 0))
    assert "Algo ha fallado" in page(asked) and text_of(asked) == "The train"


def test_other_translations_are_made_for_single_sentences_only(service: TranslationService) -> None:
    shown(service, "El tren. El tren sale.")
    assert [call["n_best"] for call in calls(service)] == [1]


def test_swap_before_translating_keeps_the_text(service: TranslationService) -> None:
    assert translate_tab.swap(service, "el tren", View(), "es", "en") == ("en", "es", "el tren")


def test_words_of_the_translation_can_be_reached_by_keyboard(service: TranslationService) -> None:
    html = page(shown(service, "El tren.\nEl tren."))
    assert html.count('tabindex="0"') == 1 and html.count('tabindex="-1"') == 3
    assert html.count('role="button"') == 4


# --- what the page says ---------------------------------------------------------------------------------


def test_everything_is_said_in_both_languages_with_the_same_values() -> None:
    from string import Formatter

    for key, (english, spanish) in catalogue.WORDS.items():
        named = [{name for _, name, _, _ in Formatter().parse(text) if name} for text in (english, spanish)]
        assert english.strip() and spanish.strip() and named[0] == named[1], key


def test_numbers_are_written_as_each_language_does() -> None:
    assert "tiene 12.345 caracteres" in catalogue.say("es", "translate.too_long", length=12345, limit=5000)
    assert "has 12,345 characters" in catalogue.say("en", "translate.too_long", length=12345, limit=5000)
    assert "1,50 s" in catalogue.say("es", "translate.done", seconds=1.5)


def test_html_says_it_in_both_languages_and_escapes_values() -> None:
    said = i18n.html("translate.no_model", source=("<Spanish>", "español"), target="x")
    assert "No model translates &lt;Spanish&gt; into x." in said
    assert "Ningún modelo traduce de español a x." in said


@pytest.mark.parametrize(
    ("asked", "language"), [("es-MX,en", "es"), ("en-US,es", "en"), ("fr", "en"), ("", "en")]
)
def test_the_visitors_language_is_the_browsers_first(asked: str, language: str) -> None:
    class Asking:
        headers = {"accept-language": asked}

    assert i18n.of_visitor(Asking()) == language  # type: ignore[arg-type]
    assert i18n.of_visitor(None) == "en"


# --- endpoints ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with served_page(max_chars=200) as address:
        yield Client(address, verbose=False)


def test_translate_endpoint_in_both_directions(client: Client) -> None:
    assert client.predict(SPANISH, "es-en", 5, 0, api_name="/translate") == (ENGLISH, [])
    text, alternatives = client.predict("the train", "en-es", 5, 2, api_name="/translate")
    assert text == "Las tren"
    assert len(alternatives) == 2 and text not in alternatives


def test_translate_endpoint_needs_the_text_only(client: Client) -> None:
    assert client.predict(SPANISH, api_name="/translate") == (ENGLISH, [])


def test_translate_endpoint_gives_nothing_for_an_empty_text(client: Client) -> None:
    assert client.predict("", "es-en", api_name="/translate") == ("", [])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("x" * 201,), "201 characters"),
        ((SPANISH, "fr-en"), "Available: es-en, en-es"),
        ((SPANISH, "es-en", 99), "beam is 99"),
        (("crash",), "Something went wrong"),
    ],
)
def test_a_refused_request_says_why_and_the_next_one_works(
    client: Client, arguments: tuple[str], message: str
) -> None:
    with pytest.raises(AppError, match=message):
        client.predict(*arguments, api_name="/translate")
    assert client.predict(SPANISH, api_name="/translate")[0] == ENGLISH


def test_languages_endpoint_names_the_directions(client: Client) -> None:
    directions = client.predict(api_name="/languages")
    assert directions[0] == {"direction": "es-en", "source": "Spanish", "target": "English"}
    assert [d["direction"] for d in directions] == ["es-en", "en-es"]


def test_batch_endpoint_gives_a_translation_for_each_text(client: Client) -> None:
    texts = client.predict([SPANISH, "", "el tren\nsale"], "es-en", api_name="/translate_batch")
    assert texts == [ENGLISH, "", "The train\nLeaves"]
    assert client.predict(["the train"], "auto", api_name="/translate_batch") == ["Las tren"]
    for wrong in ("el tren", [1], None):
        with pytest.raises(AppError, match="list of strings"):
            client.predict(wrong, api_name="/translate_batch")
    with pytest.raises(AppError, match="201 characters"):  # empty ones are work too
        client.predict([""] * 201, "es-en", api_name="/translate_batch")


def test_only_these_endpoints_are_public(client: Client) -> None:
    described = client.view_api(return_format="dict", print_info=False)
    assert set(described["named_endpoints"]) == {"/translate", "/translate_batch", "/languages", "/score"}
    assert described["unnamed_endpoints"] == {}


def test_the_page_names_no_other_host(client: Client) -> None:
    import httpx

    config = httpx.get(f"{client.src}config", trust_env=False).json()
    theme = httpx.get(f"{client.src}theme.css", trust_env=False).text
    assert "http" not in theme.replace("http://www.w3.org/", "")
    assert config["analytics_enabled"] is False
    assert not config.get("stylesheets")


# --- command line ---------------------------------------------------------------------------------------


def test_default_flags() -> None:
    flags = app.parse_arguments([])
    assert (flags.host, flags.port, flags.model, flags.max_chars) == ("127.0.0.1", 7860, [], 5000)


def test_model_can_be_repeated() -> None:
    flags = app.parse_arguments(["--model", "a", "--model", "b", "--port", "80", "--max-chars", "9"])
    assert (flags.model, flags.port, flags.max_chars) == ([Path("a"), Path("b")], 80, 9)


@pytest.mark.parametrize("wrong", [["--port", "0"], ["--port", "x"], ["--max-chars", "0"], ["--nonsense"]])
def test_wrong_usage_exits_with_2(wrong: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        app.parse_arguments(wrong)
    assert stopped.value.code == 2


def test_missing_checkpoints_end_the_program_with_a_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(app, "CHECKPOINTS", tmp_path / "checkpoints")
    assert app_gradio.main(["--port", str(free_port())]) == 1
    (tmp_path / "checkpoints").mkdir()
    assert app_gradio.main(["--port", str(free_port())]) == 1
    first, second = capsys.readouterr().err.splitlines()
    for message in (first, second):
        assert message.startswith("error: no checkpoint in") and "--model" in message


def test_a_model_folder_that_is_not_there_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app_gradio.main(["--port", str(free_port()), "--model", str(tmp_path / "nowhere")]) == 1
    assert "nowhere" in capsys.readouterr().err


def test_a_taken_port_ends_the_program_with_a_message(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert app_gradio.main(["--port", str(port)]) == 1
    assert f"port {port} is taken" in capsys.readouterr().err


def test_two_models_of_one_direction_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from nmt.translation.translator import Translator

    monkeypatch.setattr(Translator, "load", lambda folder: FakeTranslator("es", "en"))
    with pytest.raises(UserError, match="both translate es-en"):
        app.load_translators([Path("a"), Path("b")])


def test_the_page_opens_with_spanish_to_english(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from nmt.translation import translator

    folders = {("de", "en"): tmp_path / "a", ("en", "es"): tmp_path / "b", ("es", "en"): tmp_path / "c"}
    by_folder = {folder: FakeTranslator(*pair) for pair, folder in folders.items()}
    monkeypatch.setattr(app, "CHECKPOINTS", tmp_path)
    monkeypatch.setattr(translator, "find_checkpoints", lambda folder: folders)
    monkeypatch.setattr(translator.Translator, "load", by_folder.__getitem__)
    assert list(app.load_translators([])) == [("es", "en"), ("de", "en"), ("en", "es")]


def test_the_program_prints_no_traceback_when_it_fails(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "app_gradio.py"), "--port", str(free_port()), "--model", str(tmp_path)],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        cwd=tmp_path,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr


def test_the_program_says_when_it_is_ready_and_stops_at_ctrl_c() -> None:
    port = free_port()
    program = (
        "import sys, app_gradio; from nmt.webui import app; from tests.support.fake_translator import translators\n"
        "app.load_translators = lambda folders: translators()\n"
        f"sys.exit(app_gradio.main(['--port', '{port}']))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as app:
        try:
            assert app.stdout is not None
            assert app.stdout.readline() == f"Ready: http://127.0.0.1:{port}\n"
            assert (
                Client(f"http://127.0.0.1:{port}", verbose=False).predict(SPANISH, api_name="/translate")[0]
                == ENGLISH
            )
            app.send_signal(signal.SIGINT)
            assert app.wait(timeout=60) == 0
        finally:
            app.kill()
