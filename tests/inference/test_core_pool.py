"""Searches share the cores: never more at a time, in order, and a lone one stays in the thread that asks."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from nmt.inference.core_pool import Cores

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


def test_what_waits_is_done_in_order(work: Work) -> None:
    """Whoever asks: a core that falls free goes to the one that waits longest."""
    cores = Cores(2)
    with ThreadPoolExecutor(8) as askers:
        other = Work()  # keeps one core to the end
        kept = askers.submit(cores.run, other())
        other.wait_for(1)
        asked = [askers.submit(cores.run, work("0"))]
        work.wait_for(1)
        for i in range(1, 12):
            if i % 3:
                asked.append(cores.submit(work(str(i))))
            else:
                asked.append(askers.submit(cores.run, work(str(i))))
                assert waits_for(lambda i=i: len(cores._waiting) == i)  # type: ignore[misc]
        work.go.set()
        assert all(future.result(SOON) for future in asked)
        other.go.set()
        assert kept.result(SOON)
    assert work.begun == [str(i) for i in range(12)] and work.most == 1


@pytest.mark.parametrize("busy_here", [True, False])
def test_what_waits_can_be_cancelled(work: Work, busy_here: bool) -> None:
    cores = Cores(1)
    with ThreadPoolExecutor(1) as asker:
        running = asker.submit(cores.run, work()) if busy_here else cores.submit(work())
        work.wait_for(1)
        waiting = cores.submit(work())
        assert waiting.cancel()
        work.go.set()
        assert running.result(SOON)
    assert cores.run(work()) == threading.current_thread().name and len(work.begun) == 2


def test_a_core_is_free_again_when_the_result_is_there(work: Work) -> None:
    cores = Cores(1)
    work.go.set()
    for _ in range(50):
        assert cores.submit(work()).result(SOON) != threading.current_thread().name
        assert cores.run(work()) == threading.current_thread().name


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="this system has no alarm")
def test_who_stops_waiting_leaves_nothing_behind(work: Work) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    cores, before = Cores(1), signal.signal(signal.SIGALRM, stop)
    try:
        running = cores.submit(work())
        work.wait_for(1)
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(KeyboardInterrupt):
            cores.run(work("given up"))
    finally:
        signal.signal(signal.SIGALRM, before)
    work.go.set()
    assert running.result(SOON) and cores.run(work("later"))
    assert "given up" not in work.begun


def test_without_threads_there_is_an_error_and_no_core_is_lost(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    cores = Cores(1)
    monkeypatch.setattr(cores._threads, "submit", refuse)
    with pytest.raises(RuntimeError, match="new thread"):
        cores.submit(work()).result(SOON)
    work.go.set()
    assert cores.run(work()) == threading.current_thread().name


def waits_for(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + SOON
    while not condition() and time.monotonic() < end:
        time.sleep(0.001)
    return condition()
