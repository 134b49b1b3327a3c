"""The parts of a checkpoint folder that are read without torch: its configuration and its tokenizers.

Its weights are read and written in `nmt.checkpoint.weights`.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from nmt.config import Config, load_config
from nmt.errors import UserError
from nmt.files import check_file, previous
from nmt.text.tokenizer import Tokenizer, load_tokenizers

CONFIG_FILE = "config.yaml"
ENCODER_FILE, DECODER_FILE = "encoder.onnx", "decoder.onnx"
MAX_CONFIG_BYTES = 20_000  # a configuration has 2 kB; PyYAML reads as much in a fifth of a second
MAX_TOKENIZER_BYTES = 20_000_000  # a vocabulary of 250,000 pieces has 5 MB
MAX_WEIGHT_BYTES = 8  # a weight's, in any precision
MAX_GRAPH_BYTES = 10_000_000  # of a graph's nodes, beside its weights


@dataclass(frozen=True)
class CheckpointFolder:
    """A checkpoint without its weights."""

    folder: Path
    config: Config
    source_tokenizer: Tokenizer
    target_tokenizer: Tokenizer


def open_folder(folder: str | Path) -> CheckpointFolder:
    """A checkpoint folder, or the best checkpoint of a training run's folder; UserError if it is neither."""
    folder = Path(folder)
    if not folder.is_dir() and previous(folder).is_dir():  # a save was killed between its two renames
        folder = previous(folder)
    if not folder.is_dir():
        raise UserError(f"{folder}: no such checkpoint folder")
    if (folder / "best" / CONFIG_FILE).exists():  # a training run's folder, which has a config.yaml too
        folder = folder / "best"
    if not (folder / CONFIG_FILE).exists():
        raise UserError(f"{folder}: not a checkpoint folder: it has no {CONFIG_FILE}")
    check_file(folder / CONFIG_FILE, MAX_CONFIG_BYTES)
    for file in folder.glob("*.spm"):
        check_file(file, MAX_TOKENIZER_BYTES)
    config = load_config(folder / CONFIG_FILE)
    _check_sizes(folder, config)
    source_tokenizer, target_tokenizer = load_tokenizers(folder)
    for side, vocab, tokenizer in (
        ("source", config.model.source_vocab, source_tokenizer),
        ("target", config.model.target_vocab, target_tokenizer),
    ):
        if vocab != len(tokenizer):
            raise UserError(
                f"{folder}: {CONFIG_FILE} says {vocab} {side} pieces, its SentencePiece model has {len(tokenizer)}"
            )
    return CheckpointFolder(folder, config, source_tokenizer, target_tokenizer)


def _check_sizes(folder: Path, config: Config) -> None:
    """UserError where the files of weights and graphs are none, or larger than a model of this configuration."""
    most = MAX_WEIGHT_BYTES * config.model.most_parameters + MAX_GRAPH_BYTES
    for pattern in ("model*.safetensors", "*.onnx"):
        if sum(check_file(file, most) for file in folder.glob(pattern)) > most:
            raise UserError(f"{folder}: {pattern} are larger than the model of {CONFIG_FILE} can be")


def check_translates(checkpoint: CheckpointFolder) -> None:
    """UserError for a language model."""
    if checkpoint.config.data.language_model:
        raise UserError(
            f"{checkpoint.folder}: is a language model, which translates nothing; let it write with "
            f"`nmt lab sample --model {checkpoint.folder}`"
        )


def weights_digest(folder: Path) -> str:
    """SHA-256 of a checkpoint folder's weight files; "" if it has none."""
    files = sorted(folder.glob("model*.safetensors"))
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest() if files else ""


def run_checkpoints(run: Path) -> list[Path]:
    """The checkpoint folders of a training run, oldest first."""
    found = [path for path in (run / "checkpoints").glob("step-*") if re.fullmatch(r"step-\d+", path.name)]
    return sorted(found, key=step_of)


def step_of(folder: Path) -> int:
    """The step in the name of a folder `step-0001000` (or `.step-0001000.previous`, while it is replaced).

    Folders cannot be sorted by name, because steps above 9,999,999 have more digits."""
    return int(re.sub(r"\D", "", folder.name))
