"""A function's work in a process of its own: it keeps nobody else waiting, ends in time, and leaves no memory behind.

Python runs one thread at a time: a minute of scoring in a thread would slow every translation of that minute.
"""

from __future__ import annotations

import multiprocessing
import os
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, TypeVar

T = TypeVar("T")


class TookTooLong(Exception):
    """The time given was not enough; the work was ended."""


class Failed(Exception):
    """With the traceback of the other process, or without one if it was killed."""


def run(function: Callable[..., T], *arguments: Any, seconds: float) -> T:
    """`function(*arguments)`; function, arguments and result travel between processes, so they must be picklable,
    and the function at the top level of a module that is quickly imported."""
    context = multiprocessing.get_context("spawn")  # a fork of a process with threads may hang
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(sender, function, arguments), daemon=True)
    process.start()
    sender.close()  # now only the other process has it: should that die, `recv` ends
    try:
        if not receiver.poll(seconds):
            raise TookTooLong
        result, problem = receiver.recv()
    except EOFError:
        raise Failed("the process ended without a result") from None
    finally:
        process.kill()
        process.join()
        receiver.close()
    if problem:
        raise Failed(problem)
    return result  # type: ignore[no-any-return]  # what a pipe brings has no type


def _work(sender: Connection, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    if hasattr(os, "nice"):
        os.nice(10)  # translations go first
    try:
        sender.send((function(*arguments), None))
    except Exception:
        sender.send((None, traceback.format_exc()))
