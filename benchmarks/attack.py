"""Attacks the server and the files as tests/security does, and prints a table: promise, attempts, held.

    python -m benchmarks.attack [--fuzz N] [pytest's own arguments]

Everything stays on loopback.  The exit status is 0 if every promise was held.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]


class Results:
    """A plugin of pytest: of each test function its promise, which is the first line of its docstring, how many
    attacks it made, and whether all of them failed."""

    def __init__(self) -> None:
        self.promises: dict[str, str] = {}  # by test function
        self.examples: dict[str, int] = {}  # that one call tries, where it does not say so itself
        self.attempts: dict[str, int] = {}
        self.outcomes: dict[str, set[str]] = {}

    def pytest_collection_finish(self, session: Any) -> None:
        for item in session.items:
            test = item.nodeid.partition("[")[0]
            self.promises[test] = (item.function.__doc__ or item.originalname).strip().partition("\n")[0]
            self.examples[test] = getattr(item.function, "attempts", 1)

    def pytest_runtest_logreport(self, report: Any) -> None:
        test = report.nodeid.partition("[")[0]
        if report.when == "call" or report.outcome != "passed":
            self.outcomes.setdefault(test, set()).add(report.outcome)
        if report.when == "call":
            made = dict(report.user_properties).get("attempts", self.examples[test])
            self.attempts[test] = self.attempts.get(test, 0) + made

    def table(self) -> Table:
        table = Table("promise", "attempts", "held", box=None)
        table.columns[1].justify = "right"
        for test, promise in self.promises.items():
            outcomes = self.outcomes.get(test, {"not tried"})
            held = "yes" if outcomes == {"passed"} else "NO" if "failed" in outcomes else "not tried"
            table.add_row(promise, f"{self.attempts.get(test, 0):,}", held)
        return table


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.attack", description=__doc__.split("\n")[0])
    fuzz = "random inputs of each kind (default: a fixed few)"
    parser.add_argument("--fuzz", type=int, default=0, help=fuzz)
    arguments, others = parser.parse_known_args()
    if arguments.fuzz:
        os.environ["FUZZ"] = str(arguments.fuzz)  # read by tests/security/test_fuzz.py
    results = Results()
    quiet = ["-q", "--no-header", "-p", "no:cacheprovider", "--tb=short", "-r", "N", "--disable-warnings"]
    status = pytest.main([str(ROOT / "tests" / "security"), *quiet, *others], plugins=[results])
    Console(width=None if sys.stdout.isatty() else 140).print(results.table())
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
