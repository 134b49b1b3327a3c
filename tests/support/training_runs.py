"""What the tests of training share: recipes on disk, trainers without a loop, saved states."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file

from nmt.config import Config, dump_config
from nmt.training.checks import prepare
from nmt.training.distributed import Processes
from nmt.training.progress_log import Reporter
from nmt.training.trainer import Trainer


def write(folder: Path, config: Config, name: str = "recipe.yaml") -> Path:
    """The recipe as a file in `folder`."""
    path = folder / name
    path.write_text(dump_config(config), encoding="utf-8")
    return path


def trainer_for(data: Path, run: Path, config: Config) -> Trainer:
    config, tokenizers = prepare(config, data)
    return Trainer(config, data, run, tokenizers, Processes(), Reporter(run, active=False))


def state_of(run: Path) -> dict[str, torch.Tensor]:
    """The tensors of the run's only saved state."""
    (folder,) = (run / "state").iterdir()
    return load_file(folder / "state.safetensors")


def log_entries(run: Path, kind: str = "train") -> list[dict[str, float]]:
    """The entries of one kind, "train" or "dev", of the run's log."""
    entries = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return [entry for entry in entries if entry["kind"] == kind]


def run_in_two_processes(folder: Path, code: str, *options: str, **environment: str) -> None:
    """Run Python `code` under torchrun with these options, twice side by side on the CPU."""
    script = folder / "script.py"
    script.write_text(code)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "torch.distributed.run",
            "--standalone",
            "--nproc-per-node",
            "2",
            *options,
            str(script),
        ],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": os.getcwd(), **environment},
    )
    assert done.returncode == 0, done.stderr
