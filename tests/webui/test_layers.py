"""The page stands on serving, evaluation, lab and translation, and reaches nothing below them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ALLOWED = ("nmt.webui", "nmt.serving", "nmt.evaluation", "nmt.lab", "nmt.translation", "nmt.errors")


def imported(file: Path) -> set[str]:
    """The modules of the project that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.partition(".")[0] in ("nmt", "data_prep")}


@pytest.mark.parametrize("file", sorted((ROOT / "nmt" / "webui").rglob("*.py")), ids=lambda file: file.name)
def test_the_page_imports_only_what_it_may(file: Path) -> None:
    for name in imported(file):
        assert name.startswith(tuple(f"{allowed}." for allowed in ALLOWED)), f"{file} imports {name}"
