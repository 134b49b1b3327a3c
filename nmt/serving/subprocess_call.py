"""Call a function in a process of its own: it keeps nobody else waiting, ends in time, and leaves no memory behind.

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

PARENT_CHECK_SECONDS = 0.5  # between two looks at whether the parent process is still there
NICENESS = 10  # translations go first

T = TypeVar("T")


class TookTooLong(Exception):
    """The time given was not enough; the process was ended."""


class Failed(Exception):
    """The message is the traceback of the other process, or its exit status if it left none."""


def call(
    function: Callable[..., T],
    *arguments: object,
    seconds: float,
    started: Callable[[subprocess.Popen[bytes]], None] = lambda process: None,
) -> T:
    """`function(*arguments)` in another process; TookTooLong after so many seconds, Failed if it raises.

    Arguments and result travel between the processes as JSON, so they must be plain data (a tuple arrives as a list,
    a key as a string).  The function must stand at the top level of a module that is quickly imported.  `started` is
    told of the process.
    """
    command = [sys.executable, "-m", "nmt.serving.subprocess_call", str(os.getpid())]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    request = json.dumps([function.__module__, function.__name__, arguments]).encode()
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, env=environment) as process:
        _running.add(process)
        try:
            started(process)
            output, _ = process.communicate(request, timeout=seconds)
        except subprocess.TimeoutExpired:
            raise TookTooLong from None
        finally:
            process.kill()
            _running.discard(process)
    if process.returncode != 0:
        raise Failed(f"the process ended with exit status {process.returncode}")
    result, problem = json.loads(output)
    if problem:
        raise Failed(problem)
    return cast(T, result)


async def call_async(function: Callable[..., T], *arguments: object, seconds: float) -> T:
    """As `call`, without holding up the event loop; when the caller is cancelled, the process is ended.

    A daemon thread waits for the process: for the threads of `asyncio.to_thread` Python waits when it ends, so that
    Ctrl-C at the server would come to nothing until the work is done.
    """
    future: Future[T] = Future()
    future.set_running_or_notify_cancel()  # cancelling then leaves it to the thread to set a result
    abandoned = threading.Event()
    processes: list[subprocess.Popen[bytes]] = []

    def started(process: subprocess.Popen[bytes]) -> None:
        processes.append(process)
        if abandoned.is_set():
            process.kill()

    def work() -> None:
        try:
            future.set_result(call(function, *arguments, seconds=seconds, started=started))
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    try:
        return await asyncio.wrap_future(future)
    finally:
        abandoned.set()
        for process in processes:
            process.kill()  # does nothing where it has ended


_running: set[subprocess.Popen[bytes]] = set()


@atexit.register
def _end_all() -> None:
    for process in list(_running):
        process.kill()


def main() -> None:
    """The other process: a request on standard input, [result, problem] on standard output."""
    threading.Thread(target=_end_with, args=[int(sys.argv[1])], daemon=True).start()
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    output, sys.stdout = sys.stdout.buffer, sys.stderr  # what the function prints is not the answer
    try:
        module, name, arguments = json.load(sys.stdin.buffer)
        answer = json.dumps([getattr(importlib.import_module(module), name)(*arguments), None])
    except KeyboardInterrupt:  # meant for the server
        sys.exit(130)
    except Exception:
        answer = json.dumps([None, traceback.format_exc()])
    output.write(answer.encode())


def _end_with(parent: int) -> None:
    """End this process when its parent is gone, even if that was killed: another process is then its parent."""
    while os.getppid() == parent:
        time.sleep(PARENT_CHECK_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    main()
