"""Texts on their way through the batcher, and the answer that comes of each: growing, stopped, failed, whole.

Who may ask for what, and which visitor waits for which work, is `nmt.serving.service`'s.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Hashable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import count

from nmt.errors import UserError
from nmt.serving.batcher import Batcher, Busy, Kind
from nmt.serving.errors import PageError
from nmt.translation.plan import Plan, Request
from nmt.translation.result import Segment, SentenceTranslation

Direction = tuple[str, str]

OFTEN = 0.15  # seconds between two looks at a translation that grows

logger = logging.getLogger(__name__)
_numbers = count(1)


@dataclass(frozen=True)
class Answer:
    """One text translated, or as much of it as is done, from its beginning."""

    direction: Direction
    segments: tuple[Segment, ...] = ()
    alternatives: tuple[str, ...] = ()  # further whole texts, best first
    done: int = 0  # sentences
    total: int = 0
    seconds: float = 0.0
    growing: bool = False  # more is to come
    work: int = 0  # the number of the work that it is of

    @property
    def text(self) -> str:
        return "".join(segment.text for segment in self.segments)

    def with_sentence(self, index: int, sentence: SentenceTranslation) -> Answer:
        """Another translation of the segment `index`; what was said of the whole text no longer holds."""
        segments = list(self.segments)
        segments[index] = Segment(sentence.text, sentence)
        return replace(self, segments=tuple(segments), alternatives=())

    def with_alternative(self, index: int) -> Answer:
        """One of the other translations of a single sentence takes the place of the best one, and the other way."""
        place = next(i for i, segment in enumerate(self.segments) if segment.sentence)
        sentence = self.segments[place].sentence
        assert sentence is not None
        around = (
            "".join(s.text for s in self.segments[:place]),
            "".join(s.text for s in self.segments[place + 1 :]),
        )
        text = self.alternatives[index][len(around[0]) : len(self.alternatives[index]) - len(around[1])]
        others = [*self.alternatives[:index], self.text, *self.alternatives[index + 1 :]]
        # Scores on the search's scale, which is the sentence's unless a penalty is set: what counts is the distance.
        search = dict(sentence.candidates)
        score = min(0.0, sentence.score + search[text] - search[sentence.text])
        changed = self.with_sentence(place, replace(sentence, text=text, score=score))
        return replace(changed, alternatives=tuple(others))


class Work:
    """Texts on their way; their sentences wait in the batcher or are done."""

    def __init__(self, direction: Direction) -> None:
        self.direction, self.number = direction, next(_numbers)
        self.planned = False
        self.plans: Sequence[Plan] = ()
        self.sentences: list[Request] = []  # of all plans
        self.n_best = 1
        self.started = time.perf_counter()
        self.futures: list[Future[SentenceTranslation]] = []
        self.stopped = self.superseded = False
        self.watched = False  # somebody follows it and will end it
        self._done = 0

    def take(self, plans: Sequence[Plan]) -> None:
        self.plans = plans
        self.sentences = [request for plan in plans for request in plan.requests]
        self.planned = True

    def submit(self, batcher: Batcher, owner: Hashable, kind: Kind, ahead: int | None = None) -> None:
        """Give the batcher all sentences, or the first `ahead`, and while it grows as many more as are done."""
        self.n_best = kind.n_best
        self._submit = partial(batcher.submit, owner, kind)
        self._ahead = ahead or self.total
        try:
            self._submit_more()
        except Busy:
            raise PageError("page.busy") from None

    def _submit_more(self) -> None:
        more = self.sentences[len(self.futures) : self.done + self._ahead]
        if more and not self.stopped:
            self.futures += self._submit(more)

    def cancel(self) -> None:
        self.stopped = True
        for future in self.futures[self.done :]:
            future.cancel()

    @property
    def total(self) -> int:
        return len(self.sentences)

    @property
    def done(self) -> int:
        """How many sentences from the first on are translated; one that failed or was cancelled is not."""
        while self._done < len(self.futures) and _succeeded(self.futures[self._done]):
            self._done += 1
        return self._done

    @property
    def finished(self) -> bool:
        return self.stopped or (self.planned and self.done == self.total)

    async def wait(self, seconds: float) -> None:
        """Until it is finished, but no longer.  UserError for a failure of any kind."""
        end = time.perf_counter() + seconds
        while not self.finished and (left := end - time.perf_counter()) > 0:
            with suppress(Busy):  # later, then
                self._submit_more()
            done = self.done  # once: the batcher's thread may finish another one meanwhile
            if done == len(self.futures):
                if not self.finished:
                    await asyncio.sleep(min(left, OFTEN))
                continue
            future = asyncio.wrap_future(self.futures[done])
            future.add_done_callback(_failure)  # looked at, though perhaps nobody waits any more
            await asyncio.wait([future], timeout=left)
            error = _failure(future) if future.done() else None
            if isinstance(error, UserError):
                raise error
            if error or (future.cancelled() and not self.stopped):
                logger.error("translating %s-%s failed", *self.direction, exc_info=error)
                raise PageError("page.failed")

    async def grow(self, timeout: float | None) -> AsyncIterator[int]:
        """How many sentences are done, now and then, the last time when it is finished.

        UserError for a failure of any kind; `timeout` seconds after its beginning it is given up.
        """
        self.watched = True
        try:
            while not self.finished:
                yield self.done
                await self.wait(OFTEN)
                if timeout is not None and not self.finished and time.perf_counter() > self.started + timeout:
                    raise PageError("page.timeout", seconds=round(timeout))
            yield self.done
        finally:
            self.cancel()

    def answers(self) -> list[Answer]:
        """One for each text."""
        results = [future.result() for future in self.futures[: self.done]]
        found, first = [], 0
        for plan in self.plans:
            found.append(self._answer(plan, results[first : first + len(plan.requests)]))
            first += len(plan.requests)
        return found

    def _answer(self, plan: Plan, results: list[SentenceTranslation]) -> Answer:
        whole = len(results) == len(plan.requests)
        several = whole and self.n_best > 1
        return Answer(
            self.direction,
            segments=tuple(plan.segments(results)),
            alternatives=tuple(plan.assemble(results, self.n_best).alternatives) if several else (),
            done=len(results),
            total=len(plan.requests),
            seconds=time.perf_counter() - self.started,
            growing=not whole and not self.stopped,
            work=self.number,
        )


def _succeeded(future: Future[SentenceTranslation]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None


def _failure(future: asyncio.Future[SentenceTranslation]) -> BaseException | None:
    return None if future.cancelled() else future.exception()
