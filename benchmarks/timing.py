"""Translation speed: whole passes over the same lines, repeated; the median counts.

Like `benchmarks.throughput` this also runs in the peers' environments.
"""

from __future__ import annotations

import itertools
import json
import resource
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any


def sentence_rate(translate: Callable[[], object], sentences: int, runs: int) -> dict[str, Any]:
    """The speed of `runs` passes of `translate` over `sentences` lines, after one that is not counted."""
    translate()
    rates = [one_pass(translate, sentences) for _ in range(runs)]
    rounded = [round(rate, 2) for rate in rates]
    return {"sentences_per_second": round(statistics.median(rates), 2), "runs": rounded}


def one_pass(translate: Callable[[], object], sentences: int) -> float:
    """Sentences a second in one pass."""
    start = time.perf_counter()
    translate()
    return sentences / (time.perf_counter() - start)


def clocks(
    translate: Callable[[list[Any], int], object], sentences: list[Any], beam: int, calls: int
) -> dict[str, Callable[[], float]]:
    """The columns that `benchmarks.paired_peer` compares: each clock gives sentences a second when it is called.

    translate  takes sentences and a beam
    calls      of one sentence, whose median counts; another sentence at every call of the clock"""
    one = itertools.cycle(sentences)
    return {
        "greedy": lambda: one_pass(partial(translate, sentences, 1), len(sentences)),
        f"beam {beam}": lambda: one_pass(partial(translate, sentences, beam), len(sentences)),
        "one sentence": lambda: 1000 / latency(partial(translate, [next(one)], beam), calls)["median_ms"],
    }


def answer(system: str, columns: dict[str, Callable[[], float]]) -> None:
    """The peer's side of `benchmarks.paired_peer`: say who this is, then clock a column whenever a line names it."""
    print(json.dumps({"system": system}), flush=True)
    for line in sys.stdin:
        print(json.dumps({"sentences_per_second": columns[line.strip()]()}), flush=True)


def latency(translate: Callable[[], object], calls: int) -> dict[str, float]:
    """The milliseconds of one call, after three that are not counted."""
    for _ in range(3):
        translate()
    milliseconds = []
    for _ in range(calls):
        start = time.perf_counter()
        translate()
        milliseconds.append(1000 * (time.perf_counter() - start))
    p95 = statistics.quantiles(milliseconds, n=20, method="inclusive")[-1]
    return {"median_ms": round(statistics.median(milliseconds), 2), "p95_ms": round(p95, 2), "calls": calls}


def peak_memory_mb() -> float:
    """The most resident memory this process ever had, in megabytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1e6 if sys.platform == "darwin" else 1e3), 1)  # bytes there, kilobytes on Linux
