"""What the page does with a request: check it, have it translated, shape the answer.

No component and no HTML: the tabs, the endpoints and the JSON routes call the same `TranslationService`, and the
tests call it without a browser.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Hashable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from math import exp
from typing import TYPE_CHECKING

from nmt.errors import UserError
from nmt.sentence_search import Request, requests_of
from nmt.text import Part
from nmt.translation import SentenceTranslation, assemble
from nmt.webui import languages, words
from nmt.webui.batcher import MOST, Batcher, Busy, Kind

if TYPE_CHECKING:
    from nmt.language_id import LanguageIdentifier
    from nmt.translator import Translator

Direction = tuple[str, str]

MAX_CHARS = 5000  # of one request, unless told otherwise
MAX_BEAM = 12
MAX_ALTERNATIVES = 5
TIMEOUT = 60.0  # seconds
SURE = 0.8  # probability from which the identifier is believed
AUTO = "auto"  # instead of a source language: to be found out
PATIENCE = 0.3  # seconds after which a visitor is shown how far it is
LOOKED_UP = 2  # words at once: each search takes a core
ENOUGH = 120  # characters that tell the language of a text
OFTEN = 0.15  # seconds between two looks at a translation that grows
LONG = 2000  # characters whose planning is kept off the event loop
AHEAD = 4 * MOST  # sentences of a document that wait in the batcher, which thus has room for others

logger = logging.getLogger(__name__)


class PageError(UserError):
    """A message for the visitor that the page can say in either language; elsewhere it is in English."""

    def __init__(self, key: str, /, **values: words.Value) -> None:
        super().__init__(words.say("en", key, **values))
        self.key, self.values = key, values


@dataclass(frozen=True)
class Segment:
    """A stretch of the translation: a sentence, or what was only copied."""

    text: str
    sentence: SentenceTranslation | None = None

    @property
    def probability(self) -> float:
        """Geometric mean over the sentence's pieces; 1 for what was copied."""
        return exp(self.sentence.score) if self.sentence else 1.0


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
        changed = self.with_sentence(place, replace(sentence, text=text))
        return replace(changed, alternatives=tuple(others))


class Work:
    """Texts on their way; their sentences wait in the batcher or are done."""

    def __init__(self, direction: Direction) -> None:
        self.direction = direction
        self.plans: Sequence[list[Part]] = ()
        self.requests: list[list[Request]] = []  # of each plan
        self.sentences: list[Request] = []
        self.n_best = 1
        self.started = time.perf_counter()
        self.futures: list[Future[SentenceTranslation]] = []
        self.stopped = self.superseded = False
        self.watched = False  # somebody follows it and will end it
        self._done = 0

    def take(self, plans: Sequence[list[Part]]) -> None:
        self.plans, self.requests = plans, [requests_of(plan) for plan in plans]
        self.sentences = [request for line in self.requests for request in line]

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
        return self.stopped or self.done == self.total

    async def wait(self, seconds: float) -> None:
        """Until it is finished, but no longer.  UserError for a failure of any kind."""
        end = time.perf_counter() + seconds
        while not self.finished and (left := end - time.perf_counter()) > 0:
            with suppress(Busy):  # later, then
                self._submit_more()
            if self.done == len(self.futures):
                await asyncio.sleep(left)
                continue
            future = asyncio.wrap_future(self.futures[self.done])
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
        for plan, requests in zip(self.plans, self.requests, strict=True):
            found.append(self._answer(plan, results[first : first + len(requests)], len(requests)))
            first += len(requests)
        return found

    def _answer(self, plan: list[Part], results: list[SentenceTranslation], total: int) -> Answer:
        segments, following = [], iter(results)
        for part in plan:
            sentence = next(following, None) if part.translate else None
            if part.translate and sentence is None:
                break
            segments.append(Segment(sentence.text if sentence else part.text, sentence))
        whole = len(results) == total
        alternatives = assemble(plan, results, self.n_best).alternatives if whole and self.n_best > 1 else ()
        seconds = time.perf_counter() - self.started
        growing = not whole and not self.stopped
        return Answer(
            self.direction, tuple(segments), tuple(alternatives), len(results), total, seconds, growing
        )


class TranslationService:
    """All directions of the page behind one call; `translators` has a key ("es", "en") for each.

    identifier  tells the two source languages apart; None: the visitor has to say
    timeout     seconds that one text may take
    """

    def __init__(
        self,
        translators: Mapping[Direction, Translator],
        max_chars: int = MAX_CHARS,
        identifier: LanguageIdentifier | None = None,
        timeout: float = TIMEOUT,
    ) -> None:
        if not translators:
            raise UserError("the page needs at least one translator")
        self.translators = dict(translators)
        self.max_chars, self.timeout = max_chars, timeout
        self._identifier = identifier
        self.batcher = Batcher()
        self._running: dict[Hashable, Work] = {}  # the last work of each visitor
        self._looking_up = asyncio.Semaphore(LOOKED_UP)

    def close(self) -> None:
        self.batcher.close()

    @property
    def identifier(self) -> LanguageIdentifier | None:
        """What tells the source languages apart; None if there are others, of which it knows nothing."""
        found = self._identifier
        return found if found is not None and set(found.languages) == set(self.sources()) else None

    @property
    def first(self) -> Direction:
        """The direction the page opens with."""
        return next(iter(self.translators))

    def sources(self) -> list[str]:
        """Codes of the languages that can be translated from."""
        return list(dict.fromkeys(source for source, _ in self.translators))

    def targets(self, source: str) -> list[str]:
        """Codes of the languages that `source` can be translated into."""
        return [target for start, target in self.translators if start == source]

    def directions(self) -> list[str]:
        """Names of the directions, as the API takes them: "es-en"."""
        return [f"{source}-{target}" for source, target in self.translators]

    def default_beam(self, direction: Direction) -> int:
        """The beam size that the direction's checkpoint was tuned for."""
        return self.translators[direction].config.decoding.beam

    def detect(self, text: str) -> str | None:
        """The language of a text; None where that is not certain enough."""
        if self.identifier is None:
            return None
        language, probability = self.identifier.identify(text.strip()[:ENOUGH])
        return language if probability >= SURE else None

    def resolve(self, text: str, source: str, target: str) -> tuple[Direction, bool]:
        """The direction to translate in, and whether its source was detected.

        The source may be `AUTO`.  Where it turns out to be the target, another target is taken, as the page's
        languages stand for a pair rather than for two separate choices.  UserError if nothing leads from `source`.
        """
        detected = self.detect(text) if source == AUTO else None
        if source == AUTO:
            source = detected or next((s for s, t in self.translators if t == target), self.first[0])
        targets = self.targets(source)
        if not targets:
            raise PageError(
                "translate.no_model", source=languages.name(source), target=languages.name(target)
            )
        return (source, target if target in targets else targets[0]), detected is not None

    def find(self, direction: str) -> Direction:
        """ "es-en" -> ("es", "en"); raises UserError for a direction without a model."""
        source, _, target = str(direction).partition("-")
        if (source, target) not in self.translators:
            raise UserError(
                f"No model for the direction {direction!r}. Available: {', '.join(self.directions())}."
            )
        return source, target

    async def start(
        self, text: str, direction: Direction, owner: Hashable, beam: float = 0, alternatives: float = 0
    ) -> Answer | None:
        """Begin to translate a text of any number of lines and sentences, and wait a moment: most are done by then.
        An answer that is not whole goes on; `follow` has the rest.  None: the same visitor asked for something else.

        owner   the visitor: what the same one asked for before is stopped
        beam    0: the checkpoint's own
        alternatives    of a text that is one sentence; a longer one has none
        UserError, fit to be shown to a visitor, for a bad request and for a failure of any kind.
        """
        self.check(text, direction)
        work = await self._begin([text], direction, beam, alternatives, owner)
        try:
            await work.wait(PATIENCE)
        except UserError:
            work.cancel()
            self._end(work, owner)
            raise
        if work.finished:
            self._end(work, owner)
        return None if work.superseded else work.answers()[0]

    async def follow(self, owner: Hashable) -> AsyncIterator[Answer]:
        """What `start` left undone: the answers have more and more of it.  The last one is whole, unless `stop` was
        called or the same visitor asked for something else; then nothing comes any more."""
        if not (work := self._running.get(owner)):
            return
        try:
            async for _ in work.grow(self.timeout):
                if not work.superseded:
                    yield work.answers()[0]
        finally:
            self._end(work, owner)

    async def translate(
        self, text: str, direction: Direction, beam: float = 0, alternatives: float = 0
    ) -> Answer:
        """A text of any number of lines and sentences, translated whole; errors as of `start`."""
        return (await self.translate_many([text], direction, beam, alternatives))[0]

    async def translate_many(
        self, texts: Sequence[str], direction: Direction, beam: float = 0, alternatives: float = 0
    ) -> list[Answer]:
        """An answer for each text, in order.  The limit on characters is on all of them together."""
        if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
            raise PageError("page.not_a_text")  # a program may send anything
        self.check("".join(texts), direction)
        work = await self._begin(texts, direction, beam, alternatives, None)
        async for _ in work.grow(self.timeout):
            pass
        return work.answers()

    async def continue_from(self, answer: Answer, index: int, prefix: str) -> list[SentenceTranslation]:
        """Other translations of the sentence in segment `index` that begin with `prefix`, the likeliest first."""
        sentence = answer.segments[index].sentence
        assert sentence is not None
        translator, source = self.translators[answer.direction], sentence.source

        async def in_turn() -> list[SentenceTranslation]:
            async with self._looking_up:
                return await asyncio.to_thread(translator.continuations, source, prefix)

        try:
            return await asyncio.wait_for(in_turn(), self.timeout)
        except asyncio.TimeoutError:
            raise PageError("page.timeout", seconds=round(self.timeout)) from None
        except UserError:
            raise
        except Exception as error:
            logger.error("looking up %s-%s failed", *answer.direction, exc_info=error)
            raise PageError("page.failed") from None

    async def document(
        self, texts: Sequence[str], direction: Direction, owner: Hashable
    ) -> AsyncGenerator[tuple[int, int, list[str]], None]:
        """Texts of a document, without a limit on characters or time: (sentences done, of how many, texts), now
        and then; the texts only when all are done.  `stop(owner)` stops it."""
        work = await self._begin(texts, direction, 0, 0, owner, AHEAD)
        try:
            async for done in work.grow(None):
                if not work.superseded:
                    whole = done == work.total
                    yield done, work.total, [answer.text for answer in work.answers()] if whole else []
        finally:
            self._end(work, owner)

    def stop(self, owner: Hashable) -> None:
        """What this visitor waits for ends with what is done."""
        if work := self._running.get(owner):
            work.cancel()

    def forget(self, owner: Hashable) -> None:
        """What this visitor waits for is of no use any more; nobody hears of it again."""
        if work := self._running.pop(owner, None):
            work.superseded = True
            work.cancel()

    def check(self, text: str, direction: Direction | None = None) -> None:
        """UserError for what cannot be translated."""
        if not isinstance(text, str):
            raise PageError("page.not_a_text")
        if len(text) > self.max_chars:
            raise PageError("translate.too_long", length=len(text), limit=self.max_chars)
        if direction is not None and direction not in self.translators:
            source, target = map(languages.name, direction)
            raise PageError("translate.no_model", source=source, target=target)

    async def _begin(
        self,
        texts: Sequence[str],
        direction: Direction,
        beam: float,
        alternatives: float,
        owner: Hashable,
        ahead: int | None = None,
    ) -> Work:
        n_best = 1 + _whole_number(alternatives, "alternatives", 0, MAX_ALTERNATIVES)
        width = _whole_number(beam, "beam", 0, MAX_BEAM) or self.default_beam(direction)
        translator, work = self.translators[direction], Work(direction)
        self.forget(owner)
        self._forget_those_who_left()
        if owner is not None:
            self._running[owner] = work  # at once: who asks again while this one is planned comes after it
        if sum(map(len, texts)) > LONG:
            plans = await asyncio.to_thread(lambda: [translator.plan(text) for text in texts])
        else:
            plans = [translator.plan(text) for text in texts]
        work.take(plans)
        if owner is not None and work.total != 1:
            n_best = 1  # nobody looks at other translations of a whole text
        try:
            # The search finds no more than its beam holds.
            work.submit(self.batcher, owner or object(), Kind(translator, max(width, n_best), n_best), ahead)
        except UserError:
            self._end(work, owner)
            raise
        return work

    def _forget_those_who_left(self) -> None:
        """And never came for the rest.  (A document, whose reader is told of every step, may take any time.)"""
        late = time.perf_counter() - 2 * self.timeout
        for owner, work in list(self._running.items()):
            if work.started < late and not work.watched:
                self.forget(owner)

    def _end(self, work: Work, owner: Hashable) -> None:
        if owner is not None and self._running.get(owner) is work:
            del self._running[owner]


def _succeeded(future: Future[SentenceTranslation]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None


def _failure(future: asyncio.Future[SentenceTranslation]) -> BaseException | None:
    return None if future.cancelled() else future.exception()


def _whole_number(value: float, what: str, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value % 1 != 0:  # also NaN
        raise UserError(f"{what} is {value!r}, expected a whole number.")
    if not least <= value <= most:
        raise UserError(f"{what} is {int(value)}, expected {least} to {most}.")
    return int(value)
