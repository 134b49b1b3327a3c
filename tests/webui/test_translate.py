"""The translating tab without a browser: handlers from view to view, and the HTML of each view."""

from __future__ import annotations

import asyncio
import dataclasses
import math
import re
from collections.abc import Coroutine, Iterator
from html import unescape
from typing import Any, TypeVar

import pytest

pytest.importorskip("gradio", reason="the page's extra is not installed")

from nmt.serving.service import TranslationService
from nmt.translation.result import SentenceTranslation
from nmt.webui import i18n
from nmt.webui.latest_event import LatestEvents
from nmt.webui.translate import tab as translate_tab
from nmt.webui.translate import words
from nmt.webui.translate.views import View, counter, page
from tests.support.fake_translator import FakeTranslator, fake_service

SPANISH, ENGLISH = "¿Dónde está la biblioteca?", "Where is the library?"
ES_EN = ("es", "en")
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
    assert page(found).count("nmt-take") == 2
    assert 'data-menu="auto" data-from="es" data-to="en"' in page(found) and "Traducido en" in page(found)
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


def direction(view: View | None) -> tuple[str, str] | None:
    return view.answer.direction if view and view.answer else None


def translated(service: TranslationService, view: View, text: str, source: str, insisted: bool) -> View:
    found = run(translate_tab.translate(service, "me", view, text, source, "en", 5, 2, insisted))
    assert found
    return found


def test_a_text_that_contradicts_the_menu_turns_the_direction(service: TranslationService) -> None:
    turned = translated(service, View(), "the train leaves", "es", insisted=False)
    assert direction(turned) == ("en", "es") and turned.detected
    short = translated(service, View(), "the train", "es", insisted=False)  # too short to contradict anybody
    assert direction(short) == ES_EN and not short.detected


def test_the_browser_asks_for_the_menus_only_when_they_no_longer_fit(service: TranslationService) -> None:
    spanish, english = shown(service, "el tren"), shown(service, "the train")
    assert translate_tab.turned(View(), spanish, "auto", "en")  # "Spanish – detected"
    assert not translate_tab.turned(spanish, shown(service, "el tren sale"), "auto", "en")
    assert translate_tab.turned(spanish, english, "auto", "en")
    assert translate_tab.turned(english, english, "auto", "en")  # it is into Spanish, whatever was chosen
    by_hand = shown(service, "el tren", "es")
    assert translate_tab.turned(spanish, by_hand, "es", "en") and not translate_tab.turned(by_hand, by_hand, "es", "en")
    contradicted = translated(service, by_hand, "the train leaves", "es", insisted=False)
    assert translate_tab.turned(english, contradicted, "es", "es")  # the menu has to say "detect" again
    assert 'data-turned="7"' in page(spanish, menus_turn=7) and "data-turned" not in page(spanish)


def test_menus_say_what_is_shown_but_not_over_a_newer_choice(service: TranslationService) -> None:
    contradicted = translated(service, View(), "the train leaves", "es", insisted=False)
    source, target = translate_tab.menus_of(service, contradicted, "es", "en", "en")
    assert source["value"] == "auto" and target == "es"
    assert ("English – detected", "auto") in source["choices"]
    source, target = translate_tab.menus_of(service, contradicted, "en", "en", "en")  # chosen meanwhile
    assert "value" not in source and target == {"__type__": "update"}


def test_a_language_that_was_insisted_on_stays_until_the_text_is_gone(service: TranslationService) -> None:
    kept = translated(service, View(), "the train leaves", "es", insisted=True)
    assert direction(kept) == ES_EN
    kept = translated(service, kept, "the train leaves at", "es", insisted=False)
    assert direction(kept) == ES_EN
    gone = translated(service, kept, " ", "es", insisted=False)
    assert direction(translated(service, gone, "the train leaves", "es", insisted=False)) == ("en", "es")


def test_a_text_in_a_language_that_nothing_reads_is_told_and_not_translated(
    service: TranslationService,
) -> None:
    german = "Ich habe gestern mit meinem Bruder ein neues Auto gekauft."
    for source in ("auto", "es"):
        found = run(translate_tab.translate(service, "me", View(), german, source, "en", 5, 2))
        assert found and found.answer is None and "looks like German" in page(found)
    assert direction(translated(service, View(), german, "es", insisted=True)) == ES_EN


def test_what_went_by_way_of_another_language_says_so_and_is_from_its_own(
    service: TranslationService,
) -> None:
    service.add(("pt", "es"), FakeTranslator("pt", "es"))  # type: ignore[arg-type]
    view = shown(service, "el tren", "pt", "en")
    assert "By way of Spanish" in page(view) and 'data-menu="pt" data-from="pt" data-to="en"' in page(view)
    assert "By way of" not in page(shown(service, "el tren", "es", "en"))


def test_an_over_long_text_is_offered_as_a_document(service: TranslationService) -> None:
    assert "nmt-as-document" in page(shown(service, "x" * 201))
    assert "nmt-as-document" not in page(shown(service, "crash"))


def words_after(text: str, prefix: str, *options: str) -> list[str]:
    found = [SentenceTranslation("", option, -0.5, (), [], [], None) for option in options]
    return [option.text for option in words.other_words(text, prefix, found)]


@pytest.mark.parametrize(
    ("option", "offered"),
    [
        ("It is too cold today.", True),
        ("It is very chilly.", False),  # the word that stands there
        ("It is Véry cold.", False),  # but for an accent
        ("It is is cold.", False),  # the word before
        ("It is so so cold.", False),  # a word twice
        ("It isn't cold.", False),  # no word of its own
        ("It is.", False),
        ("He is too cold.", False),  # another beginning
    ],
)
def test_what_is_offered_at_a_word_is_another_word_and_doubles_none(option: str, offered: bool) -> None:
    assert words_after("It is very cold today.", "It is", option) == ([option] if offered else [])


def test_each_word_is_offered_once_and_as_far_as_the_text_changes(service: TranslationService) -> None:
    options = ["It is too cold today.", "It is too hot.", "It is really cold today."]
    assert words_after("It is very cold today.", "It is", *options) == [options[0], options[2]]
    view = run(words.look_up(service, shown(service, "el tren sale"), 0, 4))
    assert "<strong>perhaps</strong></button>" in page(view)  # and not "leaves", which stays


def test_no_text_shows_nothing(service: TranslationService) -> None:
    assert shown(service, " \n") == View()


@pytest.mark.parametrize(("text", "message"), [("x" * 201, "the limit is 200"), ("crash", "Something went wrong")])
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


def marked(view: View) -> list[tuple[str, str]]:
    """Marked words, and what the row of status says about each in English."""
    html = page(view)
    found = re.findall(r'<span class="[^"]*nmt-doubtful"[^>]* aria-describedby="([^"]*)">([^<]*)<', html)
    why = dict(re.findall(r'<span id="([^"]*)"><span class="nmt-en" lang="en">([^<]*)<', html))
    return [(word, why[reason]) for reason, word in found]


def test_doubtful_words_are_marked_and_the_mark_is_explained(service: TranslationService) -> None:
    view = shown(service, "El doubt sale.\nEl doubt el tren.")
    assert marked(view) == [("doubt", "The model was not sure of the underlined words.")] * 2
    certain = page(shown(service, "El tren."))
    assert "nmt-doubtful" not in certain and "underlined" not in certain


def test_words_in_a_script_that_the_model_does_not_read_are_marked(service: TranslationService) -> None:
    view = shown(service, "El doubt 寿司")
    assert [word for word, _ in marked(view)] == ["doubt", "寿司"]
    assert "another script" in marked(view)[1][1]


def test_nothing_is_marked_while_a_translation_grows_or_is_out_of_date(service: TranslationService) -> None:
    view = shown(service, "El doubt")
    assert marked(view)
    assert not marked(dataclasses.replace(view, running=True))
    assert not marked(shown_after(service, view, "x" * 201))


def shown_after(service: TranslationService, view: View, text: str, glossary: str = "") -> View:
    found = run(translate_tab.translate(service, "me", view, text, "es", "en", 5, 2, insisted=True, glossary=glossary))
    assert found
    return found


def test_the_words_that_a_glossary_set_have_no_mark_and_hold_where_others_are_looked_up(
    service: TranslationService,
) -> None:
    view = shown_after(service, View(), "el tren doubt", "tren = convoy")
    assert text_of(view) == "The convoy doubt" and [word for word, _ in marked(view)] == ["doubt"]
    asked = run(words.look_up(service, view, 0, 11, "tren = convoy"))
    assert asked.choices and [o.text for o in asked.choices.options] == [
        "The convoy perhaps",
        "The convoy surely",
    ]


def test_a_wrong_line_of_a_glossary_is_told_in_both_languages(service: TranslationService) -> None:
    found = page(shown_after(service, View(), "el tren", "tren convoy"))
    assert "Glossary, line 1" in found and "Glosario, línea 1" in found


def test_a_click_on_a_word_offers_others_and_taking_one_changes_that_sentence_alone(
    service: TranslationService,
) -> None:
    view = shown(service, "El tren sale.\nLa biblioteca?")
    asked = run(words.look_up(service, view, 2, 4))
    assert asked.choices and [o.text for o in asked.choices.options] == ["The perhaps", "The surely"]
    assert "<strong>perhaps</strong>" in page(asked) and "go on from “library”" in page(asked)
    assert page(asked).count(" popover>") == 1 and page(view).count(" popover>") == 0
    changed = words.choose(asked, 1)
    assert text_of(changed) == "The train sale.\nThe surely"  # the fake does not know "sale."
    assert changed.choices is None
    assert words.choose(asked, 2) == words.choose(asked, "0") == asked


@pytest.mark.parametrize("place", [(None, None), (0, 99), (0, -1), (1, 0), (9, 0), ("0", 0), (0, 1.5), (0, None)])
def test_a_place_that_is_none_offers_nothing(service: TranslationService, place: tuple[Any, Any]) -> None:
    view = shown(service, "El tren.\nEl tren.")
    assert run(words.look_up(service, view, *place)).choices is None


def test_other_translations_change_places_with_the_one_shown(service: TranslationService) -> None:
    view = shown(service, "el tren")
    changed = words.take_alternative(view, 0)
    assert text_of(changed) == "The train'"
    its_own = pytest.approx(math.exp(-0.5 - 1.0))
    assert changed.answer is not None and changed.answer.segments[0].probability == its_own
    again = words.take_alternative(changed, 0).answer
    assert again is not None and view.answer is not None and again.segments == view.answer.segments
    assert words.take_alternative(view, 7) == view


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
    assert run(words.look_up(service, growing, 0, 0)) is growing
    forgotten = View()
    assert run(words.look_up(service, forgotten, 0, 0)) is forgotten


def test_a_look_up_that_comes_late_does_not_bring_the_old_translation_back(
    service: TranslationService,
) -> None:
    view = shown(service, "el tren")
    lookups = LatestEvents()

    async def overtaken() -> View:
        looking = words.look_up_unless_overtaken(service, lookups, "me", view, 0, 4)
        task = asyncio.create_task(looking)
        await asyncio.sleep(0)
        lookups.overtake("me")  # as every event does that shows another translation
        return await task

    assert run(overtaken()) is view
    in_time = run(words.look_up_unless_overtaken(service, lookups, "me", view, 0, 4))
    assert in_time.choices


def test_a_crash_while_a_word_is_looked_up_is_a_notice(service: TranslationService) -> None:
    view = shown(service, "el tren")
    fake: Any = service.translators[ES_EN]
    fake.continuations = lambda *_, **__: 1 / 0
    asked = run(words.look_up(service, view, 0, 0))
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


async def views_of(service: TranslationService, text: str) -> list[View]:
    """What a visitor sees, one after the other."""
    view = await translate_tab.translate(service, "me", View(), text, "es", "en", 0, 2)
    assert view is not None
    return [view] + [one async for one in translate_tab.follow(service, "me", view)]


def test_progress_is_named_by_the_words_beside_it(service: TranslationService) -> None:
    service.batcher.max_batch = 1
    growing = asyncio.run(views_of(service, "\n".join(f"slow {n}" for n in range(12))))[0]
    assert re.search(r"<label><progress [^>]*></progress> .* of 12 sentences.* de 12 frases.*</label>", page(growing))


def test_the_page_opens_with_a_limit_that_no_language_takes_for_a_fraction() -> None:
    assert counter(5000) == f"0 / {i18n.figure(5000, ',')}"
    assert 'lang="en">5,000<' in counter(5000) and 'lang="es">5000<' in counter(5000)
    assert 'lang="en">12,000<' in counter(12_000) and 'lang="es">12.000<' in counter(12_000)
