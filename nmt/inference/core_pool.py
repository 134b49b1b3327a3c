"""A pool of the machine's cores for all searches of this process that run on ONNX Runtime, one search on each core."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Any, TypeVar

Result = TypeVar("Result")


class CorePool:
    """Runs as many jobs at a time as there are cores; waiting jobs begin in order.

    A core that becomes free takes the job that has waited longest, so that no job waits while a core is free.  A job
    must not submit jobs and wait for them, since it could wait for its own core.
    """

    def __init__(self, cores: int) -> None:
        self.cores = cores
        self._threads = ThreadPoolExecutor(cores, thread_name_prefix="search")
        self._busy = 0
        self._queue: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._lock = Lock()  # for `_busy` and `_queue`

    @property
    def waiting(self) -> int:
        """The number of jobs that wait for a core."""
        return len(self._queue)

    def submit(self, job: Callable[[], Result]) -> Future[Result]:
        """Run the job in a thread as soon as a core is free; until then it can be cancelled."""
        future: Future[Result] = Future()
        with self._lock:
            self._queue.append((future, job))
            self._begin()
        return future

    def run(self, job: Callable[[], Result]) -> Result:
        """Run the job and return its result.  If a core is free, the calling thread runs it, which saves a change of
        thread; otherwise the job waits for its turn."""
        with self._lock:
            here = self._busy < self.cores
            self._busy += here
        if here:
            try:
                return job()
            finally:
                self._give_back()
        future = self.submit(job)
        try:
            return future.result()
        except BaseException:  # KeyboardInterrupt while it waits
            future.cancel()
            raise

    def _begin(self) -> None:
        """Begin waiting jobs while cores are free.  The caller holds the lock."""
        while self._busy < self.cores and self._queue:
            future, job = self._queue.popleft()
            if future.set_running_or_notify_cancel():
                try:
                    self._threads.submit(self._do, future, job)
                    self._busy += 1
                except RuntimeError as error:  # no more threads can be started, or Python is exiting
                    future.set_exception(error)

    def _do(self, future: Future[Result], job: Callable[[], Result]) -> None:
        """Run a job.  Its core is free again before the result is set, so that whoever waits for it finds a core."""
        try:
            result = job()
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


def core_pool() -> CorePool:
    """The pool of the cores that this process may use; after a fork the child process has a new pool."""
    return _pool


def _make_pool() -> None:
    global _pool
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    _pool = CorePool(usable)


_pool: CorePool
_make_pool()
if hasattr(os, "register_at_fork"):  # the threads of the parent do not exist in a forked child
    os.register_at_fork(after_in_child=_make_pool)
