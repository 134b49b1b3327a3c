"""Finds the language of a text, among those that a server translates from and 140 others.

Our own identifier tells two languages apart better than anything else does, above all in a word or two; it knows no
third.  py3langid (BSD, 4.6 MB, of 2026; lingua is surer of single words and weighs 96 MB) knows the others: it gives a
probability for each, and our own identifier, where that leaves a doubt, divides the probability of its two languages
between them.
"""

from __future__ import annotations

import threading
from collections.abc import Collection
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier as Library

    from nmt.language_id.identifier import LanguageIdentifier

MAX_CHARS = 2000  # the beginning of a text that tells its language
# How much likelier a text is in a language that is served than in another.  Measured with Spanish and English served:
# of 3,000 sentences of Tatoeba and 800 single words 2 in 1,000 are taken for a third language with 10, none with 30;
# of 38 short sentences in 14 other languages 4 and 7 are not recognised ("Bom dia", "Onde está a biblioteca?").
PRIOR = 20.0

# Where the library finds one of the two languages this many times as likely as the other, our own identifier is not
# asked: it takes ten times as long.  That settles 9 of 10 sentences of Tatoeba, nearly all of the news and no single
# word; of 3,922 sentences of the dev sets not one is taken for the other language that would not have been without.
CLEAR = 100.0

_loading = threading.Lock()


class Guess(NamedTuple):
    language: str
    probability: float  # 0 to 1


class Detector:
    """Ranks languages by their probability.

    identifier  tells two of the languages apart; None: the library alone decides
    """

    def __init__(self, identifier: LanguageIdentifier | None) -> None:
        self._identifier = identifier

    def rank(self, text: str, served: Collection[str]) -> list[Guess]:
        """Languages, the likeliest first: all that are served, and before them another one that is likelier.

        Empty for a text without a letter, which is in no language.
        """
        text = text.strip()[:MAX_CHARS]
        if not any(map(str.isalpha, text)):
            return []
        likely = dict(_library().rank(text))
        weights = {language: PRIOR * likely.get(language, 0.0) for language in served}
        if self._identifier and set(self._identifier.languages) <= set(served):
            weights |= _divided(weights, text, self._identifier)
        other = max((code for code in likely if code not in weights), key=likely.__getitem__)
        total = sum(weights.values()) + likely[other]
        guesses = [Guess(code, weight / total) for code, weight in weights.items()]
        guesses.sort(key=lambda guess: -guess.probability)
        stranger = Guess(other, likely[other] / total)
        return [stranger, *guesses] if stranger.probability > guesses[0].probability else guesses


def _divided(weights: dict[str, float], text: str, identifier: LanguageIdentifier) -> dict[str, float]:
    """The weight of both of the identifier's languages, divided between them as it finds."""
    first, second = (weights[language] for language in identifier.languages)
    if max(first, second) > CLEAR * min(first, second):
        return {}
    language, probability = identifier.identify(text)
    return {
        one: (first + second) * (probability if one == language else 1 - probability) for one in identifier.languages
    }


def loading() -> threading.Thread:
    """Start a thread that loads the library, which takes a second or more, so that the first text need not wait."""
    thread = threading.Thread(target=_library, name="detector", daemon=True)
    thread.start()
    return thread


@cache
def _load() -> Library:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def _library() -> Library:
    with _loading:  # or two threads would load it at once
        return _load()
