"""Lets only the last of a visitor's events change what a tab shows."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Hashable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(eq=False)
class Event:
    """Something that a visitor asked for."""

    file: str | None  # the document that it translates
    stopped: bool = False


class LatestEvents:
    """The last event of each visitor, while it runs.

    Gradio's own way to end an event (`cancels`) now and then leaves the word "Error" on the page (seen in 6.31).
    """

    def __init__(self) -> None:
        self._events: dict[Hashable, Event] = {}

    def file(self, owner: Hashable) -> str | None:
        """The document that the visitor's last event translates, while it does."""
        event = self._events.get(owner)
        return event.file if event else None

    def is_last(self, owner: Hashable, event: Event) -> bool:
        return self._events.get(owner) is event

    def overtake(self, owner: Hashable) -> None:
        """What the visitor's last event makes is no longer to be shown."""
        self._events.pop(owner, None)

    def stop(self, owner: Hashable) -> None:
        """Mark the last event as stopped.

        The event itself shows that it was: what another event shows could be overtaken on its way to the browser by
        what this one showed before.
        """
        if event := self._events.get(owner):
            event.stopped = True

    @contextmanager
    def event(self, owner: Hashable, file: str | None = None) -> Iterator[Event]:
        """The visitor's last event from now on, until it ends or another one begins."""
        mine = self._events[owner] = Event(file)
        try:
            yield mine
        finally:
            if self.is_last(owner, mine):
                del self._events[owner]

    async def follow(
        self, owner: Hashable, event: Event, growing: AsyncGenerator[T, None], stopped: T
    ) -> AsyncGenerator[T | None, None]:
        """Yield what the event may show of what it makes, and `stopped` when a visitor stopped it.

        Where another event took its place, None is the last, for nothing new: Gradio sends the last update once more
        when an event ends.
        """
        async with aclosing(growing):
            async for shown in growing:
                if not self.is_last(owner, event):
                    break
                was_stopped = event.stopped  # a stop that comes during the `yield` has not been shown yet
                yield stopped if was_stopped else shown
                if was_stopped:
                    break
        if not self.is_last(owner, event):
            yield None
