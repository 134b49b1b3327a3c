"""A job is what one request has translated; an answer is as much of one text's translation as there is so far.

A `Job` knows neither visitors nor limits: who may ask for what, and which job is a visitor's current one, is decided
in `service.py`; the order in which the sentences of several jobs are translated is decided in `batcher.py`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from itertools import count, islice

from nmt.errors import UserError
from nmt.serving.batcher import Batcher, Busy, Kind
from nmt.serving.errors import PageError
from nmt.translation.alignment import Span
from nmt.translation.plan import Plan
from nmt.translation.result import Segment, SentenceTranslation, doubtful_in

Direction = tuple[str, str]  # language codes of source and target

PROGRESS_SECONDS = 0.15  # between two answers of a translation that grows

logger = logging.getLogger(__name__)
_numbers = count(1)


@dataclass(frozen=True)
class Answer:
    """The translation of one text, or its beginning while the rest is still being translated."""

    direction: Direction
    segments: tuple[Segment, ...] = ()
    alternatives: tuple[str, ...] = ()  # further translations of the whole text, best first
    done: int = 0  # sentences that are translated
    total: int = 0  # sentences of the text
    seconds: float = 0.0
    growing: bool = False  # whether a later answer will have more
    job: int = 0  # the number of the job that gave it
    via: tuple[str, ...] = ()  # languages between the text's and the translation's, in order

    @property
    def text(self) -> str:
        return "".join(segment.text for segment in self.segments)

    @property
    def doubtful(self) -> list[Span]:
        """[start, end) of the words of `text` that the model was not sure of."""
        return doubtful_in(self.segments)

    def with_sentence(self, index: int, sentence: SentenceTranslation) -> Answer:
        """The answer with another translation of the segment `index`; alternatives of the old text are dropped."""
        segments = list(self.segments)
        segments[index] = Segment(sentence.text, sentence)
        return replace(self, segments=tuple(segments), alternatives=())

    def with_alternative(self, index: int) -> Answer:
        """The answer of a single sentence in which alternative `index` and the chosen translation change places."""
        place = next(i for i, segment in enumerate(self.segments) if segment.sentence)
        sentence = self.segments[place].sentence
        assert sentence is not None
        before = sum(len(segment.text) for segment in self.segments[:place])
        after = sum(len(segment.text) for segment in self.segments[place + 1 :])
        whole = self.alternatives[index]
        text = whole[before : len(whole) - after]
        # Candidates are scored on the search's scale, which differs from the sentence's where a length penalty is
        # set; the difference between two of them is what counts.
        search = dict(sentence.candidates)
        score = min(0.0, sentence.score + search[text] - search[sentence.text])
        changed = self.with_sentence(place, replace(sentence, text=text, score=score))
        others = (*self.alternatives[:index], self.text, *self.alternatives[index + 1 :])
        return replace(changed, alternatives=others)


class Job:
    """The texts of one request.  It exists before they are planned, so that a later request can supersede it.

    via  languages that they were translated into before, the last of which `direction` leads from
    """

    def __init__(self, direction: Direction, via: tuple[str, ...] = ()) -> None:
        self.direction, self.via, self.number = direction, via, next(_numbers)
        self.plans: Sequence[Plan] = ()
        self.n_best = 1
        self.started = time.perf_counter()
        self.stopped = self.superseded = False
        self.watched = False  # whether somebody iterates over `grow`, which cancels the job at its end
        self._futures: list[Future[SentenceTranslation]] = []  # one a sentence, in the texts' order
        self._submitted = False
        self._done = 0

    def submit(self, batcher: Batcher, plans: Sequence[Plan], kind: Kind, max_counted: int | None = None) -> None:
        """Queue the sentences of all texts; `max_counted` as of `Batcher.submit`.  PageError if the server is busy."""
        self.plans, self.n_best, self._submitted = plans, kind.n_best, True
        if self.stopped:  # while it was planned
            return
        requests = [request for plan in plans for request in plan.requests]
        try:
            self._futures = batcher.submit(kind, requests, max_counted)
        except Busy:
            raise PageError("page.busy") from None

    def cancel(self) -> None:
        """Take what is not yet being translated out of the batcher's queue."""
        self.stopped = True
        for future in self._futures[self.done :]:
            future.cancel()

    @property
    def total(self) -> int:
        """The number of sentences."""
        return sum(len(plan.requests) for plan in self.plans)

    @property
    def done(self) -> int:
        """How many sentences from the first on are translated; it ends before one that failed or was cancelled."""
        while self._done < len(self._futures) and _succeeded(self._futures[self._done]):
            self._done += 1
        return self._done

    @property
    def finished(self) -> bool:
        return self.stopped or (self._submitted and self._first_pending() is None)

    async def wait(self, seconds: float) -> None:
        """Wait until the job is finished, at most so long.  UserError if the translation failed."""
        end = time.perf_counter() + seconds
        while not self.stopped and (pending := self._first_pending()):
            left = end - time.perf_counter()
            if left <= 0:
                return
            future = asyncio.wrap_future(pending)
            # Or asyncio would report an error that nobody asked for any more.
            future.add_done_callback(_error_of)
            await asyncio.wait([future], timeout=left)
            error = _error_of(future) if future.done() else None
            if isinstance(error, UserError):
                raise error
            if error or (future.cancelled() and not self.stopped):
                logger.error("translating %s-%s failed", *self.direction, exc_info=error)
                raise PageError("page.failed")

    async def grow(self, timeout: float | None) -> AsyncGenerator[int, None]:
        """Yield the number of sentences that are done, now and then, and once more when the job is finished.

        UserError if the translation failed, or `timeout` seconds after the job began.  Whoever stops iterating
        cancels the job.
        """
        self.watched = True
        try:
            while not self.finished:
                yield self.done
                await self.wait(PROGRESS_SECONDS)
                if timeout is not None and not self.finished and time.perf_counter() > self.started + timeout:
                    raise PageError("page.timeout", seconds=round(timeout))
            yield self.done
        finally:
            self.cancel()

    def answers(self) -> list[Answer]:
        """An answer for each text, in order, from the sentences that are done."""
        results = iter([future.result() for future in self._futures[: self.done]])
        return [self._answer(plan, list(islice(results, len(plan.requests)))) for plan in self.plans]

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
            job=self.number,
            via=self.via,
        )

    def _first_pending(self) -> Future[SentenceTranslation] | None:
        """The first sentence that is not translated; None if all are."""
        done = self.done  # read once: the batcher's thread may finish another sentence at any moment
        return self._futures[done] if done < len(self._futures) else None


def _succeeded(future: Future[SentenceTranslation]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None


def _error_of(future: asyncio.Future[SentenceTranslation]) -> BaseException | None:
    return None if future.cancelled() else future.exception()
