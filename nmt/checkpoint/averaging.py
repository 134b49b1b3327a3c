"""The mean of several checkpoints' weights, as one checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from nmt.checkpoint.folder import open_folder, run_checkpoints
from nmt.checkpoint.weights import load_model, load_weights, named_weights, read_weights, save_checkpoint
from nmt.errors import UserError


def average(sources: Sequence[str | Path], last: int, out: str | Path) -> list[Path]:
    """Write the mean of several checkpoints' weights to `out`, in half precision; returns the folders averaged.

    sources  one training run, of which the `last` newest checkpoints are averaged, or several checkpoints of one model,
             such as a run and its continuations (of a run, the best checkpoint is taken)"""
    out = Path(out)
    if last < 1:
        raise UserError(f"--last {last}: at least one checkpoint is needed")
    if out.exists():
        raise UserError(f"{out}: exists already; give another --out or remove it")
    if len(sources) > 1:
        folders = [open_folder(source).folder for source in sources]
    else:
        run = Path(sources[0])
        folders = run_checkpoints(run)[-last:]
        if not folders:
            raise UserError(f"{run}: no checkpoints to average (expected folders {run / 'checkpoints' / 'step-*'})")
    first = load_model(folders[0])
    total = {name: weight.double() for name, weight in named_weights(first.model).items()}
    for folder in folders[1:]:
        other = open_folder(folder)
        if other.target_tokenizer.serialized != first.target_tokenizer.serialized or (
            other.source_tokenizer.serialized != first.source_tokenizer.serialized
        ):
            raise UserError(f"{folder}: its pieces are not those of {folders[0]}, so neither are its weights")
        weights, _ = read_weights(folder, named_weights(first.model))
        load_weights(first.model, weights, str(folder))  # UserError if it is another model
        for name, weight in named_weights(first.model).items():
            total[name] += weight
    mean = {name: (weight / len(folders)).float() for name, weight in total.items()}
    notes = {"averaged": ", ".join(folder.resolve().name for folder in folders)}
    save_checkpoint(out, first.config, mean, (first.source_tokenizer, first.target_tokenizer), notes, torch.float16)
    return folders
