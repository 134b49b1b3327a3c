"""The full stop that a model adds to a heading or a label, which have none: it has learned from sentences."""

from __future__ import annotations

import re

from nmt.text.marks import CLOSING, KEPT, OPENING, PLACES, without_marks
from nmt.text.segmentation import ends_with_abbreviation

# The end of a word, or a bracket or a sign after one; what of markup may follow; the full stop between the two.
_END = rf"[\w)\]}}%°{KEPT}]"
_MARKUP = rf"[\s{OPENING}{CLOSING}{PLACES}]*$"
_OPEN_END = re.compile(_END + _MARKUP)
_STOP = re.compile(rf"(?<={_END})\.(?={_MARKUP})")


def without_added_stop(translation: str, text: str) -> str:
    """The translation without the full stop at its end, if the text ends without any mark."""
    added = _STOP.search(translation) if _OPEN_END.search(text) else None
    if added is None or ends_with_abbreviation(without_marks(translation).rstrip()):
        return translation
    return translation[: added.start()] + translation[added.end() :]
