"""The full stop that a model adds to a heading or a label, which have none: it has learned from sentences."""

from __future__ import annotations

import regex  # type: ignore[import-untyped]

from nmt.text.marks import CLOSING, KEPT, OPENING, PLACES, without_marks
from nmt.text.segmentation import ends_with_abbreviation

# The end of a word, or a bracket or a sign after one; quotation marks and markup that may come after it.
_END = rf"[\w)\]}}%°\p{{Sc}}{KEPT}]"
_MARKUP = rf"[\s{OPENING}{CLOSING}{PLACES}]"
_AFTER = rf"(?:[\"”»’']|{_MARKUP})*+"
_OPEN_END = regex.compile(rf"{_END}{_AFTER}$")
_STOP = regex.compile(rf"(?<={_END}{_AFTER})\.(?={_AFTER}$)")


def without_added_stop(translation: str, text: str) -> str:
    """The translation without the full stop at its end, if the text ends without any mark."""
    added = _STOP.search(translation) if _OPEN_END.search(text) else None
    if added is None or ends_with_abbreviation(without_marks(translation).rstrip()):
        return str(translation)
    return str(translation[: added.start()] + translation[added.end() :])
