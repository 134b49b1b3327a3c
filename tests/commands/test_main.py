"""The `nmt` command as other people's scripts see it: what it reads, writes, and exits with."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import nmt.checkpoint.weights
import nmt.training.trainer
from nmt.checkpoint.weights import load_model
from nmt.commands.main import main
from nmt.training.resume import Progress
from tests.support.commands import COMMAND, Run


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["translate", "--model", "nowhere"], "nowhere: no such checkpoint folder"),
        (["translate", "--model", "CHECKPOINT", "--n-best", "9"], "n-best is 9.*beam size"),
        (["translate", "--model", "CHECKPOINT", "--beam", "1000000"], "beam is 1000000.*more than 1000"),
        (["info", "nowhere"], "nowhere: no such checkpoint"),
        (["average", "nowhere", "--out", "x"], "nowhere"),
        (["train", "no-such-recipe", "--data", "x", "--out", "x"], "no-such-recipe: no such recipe"),
        (["score", "--hypothesis", "nowhere.en", "--reference", "x"], "nowhere.en: cannot read it"),
    ],
)
def test_a_users_mistake_is_one_line_and_status_1(
    run: Run,
    checkpoint: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    status, output, messages = run(*[str(checkpoint) if a == "CHECKPOINT" else a for a in arguments])
    assert (status, output) == (1, b"")
    assert messages.startswith("nmt: error: ") and messages.count("\n") == 1
    assert re.search(message, messages)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["frobnicate"],
        ["translate"],
        ["translate", "--model", "x", "--beam", "0"],
        ["translate", "--model", "x", "--n-best", "two"],
        ["translate", "--model", "x", "--device", "tpu"],
        ["translate", "--model", "x", "--attention"],
        ["score", "--reference", "r"],
        ["score", "--reference", "r", "--hypothesis", "h", "--model", "m", "--source", "s"],
        ["score", "--reference", "r", "--model", "m"],
        ["score", "--reference", "r", "--hypothesis", "h", "--source", "s"],
        ["score", "--reference", "r", "--hypothesis", "h", "--save", "s"],
        ["score", "--hypothesis", "h"],
        ["average", "run"],
        ["train", "tiny"],
        ["train", "--data", "d", "--out", "o"],
        ["train", "tiny", "--data", "d", "--out", "o", "--resume", "--init", "c"],
        ["train", "tiny", "--data", "d", "--out", "o", "--grow"],
    ],
)
def test_wrong_usage_is_status_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert "usage: nmt" in capsys.readouterr().err


def test_train_passes_on_what_it_was_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[object, ...]] = []
    monkeypatch.setattr(nmt.training.trainer, "train", lambda *arguments: calls.append(arguments) or Progress())
    arguments = [
        "train",
        "tiny",
        "--data",
        "D",
        "--out",
        "R",
        "--resume",
        "--set",
        "training.lr=1",
        "--set",
        "a.b=c",
    ]
    assert run(*arguments)[0] == 0
    assert run("train", "tiny", "--data", "D", "--out", "R")[0] == 0
    assert run("train", "tiny", "--data", "D", "--out", "R", "--init", "C")[0] == 0
    assert run("train", "tiny", "--data", "D", "--out", "R", "--init", "C", "--grow")[0] == 0
    assert run("train", "--resume", "--data", "D", "--out", "R")[0] == 0
    assert calls == [
        ("tiny", "D", "R", True, ["training.lr=1", "a.b=c"], None, False),
        ("tiny", "D", "R", False, [], None, False),
        ("tiny", "D", "R", False, [], "C", False),
        ("tiny", "D", "R", False, [], "C", True),
        (None, "D", "R", True, [], None, False),
    ]


def test_a_closed_standard_output_is_no_traceback() -> None:
    done = subprocess.run(["sh", "-c", " ".join([*COMMAND, "recipes", ">&-"])], capture_output=True, text=True)
    assert "Traceback" not in done.stderr


def test_average_writes_a_checkpoint_that_info_describes(run: Run, checkpoint: Path, tmp_path: Path) -> None:
    status, output, _ = run("average", checkpoint.parent.parent, "--last", 2, "--out", tmp_path / "mean")
    assert (status, output.decode()) == (0, f"{tmp_path / 'mean'}: the mean of step-1, step-2\n")
    first, second, mean = (
        load_model(folder).model.output.bias for folder in (checkpoint, checkpoint.parent / "step-2", tmp_path / "mean")
    )
    assert torch.allclose(mean, (first + second) / 2, atol=1e-2)
    status, output, _ = run("info", tmp_path / "mean")
    assert (status, output.decode()) == (0, nmt.commands.info.describe(tmp_path / "mean") + "\n")


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"nmt {importlib.metadata.version('recurrent-nmt')}\n"


def test_pictures_name_what_to_install(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the extra of this project that has it, from the folder of the project: no registry has the project."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "nmt.lab.plots", raising=False)
    status, _, messages = run("lab", "clipping", "--plot", tmp_path / "picture.svg")
    assert status == 1
    (extra,) = re.findall(r"pip install -e '\.\[(\w+)\]'", messages)
    needs = importlib.metadata.requires("recurrent-nmt") or []
    assert any(need.startswith("matplotlib") and f'extra == "{extra}"' in need for need in needs)


def test_recipes_are_listed(run: Run) -> None:
    status, output, _ = run("recipes")
    assert status == 0 and "tiny" in output.decode().splitlines()


@pytest.mark.parametrize("command", ["translate", "score", "train", "average", "info", "recipes"])
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert text.startswith(f"usage: nmt {command}") and max(map(len, text.splitlines())) <= 100


def test_help_is_quick_and_torch_stays_out() -> None:
    code = (
        "import sys, nmt, nmt.commands.main\n"
        "try: nmt.commands.main.main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'sacrebleu', 'rich', 'sentencepiece'} & set(sys.modules)\n"
        "print(sorted(heavy), hasattr(nmt, 'Translator'))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "usage: nmt" in result.stdout
    assert result.stdout.splitlines()[-1] == "[] True"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_reported(checkpoint: Path, tmp_path: Path) -> None:
    command = [*COMMAND, "recipes"]
    with open("/dev/full", "wb") as full:
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert result.returncode == 1
    assert result.stderr.splitlines()[0] == "nmt: error: No space left on device"
    assert "Traceback" not in result.stderr
