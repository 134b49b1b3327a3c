"""SECURITY.md names for each promise the tests that hold it."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_test_that_is_named_exists() -> None:
    """Every promise of SECURITY.md names tests, and each of them exists."""
    rows = [line for line in (ROOT / "SECURITY.md").read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    assert len(rows) > 8
    for row in rows[1:]:
        named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", row)
        assert named, row
        for file, test in named:
            assert f"def {test}" in (ROOT / file).read_text(encoding="utf-8"), (file, test)


def test_every_attack_says_what_is_promised() -> None:
    """Every test here says in a line what it promises, for the table of `benchmarks.attack`."""
    for file in Path(__file__).parent.glob("test_*.py"):
        tests = re.findall(r'(?m)^def (test_\w+)\([^)]*\)[^:]*:\n(\s+"""\S.*)?', file.read_text(encoding="utf-8"))
        assert tests and all(said for _, said in tests), file
