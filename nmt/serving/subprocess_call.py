"""Call a function in a process of its own: it keeps nobody else waiting, ends in time, and leaves no memory behind.

Python runs one thread at a time: a minute of scoring in a thread would slow every translation of that minute.  The
standard `multiprocessing` would run the caller's main script again in each process, which only some scripts bear.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import sys
import threading
import time
import traceback
from asyncio.subprocess import PIPE
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar, cast

PARENT_CHECK_SECONDS = 0.5  # between two looks at whether the parent process is still there
NICENESS = 10  # translations go first

T = TypeVar("T")


class TookTooLong(Exception):
    """The time given was not enough; the process was ended."""


class Failed(Exception):
    """The message is the traceback of the other process, or its exit status if it left none."""


async def call(function: Callable[..., T], *arguments: object, seconds: float) -> T:
    """`function(*arguments)` in another process, which is ended when the caller is cancelled.

    Arguments and result travel between the processes as JSON, so they must be plain data (a tuple arrives as a list,
    a key as a string).  The function must stand at the top level of a module that is quickly imported.
    TookTooLong after so many seconds, Failed if the function raises.
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    request = json.dumps([function.__module__, function.__name__, arguments]).encode()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "nmt.serving.subprocess_call",
        str(os.getpid()),
        stdin=PIPE,
        stdout=PIPE,
        env=environment,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(request), seconds)
    except asyncio.TimeoutError:
        raise TookTooLong from None
    finally:
        with suppress(ProcessLookupError):  # it has ended
            process.kill()
        await process.wait()
    if process.returncode != 0:
        raise Failed(f"the process ended with exit status {process.returncode}")
    result, problem = json.loads(output)
    if problem:
        raise Failed(problem)
    return cast(T, result)


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
