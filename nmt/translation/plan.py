"""What of a text is to be searched: the requests of its sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nmt.text.normalization import model_input
from nmt.text.segmentation import Part, stands_alone


@dataclass(frozen=True)
class Request:
    """A sentence to search; equal ones need be searched once only."""

    sentence: str  # as `nmt.text.normalization.model_input` gives it
    prefix: str = ""  # what the hypothesis must begin with
    following: int | None = None  # the target piece (its id) that must come after the prefix
    whole: bool = True  # not a part of a sentence

    @property
    def is_free(self) -> bool:
        """Whether a whole sentence, with nothing said of its translation."""
        return self.whole and not self.prefix and self.following is None


def requests_of(plan: Sequence[Part], prefix: str = "") -> list[Request]:
    """What of a plan is to be searched; only the first sentence gets the prefix."""
    places = [i for i, part in enumerate(plan) if part.translate]
    return [
        Request(model_input(plan[i].text), "" if number else prefix, whole=stands_alone(plan, i))
        for number, i in enumerate(places)
    ]
