"""`nmt info`: what a checkpoint is, in a few lines of text."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

INFO = "Print languages, architecture, sizes and scores of a checkpoint."


def info(arguments: argparse.Namespace) -> None:
    print(describe(arguments.checkpoint))


def describe(folder: str | Path) -> str:
    """Languages, architecture, sizes, search settings and notes of a checkpoint, a line each."""
    from nmt.checkpoint.weights import load_model, named_weights
    from nmt.network.encoder import describe_encoder
    from nmt.translation.phrase_book import PhraseBook

    checkpoint = load_model(folder)
    config, model = checkpoint.config, checkpoint.config.model
    parts = Counter({"embeddings and output": 0, "encoder": 0, "attention": 0, "decoder": 0})
    for name, weight in named_weights(checkpoint.model).items():
        parts[_part(name)] += weight.numel()
    shares = ", ".join(f"{name} {count:,}" for name, count in parts.items())
    heads = f", {model.attention.heads} heads" if model.attention.kind == "multihead" else ""
    feeding = ", input feeding" if model.decoder.input_feeding else ""
    pieces = f"{model.source_vocab} source and {model.target_vocab} target pieces"
    if checkpoint.source_tokenizer is checkpoint.target_tokenizer:
        pieces = f"{model.source_vocab} pieces, joint"
    size = sum(path.stat().st_size for path in checkpoint.folder.glob("model*.safetensors"))
    lines = [
        f"{checkpoint.folder}: {config.task}",
        f"encoder     {describe_encoder(model.encoder)}",
        f"attention   {model.attention.kind}{heads}",
        f"decoder     {model.decoder.layers} × {model.decoder.cell}, {model.decoder.hidden} units{feeding}",
        f"vocabulary  {pieces}",
        f"parameters  {parts.total():,}: {shares}",
        f"weights     {size / 1e6:.1f} MB",
        f"decoding    beam {config.decoding.beam}, length penalty {config.decoding.length_penalty}",
    ]
    if book := PhraseBook.load(checkpoint.folder, config.target_language):
        lines.append(f"phrase book {len(book)} sentences")
    lines += [f"{name:<11} {value}" for name, value in sorted(checkpoint.notes.items())]
    return "\n".join(lines)


def _part(weight: str) -> str:
    """The part of the model that a weight, such as "decoder.layers.0.rnn.weight_ih_l0", belongs to."""
    if weight.startswith("decoder.attention."):
        return "attention"
    top = weight.split(".")[0]
    return top if top in ("encoder", "decoder") else "embeddings and output"
