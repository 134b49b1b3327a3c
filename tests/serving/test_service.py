"""nmt.serving.service: texts in, answers out; limits, languages, visitors who stop, leave or ask again."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar

import pytest

from nmt.errors import UserError
from nmt.serving import service as service_module
from nmt.serving.errors import PageError
from nmt.serving.job import Answer
from nmt.serving.service import MAX_LOOKUPS, TranslationService
from tests.support.fake_translator import SLOW, FakeTranslator, fake_service

SPANISH, ENGLISH = "¿Dónde está la biblioteca?", "Where is the library?"
ES_EN, EN_ES = ("es", "en"), ("en", "es")
MAX_WAIT_SECONDS = 60.0  # a busy machine is slow, not wrong
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


def test_a_visitor_who_left_is_forgotten(service: TranslationService) -> None:
    run(streamed(service, "el tren"))
    assert service.waiting == 0


def test_a_text_of_many_sentences_grows_though_they_fit_into_one_batch() -> None:
    service = fake_service(max_chars=10_000)
    answers = run(streamed(service, "slow uno. " * 50))
    service.close()
    assert [answer.done for answer in answers if 0 < answer.done < 50] != []
    assert answers[-1].done == 50 and not answers[-1].growing


def test_of_two_texts_the_later_one_counts_though_the_earlier_is_still_being_planned() -> None:
    service = fake_service(max_chars=10_000)
    fake: Any = service.translators[ES_EN]
    plan = fake.plan

    def slowly(text: str, **options: Any) -> Any:
        if len(text) > service_module.MAX_CHARS_PLANNED_AT_ONCE:
            time.sleep(SLOW)
        return plan(text, **options)

    fake.plan = slowly

    async def both() -> list[Answer | None]:
        long = asyncio.create_task(service.start("uno. " * 500, ES_EN, "me"))
        await asyncio.sleep(SLOW / 5)
        return [await service.start("el tren", ES_EN, "me"), await long]

    short, long = run(both())
    assert short and short.text == "The train"
    assert long is None and service.waiting == 0
    service.close()


def test_a_failure_stops_the_rest_of_the_text() -> None:
    service = fake_service(max_chars=10_000, most=1)
    with pytest.raises(UserError):
        run(service.start("crash. slow uno. slow dos. slow tres.", ES_EN, "me"))
    run(service.translate("el tren", ES_EN))
    done = [sentence for call in calls(service) for sentence in call["sentences"]]
    assert "slow tres." not in done and service.waiting == 0
    service.close()


def test_what_visitors_left_behind_is_forgotten_in_time() -> None:
    service = fake_service(timeout=SLOW / 10, most=1)

    async def leave() -> None:
        answer = await service.start("slow. slow. slow.", ES_EN, "left")
        assert answer and answer.done < 3
        while len(calls(service)) < 3:
            await asyncio.sleep(SLOW / 10)
        await asyncio.sleep(SLOW)
        await service.start("slow. slow. slow.", ES_EN, "next")

    run(leave())
    assert service.waiting == 1
    service.close()


def test_who_leaves_ends_jobs_of_no_one_else() -> None:
    """A visitor's name is what the browser says: it may be the name of a tab."""
    service = fake_service(most=1)

    async def leave() -> list[int]:
        for owner in ("ana", ("ana", "document"), ("bo", "document")):
            await service.start("slow. " * 9, ES_EN, owner)
        waiting = []
        for visitor in ("document", "", "ana"):
            service.leave(visitor)
            waiting.append(service.waiting)
        return waiting

    assert run(leave()) == [3, 3, 1]
    service.forget(("bo", "document"))
    service.close()


def test_many_visitors_share_batches(service: TranslationService) -> None:
    async def crowd() -> list[Answer]:
        return list(await asyncio.gather(*[service.translate(f"slow {i}", ES_EN) for i in range(12)]))

    assert [answer.text for answer in run(crowd())] == [f"Slow {i}" for i in range(12)]
    assert len(calls(service)) <= 3


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


# --- what several threads do at once --------------------------------------------------------------------


def test_a_direction_that_is_added_while_the_directions_are_looked_at_disturbs_nobody(
    service: TranslationService,
) -> None:
    """A training's model is added in a thread of its own while the event loop builds menus and answers requests."""
    looking = iter(service.translators)
    assert next(looking) == ES_EN
    new: Any = FakeTranslator("pt", "en")
    thread = threading.Thread(target=service.add, args=[("pt", "en"), new])
    thread.start()
    thread.join()
    assert list(looking) == [EN_ES]
    assert service.directions() == ["es-en", "en-es", "pt-en"]
    assert run(service.translate("a b", ("pt", "en"))).text == "A b"
    translators: Any = service.translators
    with pytest.raises(TypeError):
        translators["fr", "en"] = new  # nobody can change what others iterate over


def test_a_direction_that_is_added_again_keeps_its_place(service: TranslationService) -> None:
    new: Any = FakeTranslator(*ES_EN)
    service.add(ES_EN, new)
    assert list(service.translators) == [ES_EN, EN_ES] and service.translators[ES_EN] is new


class SlowLookups(FakeTranslator):
    """Its look-ups last until they are let go; counts how many run."""

    def __init__(self) -> None:
        super().__init__(*ES_EN)
        self.let_go = threading.Event()
        self.running = self.most = self.ended = 0

    def continuations(self, sentence: str, prefix: str, count: int = 8, glossary: Any = None) -> Any:
        with self.lock:
            self.running += 1
            self.most = max(self.most, self.running)
        assert self.let_go.wait(MAX_WAIT_SECONDS)
        with self.lock:
            self.running -= 1
            self.ended += 1
        return super().continuations(sentence, prefix, count, glossary)


def test_look_ups_that_nobody_waits_for_any_more_still_count_until_they_end() -> None:
    """A search cannot be interrupted: after a time-out its thread still takes a core."""
    fake = SlowLookups()
    service = TranslationService({ES_EN: fake}, timeout=SLOW / 3)  # type: ignore[dict-item]

    async def visitors() -> list[Any]:
        answer = await service.translate("el tren", ES_EN)
        given_up = [
            await asyncio.gather(
                *[service.continue_from(answer, 0, "") for _ in range(MAX_LOOKUPS)], return_exceptions=True
            )
            for _ in range(3)
        ]
        assert all(isinstance(e, PageError) and e.key == "page.timeout" for some in given_up for e in some)
        assert fake.most == fake.running == MAX_LOOKUPS
        fake.let_go.set()
        while fake.ended < MAX_LOOKUPS:
            await asyncio.sleep(0.01)
        service.timeout = MAX_WAIT_SECONDS
        # As many as before can run again, and no more.
        fake.let_go.clear()
        waiting = [asyncio.create_task(service.continue_from(answer, 0, "")) for _ in range(2 * MAX_LOOKUPS)]
        while fake.running < MAX_LOOKUPS:
            await asyncio.sleep(0.01)
        fake.let_go.set()
        return list(await asyncio.gather(*waiting))

    found = run(visitors())
    service.close()
    assert fake.most == MAX_LOOKUPS and len(found) == 2 * MAX_LOOKUPS
    assert fake.ended == 3 * MAX_LOOKUPS  # those that were given up before they began never ran


def test_a_glossary_holds_in_every_text_and_at_the_word_that_is_looked_up(
    service: TranslationService,
) -> None:
    terms = "# ours\ntren\tconvoy"
    answers = run(service.translate_many(["el tren", "el tren sale"], ES_EN, glossary=terms))
    assert [answer.text for answer in answers] == ["The convoy", "The convoy leaves"]
    found = run(service.continue_from(answers[0], 0, "", terms))
    assert found[0].text == "The convoy"
    assert run(service.translate("el tren", ES_EN)).text == "The train"


@pytest.mark.parametrize(
    ("glossary", "message"),
    [
        ("tren\tconvoy\ntren convoy", "line 2: expected a term.* found “tren convoy”"),
        ("tren\tconvoy\n" * 1001, "1,001 lines.* the limits are 1,000"),
        ("tren\t" + "convoy " * 10_000, "70,005 characters.* 50,000"),
        (["tren"], "The text is not a string"),
    ],
)
def test_a_glossary_that_cannot_be_is_refused_and_leaves_nobody_waiting(
    service: TranslationService, glossary: Any, message: str
) -> None:
    with pytest.raises(PageError, match=message):
        run(service.start("el tren", ES_EN, "me", glossary=glossary))
    assert service.waiting == 0
