"""Saving a checkpoint folder, which appears complete or not at all, and loading it without pickle.

    model.safetensors      weights; numbered shards when over 45 MB
    config.yaml            the recipe with the vocabulary sizes and languages filled in
    joint.spm              or source.spm and target.spm
    phrases.tsv            sentences whose translation is known (`nmt.translation.phrase_book`); optional
    README.md              the model card; optional

The state that only a resumed training needs is saved in `nmt.training.resume`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import ExitStack
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
MAX_HEADER_BYTES = 10_000_000  # of a safetensors file: names and shapes of some 100,000 weights


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
    with torch.device("meta"):  # shapes alone, whatever sizes the configuration claims
        planned = named_weights(Seq2Seq(opened.config.model))
    weights, notes = read_weights(opened.folder, planned)
    model = Seq2Seq(opened.config.model)
    load_weights(model, weights, str(opened.folder))
    return Checkpoint(**vars(opened), model=model.to(device).eval(), notes=notes)


def named_weights(model: torch.nn.Module) -> dict[str, Tensor]:
    """Every weight by name; a tied matrix appears under its first name only."""
    return {name: parameter.detach() for name, parameter in model.named_parameters()}


def load_weights(model: torch.nn.Module, weights: Mapping[str, Tensor], origin: str) -> None:
    """Copy `weights` into `model`.  A missing or extra weight or a wrong shape is a UserError that names `origin`."""
    own = named_weights(model)
    _check_fit(own, {name: list(weight.shape) for name, weight in weights.items()}, origin)
    with torch.no_grad():
        for name, parameter in own.items():
            parameter.copy_(weights[name])


def _check_fit(expected: Mapping[str, Tensor], found: Mapping[str, list[int]], origin: str) -> None:
    """UserError unless the shapes that were `found` are those of the weights that are `expected`."""
    wrong = [f"{name} is missing" for name in expected if name not in found]
    wrong += [f"{name[:200]} is not of this model" for name in found if name not in expected]
    wrong += [
        f"{name} is {found[name]}, expected {list(weight.shape)}"
        for name, weight in expected.items()
        if name in found and found[name] != list(weight.shape)
    ]
    if wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise UserError(f"{origin}: the weights do not fit {CONFIG_FILE}: {wrong[0]}{more}")


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


def read_weights(folder: Path, expected: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, str]]:
    """All weights of a folder, floating-point ones as float32, and the notes saved with them.

    expected  the model's weights by name; may be on the device "meta".  UserError, before any weight is read, where the
              files have others, and where the machine has too little memory for them
    """
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
    shapes: dict[str, list[int]] = {}
    file = files[0]
    try:
        with ExitStack() as stack:
            shards = []
            for file in files:
                with open(file, "rb") as stream:
                    if int.from_bytes(stream.read(8), "little") > MAX_HEADER_BYTES:
                        raise SafetensorError(f"its header has more than {MAX_HEADER_BYTES:,} bytes")
                shards.append(stack.enter_context(safe_open(file, framework="pt")))
                shapes.update({name: shards[-1].get_slice(name).get_shape() for name in shards[-1].keys()})
            _check_fit(expected, shapes, str(folder))
            _check_memory(folder, 4 * sum(weight.numel() for weight in expected.values()))
            for shard in shards:
                notes.update(shard.metadata() or {})
                weights.update({name: shard.get_tensor(name) for name in shard.keys()})
    except (SafetensorError, OSError) as error:
        raise UserError(f"{file}: not a whole safetensors file ({error}); copy or train it again") from None
    return {name: w.float() if w.is_floating_point() else w for name, w in weights.items()}, notes


def _check_memory(folder: Path, needed: int) -> None:
    """UserError where so many bytes are more than this machine's memory."""
    if hasattr(os, "sysconf"):  # not on Windows
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        if needed > memory:
            raise UserError(
                f"{folder}: its weights take {needed / 1e9:.1f} GB, this machine has {memory / 1e9:.1f} GB of memory"
            )
