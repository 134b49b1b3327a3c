"""Serves a request: checks it, plans it, has the batcher translate it together with others, and answers.

The page, its endpoints and the REST API all use `TranslationService`, which knows none of them.  Begin with
`translate_many` for programs, with `start` and `follow` for visitors who watch a translation grow.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Hashable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from types import MappingProxyType
from typing import TYPE_CHECKING

from nmt.errors import UserError
from nmt.serving import languages
from nmt.serving.batcher import MAX_BATCH, Batcher, Kind
from nmt.serving.detection import Detector, Guess
from nmt.serving.errors import PageError, failures_logged
from nmt.serving.glossaries import glossary_of
from nmt.serving.job import Answer, Direction, Job
from nmt.translation.plan import Plan
from nmt.translation.result import SentenceTranslation

if TYPE_CHECKING:
    from nmt.language_id.identifier import LanguageIdentifier
    from nmt.translation.translator import Translator

MAX_CHARS = 5000  # of one request, unless the server is told otherwise
MAX_BEAM = 12
MAX_ALTERNATIVES = 5
TIMEOUT_SECONDS = 60.0  # for one text, unless the server is told otherwise
MIN_CONFIDENCE = 0.8  # probability from which a detected language is believed
AUTO = "auto"  # instead of a source language: it is to be detected
FIRST_ANSWER_SECONDS = 0.3  # after which a visitor is shown how far the translation is
MAX_LOOKUPS = 2  # words that are looked up at once: each search takes a core
MAX_CHARS_PLANNED_AT_ONCE = 2000  # a longer text is planned in a thread, lest the event loop stand still
MAX_COUNTED = 4 * MAX_BATCH  # sentences as which a document counts in the batcher, lest it fill all of it


class TranslationService:
    """All directions of a server behind one call.

    translators  by (source, target) language codes
    identifier   tells two of the languages apart better than the library that knows them all
    timeout      seconds that one text may take
    """

    def __init__(
        self,
        translators: Mapping[Direction, Translator],
        max_chars: int = MAX_CHARS,
        identifier: LanguageIdentifier | None = None,
        timeout: float = TIMEOUT_SECONDS,
    ) -> None:
        if not translators:
            raise UserError("the page needs at least one translator")
        self._translators = MappingProxyType(dict(translators))
        self._adding = threading.Lock()
        self.max_chars, self.timeout = max_chars, timeout
        self._detector = Detector(identifier)
        self.batcher = Batcher()
        self._current: dict[Hashable, Job] = {}  # the job that each visitor waits for
        self._lookups = ThreadPoolExecutor(MAX_LOOKUPS, thread_name_prefix="look-up")

    def close(self) -> None:
        self._lookups.shutdown(wait=False, cancel_futures=True)
        self.batcher.close()

    # --- languages ----------------------------------------------------------------------------------------

    @property
    def translators(self) -> Mapping[Direction, Translator]:
        """The translators as they are now.  The mapping never changes: `add` puts another one in its place, so that
        it can be iterated over while another thread adds a translator."""
        return self._translators

    def add(self, direction: Direction, translator: Translator) -> None:
        """Serve another direction, or a direction by another translator.  May be called from any thread."""
        with self._adding:
            self._translators = MappingProxyType({**self._translators, direction: translator})

    @property
    def first(self) -> Direction:
        """The direction that is offered first."""
        return next(iter(self.translators))

    def sources(self) -> list[str]:
        """Codes of the languages that can be translated from."""
        return list(dict.fromkeys(source for source, _ in self.translators))

    def targets(self, source: str) -> list[str]:
        """Codes of the languages that `source` can be translated into, those with a model of their own first."""
        return [target for target in self._routes(source) if target != source]

    def any_source(self, target: str) -> str:
        """A language that can be translated into `target`, for a text of which nothing tells the language."""
        return next((source for source in self.sources() if target in self._routes(source)), self.first[0])

    def route(self, direction: Direction) -> list[Direction]:
        """The models that lead from source to target, one after the other: one, or more by way of other languages.

        PageError if there is no way.
        """
        source, target = direction
        try:
            return self._routes(source)[target]
        except KeyError:
            named = {"source": languages.name(source), "target": languages.name(target)}
            raise PageError("translate.no_model", **named) from None

    def _routes(self, source: str) -> dict[str, list[Direction]]:
        """The shortest route to each language that can be reached, the shortest first (breadth-first search)."""
        routes: dict[str, list[Direction]] = {source: []}
        for reached in (queue := [source]):
            for direction in self.translators:
                if direction[0] == reached and direction[1] not in routes:
                    routes[direction[1]] = [*routes[reached], direction]
                    queue.append(direction[1])
        return {target: route for target, route in routes.items() if route}

    def directions(self) -> list[str]:
        """Names of the directions, as programs give them: "es-en"."""
        return ["-".join(direction) for direction in self.translators]

    def default_beam(self, direction: Direction) -> int:
        """The beam size that the direction's checkpoint was tuned for; of several models the last one's."""
        return self.translators[self.route(direction)[-1]].config.decoding.beam

    def guess(self, text: str) -> list[Guess]:
        """The languages that a text may be in, the likeliest first: perhaps one that is not served, then all that are.

        Empty where nothing tells: a text without letters.
        """
        # A greeting may be too short for anything to be sure of it.
        known = {source for (source, _), model in self.translators.items() if model.phrases.look_up(text)}
        if len(known) == 1:
            return [Guess(known.pop(), 1.0)]
        return self._detector.rank(text, self.sources())

    def detect(self, text: str) -> str | None:
        """The language of a text, which may be one that is not served; None where that is not certain enough."""
        language, probability = next(iter(self.guess(text)), (None, 0.0))
        certain = probability >= MIN_CONFIDENCE or language not in self.sources()
        return language if certain else None

    def resolve(self, text: str, source: str, target: str) -> tuple[Direction, bool]:
        """The direction to translate in, and whether its source was detected.

        The source may be `AUTO`.  Where it turns out to be the target, another target is taken, for the page's two
        languages stand for a pair rather than for two separate choices.  PageError for a text in a language that no
        model reads, and if nothing leads from `source`.
        """
        detected = self.detect(text) if source == AUTO else None
        if detected and detected not in self.sources():
            raise PageError("translate.foreign", language=languages.name(detected))
        if source == AUTO:
            source = detected or self.any_source(target)
        targets = self.targets(source)
        if not targets:
            self.route((source, target))  # says so
        return (source, target if target in targets else targets[0]), detected is not None

    def find(self, direction: str) -> Direction:
        """("es", "en") for "es-en".  UserError for a direction without a model."""
        source, _, target = str(direction).partition("-")
        if (source, target) not in self.translators:
            there = ", ".join(self.directions())
            raise UserError(f"No model for the direction {direction!r}. Available: {there}.")
        return source, target

    # --- translating --------------------------------------------------------------------------------------

    async def start(
        self,
        text: str,
        direction: Direction,
        owner: Hashable,
        beam: float = 0,
        alternatives: float = 0,
        glossary: str = "",
    ) -> Answer | None:
        """Begin to translate a text of any number of lines and sentences, and wait a moment: most are done by then.

        An answer that is not whole goes on growing: `follow` has the rest.  None if the same visitor asked for
        something else meanwhile.

        owner         the visitor; the job that it waited for before is stopped
        beam          0: the checkpoint's own
        alternatives  how many, for a text that is one sentence; a longer one has none
        glossary      terms, one a line, that the last model on the way to the target holds to
        UserError, fit to be shown to a visitor, for a bad request and for a failure of any kind.
        """
        self.check([text], direction)
        job = await self._begin([text], direction, beam, alternatives, owner, glossary)
        try:
            await job.wait(FIRST_ANSWER_SECONDS)
        except BaseException:
            self._end(job, owner)
            raise
        if job.finished:
            self._end(job, owner)
        return None if job.superseded else job.answers()[0]

    async def follow(self, owner: Hashable, begun: Answer) -> AsyncGenerator[Answer, None]:
        """Yield the answer that `start` gave with more and more of the text.

        The last one is whole, unless `stop` was called; after another request of the same visitor nothing comes.
        """
        job = self._current.get(owner)
        if job is None or job.number != begun.job:
            return
        try:
            async for _ in job.grow(self.timeout):
                if not job.superseded:
                    yield job.answers()[0]
        finally:
            self._end(job, owner)

    async def translate(
        self, text: str, direction: Direction, beam: float = 0, alternatives: float = 0, glossary: str = ""
    ) -> Answer:
        """Translate a text of any number of lines and sentences whole; errors as of `start`."""
        return (await self.translate_many([text], direction, beam, alternatives, glossary))[0]

    async def translate_many(
        self,
        texts: Sequence[str],
        direction: Direction,
        beam: float = 0,
        alternatives: float = 0,
        glossary: str = "",
        labels: bool = False,
    ) -> list[Answer]:
        """An answer for each text, in order.  The limit on characters is on all of them together.

        labels  as of `Translator.plan`
        """
        if not isinstance(texts, list | tuple):
            raise PageError("page.not_a_text")  # a program may send anything
        self.check(texts, direction)
        job = await self._begin(texts, direction, beam, alternatives, None, glossary, labels=labels)
        async for _ in job.grow(self.timeout):
            pass
        return job.answers()

    async def document(
        self, texts: Sequence[str], direction: Direction, owner: Hashable, glossary: str = ""
    ) -> AsyncGenerator[tuple[int, int, list[str]], None]:
        """Translate the texts of a document, without a limit on characters or time.

        Yields (sentences done, of how many, translations) now and then; there are translations only when all are
        done.  `stop(owner)` ends it before.
        """
        job = await self._begin(texts, direction, 0, 0, owner, glossary, MAX_COUNTED, labels=True)
        try:
            async for done in job.grow(None):
                if not job.superseded:
                    whole = done == job.total
                    yield done, job.total, [answer.text for answer in job.answers()] if whole else []
        finally:
            self._end(job, owner)

    async def continue_from(
        self, answer: Answer, index: int, prefix: str, glossary: str = ""
    ) -> list[SentenceTranslation]:
        """Other translations of the sentence in segment `index` that begin with `prefix`, the likeliest first.

        At most `MAX_LOOKUPS` run at once.  Nothing can interrupt a search: where nobody waits for it any more, it
        still keeps its thread of the pool until it ends.
        """
        sentence, translator = answer.segments[index].sentence, self.translators[answer.direction]
        assert sentence is not None

        def look_up() -> list[SentenceTranslation]:
            terms = glossary_of(glossary, answer.direction)
            return translator.continuations(sentence.source, prefix, glossary=terms)

        with failures_logged(f"looking up {'-'.join(answer.direction)}"):
            found = asyncio.get_running_loop().run_in_executor(self._lookups, look_up)
            try:
                return await asyncio.wait_for(found, self.timeout)
            except asyncio.TimeoutError:
                raise PageError("page.timeout", seconds=round(self.timeout)) from None

    @property
    def waiting(self) -> int:
        """How many visitors wait for a job, or left before it ended."""
        return len(self._current)

    def stop(self, owner: Hashable) -> None:
        """The job that this visitor waits for ends with what is done."""
        if job := self._current.get(owner):
            job.cancel()

    def forget(self, owner: Hashable) -> None:
        """The job that this visitor waits for ends, and nobody hears of it again."""
        if job := self._current.pop(owner, None):
            job.superseded = True
            job.cancel()

    def leave(self, visitor: str) -> None:
        """A visitor is gone: all jobs whose owner is the visitor, or a tuple that begins with the visitor, end."""
        for owner in list(self._current):
            if owner == visitor or isinstance(owner, tuple) and owner[0] == visitor:
                self.forget(owner)

    def check(self, texts: Sequence[str], direction: Direction | None = None) -> None:
        """PageError for texts that cannot be translated.

        The limit on characters is on all texts together; an empty one counts as one character, for it is work too.
        """
        if not all(isinstance(text, str) for text in texts):
            raise PageError("page.not_a_text")
        length = sum(len(text) or 1 for text in texts)
        if length > self.max_chars:
            raise PageError("translate.too_long", length=length, limit=self.max_chars)
        if direction is not None:
            self.route(direction)

    async def _begin(
        self,
        texts: Sequence[str],
        direction: Direction,
        beam: float,
        alternatives: float,
        owner: Hashable,
        glossary: str = "",
        max_counted: int | None = None,
        labels: bool = False,
    ) -> Job:
        """Plan the texts and queue their sentences; `owner` None: nobody's current job."""
        n_best = 1 + _whole_number(alternatives, "alternatives", 0, MAX_ALTERNATIVES)
        width = _whole_number(beam, "beam", 0, MAX_BEAM) or self.default_beam(direction)
        *before, last = route = self.route(direction)
        translator, job = self.translators[last], Job(last, tuple(source for source, _ in route[1:]))
        self.forget(owner)
        self._forget_those_who_left()
        if owner is not None:
            self._current[owner] = job  # before it is planned: a request that comes meanwhile supersedes it

        def planned() -> list[Plan]:
            terms = glossary_of(glossary, last)
            return [translator.plan(text, glossary=terms, labels=labels) for text in texts]

        try:
            for hop in before:
                texts = await self._by_way(texts, hop, job, max_counted)
            many = sum(map(len, texts)) + len(str(glossary)) > MAX_CHARS_PLANNED_AT_ONCE
            plans = await asyncio.to_thread(planned) if many else planned()
            if owner is not None and sum(len(plan.requests) for plan in plans) != 1:
                n_best = 1  # the page shows no other translations of several sentences
            # The search finds no more translations than its beam holds.
            job.submit(self.batcher, plans, Kind(translator, max(width, n_best), n_best), max_counted)
        except BaseException:
            self._end(job, owner)
            raise
        return job

    async def _by_way(self, texts: Sequence[str], hop: Direction, job: Job, max_counted: int | None) -> Sequence[str]:
        """The texts in the next language on the way to the one that `job` is to translate into."""
        first = await self._begin(texts, hop, 0, 0, None, max_counted=max_counted)
        async with aclosing(first.grow(None if max_counted else self.timeout)) as growing:
            async for _ in growing:
                if job.stopped:
                    break
        return [answer.text for answer in first.answers()]

    def _forget_those_who_left(self) -> None:
        """Forget jobs whose visitors never came for the rest.  A job that somebody watches may take any time."""
        late = time.perf_counter() - 2 * self.timeout
        for owner, job in list(self._current.items()):
            if job.started < late and not job.watched:
                self.forget(owner)

    def _end(self, job: Job, owner: Hashable) -> None:
        """Nobody waits for the job any more."""
        job.cancel()
        if owner is not None and self._current.get(owner) is job:
            del self._current[owner]


def _whole_number(value: float, what: str, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value % 1 != 0:  # also NaN
        raise UserError(f"{what} is {value!r}, expected a whole number.")
    if not least <= value <= most:
        raise UserError(f"{what} is {int(value)}, expected {least} to {most}.")
    return int(value)
