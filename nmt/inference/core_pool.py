"""The cores of the machine, shared by all searches of this process that run outside torch: one search a core."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Any, TypeVar

Result = TypeVar("Result")


class Cores:
    """Runs as much work at a time as there are cores; what has to wait is done in order.

    A core that falls free goes to what waits longest at once: either all cores are busy, or nothing waits.  Work must
    not ask for a core itself, or it may wait for its own."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="search")
        self._busy = 0
        self._waiting: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._lock = Lock()  # for these two

    def submit(self, work: Callable[[], Result]) -> Future[Result]:
        """Begin the work in a thread as soon as a core is free; until then it can be cancelled."""
        future: Future[Result] = Future()
        with self._lock:
            self._waiting.append((future, work))
            self._begin()
        return future

    def run(self, work: Callable[[], Result]) -> Result:
        """The result of the work: done in the asking thread, which saves the way to another one and keeps what the
        core's caches have, or in its turn if all cores are busy."""
        with self._lock:
            here = self._busy < self.count
            self._busy += here
        if here:
            try:
                return work()
            finally:
                self._give_back()
        future = self.submit(work)
        try:
            return future.result()
        except BaseException:  # Ctrl-C, while it waits
            future.cancel()
            raise

    def _begin(self) -> None:
        """What waits, as far as cores are free; with the lock."""
        while self._busy < self.count and self._waiting:
            future, work = self._waiting.popleft()
            if future.set_running_or_notify_cancel():
                try:
                    self._threads.submit(self._do, future, work)
                    self._busy += 1
                except RuntimeError as error:  # there are no more threads to be had, or Python is ending
                    future.set_exception(error)

    def _do(self, future: Future[Result], work: Callable[[], Result]) -> None:
        """The core is given back before anybody who waits for the result can ask for another."""
        try:
            result = work()
        except BaseException as error:
            self._give_back()
            future.set_exception(error)
        else:
            self._give_back()
            future.set_result(result)

    def _give_back(self) -> None:
        with self._lock:
            self._busy -= 1
            self._begin()


def cores() -> Cores:
    """Those that this process may use; after a fork, the child's own."""
    return _cores


def _make() -> None:
    global _cores
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    _cores = Cores(usable)


_cores: Cores
_make()
if hasattr(os, "register_at_fork"):  # a child process has none of its parent's threads
    os.register_at_fork(after_in_child=_make)
