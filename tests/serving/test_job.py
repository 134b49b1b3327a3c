"""nmt.serving.job: a job waits for its sentences, whatever the batcher's thread does meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

import pytest

from nmt.serving.batcher import Kind
from nmt.serving.job import Job
from nmt.text.segmentation import Part
from nmt.translation.plan import Plan, Request
from nmt.translation.result import SentenceTranslation
from tests.support.fake_translator import SLOW, FakeTranslator, fake_service

ES_EN = ("es", "en")
PLAN = Plan([Part("el tren", True), Part("\n", False), Part("sale", True)])


class EndsAtLook(Future[SentenceTranslation]):
    """A sentence that the batcher's thread finishes right after somebody looked at it for the nth time."""

    def __init__(self, translation: SentenceTranslation, nth: int) -> None:
        super().__init__()
        self.translation, self.looks_left = translation, nth

    def done(self) -> bool:
        was_done = super().done()
        self.looks_left -= 1
        if self.looks_left == 0:
            self.set_result(self.translation)
        return was_done


class ByHand:
    """Stands for a batcher: gives out futures that end at a certain look."""

    def __init__(self, nth: int) -> None:
        self.nth, self.submitted = nth, 0
        self.translator = FakeTranslator(*ES_EN)

    def submit(self, kind: Kind, requests: Sequence[Request], max_counted: int | None) -> list[Any]:
        self.submitted += len(requests)
        return [EndsAtLook(found, self.nth) for found in self.translator.translate_sentences(requests)]


def submitted(job: Job, batcher: ByHand) -> None:
    stands_for: Any = batcher
    translator: Any = batcher.translator
    job.submit(stands_for, [PLAN], Kind(translator, 5, 1))


@pytest.mark.parametrize("nth", range(1, 12))
def test_a_sentence_that_is_done_while_the_job_is_looked_at_is_no_harm(nth: int) -> None:
    job = Job(ES_EN)
    submitted(job, ByHand(nth))

    async def waited() -> None:
        while not job.finished:
            await job.wait(0.01)

    asyncio.run(asyncio.wait_for(waited(), 60))
    assert job.answers()[0].text == "The train\nLeaves"


def test_a_job_that_is_still_being_planned_is_not_finished() -> None:
    assert not Job(ES_EN).finished


def test_a_job_that_was_stopped_while_it_was_planned_is_not_translated() -> None:
    job, batcher = Job(ES_EN), ByHand(1)
    job.cancel()
    submitted(job, batcher)
    assert batcher.submitted == 0 and job.finished
    assert (job.answers()[0].text, job.answers()[0].growing) == ("", False)


def test_who_gives_up_at_once_leaves_no_job() -> None:
    service = fake_service(most=1)

    async def give_up() -> int:
        asking = asyncio.ensure_future(service.start("slow. " * 9, ES_EN, "me"))
        await asyncio.sleep(SLOW / 10)
        asking.cancel()
        await asyncio.wait([asking])
        return service.waiting

    assert asyncio.run(give_up()) == 0
    service.close()
