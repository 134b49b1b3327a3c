"""Which of a visitor's events may change what a tab shows: the last one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from nmt.webui.latest_event import LatestEvents

STOPPED = "stopped"


def test_while_a_document_is_translated_its_name_is_known() -> None:
    """So that the event of its upload, should it come late, does not stop the translation."""
    latest = LatestEvents()
    with latest.event("me", "a.txt") as first:
        assert (latest.file("me"), latest.file("you")) == ("a.txt", None)
        with latest.event("me"):
            assert latest.file("me") is None and not latest.is_last("me", first)
    assert latest.file("me") is None


def test_stopping_marks_the_last_event_and_no_other_visitors() -> None:
    latest = LatestEvents()
    with latest.event("me", "a.txt") as mine, latest.event("you", "b.txt") as yours:
        latest.stop("me")
        assert (mine.stopped, yours.stopped) == (True, False)
    latest.stop("me")  # of what has ended: nothing


@pytest.mark.parametrize("when", [1, 2])
def test_a_stop_is_told_also_when_it_comes_while_progress_is_being_told(when: int) -> None:
    """The handler rests at a `yield` while Gradio sends what it said: the stop came then, once in 40 runs."""

    async def growing() -> AsyncGenerator[str, None]:
        for done in range(3):
            yield f"{done} of 3"

    async def told() -> list[str | None]:
        latest, said = LatestEvents(), []
        with latest.event("me", "a.txt") as event:
            async for shown in latest.follow("me", event, growing(), STOPPED):
                said.append(shown)
                if len(said) == when:
                    latest.stop("me")
        return said

    said = asyncio.run(told())
    assert said[:when] == [f"{done} of 3" for done in range(when)]
    assert said[when:] == [STOPPED]


def test_an_event_whose_place_another_took_shows_nothing_new_at_its_end() -> None:
    async def growing() -> AsyncGenerator[str, None]:
        yield "ready"

    async def told() -> list[str | None]:
        latest, said = LatestEvents(), []
        with latest.event("me", "a.txt") as event:
            async for shown in latest.follow("me", event, growing(), STOPPED):
                said.append(shown)
                with latest.event("me", "b.txt"):  # another document, which then ends as well
                    pass
        return said

    assert asyncio.run(told()) == ["ready", None]
