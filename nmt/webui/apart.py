"""A function's work in a process of its own: it keeps nobody else waiting, ends in time, and leaves no memory behind.

Python runs one thread at a time: a minute of scoring in a thread would slow every translation of that minute.  The
standard `multiprocessing` would run the caller's main script again in each process, which only some scripts bear.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import traceback
from collections.abc import Callable
from typing import TypeVar, cast

T = TypeVar("T")


class TookTooLong(Exception):
    """The time given was not enough; the work was ended."""


class Failed(Exception):
    """With the traceback of the other process, or without one if it was killed."""


def run(function: Callable[..., T], *arguments: object, seconds: float) -> T:
    """`function(*arguments)`; function, arguments and result travel between the two processes, so they must be
    picklable, and the function at the top level of a module that is quickly imported."""
    command = [sys.executable, "-m", "nmt.webui.apart"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    request = pickle.dumps((function, arguments))
    try:
        done = subprocess.run(
            command, input=request, stdout=subprocess.PIPE, env=environment, timeout=seconds
        )
    except subprocess.TimeoutExpired:
        raise TookTooLong from None
    if done.returncode != 0:
        raise Failed(f"the process ended with exit status {done.returncode}")
    result, problem = pickle.loads(done.stdout)  # of nobody but `main` below
    if problem:
        raise Failed(problem)
    return cast(T, result)


def main() -> None:
    """The other process: request in, result and problem out."""
    if hasattr(os, "nice"):
        os.nice(10)  # translations go first
    output, sys.stdout = sys.stdout.buffer, sys.stderr  # what the function prints is not the answer
    try:
        function, arguments = pickle.load(sys.stdin.buffer)
        answer = pickle.dumps((function(*arguments), None))
    except KeyboardInterrupt:  # meant for the page
        sys.exit(130)
    except Exception:
        answer = pickle.dumps((None, traceback.format_exc()))
    output.write(answer)


if __name__ == "__main__":
    main()
