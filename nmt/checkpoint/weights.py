"""Saving a checkpoint folder, which appears complete or not at all, and loading it without pickle.

    model.safetensors      weights; numbered shards when over 45 MB
    config.yaml            the recipe with the vocabulary sizes and languages filled in
    joint.spm              or source.spm and target.spm
    phrases.tsv            sentences whose translation is known (`nmt.translation.phrase_book`); optional
    README.md              the model card; optional

The state that only a resumed training needs is saved in `nmt.training.resume`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from nmt.checkpoint.folder import CONFIG_FILE, CheckpointFolder, open_folder
from nmt.config import Config, dump_config
from nmt.errors import UserError
from nmt.files import write_folder_atomically
from nmt.network.model import Seq2Seq
from nmt.text.tokenizer import Tokenizer, save_tokenizers

MAX_SHARD_BYTES = 45_000_000


@dataclass(frozen=True)
class Checkpoint(CheckpointFolder):
    """A loaded checkpoint; the model is in evaluation mode and in float32."""

    model: Seq2Seq
    notes: dict[str, str]  # written by the training: step and dev scores


def save_checkpoint(
    folder: str | Path,
    config: Config,
    weights: Mapping[str, Tensor],
    tokenizers: tuple[Tokenizer, Tokenizer],
    notes: Mapping[str, str] | None = None,
    dtype: torch.dtype | None = None,
) -> None:
    """Write a checkpoint folder, which appears complete or not at all.

    weights  as `named_weights` gives them; with `dtype` (such as torch.float16), floating-point ones are converted
    """

    def write(partial: Path) -> None:
        write_weights(partial, weights, dict(notes or {}), dtype)
        (partial / CONFIG_FILE).write_text(dump_config(config), encoding="utf-8")
        save_tokenizers(partial, *tokenizers)

    write_folder_atomically(Path(folder), write)


def load_model(folder: str | Path, device: str | torch.device = "cpu") -> Checkpoint:
    """Load a checkpoint folder, or the best checkpoint of a training run's folder."""
    opened = open_folder(folder)
    model = Seq2Seq(opened.config.model)
    weights, notes = read_weights(opened.folder)
    load_weights(model, weights, str(opened.folder))
    return Checkpoint(**vars(opened), model=model.to(device).eval(), notes=notes)


def named_weights(model: torch.nn.Module) -> dict[str, Tensor]:
    """Every weight by name; a tied matrix appears under its first name only."""
    return {name: parameter.detach() for name, parameter in model.named_parameters()}


def load_weights(model: torch.nn.Module, weights: Mapping[str, Tensor], origin: str) -> None:
    """Copy `weights` into `model`.  A missing or extra weight or a wrong shape is a UserError that names `origin`."""
    own = named_weights(model)
    wrong = [f"{name} is missing" for name in own if name not in weights]
    wrong += [f"{name} is not of this model" for name in weights if name not in own]
    wrong += [
        f"{name} is {list(weights[name].shape)}, expected {list(own[name].shape)}"
        for name in own
        if name in weights and weights[name].shape != own[name].shape
    ]
    if wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise UserError(f"{origin}: the weights do not fit {CONFIG_FILE}: {wrong[0]}{more}")
    with torch.no_grad():
        for name, parameter in own.items():
            parameter.copy_(weights[name])


def write_weights(
    folder: Path, weights: Mapping[str, Tensor], notes: dict[str, str], dtype: torch.dtype | None = None
) -> None:
    """Write `model.safetensors`, or shards `model-00001-of-00003.safetensors` … of up to 45 MB."""
    shards: list[dict[str, Tensor]] = [{}]
    shard_bytes = 0
    for name, weight in weights.items():
        tensor = weight.to(dtype) if dtype and weight.is_floating_point() else weight
        if shards[-1] and shard_bytes + tensor.nbytes > MAX_SHARD_BYTES:
            shards.append({})
            shard_bytes = 0
        # The tensor is cloned because safetensors refuses tensors that share memory.
        shards[-1][name] = tensor.detach().cpu().contiguous().clone()
        shard_bytes += tensor.nbytes
    for number, shard in enumerate(shards, start=1):
        name = f"model-{number:05}-of-{len(shards):05}" if len(shards) > 1 else "model"
        # save_file would make files that only their owner can read.
        (folder / f"{name}.safetensors").write_bytes(save(shard, metadata=notes))


def read_weights(folder: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """All weights of a folder, floating-point ones as float32, and the notes saved with them."""
    files = sorted(folder.glob("model*.safetensors"))
    if not files:
        raise UserError(f"{folder}: no model.safetensors in this checkpoint folder")
    numbered = re.fullmatch(r"model-\d+-of-(\d+)\.safetensors", files[0].name)
    if len(files) != (int(numbered[1]) if numbered else 1):
        raise UserError(
            f"{folder}: {len(files)} weight files, {files[0].name} belongs to another number; copy the folder again"
        )
    weights: dict[str, Tensor] = {}
    notes: dict[str, str] = {}
    for file in files:
        try:
            with safe_open(file, framework="pt") as opened:
                notes.update(opened.metadata() or {})
                weights.update({name: opened.get_tensor(name) for name in opened.keys()})
        except (SafetensorError, OSError) as error:
            raise UserError(
                f"{file}: not a whole safetensors file ({error}); copy or train it again"
            ) from None
    return {name: w.float() if w.is_floating_point() else w for name, w in weights.items()}, notes
