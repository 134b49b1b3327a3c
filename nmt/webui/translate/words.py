"""Other words in a translation: what could stand at one, and what becomes of the view when it is taken."""

from __future__ import annotations

import unicodedata
from collections.abc import Hashable, Sequence
from dataclasses import replace
from math import exp
from typing import Any

import regex  # type: ignore[import-untyped]

from nmt.errors import UserError
from nmt.serving.job import Answer
from nmt.serving.service import TranslationService
from nmt.translation.result import SentenceTranslation
from nmt.webui.latest_event import LatestEvents
from nmt.webui.translate.views import WORD, Choices, View

MAX_CHOICES = 6  # at a word
MIN_PROBABILITY = 0.4  # what could stand at a word is offered from here on, if not sooner
MIN_SHARE = 0.85  # of the translation's own probability, which is enough as well
_DOUBLED = regex.compile(r"\b(\p{L}+) \1\b", regex.IGNORECASE)


async def look_up(service: TranslationService, view: View, segment: Any, start: Any, glossary: str = "") -> View:
    """What could stand at the character `start` of a segment of the translation, if that is whole."""
    if view.answer is None or view.running or not _is_place(view.answer, segment, start):
        return view
    view = replace(view, choices=None, error=None)
    assert view.answer is not None
    text = view.answer.segments[segment].text
    prefix = text[:start].rstrip()
    try:
        found = await service.continue_from(view.answer, segment, prefix, glossary)
    except UserError as error:
        return replace(view, error=error.with_traceback(None))
    least = min(MIN_PROBABILITY, MIN_SHARE * view.answer.segments[segment].probability)
    likely = [option for option in found if exp(option.score) >= least]
    return replace(view, choices=Choices(segment, prefix, other_words(text, prefix, likely)))


def other_words(text: str, prefix: str, found: Sequence[SentenceTranslation]) -> tuple[SentenceTranslation, ...]:
    """Those that go on after the prefix with a word that is another than in the text, each word once, and that say no
    word twice; the likeliest first."""
    taken = {_next_word(text, prefix), (WORD.findall(prefix) or [""])[-1].casefold()}
    shown = []
    for option in found:
        word = _next_word(option.text, prefix)
        if not word or word in taken or (_DOUBLED.search(option.text) and not _DOUBLED.search(text)):
            continue
        taken.add(word)
        shown.append(option)
    return tuple(shown[:MAX_CHOICES])


def _next_word(text: str, prefix: str) -> str:
    """The whole word that follows the prefix, in small letters and without accents; "" if none does."""
    rest = text[len(prefix) :]
    match = WORD.match(rest.lstrip())
    if not text.startswith(prefix) or not match or (rest[0].isalnum() and prefix[-1:].isalnum()):
        return ""
    plain = unicodedata.normalize("NFD", match.group().casefold())
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


async def look_up_unless_overtaken(
    service: TranslationService, lookups: LatestEvents, owner: Hashable, view: View, *place: Any
) -> View:
    """As `look_up`, with what it takes after the view; the view as it was if the visitor's translation changed
    meanwhile, for it must not come back."""
    with lookups.event(owner) as mine:
        new = await look_up(service, view, *place)
        return new if lookups.is_last(owner, mine) else view


def choose(view: View, index: Any) -> View:
    """The translation with one of the choices in it."""
    answer, choices = view.answer, view.choices
    if answer is None or choices is None or not _is_index(index, choices.options):
        return view
    changed = answer.with_sentence(choices.segment, choices.options[index])
    return replace(view, answer=changed, choices=None)


def take_alternative(view: View, index: Any) -> View:
    """The translation of a single sentence exchanged for one of the others."""
    if view.answer is None or not _is_index(index, view.answer.alternatives):
        return view
    return replace(view, answer=view.answer.with_alternative(index), choices=None)


def _is_place(answer: Answer, segment: Any, start: Any) -> bool:
    """Whether a browser, which may send anything, names a character of a translated sentence."""
    if not _is_index(segment, answer.segments):
        return False
    part = answer.segments[segment]
    return part.sentence is not None and not part.sentence.copied and _is_index(start, part.text)


def _is_index(index: Any, of: Sequence[Any]) -> bool:
    return isinstance(index, int) and 0 <= index < len(of)
