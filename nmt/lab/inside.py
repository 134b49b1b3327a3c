"""Diagnostics of one translation: gates, hidden states, attention, the beam tree, and the probability of every token.

`look_inside` returns them as plain data, for `nmt lab inside`, the page, or a notebook; `nmt.lab.plots` draws them.  It
runs the trained weights in float32 on the CPU, whatever runtime serves the model, and reads the text as one sentence,
without the other steps of `nmt.translation.translator`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from nmt.checkpoint.folder import check_translates, open_folder
from nmt.checkpoint.weights import Checkpoint, load_model
from nmt.config import Cell, DecodingConfig
from nmt.errors import UserError
from nmt.inference.sampling import score_target
from nmt.inference.torch_model import TorchModel
from nmt.lab.beam_tree import BeamTree, RecordingModel, beam_tree
from nmt.lab.gates import Direction, recording, recurrent_layers
from nmt.text.normalization import cleaned, model_input, one_line
from nmt.text.tokenizer import BOS, EOS, Tokenizer
from nmt.translation.translator import MAX_PIECES, Translator

UNITS = 8  # units of each layer in the sample
ALTERNATIVES = 5  # most probable tokens at each position
SIGNED = ("candidate", "hidden", "memory")  # series with negative values; all others are from 0 to 1


class Unreadable(UserError):
    """A sentence or translation that is empty or too long for the model.  Its attributes have the cause, for callers
    with messages of their own."""

    def __init__(self, what: Literal["sentence", "translation"], pieces: int, longest: int) -> None:
        self.what, self.pieces, self.longest = what, pieces, longest
        message = "is empty; give one with at least a word"
        if pieces:
            message = f"has {pieces} pieces, the model reads at most {longest} at once; give a shorter one"
        super().__init__(f"inside: the {what} {message}")


@dataclass(frozen=True)
class LayerActivity:
    """One direction of a layer over its input tokens.  A series is a gate, "hidden", or an LSTM's "memory"."""

    name: str  # "encoder layer 1 forward"
    cell: Cell
    tokens: list[str]
    means: dict[str, list[float]]  # of each series [tokens]: mean over all units (SIGNED: root mean square)
    units: list[int]  # an evenly spaced sample
    sample: dict[str, list[list[float]]]  # of each series [units][tokens]


@dataclass(frozen=True)
class TokenProbability:
    """The probability of a token, given the source and all tokens before it."""

    token: str
    log_prob: float
    probability: float
    place: int  # among all tokens by probability; 1: the most probable
    alternatives: list[tuple[str, float]]  # the most probable tokens here, with their probabilities


@dataclass(frozen=True)
class Inside:
    """The diagnostics of one sentence and its translation."""

    source: str
    source_tokens: list[str]  # "</s>" last
    translation: str
    given: bool  # whether the translation was given; otherwise it is the model's own
    target_tokens: list[str]  # "</s>" last, unless the model's own translation is unfinished
    layers: list[LayerActivity]  # with teacher forcing of the translation
    attention: list[list[float]] | None  # [target_tokens][source_tokens]; None: the model has none
    tokens: list[TokenProbability]  # one for each of target_tokens
    tree: BeamTree  # of the model's own search
    tree_tokens: list[str]  # of each of the tree's candidates

    @property
    def log_prob(self) -> float:
        """The log-probability of the whole translation."""
        return sum(token.log_prob for token in self.tokens)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"log_prob": self.log_prob}


def look_inside(
    model: Translator | Checkpoint | str | Path,
    text: str,
    translation: str | None = None,
    beam: int | None = None,
    units: int = UNITS,
) -> Inside:
    """The diagnostics of `text`, one sentence, and of `translation` (None: the model's own translation).

    model  a translator, a loaded checkpoint, or a checkpoint's folder; loaded weights are cached
    beam   beam size of the search (None: the checkpoint's)
    units  number of units of each layer in the sample
    Raises Unreadable, a UserError, for an empty text or one too long for the model; UserError for an invalid beam."""
    checkpoint = kept_checkpoint(model)
    check_translates(checkpoint)
    if units < 1:
        raise UserError(f"inside: {units} units: at least 1 is needed")
    decoding = checkpoint.config.decoding
    if beam is not None:
        decoding = replace(decoding, beam=beam)
    source_ids = [*_ids(checkpoint, checkpoint.source_tokenizer, model_input(text), "sentence"), EOS]
    source, target = np.array([source_ids]), checkpoint.target_tokenizer
    runtime = TorchModel(checkpoint.model)
    tree, found, _ = beam_tree(runtime, source, decoding)
    target_ids, ends = list(found.tokens), found.finished
    if translation is not None:
        translation = cleaned(translation)
        target_ids, ends = _ids(checkpoint, target, translation, "translation"), True
    tokens, attention = _teacher_forced(runtime, source, target_ids, decoding, target)
    count = len(target_ids) + ends
    source_tokens = checkpoint.source_tokenizer.pieces(source_ids)
    attentive = checkpoint.config.model.attention.kind != "none"
    return Inside(
        source=model_input(text),
        source_tokens=source_tokens,
        translation=one_line(target.decode(target_ids)) if translation is None else translation,
        given=translation is not None,
        target_tokens=target.pieces([*target_ids, EOS][:count]),
        layers=_activities(checkpoint, source, target_ids, units, source_tokens),
        attention=attention[:count].tolist() if attentive else None,
        tokens=tokens[:count],
        tree=tree,
        tree_tokens=target.pieces([candidate.token for candidate in tree.candidates]),
    )


def kept_checkpoint(model: Translator | Checkpoint | str | Path) -> Checkpoint:
    """The model's checkpoint; its weights are cached until their files change."""
    if isinstance(model, Checkpoint):
        return model
    folder = open_folder(model.folder if isinstance(model, Translator) else model).folder
    newest = max((file.stat().st_mtime_ns for file in folder.glob("model*.safetensors")), default=0)
    return _loaded(str(folder.resolve()), newest)


@lru_cache(maxsize=2)  # the page has two directions
def _loaded(folder: str, newest: int) -> Checkpoint:
    """The checkpoint in a folder; `newest` is the time stamp of its weights, a part of the cache's key."""
    return load_model(folder)


def _ids(
    checkpoint: Checkpoint, tokenizer: Tokenizer, text: str, what: Literal["sentence", "translation"]
) -> list[int]:
    ids = tokenizer.encode(text)
    longest = min(MAX_PIECES, checkpoint.config.data.max_length)
    if not 0 < len(ids) <= longest:
        raise Unreadable(what, len(ids), longest)
    return ids


def _teacher_forced(
    model: TorchModel,
    source: np.ndarray,
    target: Sequence[int],
    decoding: DecodingConfig,
    tokenizer: Tokenizer,
) -> tuple[list[TokenProbability], np.ndarray]:
    """The probability of each token of the target and EOS, and the attention float32 [target + 1, src_len]."""
    recorder = RecordingModel(model)
    scored = score_target(recorder, source, None, [target], decoding)[0]
    found, none = [], np.zeros(1, np.int64)
    for log_prob, token, (_, step) in zip(scored.token_scores, [*target, EOS], recorder.steps, strict=True):
        logits = step.logits(none, none)[0]
        best = np.argsort(-logits, kind="stable")[:ALTERNATIVES].tolist()
        shares = np.exp(np.minimum(logits[best] - step.log_z[0, 0], 0.0)).tolist()
        (piece,), place = tokenizer.pieces([token]), 1 + int((logits > logits[token]).sum())
        alternatives = list(zip(tokenizer.pieces(best), shares, strict=True))
        found.append(TokenProbability(piece, log_prob, float(np.exp(log_prob)), place, alternatives))
    attention = [step.attention[0, 0] for _, step in recorder.steps if step.attention is not None]
    return found, np.stack(attention)


@torch.no_grad()
def _activities(
    checkpoint: Checkpoint, source: np.ndarray, target: Sequence[int], units: int, source_tokens: list[str]
) -> list[LayerActivity]:
    """The activity of all layers, encoder first, with teacher forcing: the decoder reads BOS and the target."""
    target_in = [BOS, *target]
    with recording(recurrent_layers(checkpoint.model)) as recordings:
        checkpoint.model(torch.from_numpy(source), None, torch.tensor([target_in]))
    target_tokens = checkpoint.target_tokenizer.pieces(target_in)
    found = []
    for layer in recordings:
        tokens = source_tokens if layer.name.startswith("encoder") else target_tokens
        found += [_activity(direction, tokens, units) for direction in layer.directions()]
    return found


def _activity(direction: Direction, tokens: list[str], count: int) -> LayerActivity:
    series = direction.series()
    units = torch.linspace(0, direction.units - 1, min(count, direction.units)).long()
    means = {
        name: (values.square().mean(dim=1).sqrt() if name in SIGNED else values.mean(dim=1)).tolist()
        for name, values in series.items()
    }
    sample = {name: values[:, units].T.tolist() for name, values in series.items()}
    return LayerActivity(direction.name, direction.cell, tokens, means, units.tolist(), sample)
