"""A function's work in a process of its own: it keeps nobody else waiting, ends in time, and leaves no memory behind.

Python runs one thread at a time: a minute of scoring in a thread would slow every translation of that minute.  The
standard `multiprocessing` would run the caller's main script again in each process, which only some scripts bear.
"""

from __future__ import annotations

import asyncio
import atexit
import importlib
import json
import os
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar, cast

T = TypeVar("T")


class TookTooLong(Exception):
    """The time given was not enough; the work was ended."""


class Failed(Exception):
    """With the traceback of the other process, or without one if it was killed."""


def run(
    function: Callable[..., T],
    *arguments: object,
    seconds: float,
    begun: Callable[[subprocess.Popen[bytes]], None] = lambda process: None,
) -> T:
    """`function(*arguments)`; arguments and result travel between the two processes as JSON, so they must be plain
    data (a tuple arrives as a list, a key as a string), and the function is named, so it must stand at the top level
    of a module that is quickly imported.  `begun` is told of the process."""
    command = [sys.executable, "-m", "nmt.serving.subprocess_call", str(os.getpid())]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    request = json.dumps([function.__module__, function.__name__, arguments]).encode()
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, env=environment) as process:
        _working.add(process)
        try:
            begun(process)
            output, _ = process.communicate(request, timeout=seconds)
        except subprocess.TimeoutExpired:
            raise TookTooLong from None
        finally:
            process.kill()
            _working.discard(process)
    if process.returncode != 0:
        raise Failed(f"the process ended with exit status {process.returncode}")
    result, problem = json.loads(output)
    if problem:
        raise Failed(problem)
    return cast(T, result)


async def waiting(function: Callable[..., T], *arguments: object, seconds: float) -> T:
    """As `run`, without holding up the event loop; where nobody waits any more, the process is ended.

    It waits in a daemon thread: for those of `asyncio.to_thread` Python waits when it ends, so that Ctrl-C at the
    server would come to nothing until the work is done.
    """
    future: Future[T] = Future()
    future.set_running_or_notify_cancel()  # that nobody waits any more does not matter to the thread
    left_alone = threading.Event()
    processes: list[subprocess.Popen[bytes]] = []

    def begun(process: subprocess.Popen[bytes]) -> None:
        processes.append(process)
        if left_alone.is_set():
            process.kill()

    def work() -> None:
        try:
            future.set_result(run(function, *arguments, seconds=seconds, begun=begun))
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    try:
        return await asyncio.wrap_future(future)
    finally:
        left_alone.set()
        for process in processes:
            process.kill()  # nothing where it has ended


_working: set[subprocess.Popen[bytes]] = set()


@atexit.register
def _end_all() -> None:
    for process in list(_working):
        process.kill()


def main() -> None:
    """The other process: request in, result and problem out."""
    threading.Thread(target=_end_with, args=[int(sys.argv[1])], daemon=True).start()
    if hasattr(os, "nice"):
        os.nice(10)  # translations go first
    output, sys.stdout = sys.stdout.buffer, sys.stderr  # what the function prints is not the answer
    try:
        module, name, arguments = json.load(sys.stdin.buffer)
        answer = json.dumps([getattr(importlib.import_module(module), name)(*arguments), None])
    except KeyboardInterrupt:  # meant for the page
        sys.exit(130)
    except Exception:
        answer = json.dumps([None, traceback.format_exc()])
    output.write(answer.encode())


def _end_with(parent: int) -> None:
    """End when the parent is gone, as when it was killed: then another process has become the parent."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


if __name__ == "__main__":
    main()
