"""Where tasks run: processes of this machine, or the machines of a Ray cluster.  They do the same work either way.

A task is a function of this package, with what it works on.  It reads files and writes files, each whole or not at
all, in a folder that every worker sees, and gives the same when it is run twice: so a worker may be killed.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Protocol, TypeVar

from nmt.errors import UserError
from nmt.ray_data import ray_on

T = TypeVar("T")
R = TypeVar("R")
MIN_PARALLEL_ROWS = 20_000  # below, starting worker processes takes longer than the work


class Engine(Protocol):
    """Runs tasks in parallel."""

    def map(self, function: Callable[[T], R], tasks: Sequence[T], rows: int) -> Iterator[R]:
        """The results in the order of `tasks`, which hold `rows` rows together.  The first UserError is raised."""

    def close(self) -> None:
        """Ends what was started."""


def open_engine(name: str, num_proc: int) -> Engine:
    """`local`, `ray` (a cluster that runs here, else one that is started), or `ray:ADDRESS`."""
    kind, _, address = name.partition(":")
    if kind == "ray":
        return RayEngine(address or None, num_proc)
    if name != "local":
        raise UserError(f"--engine {name}: choose local, ray or ray:ADDRESS")
    return LocalEngine(num_proc)


class LocalEngine:
    """Processes that live as long as the engine; few rows are worked on at once, without them."""

    def __init__(self, num_proc: int) -> None:
        self.num_proc = num_proc
        self.pool: ProcessPoolExecutor | None = None
        self.context = multiprocessing.get_context("spawn")  # a fork would lose the threads of libraries
        # Closed when the engine or the process ends, however it ends: workers that read it end with it.
        self.reader, self.writer = self.context.Pipe(duplex=False)

    def map(self, function: Callable[[T], R], tasks: Sequence[T], rows: int) -> Iterator[R]:
        if self.num_proc < 2 or len(tasks) < 2 or rows < MIN_PARALLEL_ROWS:
            yield from map(function, tasks)
            return
        if self.pool is None:
            self.pool = ProcessPoolExecutor(self.num_proc, self.context, _watch, (self.reader,))
        try:
            yield from self.pool.map(function, tasks)
        except BrokenProcessPool:
            raise UserError(
                "a worker process was killed, mostly for want of memory; start again with a smaller --num-proc"
            ) from None

    def close(self) -> None:
        if self.pool:
            self.writer.close()  # whose tasks may not be done: the build was broken off
            self.pool.shutdown(wait=True, cancel_futures=True)


def _watch(reader: Connection) -> None:
    """Ends this worker when the other end of `reader` is closed, and not before: Ctrl-C is the parent's to answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def wait() -> None:
        with suppress(EOFError):
            reader.recv()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


class RayEngine:
    """Ray Data: a row for each task.  Ray runs the tasks of a killed worker again."""

    def __init__(self, address: str | None, num_proc: int) -> None:
        self.stack = ExitStack()
        self.ray = self.stack.enter_context(ray_on(address, num_cpus=num_proc))

    def map(self, function: Callable[[T], R], tasks: Sequence[T], rows: int) -> Iterator[R]:
        if not tasks:
            return
        items = [{"number": i, "task": _Cell(task)} for i, task in enumerate(tasks)]
        data = self.ray.data.from_items(items, override_num_blocks=len(items))
        done = data.map(_run_task, fn_args=(function, os.getcwd()))
        results: dict[int, Any] = {}
        for row in done.iter_rows():  # in the order in which they end
            results[row["number"]] = row["result"].value
        for number in range(len(tasks)):
            if isinstance(results[number], (UserError, OSError)):
                raise results[number]
            yield results[number]

    def close(self) -> None:
        self.stack.close()


@dataclass
class _Cell:
    """A value in a row of Ray Data, which would turn tuples and dictionaries into Arrow's own types."""

    value: Any


def _run_task(row: dict[str, Any], function: Callable[[Any], Any], folder: str) -> dict[str, Any]:
    try:
        os.chdir(folder)  # paths of sources may be relative to it
        result = function(row["task"].value)
    except (UserError, OSError) as error:  # as a result: Ray would wrap it
        result = error
    return {"number": row["number"], "result": _Cell(result)}
