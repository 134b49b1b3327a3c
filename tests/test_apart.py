"""nmt.webui.apart: another process does the work, ends in time, and tells what went wrong."""

from __future__ import annotations

import os
import time

import pytest

from nmt.webui import apart


def test_work_apart_returns_what_it_found_from_another_process() -> None:
    assert apart.run(os.getpid, seconds=60) != os.getpid()
    assert apart.run(sorted, [3, 1, 2], seconds=60) == [1, 2, 3]
    assert list(apart.run(os.path.split, "á/b", seconds=60)) == ["á", "b"]


def test_work_apart_ends_in_time() -> None:
    started = time.monotonic()
    with pytest.raises(apart.TookTooLong):
        apart.run(time.sleep, 600, seconds=0.5)
    assert time.monotonic() - started < 60


def test_failures_apart_are_told_with_their_cause() -> None:
    with pytest.raises(apart.Failed, match="ZeroDivisionError"):
        apart.run(divmod, 1, 0, seconds=60)
    with pytest.raises(apart.Failed, match="not JSON serializable"):
        apart.run(os.fsencode, "a", seconds=60)
    with pytest.raises(apart.Failed, match="exit status 3"):
        apart.run(os._exit, 3, seconds=60)
