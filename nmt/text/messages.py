"""Messages with a choice in them, as ICU writes it: "{n, plural, one {# dog} other {# dogs}}".

The arms are texts to translate, each by itself; everything else is syntax, which is copied.
"""

from __future__ import annotations

from collections.abc import Iterator

import regex  # type: ignore[import-untyped]

_CHOICE = regex.compile(r"\{\s*[\w.-]+\s*,\s*(?:plural|select|selectordinal)\s*,(?:\s*offset:\d+)?")
_SELECTOR = regex.compile(r"\s*(?:=\d+|[\w-]+)\s*\{")
_END = regex.compile(r"\s*\}")


def message_syntax(text: str) -> Iterator[tuple[str, bool]]:
    """Stretches that join to the text, each with whether it is syntax.  A choice without an end is text."""
    position = 0
    for choice in _CHOICE.finditer(text):
        if choice.start() < position:  # inside of an arm of the one before
            continue
        arms = _arms(text, choice.end())
        if arms is None:
            continue
        yield text[position : choice.start()], False
        position = choice.start()
        spans, end = arms
        for start, stop in spans:
            yield text[position:start], True
            yield from message_syntax(text[start:stop])
            position = stop
        yield text[position:end], True
        position = end
    yield text[position:], False


def _arms(text: str, start: int) -> tuple[list[tuple[int, int]], int] | None:
    """[start, end) of each arm's text, and where the choice ends; None if it does not end."""
    arms: list[tuple[int, int]] = []
    position = start
    while selector := _SELECTOR.match(text, position):
        end = _closing(text, selector.end())
        if end is None:
            return None
        arms.append((selector.end(), end))
        position = end + 1
    end_match = _END.match(text, position)
    return (arms, end_match.end()) if arms and end_match else None


def _closing(text: str, start: int) -> int | None:
    """Where the brace is that closes the one before `start`."""
    depth = 1
    for at in range(start, len(text)):
        depth += (text[at] == "{") - (text[at] == "}")
        if depth == 0:
            return at
    return None
