"""Searches share the cores: never more at a time, in order, and a lone one stays in the thread that asks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from nmt.cores import Cores

SOON = 10  # seconds, after which something hangs


class Work:
    """Runs until it is let go, and counts how many of its like run at a time."""

    lock = threading.Lock()

    def __init__(self) -> None:
        self.running = self.most = 0
        self.begun: list[str] = []
        self.go = threading.Event()
        self.changed = threading.Condition(self.lock)

    def __call__(self, name: str = "") -> Callable[[], str]:
        def work() -> str:
            with self.lock:
                self.running += 1
                self.most = max(self.most, self.running)
                self.begun.append(name)
                self.changed.notify_all()
            assert self.go.wait(SOON)
            with self.lock:
                self.running -= 1
            return threading.current_thread().name

        return work

    def wait_for(self, begun: int) -> None:
        with self.lock:
            assert self.changed.wait_for(lambda: len(self.begun) >= begun, SOON)


@pytest.fixture
def work() -> Work:
    return Work()


def test_lone_work_is_done_where_it_is_asked_for(work: Work) -> None:
    work.go.set()
    assert Cores(2).run(work()) == threading.current_thread().name


def test_work_that_fails_gives_its_core_back() -> None:
    cores = Cores(1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            cores.run(lambda: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            cores.submit(lambda: 1 // 0).result(SOON)
    assert cores.run(lambda: "here") == "here"


def test_never_more_at_a_time_than_cores(work: Work) -> None:
    cores = Cores(2)
    with ThreadPoolExecutor(20) as askers:
        asked = [askers.submit(cores.run, work()) for _ in range(10)]
        asked += [cores.submit(work()) for _ in range(10)]
        work.wait_for(2)
        work.go.set()
        assert len([future.result(SOON) for future in asked]) == 20
    assert work.most == 2


def test_who_asks_later_waits_in_order(work: Work) -> None:
    """With a core taken in the asking thread, work of the threads waits for it; nobody overtakes that."""
    cores = Cores(1)
    with ThreadPoolExecutor(2) as askers:
        first = askers.submit(cores.run, work("first"))
        work.wait_for(1)
        second = cores.submit(work("second"))
        third = askers.submit(cores.run, work("third"))
        work.go.set()
        assert all(future.result(SOON) for future in (first, second, third))
    assert work.begun == ["first", "second", "third"] and work.most == 1


def test_what_was_cancelled_is_not_waited_for(work: Work) -> None:
    cores = Cores(1)
    running = cores.submit(work())
    work.wait_for(1)
    waiting = cores.submit(work())
    assert waiting.cancel()
    work.go.set()
    assert running.result(SOON) != threading.current_thread().name
    done = threading.Event()
    running.add_done_callback(lambda _: done.set())
    assert done.wait(SOON) and cores.run(work()) == threading.current_thread().name
