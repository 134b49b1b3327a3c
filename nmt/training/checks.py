"""What must hold before a training starts: a dataset that fits the recipe, weights and settings of the same model.

Each complaint is a UserError with the remedy.  The run's folder is checked in `nmt.training.run_folder`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from nmt.checkpoint.weights import Checkpoint
from nmt.config import Config, DropoutConfig
from nmt.errors import UserError
from nmt.text.tokenizer import Tokenizer, load_tokenizers
from nmt.training.dataset import AnySplit

# Settings that the dataset decides, whatever the recipe says.
OF_THE_DATASET = ("source_language", "target_language", "model.source_vocab", "model.target_vocab")
# Settings that make another model.  Dropout, which has no weights, does not.
OF_THE_MODEL = (
    *("source_language", "target_language", "model."),
    *("data.reverse", "data.both_directions", "data.language_model"),
)


def prepare(config: Config, data: Path) -> tuple[Config, tuple[Tokenizer, Tokenizer]]:
    """The recipe with what only the dataset knows, vocabulary sizes and languages; and the tokenizers of source
    and target."""
    if not data.is_dir():
        raise UserError(f"{data}: no such dataset folder; make one with `python -m data_prep build`")
    tokenizers = load_tokenizers(data)
    try:
        recipe = yaml.safe_load((data / "data.yaml").read_text(encoding="utf-8"))
        source_language, target_language = str(recipe["pair"]).split("-")
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError):
        raise UserError(
            f"{data / 'data.yaml'}: missing or without `pair`; build the dataset with `python -m data_prep build`"
        ) from None
    if config.data.reverse:
        tokenizers = (tokenizers[1], tokenizers[0])
        source_language, target_language = target_language, source_language
    if config.data.language_model:  # it reads nothing: all it knows is the target's
        tokenizers, source_language = (tokenizers[1], tokenizers[1]), ""
    model = config.model
    if tokenizers[0] is not tokenizers[1]:
        if config.data.both_directions:
            raise UserError(
                f"data.both_directions needs one joint vocabulary, {data} has two; build it with one"
            )
        if model.tied_embeddings == "all":
            raise UserError(
                f"model.tied_embeddings 'all' needs one joint vocabulary, {data} has two; "
                "add --set model.tied_embeddings=target"
            )
    model = dataclasses.replace(model, source_vocab=len(tokenizers[0]), target_vocab=len(tokenizers[1]))
    config = dataclasses.replace(
        config, model=model, source_language=source_language, target_language=target_language
    )
    return config, tokenizers


def differences(one: Config, other: Config) -> list[tuple[str, Any, Any]]:
    """The settings that differ: the dotted name, the value in `one`, the value in `other`."""
    pairs = zip(_flat(dataclasses.asdict(one)), _flat(dataclasses.asdict(other)), strict=True)
    return [(name, old, new) for (name, old), (_, new) in pairs if old != new]


def changes(run: Path, before: Config, now: Config) -> list[str]:
    """How a resumed run is changed, a line for each setting; a change to another model is a UserError."""
    changed = []
    for name, old, new in differences(before, now):
        changed.append(f"{name} was {old}, is {new}")
        if name.startswith(OF_THE_MODEL) and not name.startswith("model.dropout."):
            raise UserError(
                f"{run}: {changed[-1]}: that is another model; resume with the settings it began with"
            )
    return changed


def check_same_model(checkpoint: Checkpoint, config: Config, tokenizers: tuple[Tokenizer, Tokenizer]) -> None:
    """Weights mean something only in the model and for the pieces that they were trained with."""
    theirs = (checkpoint.source_tokenizer, checkpoint.target_tokenizer)
    for side, old, new in zip(("source", "target"), theirs, tokenizers, strict=True):
        if old.serialized != new.serialized:
            raise UserError(
                f"{checkpoint.folder}: its {side} pieces are not those of the dataset; build the dataset with "
                f"--subwords-from {checkpoint.folder}"
            )
    there, here = (
        Config(model=dataclasses.replace(c.model, dropout=DropoutConfig()))
        for c in (checkpoint.config, config)
    )
    if other := [f"{name} is {old} there, {new} here" for name, old, new in differences(there, here)]:
        raise UserError(
            f"{checkpoint.folder}: cannot be begun from: {'; '.join(other)}; use the recipe in its config.yaml"
        )


def check_ids(data: Path, splits: Sequence[AnySplit], tokenizers: tuple[Tokenizer, Tokenizer]) -> None:
    """A dataset whose SentencePiece model was exchanged would index past the embeddings."""
    for split in splits:
        for highest, tokenizer in zip(split.highest_ids(), tokenizers, strict=True):
            if highest >= len(tokenizer):
                raise UserError(
                    f"{data}: has piece {highest}, but its SentencePiece model only {len(tokenizer)} pieces; "
                    "build the dataset again"
                )


def _flat(settings: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Nested settings as ("section.key", value)."""
    for key, value in settings.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
