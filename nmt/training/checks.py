"""What must hold before a training starts: a run folder that can be one, a dataset that fits, one model.

Each complaint is a UserError with the remedy; the training itself is `nmt.training.trainer`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from nmt.checkpoint.folder import run_checkpoints
from nmt.checkpoint.weights import Checkpoint
from nmt.config import Config, DropoutConfig, dump_config, load_config
from nmt.errors import UserError
from nmt.text.tokenizer import Tokenizer, load_tokenizers
from nmt.training.dataset import AnySplit


def check_out(run: Path, resume: bool) -> None:
    """Whether the run folder can be what it is to be: a new one, or with `resume` one that was begun."""
    if resume and not (run / "config.yaml").exists():
        raise UserError(f"{run}: no training run to resume; check --out, or leave out --resume to begin one")
    if not resume and ((run / "state").exists() or run_checkpoints(run)):
        raise UserError(
            f"{run}: holds a training run already; add --resume to go on with it, or give another --out"
        )
    if not resume and any(run.glob("*.safetensors")):
        raise UserError(
            f"{run}: is a checkpoint folder, which a training would overwrite; give another --out"
        )


def make_folder(run: Path) -> None:
    """Make the run folder, if it is not there yet."""
    try:
        run.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{run}: cannot be made a folder: {error.strerror}; give another --out") from None


def prepare(config: Config, data: Path) -> tuple[Config, tuple[Tokenizer, Tokenizer]]:
    """The recipe with what only the dataset knows, vocabulary sizes and languages; and the tokenizers of source
    and target."""
    if not data.is_dir():
        raise UserError(f"{data}: no such dataset folder; make one with `python -m data_prep build`")
    tokenizers = load_tokenizers(data)
    if config.data.reverse:
        tokenizers = (tokenizers[1], tokenizers[0])
    try:
        recipe = yaml.safe_load((data / "data.yaml").read_text(encoding="utf-8"))
        source_language, target_language = str(recipe["pair"]).split("-")
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError):
        raise UserError(
            f"{data / 'data.yaml'}: missing or without `pair`; build the dataset with `python -m data_prep build`"
        ) from None
    if config.data.reverse:
        source_language, target_language = target_language, source_language
    if config.data.language_model:  # it reads nothing: all it knows is the target's
        tokenizers, source_language = (tokenizers[1], tokenizers[1]), ""
    if config.data.both_directions and tokenizers[0] is not tokenizers[1]:
        raise UserError(
            f"data.both_directions needs one joint vocabulary, {data} has two; build the dataset with a joint one"
        )
    model = config.model
    if tokenizers[0] is not tokenizers[1] and model.tied_embeddings == "all":
        raise UserError(
            f"model.tied_embeddings 'all' needs one joint vocabulary, {data} has two; "
            "add --set model.tied_embeddings=target"
        )
    model = dataclasses.replace(model, source_vocab=len(tokenizers[0]), target_vocab=len(tokenizers[1]))
    config = dataclasses.replace(
        config, model=model, source_language=source_language, target_language=target_language
    )
    return config, tokenizers


def changes(run: Path, config: Config) -> list[str]:
    """Settings that differ from those the run began with; one that makes it another model is a UserError.

    Dropout has no weights, so it may change."""
    before, now = (yaml.safe_load(dump_config(c)) for c in (load_config(run / "config.yaml"), config))
    pairs = zip(_flat(before), _flat(now), strict=True)
    changed = [f"{name} was {old}, is {new}" for (name, old), (_, new) in pairs if old != new]
    for change in changed:
        other_model = change.startswith(
            (
                "model.",
                "source_language",
                "target_language",
                "data.reverse",
                "data.both_directions",
                "data.language_model",
            )
        )
        if other_model and not change.startswith("model.dropout."):
            raise UserError(f"{run}: {change}: that is another model; resume with the settings it began with")
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
    models = (dataclasses.replace(c.model, dropout=DropoutConfig()) for c in (checkpoint.config, config))
    there, here = (dict(_flat(dataclasses.asdict(model))) for model in models)
    other = [
        f"model.{name} is {there[name]} there, {here[name]} here"
        for name in here
        if here[name] != there[name]
    ]
    if other:
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
