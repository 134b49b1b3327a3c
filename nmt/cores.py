"""The cores of the machine, shared by all searches of this process that run outside torch: one search a core."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock, Semaphore
from typing import TypeVar

Result = TypeVar("Result")


class Cores:
    """Runs as much work at a time as there are cores; what has to wait is done in order."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="search")
        self._free = Semaphore(count)
        self._outstanding = 0  # submitted and not yet done
        self._counting = Lock()

    def submit(self, work: Callable[[], Result]) -> Future[Result]:
        """Begin the work in a thread as soon as a core is free; until then it can be cancelled."""
        with self._counting:
            self._outstanding += 1
        future = self._threads.submit(self._when_free, work)
        future.add_done_callback(self._done)
        return future

    def run(self, work: Callable[[], Result]) -> Result:
        """The result of the work: done in the asking thread, which saves the way to another one and keeps what the
        core's caches have, or in its turn if others are at work."""
        with self._counting:
            here = not self._outstanding and self._free.acquire(blocking=False)
        if not here:
            return self.submit(work).result()
        try:
            return work()
        finally:
            self._free.release()

    def _when_free(self, work: Callable[[], Result]) -> Result:
        with self._free:
            return work()

    def _done(self, _: Future[Result]) -> None:
        with self._counting:
            self._outstanding -= 1


def cores() -> Cores:
    return _cores


def _make() -> None:
    global _cores
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    _cores = Cores(usable)


_cores: Cores
_make()
if hasattr(os, "register_at_fork"):  # a child process has none of its parent's threads
    os.register_at_fork(after_in_child=_make)
