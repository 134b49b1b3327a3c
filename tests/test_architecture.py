"""Which package may import which, how long a file may be, and what tests may touch; ARCHITECTURE.md draws it.

Every complaint names the file and the line.  What does not yet keep to a rule stands in one list, KNOWN, which can
only get shorter: an entry that is no longer needed fails too.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple, TypeAlias

import pytest

ROOT = Path(__file__).resolve().parents[1]
MAX_LINES = 400

# Each package (or module) of nmt and what of nmt it may import, from the ground up: a row names only rows above it, so
# that no arrow points up and none closes a circle.
ARROWS = {
    "errors": "",
    "files": "errors",
    "yaml_config": "errors",
    "ray_data": "errors",
    "config": "yaml_config errors",
    "text": "files errors",
    "network": "config errors",
    "checkpoint": "network text config files errors",
    "export": "checkpoint network text config files errors",
    "inference": "checkpoint network text config files errors",
    # Training stands on inference, because validation decodes the dev split with the beam search that users get: with
    # another search, another checkpoint would be the best one.
    "training": "inference checkpoint network text config yaml_config files errors",
    "translation": "inference checkpoint text config files errors",
    "evaluation": "text files errors",
    # The identifier learns from the dataset folders that translators learn from, and nmt.training.dataset reads these;
    # the equations of its GRU are those of nmt.network.state_update.
    "language_id": "training network text files errors",
    "lab": "evaluation translation inference checkpoint network text config files errors",
    "documents": "translation text files errors",
    # On checkpoint, because a server finds and installs them.
    "serving": "documents language_id evaluation translation checkpoint text config ray_data files errors",
    "webui": "serving lab evaluation translation errors",
    "commands": "webui serving lab language_id documents evaluation translation inference training export checkpoint"
    " network text config ray_data files errors",
}
# The two files of nmt itself: `from nmt import Translator`, and `python -m nmt`.  No package imports them.
ROOT_FILES = {"nmt/__init__.py": "translation errors", "nmt/__main__.py": "commands"}
# What data_prep may use of nmt: the ids of a dataset folder are the tokenizer's, and a user's mistakes are told alike.
FOR_DATA_PREP = ("nmt.text.tokenizer", "nmt.errors", "nmt.files", "nmt.ray_data", "nmt.yaml_config")
# What may import Ray, and that within functions: without --engine ray nothing of it is imported.
FOR_RAY = ("nmt/ray_data.py", "nmt/serving/ray_replicas.py")
# The network is tensors only: with these it can know neither text nor files, and it must name no device.
FOR_NETWORK = ("__future__", "collections", "contextlib", "dataclasses", "math", "torch", "typing", "nmt")
NOT_IN_NETWORK = ("open", "torch.cuda", "torch.device", "torch.load", "torch.save", "torch.hub")

# Begins with one underscore and is public all the same: named tuples, `os._exit`, python-docx's XML elements.
PUBLIC = {"_asdict", "_fields", "_make", "_replace", "_exit", "_element", "_p", "_r"}

PATCHES = ("setattr", "getattr", "delattr")

# What breaks a rule today: how the rule's complaint begins, without the line.  Mend it and delete it here; add none.
KNOWN: set[str] = set()


class Source(NamedTuple):
    file: str  # from the root of the repository, with slashes
    text: str
    tree: ast.Module


class Import(NamedTuple):
    file: str
    line: int
    module: str  # "nmt.text" for `from nmt import text`, which is a module; else what stands behind `from`


Rule: TypeAlias = Callable[[Sequence[Source]], Iterator[str]]


@cache
def all_sources() -> tuple[Source, ...]:
    """Every Python file of the project."""
    paths = [ROOT / "app_gradio.py"]
    for folder in ("nmt", "data_prep", "benchmarks", "tests"):
        paths += sorted((ROOT / folder).rglob("*.py"))
    return tuple(source(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) for path in paths)


def source(file: str, text: str) -> Source:
    return Source(file, text, ast.parse(text))


@cache
def is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def imports(one: Source) -> Iterator[Import]:
    """Every import of a file, also those inside of functions and those for types alone."""
    for node in ast.walk(one.tree):
        if isinstance(node, ast.Import):
            yield from (Import(one.file, node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield Import(one.file, node.lineno, whole if is_module(whole) else node.module or "")


def is_below(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def top_lines(one: Source) -> set[int]:
    """The lines on which imports stand that run when the file is imported."""
    return {node.lineno for node in one.tree.body if isinstance(node, (ast.Import, ast.ImportFrom))}


def complaint(found: Import, why: str) -> str:
    return f"{found.file}:{found.line}: imports {found.module} ({why})"


def no_arrow_up(sources: Sequence[Source]) -> Iterator[str]:
    """Imports inside of nmt that ARROWS does not allow."""
    for one in sources:
        if not one.file.startswith("nmt/"):
            continue
        here = one.file.split("/")[1].removesuffix(".py")
        allowed = ROOT_FILES.get(one.file, ARROWS.get(here))
        if allowed is None:
            yield f"{one.file}:1: {here} has no row in the table of arrows"
            continue
        for found in imports(one):
            there = found.module.split(".")[1] if "." in found.module else ""
            if is_below(found.module, "nmt") and there not in (here, *allowed.split()):
                yield complaint(found, f"{here} may import {', '.join(allowed.split()) or 'nothing of nmt'}")


def no_way_across(sources: Sequence[Source]) -> Iterator[str]:
    """Imports from one wing of the house into the other, of what is not installed, of pickle, and of Gradio below
    the page."""
    for one in sources:
        if is_below(one.file.partition("/")[0], "tests", "benchmarks"):
            continue
        for found in imports(one):
            if is_below(found.module, "pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"):
                yield complaint(found, "nothing is pickled: reading it runs what it names")
            if is_below(found.module, "tests", "benchmarks", "app_gradio"):
                yield complaint(found, "which is not installed with the package")
            if one.file.startswith("nmt/") and is_below(found.module, "data_prep"):
                yield complaint(found, "nmt and data_prep meet at the dataset folder alone")
            if one.file.startswith("data_prep/") and is_below(found.module, "nmt"):
                if not is_below(found.module, *FOR_DATA_PREP):
                    yield complaint(found, f"data_prep may import {', '.join(FOR_DATA_PREP)}")
            if is_below(found.module, "gradio", "gradio_client") and not one.file.startswith("nmt/webui/"):
                yield complaint(found, "Gradio is for nmt.webui alone")
            if is_below(found.module, "ray") and (one.file not in FOR_RAY or found.line in top_lines(one)):
                yield complaint(found, f"Ray is imported within functions of {' and '.join(FOR_RAY)} alone")
            if is_below(found.module, "nmt.serving.ray_replicas") and found.line in top_lines(one):
                yield complaint(found, "Ray's part of the server is imported for --engine ray alone")


def network_knows_tensors_only(sources: Sequence[Source]) -> Iterator[str]:
    """Where the network knows of text, files or devices."""
    for one in sources:
        if not one.file.startswith("nmt/network/"):
            continue
        for found in imports(one):
            if not is_below(found.module, *FOR_NETWORK):
                yield complaint(found, f"the network may import {', '.join(FOR_NETWORK)}")
        for node in ast.walk(one.tree):
            if isinstance(node, (ast.Attribute, ast.Name)) and ast.unparse(node) in NOT_IN_NETWORK:
                yield f"{one.file}:{node.lineno}: uses {ast.unparse(node)} (the network knows no file, no device)"
            if isinstance(node, ast.Constant) and re.fullmatch(r"(cpu|cuda|mps)(:\d+)?", str(node.value)):
                yield f"{one.file}:{node.lineno}: names the device {node.value!r}"


def no_circle(sources: Sequence[Source]) -> Iterator[str]:
    """Files that import each other in a circle, also within a package; one complaint for each circle."""
    graph: dict[str, dict[str, Import]] = {one.file: {} for one in sources}
    for one in sources:
        for found in imports(one):
            if is_module(found.module) and file_of(found.module) != one.file:
                graph[one.file].setdefault(file_of(found.module), found)
    told: set[str] = set()
    for start in graph:
        way = shortest_way_round(graph, start)
        if way and start not in told:
            told.update(found.file for found in way)
            stations = " -> ".join(f"{found.file}:{found.line}" for found in way)
            yield f"{start}:{way[0].line}: closes a circle of imports: {stations} -> {start}"


def file_of(module: str) -> str:
    path = Path(*module.split("."))
    return (path / "__init__.py" if (ROOT / path).is_dir() else path.with_suffix(".py")).as_posix()


def shortest_way_round(graph: dict[str, dict[str, Import]], start: str) -> list[Import]:
    """The imports that lead from a file back to itself; none if there is no such way."""
    ways: dict[str, list[Import]] = {start: []}
    queue = [start]
    for file in queue:
        for there, found in graph.get(file, {}).items():
            if there == start:
                return [*ways[file], found]
            if there not in ways:
                ways[there] = [*ways[file], found]
                queue.append(there)
    return []


def no_long_file(sources: Sequence[Source]) -> Iterator[str]:
    for one in sources:
        count = len(one.text.splitlines())
        if count > MAX_LINES:
            yield f"{one.file}:{MAX_LINES + 1}: has more than {MAX_LINES} lines ({count}); a file holds one concept"


def nothing_private_in_tests(sources: Sequence[Source]) -> Iterator[str]:
    """Where a test reads, imports or patches a private name of the code that it tests."""
    for one in sources:
        if not one.file.startswith("tests/"):
            continue
        classes = [node for node in ast.walk(one.tree) if isinstance(node, ast.ClassDef)]
        in_classes = {node for found in classes for node in ast.walk(found)}
        for node in ast.walk(one.tree):
            for name in names_of_others(node, node in in_classes):
                if name.startswith("_") and not name.startswith("__") and name not in PUBLIC:
                    yield f"{one.file}:{getattr(node, 'lineno', 1)}: reaches for the private {name}"


def names_of_others(node: ast.AST, in_class: bool) -> list[str]:
    """What a node reads of something else: `x.name`, `from x import name`, `monkeypatch.setattr(x, "name", 3)`."""
    if isinstance(node, ast.Attribute):
        is_own = in_class and isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
        return [] if is_own else [node.attr]
    if isinstance(node, ast.ImportFrom):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in PATCHES:
        texts = [one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
        return [text.rpartition(".")[2] for text in texts]
    return []


RULES: tuple[Rule, ...] = (
    no_arrow_up, no_way_across, network_knows_tensors_only, no_circle, no_long_file, nothing_private_in_tests,
)  # fmt: skip


def without_line(said: str) -> str:
    return re.sub(r"^([^:]+):\d+:", r"\1:", said)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_code_keeps_to_the_architecture(rule: Rule) -> None:
    found = [said for said in rule(all_sources()) if not without_line(said).startswith(tuple(KNOWN))]
    assert not found, "\n".join(["", *found])


def test_what_is_known_to_break_a_rule_still_does() -> None:
    said = [without_line(line) for rule in RULES for line in rule(all_sources())]
    mended = sorted(known for known in KNOWN if not any(line.startswith(known) for line in said))
    assert not mended, "\n".join(["mended; delete from KNOWN:", *mended])


def test_the_table_of_arrows_points_down() -> None:
    rows = list(ARROWS)
    for number, (package, allowed) in enumerate(ARROWS.items()):
        assert set(allowed.split()) <= set(rows[:number]), package


OFFENDERS = [
    ("nmt/network/model.py", "from nmt.text import tokenizer", "imports nmt.text.tokenizer (network may import"),
    ("nmt/inference/loading.py", "def f():\n    import nmt.translation.plan", "imports nmt.translation.plan"),
    ("nmt/training/trainer.py", "import nmt", "imports nmt (training may import inference"),
    ("nmt/new.py", "", "new has no row"),
    ("nmt/serving/job.py", "import gradio as gr", "Gradio is for nmt.webui alone"),
    ("nmt/training/trainer.py", "from data_prep import recipe", "meet at the dataset folder"),
    ("nmt/errors.py", "from tests.support import x", "not installed"),
    ("data_prep/cleaning.py", "from nmt.text.segmentation import plan", "data_prep may import nmt.text.tokenizer"),
    ("data_prep/engines.py", "import pickle", "nothing is pickled"),
    ("nmt/checkpoint/weights.py", "from pickle import loads", "nothing is pickled"),
    ("data_prep/engines.py", "def f():\n    import ray", "Ray is imported within functions of nmt/ray_data.py"),
    ("nmt/ray_data.py", "import ray.data", "Ray is imported within functions"),
    ("nmt/commands/serve.py", "from nmt.serving import ray_replicas", "for --engine ray alone"),
    ("nmt/network/cells.py", "import os", "the network may import"),
    ("nmt/network/cells.py", 'x = zeros(3, device="cuda:0")', "names the device 'cuda:0'"),
    ("nmt/network/cells.py", "torch.cuda.synchronize()", "uses torch.cuda"),
    ("nmt/errors.py", "\n" * 401, "has more than 400 lines"),
    ("tests/test_x.py", "from nmt.text.line_io import _window", "reaches for the private _window"),
    ("tests/test_x.py", "patch.setattr(line_io, '_window', 3)", "reaches for the private _window"),
    ("tests/test_x.py", "print(search._state)", "reaches for the private _state"),
    ("tests/test_x.py", "def fake(self): self._state", "reaches for the private _state"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "text", "expected"), OFFENDERS)
def test_an_offender_is_named_with_its_line(file: str, text: str, expected: str) -> None:
    """A rule that has found nothing could be one that finds nothing."""
    found = [said for rule in RULES for said in rule([source(file, text)])]
    assert any(re.match(rf"{re.escape(file)}:\d+: ", said) and expected in said for said in found), found


def test_a_circle_is_told_once_with_its_way() -> None:
    two = (
        source("nmt/text/line_io.py", "\nfrom nmt.text import protected"),
        source("nmt/text/protected.py", "from nmt.text.line_io import read_lines"),
    )
    assert list(no_circle(two)) == [
        "nmt/text/line_io.py:2: closes a circle of imports: "
        "nmt/text/line_io.py:2 -> nmt/text/protected.py:1 -> nmt/text/line_io.py"
    ]


def test_what_is_allowed_is_not_complained_of() -> None:
    sources = [
        source("nmt/training/validation.py", "from nmt.inference.beam_search import beam_search"),
        source("nmt/webui/page.py", "import gradio"),
        source("data_prep/subwords.py", "from nmt.text.tokenizer import Tokenizer"),
        source("tests/test_x.py", "class Fake:\n    def f(self): row._replace(a=self._own)"),
        source("benchmarks/train.py", "from data_prep import noise\nimport nmt.training.trainer"),
    ]
    assert [said for rule in RULES for said in rule(sources)] == []
