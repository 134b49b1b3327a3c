"""What the tests of trainings share: a toy language pair, and commands that only pretend to prepare and train."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nmt.serving import training_jobs as trainings_module
from nmt.serving.training_jobs import State, Training, Trainings
from nmt.serving.training_request import TrainingRequest, check

MAX_WAIT_SECONDS = 180.0  # a busy machine is slow, not wrong

NOUNS = {"gato": "cat", "perro": "dog", "caballo": "horse", "pájaro": "bird", "vecino": "neighbour",
         "médico": "doctor", "maestro": "teacher", "niño": "boy"}  # fmt: skip
ADJECTIVES = {"negro": "black", "blanco": "white", "viejo": "old", "pequeño": "small", "cansado": "tired"}
VERBS = {"come": "eats", "duerme": "sleeps", "corre": "runs", "canta": "sings", "espera": "waits"}
PLACES = {"en la casa": "in the house", "en el jardín": "in the garden", "aquí": "here", "hoy": "today"}
PAIRS = [
    (f"el {noun} {adjective} {verb} {place}", f"the {ADJECTIVES[adjective]} {NOUNS[noun]} {VERBS[verb]} {there}")
    for noun in NOUNS for adjective in ADJECTIVES for verb in VERBS for place, there in PLACES.items()
]  # fmt: skip


def write_pairs(file: Path, count: int = len(PAIRS)) -> Path:
    file.write_text("".join(f"{source}\t{target}\n" for source, target in PAIRS[:count]), encoding="utf-8")
    return file


def request_for(base: Path, text: Path, **changes: Any) -> TrainingRequest:
    """What the form gives for a file on the server."""
    form: dict[str, Any] = {
        "name": "toy", "recipe": "tiny", "first": "es", "second": "en", "reverse": False, "upload": None,
        "path": str(text), **changes,
    }  # fmt: skip
    return check(base, **form)


# The training goes on until SIGTERM; resumed, it ends at once.
PRETEND = """
import signal, sys, time
from pathlib import Path
stage, folder, resume = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
print(stage, "begins", flush=True)
if stage == "prepare":
    (folder / "data").mkdir()
    (folder / "data" / "data.yaml").touch()
    sys.exit(0)
def stop(number, frame):
    (folder / "run" / "saved").touch()
    sys.exit(128 + number)
signal.signal(signal.SIGTERM, stop)
(folder / "run").mkdir(exist_ok=True)
(folder / "run" / "config.yaml").touch()
while not resume:
    time.sleep(0.05)
"""


def pretended(request: TrainingRequest, folder: Path, resume: bool = False) -> dict[str, list[str]]:
    python = [sys.executable, "-c", PRETEND]
    again = "again" if resume else ""
    return {stage: [*python, stage, str(folder), again] for stage in ("prepare", "train")}


@pytest.fixture(name="text")
def text_fixture(tmp_path: Path) -> Path:
    return write_pairs(tmp_path / "mine.tsv")


@pytest.fixture(name="trainings")
def trainings_fixture(tmp_path: Path) -> Iterator[Trainings]:
    with Trainings(tmp_path / "runs") as found:
        yield found


@pytest.fixture(name="pretending")
def pretending_fixture(monkeypatch: pytest.MonkeyPatch) -> None:
    """The training goes on until SIGTERM; resumed, it ends at once."""
    monkeypatch.setattr(trainings_module, "commands", pretended)


def wait_for(found: Callable[[], bool], what: str = "") -> None:
    until = time.monotonic() + MAX_WAIT_SECONDS
    while not found():
        assert time.monotonic() < until, f"waited too long for {what}"
        time.sleep(0.02)


def wait_for_state(trainings: Trainings, name: str, state: State) -> Training:
    wait_for(lambda: trainings.get(name).state == state, f"{state}, is {trainings.get(name).state}")
    return trainings.get(name)


def is_training(trainings: Trainings, name: str) -> bool:
    """Far enough to have taken SIGTERM into its own hands."""
    return trainings.get(name).state == "training" and (trainings.folder / name / "run" / "config.yaml").exists()


def write_log(file: Path, entries: list[dict[str, Any]], rest: str = "") -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(entry) + "\n" for entry in entries) + rest, encoding="utf-8")
    return file
