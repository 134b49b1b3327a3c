"""nmt.serving.subprocess_call: another process does the work, ends in time, and tells what went wrong."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nmt.serving import subprocess_call
from tests.support.pretended_trainings import wait_for

ROOT = Path(__file__).resolve().parents[2]


def call(function: Callable[..., Any], *arguments: object, seconds: float = 60) -> Any:
    return asyncio.run(subprocess_call.call(function, *arguments, seconds=seconds))


def say_it_began_and_go_on(file: str) -> None:
    Path(file).write_text(str(os.getpid()))
    time.sleep(600)


def has_begun(file: Path) -> bool:
    return file.exists() and file.read_text() != ""


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{process}/stat")  # one that nobody has waited for yet has ended, too
    return not (stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z")


def test_another_process_returns_what_it_found() -> None:
    assert call(os.getpid) != os.getpid()
    assert call(sorted, [3, 1, 2]) == [1, 2, 3]


def test_a_call_from_the_event_loop_of_another_thread_returns_too() -> None:
    """As the server's, which does not run in the main thread."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(call(sorted, [2, 1])))
    thread.start()
    thread.join(60)
    assert found == [[1, 2]]


def test_a_call_under_uvloop_in_another_thread_returns_too() -> None:
    uvloop = pytest.importorskip("uvloop", reason="the page's extra is not installed")
    found: list[Any] = []

    def serve() -> None:
        loop = uvloop.new_event_loop()
        found.append(loop.run_until_complete(subprocess_call.call(sorted, [2, 1], seconds=60)))
        loop.close()

    thread = threading.Thread(target=serve)
    thread.start()
    thread.join(60)
    assert found == [[1, 2]]


def test_a_call_ends_in_time(tmp_path: Path) -> None:
    started, file = time.monotonic(), tmp_path / "began"
    with pytest.raises(subprocess_call.TookTooLong):
        call(say_it_began_and_go_on, str(file), seconds=3)
    assert time.monotonic() - started < 60
    wait_for(lambda: not (has_begun(file) and is_alive(int(file.read_text()))), "its end")


def test_a_process_that_nobody_waits_for_any_more_is_ended(tmp_path: Path) -> None:
    file = tmp_path / "began"

    async def given_up() -> None:
        task = asyncio.create_task(subprocess_call.call(say_it_began_and_go_on, str(file), seconds=600))
        while not has_begun(file):
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(given_up())
    wait_for(lambda: not is_alive(int(file.read_text())), "its end")


def test_failures_are_told_with_their_cause() -> None:
    with pytest.raises(subprocess_call.Failed, match="ZeroDivisionError"):
        call(divmod, 1, 0)
    with pytest.raises(subprocess_call.Failed, match="not JSON serializable"):
        call(os.fsencode, "a")
    with pytest.raises(subprocess_call.Failed, match="exit status 3"):
        call(os._exit, 3)


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_the_other_process_ends_with_its_parent_and_does_not_hold_it_up(tmp_path: Path, number: signal.Signals) -> None:
    code = """
import asyncio, sys, threading
from nmt.serving import subprocess_call
from tests.serving.test_subprocess_call import say_it_began_and_go_on
serve = lambda: asyncio.run(subprocess_call.call(say_it_began_and_go_on, sys.argv[1], seconds=600))
threading.Thread(target=serve, daemon=True).start()  # as the server's
threading.Event().wait()
"""
    file = tmp_path / "began"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    parent = subprocess.Popen([sys.executable, "-c", code, str(file)], env=environment, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: has_begun(file), "the other process")
        child = int(file.read_text())
        assert is_alive(child)
        parent.send_signal(number)
        parent.wait(60)
    finally:
        parent.kill()
        parent.wait()
    wait_for(lambda: not is_alive(child), "its end")
