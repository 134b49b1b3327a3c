"""Checks before a training starts: the dataset must fit the recipe, and given weights must fit the model.

Each failed check is a UserError that says what to do.  The run folder is checked in `nmt.training.run_folder`.
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

# The dataset decides these settings, and the recipe's values are ignored.
DATASET_SETTINGS = ("source_language", "target_language", "model.source_vocab", "model.target_vocab")
# Another value of these settings makes another model, except for dropout, which has no weights.
MODEL_SETTINGS = (
    *("source_language", "target_language", "model."),
    *("data.reverse", "data.both_directions", "data.language_model"),
)


def prepare(config: Config, data: Path) -> tuple[Config, tuple[Tokenizer, Tokenizer]]:
    """Fill in the settings that the dataset decides (`DATASET_SETTINGS`); returns the recipe, and the tokenizers of
    source and target."""
    if not data.is_dir():
        raise UserError(f"{data}: no such dataset folder; make one with `python -m data_prep build`")
    tokenizers = load_tokenizers(data)
    source, target = dataset_languages(data)
    if config.data.reverse:
        tokenizers = (tokenizers[1], tokenizers[0])
        source, target = target, source
    if config.data.language_model:  # there is no source
        tokenizers, source = (tokenizers[1], tokenizers[1]), ""
    model = config.model
    if tokenizers[0] is not tokenizers[1]:
        problem = f"needs one joint vocabulary, {data} has two"
        if config.data.both_directions:
            raise UserError(f"data.both_directions {problem}; build it with one")
        if model.tied_embeddings == "all":
            remedy = "add --set model.tied_embeddings=target"
            raise UserError(f"model.tied_embeddings 'all' {problem}; {remedy}")
    model = dataclasses.replace(model, source_vocab=len(tokenizers[0]), target_vocab=len(tokenizers[1]))
    config = dataclasses.replace(config, model=model, source_language=source, target_language=target)
    return config, tokenizers


def dataset_languages(data: Path) -> tuple[str, str]:
    """The languages of the source and of the target side of a dataset folder, from its `data.yaml`."""
    file = data / "data.yaml"
    try:
        source, target = str(yaml.safe_load(file.read_text(encoding="utf-8"))["pair"]).split("-")
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError):
        remedy = "build the dataset with `python -m data_prep build`"
        raise UserError(f"{file}: missing or without `pair`; {remedy}") from None
    return source, target


def differences(one: Config, other: Config) -> list[tuple[str, Any, Any]]:
    """The settings that differ: the dotted name, the value in `one`, the value in `other`."""
    pairs = zip(_flat(dataclasses.asdict(one)), _flat(dataclasses.asdict(other)), strict=True)
    return [(name, old, new) for (name, old), (_, new) in pairs if old != new]


def changes(run: Path, before: Config, now: Config) -> list[str]:
    """The changed settings of a resumed run, one line each; a change to another model is a UserError."""
    changed = []
    for name, old, new in differences(before, now):
        changed.append(f"{name} was {old}, is {new}")
        if name.startswith(MODEL_SETTINGS) and not name.startswith("model.dropout."):
            remedy = "that is another model; resume with the settings it began with"
            raise UserError(f"{run}: {changed[-1]}: {remedy}")
    return changed


def check_same_model(checkpoint: Checkpoint, config: Config, tokenizers: tuple[Tokenizer, Tokenizer]) -> None:
    """UserError unless the checkpoint has the model of `config` and these tokenizers."""
    theirs = (checkpoint.source_tokenizer, checkpoint.target_tokenizer)
    for side, old, new in zip(("source", "target"), theirs, tokenizers, strict=True):
        if old.serialized != new.serialized:
            remedy = f"build the dataset with --subwords-from {checkpoint.folder}"
            raise UserError(f"{checkpoint.folder}: its {side} pieces are not those of the dataset; {remedy}")
    if other := [f"{name} is {old} there, {new} here" for name, old, new in model_differences(checkpoint, config)]:
        why = "; ".join(other)
        raise UserError(f"{checkpoint.folder}: cannot be begun from: {why}; use the recipe in its config.yaml")


def model_differences(checkpoint: Checkpoint, config: Config) -> list[tuple[str, Any, Any]]:
    """The settings of the model in which the checkpoint differs from `config`, as `differences` gives them; dropout has
    no weights and is left out."""
    there, here = (
        Config(model=dataclasses.replace(c.model, dropout=DropoutConfig())) for c in (checkpoint.config, config)
    )
    return differences(there, here)


def check_ids(data: Path, splits: Sequence[AnySplit], tokenizers: tuple[Tokenizer, Tokenizer]) -> None:
    """UserError if the splits have ids beyond the vocabulary, as after an exchange of the SentencePiece model."""
    for split in splits:
        for highest, tokenizer in zip(split.highest_ids(), tokenizers, strict=True):
            if highest >= len(tokenizer):
                known = f"its SentencePiece model only {len(tokenizer)} pieces"
                raise UserError(f"{data}: has piece {highest}, but {known}; build the dataset again")


def _flat(settings: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Nested settings as ("section.key", value)."""
    for key, value in settings.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
