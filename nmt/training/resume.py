"""Saving and loading the state of a training, `RUN/state/step-N/`: safetensors and JSON, no pickle.

A state is written beside the old one and renamed, and the old one is removed after that.  Whenever a run is killed,
there is one complete state.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from nmt.checkpoint.folder import step_of
from nmt.checkpoint.weights import load_weights, named_weights
from nmt.errors import UserError
from nmt.files import write_folder_atomically
from nmt.training.distributed import Processes
from nmt.training.optimization import MovingAverage


@dataclass
class Progress:
    """The progress of a training; all fields go into the state's JSON."""

    step: int = 0
    epoch: int = 0
    position: int = 0  # batches of the epoch already used
    seconds: float = 0.0  # of training, over all resumed parts
    target_tokens: int = 0  # of all processes
    skipped: int = 0  # steps left out because their gradient was not finite
    best_score: float | None = None
    best_step: int = 0
    stale: int = 0  # validations since the best one
    validated_step: int = 0  # the step of the last validation
    precision: str = ""  # chosen once, so that a resumed run computes in the same one
    dataset: str = ""  # fingerprint of the training split that `epoch` and `position` refer to
    stopped_by: int = 0  # number of the signal that stopped the run (0: none)
    history: list[dict[str, Any]] = field(default_factory=list)  # one entry a validation


def save_state(
    run: Path,
    progress: Progress,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    average: MovingAverage | None,
    random: dict[str, Tensor],
) -> None:
    """Write `run/state/step-N` and remove older states; `random` is every rank's `random_state`."""
    folder = run / "state" / f"step-{progress.step:07}"
    names = list(named_weights(model))  # in the optimiser's order
    tensors = {f"model.{name}": weight for name, weight in named_weights(model).items()}
    if average:
        tensors |= {f"average.{name}": weight for name, weight in average.weights.items()}
    for index, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{key}.{names[index]}": value for key, value in state.items()}
    on_cpu = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}

    def write(partial: Path) -> None:
        save_file(on_cpu | random, partial / "state.safetensors")
        (partial / "progress.json").write_text(json.dumps(asdict(progress), indent=1), encoding="utf-8")

    write_folder_atomically(folder, write)
    for older in _states(run):
        if older != folder:
            shutil.rmtree(older, ignore_errors=True)


def load_state(
    run: Path,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    average: MovingAverage | None,
    rank: int = 0,
) -> Progress | None:
    """Load the newest complete state of `run` into the model, the optimiser, the average and this rank's random
    generators; returns None if there is no state."""
    folders = _states(run)
    if not folders:
        return None
    folder = folders[-1]
    try:
        tensors = load_file(folder / "state.safetensors")
        progress = Progress(**json.loads((folder / "progress.json").read_text(encoding="utf-8")))
        if "rng.cpu.0" not in tensors:
            raise ValueError("it has no random state")
    except (OSError, SafetensorError, ValueError, TypeError) as error:
        remedy = f"begin another run, from this one's weights with --init {run / 'best'}"
        raise UserError(f"{folder}: damaged training state ({error}); {remedy}") from None
    load_weights(model, _section(tensors, "model."), str(folder))
    if average:
        saved = _section(tensors, "average.")
        if saved.keys() != average.weights.keys():
            remedy = "resume with the recipe that the run began with"
            raise UserError(f"{folder}: the state was saved without training.ema; {remedy}")
        for name, weight in saved.items():
            average.weights[name].copy_(weight)
    _load_optimizer(optimizer, _section(tensors, "optimizer."), list(named_weights(model)))
    if f"rng.cpu.{rank}" in tensors:  # not for additional processes, which keep their seed
        torch.set_rng_state(tensors[f"rng.cpu.{rank}"])
    if torch.cuda.is_available() and f"rng.cuda.{rank}" in tensors:
        torch.cuda.set_rng_state(tensors[f"rng.cuda.{rank}"])
    return progress


def random_state(processes: Processes) -> dict[str, Tensor]:
    """The states of the random generators of every rank, as uint8 tensors; all ranks must call this."""
    states = {"cpu": processes.gather(torch.get_rng_state())}
    if torch.cuda.is_available():
        states["cuda"] = processes.gather(torch.cuda.get_rng_state())
    return {f"rng.{kind}.{rank}": state for kind, ranks in states.items() for rank, state in enumerate(ranks)}


def _load_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor], names: list[str]) -> None:
    """Load `tensors` ("exp_avg.NAME") for the parameters `names`, in the optimiser's order."""
    state: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        kind, name = key.split(".", 1)
        state.setdefault(names.index(name), {})[kind] = tensor
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})


def _section(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _states(run: Path) -> list[Path]:
    """The complete states, oldest first, with one that was renamed when the run was killed while replacing it."""
    replaced = {step_of(path): path for path in (run / "state").glob(".step-*.previous")}
    complete = {step_of(path): path for path in (run / "state").glob("step-*") if path.is_dir()}
    return [path for _, path in sorted((replaced | complete).items())]
