"""Begin a training from a smaller model with other pieces (`nmt train --init CHECKPOINT --grow`).

The new model computes at first nearly what the old one does, so that nothing learned is lost:

- A layer that is added to the encoder stands before the last one, has a residual connection around it and small weights
  (growth that keeps the function: Chen et al. 2016, Net2Net, section 2.3).
- A piece that both vocabularies have keeps its embedding, output row and bias.  A new piece gets the means of those of
  the old pieces that spell it (as a vocabulary is exchanged in Sachidananda et al. 2021, section 3.3).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from nmt.checkpoint.weights import Checkpoint, load_weights, named_weights
from nmt.config import Config
from nmt.errors import UserError
from nmt.network.model import Seq2Seq
from nmt.text.tokenizer import SPECIAL_IDS, Tokenizer
from nmt.training.checks import model_differences

# Weights of an added layer, relative to random ones: its outputs are then a few hundredths of what passes by it.
ADDED_LAYER_SCALE = 0.1
# What the new model may have differently.
GROWING_SETTINGS = ("model.source_vocab", "model.target_vocab", "model.encoder.layers")


def check_growth(checkpoint: Checkpoint, config: Config) -> None:
    """UserError unless the model of `config` differs from the checkpoint's at most in its pieces, by more layers in its
    recurrent encoder, and in dropout."""
    cannot = f"{checkpoint.folder}: cannot grow into this model"
    other = [d for d in model_differences(checkpoint, config) if d[0] not in GROWING_SETTINGS]
    if other:
        why = "; ".join(f"{name} is {old} there, {new} here" for name, old, new in other)
        raise UserError(f"{cannot}: {why}; only its pieces and a larger model.encoder.layers may differ")
    encoder = config.model.encoder
    old, new = checkpoint.config.model.encoder.layers, encoder.layers
    if new < old:
        raise UserError(f"{cannot}: model.encoder.layers is {old} there, {new} here; layers can only be added")
    if new > old and (old < 2 or not config.model.residual or encoder.kind != "recurrent"):
        raise UserError(f"{cannot}: layers can be added to a recurrent encoder of two or more with model.residual")


def grow_model(checkpoint: Checkpoint, model: Seq2Seq, tokenizers: tuple[Tokenizer, Tokenizer]) -> None:
    """Replace the random weights of `model`, whose pieces are those of `tokenizers` (source, target)."""
    old, new = named_weights(checkpoint.model), named_weights(model)
    layers = checkpoint.config.model.encoder.layers, model.config.encoder.layers
    spelled = {
        "source": spellings(checkpoint.source_tokenizer, tokenizers[0]),
        "target": spellings(checkpoint.target_tokenizer, tokenizers[1]),
    }
    grown = {}
    for name, weight in new.items():
        if name.startswith(("source_embedding.", "target_embedding.", "output.")):
            rows = spelled["source" if name.startswith("source") else "target"]
            grown[name] = piece_rows(old[name], weight, rows)
        else:
            origin = old_name(name, *layers)
            grown[name] = old[origin] if origin else added_weight(name, weight)
    load_weights(model, grown, str(checkpoint.folder))


def spellings(old: Tokenizer, new: Tokenizer) -> list[list[int]]:
    """The ids of the old pieces that spell each new piece, the longest that fits first; none for a piece with a
    character that no old piece has."""
    ids: Mapping[str, int] = {piece: i for i, piece in enumerate(old.pieces(range(len(old))))}
    longest = max(map(len, ids))

    def spell(piece: str) -> list[int]:
        found, start = [], 0
        while start < len(piece):
            ends = range(min(len(piece), start + longest), start, -1)
            end = next((end for end in ends if piece[start:end] in ids), None)
            if end is None:
                return []
            found.append(ids[piece[start:end]])
            start = end
        return found

    pieces = new.pieces(range(len(new)))
    return [[i] if i in SPECIAL_IDS else spell(piece) for i, piece in enumerate(pieces)]


def piece_rows(old: Tensor, random: Tensor, rows: list[list[int]]) -> Tensor:
    """For each new piece the mean of its rows in `old` [old_vocab, …], or its row in `random` [vocab, …] if it has
    none."""
    return torch.stack([old[ids].mean(0) if ids else random[i] for i, ids in enumerate(rows)])


def old_name(name: str, old_layers: int, new_layers: int) -> str | None:
    """The name of a weight in the old model; None for a weight of an added layer."""
    match = re.fullmatch(r"(encoder\.(?:layers|norms)\.)(\d+)(\..+)", name)
    if not match:
        return name
    layer = int(match[2])
    if layer < old_layers - 1:
        return name
    # The last layer stays the last, since its final states begin the decoder's.
    return f"{match[1]}{old_layers - 1}{match[3]}" if layer == new_layers - 1 else None


def added_weight(name: str, random: Tensor) -> Tensor:
    """A weight of an added layer, from its random initial value."""
    return random.clone() if ".norms." in name else random * ADDED_LAYER_SCALE
