"""nmt.serving.subprocess_call: another process does the work, ends in time, and tells what went wrong."""

from __future__ import annotations

import asyncio
import os
import time

import pytest

from nmt.serving import subprocess_call


def test_work_apart_returns_what_it_found_from_another_process() -> None:
    assert subprocess_call.run(os.getpid, seconds=60) != os.getpid()
    assert subprocess_call.run(sorted, [3, 1, 2], seconds=60) == [1, 2, 3]
    assert list(subprocess_call.run(os.path.split, "á/b", seconds=60)) == ["á", "b"]


def test_work_apart_ends_in_time() -> None:
    started = time.monotonic()
    with pytest.raises(subprocess_call.TookTooLong):
        subprocess_call.run(time.sleep, 600, seconds=0.5)
    assert time.monotonic() - started < 60


def test_work_apart_that_nobody_waits_for_any_more_is_ended() -> None:
    async def given_up() -> None:
        task = asyncio.create_task(subprocess_call.waiting(time.sleep, 600, seconds=600))
        while not subprocess_call._working:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        for _ in range(3000):
            if not subprocess_call._working:
                return
            await asyncio.sleep(0.01)

    asyncio.run(given_up())
    assert not subprocess_call._working


def test_failures_apart_are_told_with_their_cause() -> None:
    with pytest.raises(subprocess_call.Failed, match="ZeroDivisionError"):
        subprocess_call.run(divmod, 1, 0, seconds=60)
    with pytest.raises(subprocess_call.Failed, match="not JSON serializable"):
        subprocess_call.run(os.fsencode, "a", seconds=60)
    with pytest.raises(subprocess_call.Failed, match="exit status 3"):
        subprocess_call.run(os._exit, 3, seconds=60)
