"""Searches share the cores: never more at a time, in order, and a lone one stays in the thread that asks."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from nmt.inference.core_pool import CorePool

SOON = 10  # seconds, after which something hangs


class Job:
    """Runs until it is let go, and counts how many of its like run at a time."""

    lock = threading.Lock()

    def __init__(self) -> None:
        self.running = self.most = 0
        self.begun: list[str] = []
        self.go = threading.Event()
        self.changed = threading.Condition(self.lock)

    def __call__(self, name: str = "") -> Callable[[], str]:
        def job() -> str:
            with self.lock:
                self.running += 1
                self.most = max(self.most, self.running)
                self.begun.append(name)
                self.changed.notify_all()
            assert self.go.wait(SOON)
            with self.lock:
                self.running -= 1
            return threading.current_thread().name

        return job

    def wait_for(self, begun: int) -> None:
        with self.lock:
            assert self.changed.wait_for(lambda: len(self.begun) >= begun, SOON)


@pytest.fixture
def job() -> Job:
    return Job()


def test_a_lone_job_is_done_where_it_is_asked_for(job: Job) -> None:
    job.go.set()
    assert CorePool(2).run(job()) == threading.current_thread().name


def test_a_job_that_fails_gives_its_core_back() -> None:
    cores = CorePool(1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            cores.run(lambda: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            cores.submit(lambda: 1 // 0).result(SOON)
    assert cores.run(lambda: "here") == "here"


def test_never_more_at_a_time_than_cores(job: Job) -> None:
    cores = CorePool(2)
    with ThreadPoolExecutor(20) as askers:
        asked = [askers.submit(cores.run, job()) for _ in range(10)]
        asked += [cores.submit(job()) for _ in range(10)]
        job.wait_for(2)
        job.go.set()
        assert len([future.result(SOON) for future in asked]) == 20
    assert job.most == 2


def test_what_waits_is_done_in_order(job: Job) -> None:
    """Whoever asks: a core that falls free goes to the one that waits longest."""
    cores = CorePool(2)
    with ThreadPoolExecutor(8) as askers:
        other = Job()  # keeps one core to the end
        kept = askers.submit(cores.run, other())
        other.wait_for(1)
        asked = [askers.submit(cores.run, job("0"))]
        job.wait_for(1)
        for i in range(1, 12):
            if i % 3:
                asked.append(cores.submit(job(str(i))))
            else:
                asked.append(askers.submit(cores.run, job(str(i))))
                assert waits_for(lambda i=i: cores.waiting == i)  # type: ignore[misc]
        job.go.set()
        assert all(future.result(SOON) for future in asked)
        other.go.set()
        assert kept.result(SOON)
    assert job.begun == [str(i) for i in range(12)] and job.most == 1


@pytest.mark.parametrize("busy_here", [True, False])
def test_what_waits_can_be_cancelled(job: Job, busy_here: bool) -> None:
    cores = CorePool(1)
    with ThreadPoolExecutor(1) as asker:
        running = asker.submit(cores.run, job()) if busy_here else cores.submit(job())
        job.wait_for(1)
        waiting = cores.submit(job())
        assert waiting.cancel()
        job.go.set()
        assert running.result(SOON)
    assert cores.run(job()) == threading.current_thread().name and len(job.begun) == 2


def test_a_core_is_free_again_when_the_result_is_there(job: Job) -> None:
    cores = CorePool(1)
    job.go.set()
    for _ in range(50):
        assert cores.submit(job()).result(SOON) != threading.current_thread().name
        assert cores.run(job()) == threading.current_thread().name


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="this system has no alarm")
def test_who_stops_waiting_leaves_nothing_behind(job: Job) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    cores, before = CorePool(1), signal.signal(signal.SIGALRM, stop)
    try:
        running = cores.submit(job())
        job.wait_for(1)
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(KeyboardInterrupt):
            cores.run(job("given up"))
    finally:
        signal.signal(signal.SIGALRM, before)
    job.go.set()
    assert running.result(SOON) and cores.run(job("later"))
    assert "given up" not in job.begun


def test_without_threads_there_is_an_error_and_no_core_is_lost(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr("nmt.inference.core_pool.ThreadPoolExecutor.submit", refuse)
        cores = CorePool(1)
        with pytest.raises(RuntimeError, match="new thread"):
            cores.submit(job()).result(SOON)
    job.go.set()
    assert cores.run(job()) == threading.current_thread().name


def waits_for(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + SOON
    while not condition() and time.monotonic() < end:
        time.sleep(0.001)
    return condition()
