"""The benchmark of the page asks what the page understands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.page_load import main


def test_visitors_without_a_browser_get_translations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "figures.json"
    options = ["--users", "2", "--seconds", "1", "--requests", "0", "--out", str(out)]
    monkeypatch.setattr("sys.argv", ["page_load", *options])
    assert main() in (0, None)
    figures = json.loads(out.read_text())
    for visitors in ("one_visitor", "2_visitors"):
        assert figures[visitors]["requests"] > 0
        assert figures[visitors]["errors"] == 0
