"""ARCHITECTURE.md and the other pages for people who work on the code are true: files, names and links exist."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
MAP = "ARCHITECTURE.md"
PACKAGES = ("nmt", "data_prep")
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/*.md", "benchmarks/*.md", "checkpoints/*/*.md")
    for path in ROOT.glob(pattern)
)
CODE = (".py", ".js", ".css", ".svg", ".yaml", ".tsv")
FILE = r"[\w./-]+\.(?:py|js|css|yaml|tsv|svg|md)"


class Stop(NamedTuple):
    """A row of a table that names a file and what to look at in it."""

    line: int
    file: str
    names: list[str]


def tree() -> dict[str, int]:
    """The paths of the tree and the lines of the page in which they stand; folders end with a slash."""
    lines = (ROOT / MAP).read_text(encoding="utf-8").splitlines()
    start = lines.index("```", lines.index("## The tree"))
    found: dict[str, int] = {}
    folders: list[str] = []
    for number in range(start + 1, lines.index("```", start + 1)):
        entry = re.match(r"( *)(\S+)", lines[number])
        assert entry, f"{MAP}:{number + 1}: an empty line in the tree"
        folders = folders[: len(entry[1]) // 2]
        found["".join(folders) + entry[2]] = number + 1
        if entry[2].endswith("/"):
            folders.append(entry[2])
    return found


def stops() -> Iterator[Stop]:
    for number, line in enumerate((ROOT / MAP).read_text(encoding="utf-8").splitlines(), start=1):
        cells = [cell.strip() for cell in line.split("|")]
        files = [(place, cell) for place, cell in enumerate(cells) if re.fullmatch(FILE, cell)]
        for place, file in files:
            yield Stop(number, file, re.findall(r"`([\w.]+)`", cells[place + 1]))


def defined(file: str) -> set[str]:
    """Functions, classes, constants and methods ("Class.method") of a Python file."""
    found = set()
    body = ast.parse((ROOT / file).read_text(encoding="utf-8")).body
    for owner, nodes in [("", body), *((f"{n.name}.", n.body) for n in body if isinstance(n, ast.ClassDef))]:
        for node in nodes:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                found.add(owner + node.name)
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            for name in [one for target in targets if target for one in ast.walk(target)]:
                if isinstance(name, ast.Name):
                    found.add(owner + name.id)
    return found


def test_every_file_of_the_tree_exists() -> None:
    for path, line in tree().items():
        there = (ROOT / path).is_dir() if path.endswith("/") else (ROOT / path).is_file()
        assert there, f"{MAP}:{line}: there is no {path}"


def test_every_file_of_the_packages_is_in_the_tree() -> None:
    named = tree()
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("*.*")]
    wanted = {path.relative_to(ROOT).as_posix() for path in files if path.suffix in CODE}
    left_out = sorted(file for file in wanted - named.keys() if "/recipes/" not in file and "/words/" not in file)
    assert not left_out, f"{MAP} does not have " + ", ".join(left_out)


def test_every_stop_of_the_ways_is_defined_where_it_is_said_to_be() -> None:
    found = list(stops())
    assert len(found) > 50
    for line, file, names in found:
        assert (ROOT / file).is_file(), f"{MAP}:{line}: there is no {file}"
        unknown = set(names) - defined(file) if file.endswith(".py") else set()
        assert not unknown, f"{MAP}:{line}: {file} does not define {', '.join(sorted(unknown))}"


@pytest.mark.parametrize("page", PAGES)
def test_links_and_files_that_a_page_names_exist(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    headings = {heading_anchor(line) for line in text.splitlines() if line.startswith("#")}
    for number, line in enumerate(text.splitlines(), start=1):
        for link in re.findall(r"\]\(([^)\s]+)\)", line):
            path, _, anchor = link.partition("#")
            if "://" in link or link.startswith("mailto:"):
                continue
            file = (ROOT / page).parent / path if path else ROOT / page
            assert file.exists(), f"{page}:{number}: {link} leads nowhere"
            if anchor:
                there = headings if not path else headings_of(file)
                assert anchor in there, f"{page}:{number}: {path or page} has no heading for #{anchor}"
        for file_name in re.findall(r"`((?:nmt|data_prep|tests|benchmarks)/[\w./-]+\.\w+)`", line):
            assert (ROOT / file_name).exists(), f"{page}:{number}: there is no {file_name}"


def headings_of(file: Path) -> set[str]:
    lines = file.read_text(encoding="utf-8").splitlines()
    return {heading_anchor(line) for line in lines if line.startswith("#")}


def heading_anchor(heading: str) -> str:
    """The anchor that a heading gets: "## The shapes" has "the-shapes"."""
    words = re.sub(r"[^\w\s-]", "", heading.lstrip("#").strip().lower())
    return re.sub(r"\s", "-", words)
