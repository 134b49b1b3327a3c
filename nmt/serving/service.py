"""What the page does with a request: check it, have it translated, shape the answer.

No component and no HTML: the tabs, the endpoints and the JSON routes call the same `TranslationService`, and the
tests call it without a browser.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Hashable, Mapping, Sequence
from typing import TYPE_CHECKING

from nmt.errors import UserError
from nmt.serving import languages
from nmt.serving.batcher import MOST, Batcher, Kind
from nmt.serving.errors import PageError
from nmt.serving.job import Answer, Direction, Work
from nmt.translation.result import SentenceTranslation

if TYPE_CHECKING:
    from nmt.language_id.identifier import LanguageIdentifier
    from nmt.translation.translator import Translator

MAX_CHARS = 5000  # of one request, unless told otherwise
MAX_BEAM = 12
MAX_ALTERNATIVES = 5
TIMEOUT = 60.0  # seconds
SURE = 0.8  # probability from which the identifier is believed
AUTO = "auto"  # instead of a source language: to be found out
PATIENCE = 0.3  # seconds after which a visitor is shown how far it is
LOOKED_UP = 2  # words at once: each search takes a core
ENOUGH = 120  # characters that tell the language of a text
LONG = 2000  # characters whose planning is kept off the event loop
AHEAD = 4 * MOST  # sentences of a document that wait in the batcher, which thus has room for others

logger = logging.getLogger(__name__)


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
        identifier = self._identifier
        # Who has AUTO in his menu may ask though a third language was added since, of which the identifier knows
        # nothing.
        if identifier is None or not set(identifier.languages) <= set(self.sources()):
            return None
        # A greeting may be too short for the identifier to be sure of it.
        known = {source for (source, _), model in self.translators.items() if model.phrases.look_up(text)}
        if len(known) == 1:
            return known.pop()
        language, probability = identifier.identify(text.strip()[:ENOUGH])
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

    async def follow(self, owner: Hashable, begun: Answer) -> AsyncIterator[Answer]:
        """What `start` left undone of the answer that it gave: the answers have more and more of it.  The last one is
        whole, unless `stop` was called or the same visitor asked for something else; then nothing comes any more."""
        work = self._running.get(owner)
        if work is None or work.number != begun.work:
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
        if not isinstance(texts, list | tuple):
            raise PageError("page.not_a_text")  # a program may send anything
        self.check_all(texts, direction)
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
        self.check_all([text], direction)

    def check_all(self, texts: Sequence[str], direction: Direction | None = None) -> None:
        """The same of several texts: the limit on characters is on all of them together, and an empty one counts as
        one character, for it is work too."""
        if not all(isinstance(text, str) for text in texts):
            raise PageError("page.not_a_text")
        length = sum(len(text) or 1 for text in texts)
        if length > self.max_chars:
            raise PageError("translate.too_long", length=length, limit=self.max_chars)
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


def _whole_number(value: float, what: str, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value % 1 != 0:  # also NaN
        raise UserError(f"{what} is {value!r}, expected a whole number.")
    if not least <= value <= most:
        raise UserError(f"{what} is {int(value)}, expected {least} to {most}.")
    return int(value)
