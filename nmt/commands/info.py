"""`nmt info`: what a checkpoint is, in a few lines of text."""

from __future__ import annotations

import argparse
from pathlib import Path

INFO = "Print languages, architecture, sizes and scores of a checkpoint."


def describe(folder: str | Path) -> str:
    """What a checkpoint is, in a few lines of text."""
    from nmt.checkpoint.weights import load_model, named_weights
    from nmt.network.encoder import describe_encoder
    from nmt.translation.phrase_book import PhraseBook

    checkpoint = load_model(folder)
    config, model = checkpoint.config, checkpoint.model
    parts = {"embeddings and output": 0, "encoder": 0, "attention": 0, "decoder": 0}
    for name, weight in named_weights(model).items():
        top = name.split(".")[0]
        part = (
            "attention"
            if name.startswith("decoder.attention")
            else top
            if top in parts
            else "embeddings and output"
        )
        parts[part] += weight.numel()
    encoder, decoder, attention = config.model.encoder, config.model.decoder, config.model.attention
    joint = checkpoint.source_tokenizer is checkpoint.target_tokenizer
    size = sum(path.stat().st_size for path in checkpoint.folder.glob("model*.safetensors"))
    lines = [
        f"{checkpoint.folder}: "
        + (
            f"language model of {config.target_language or '?'}"
            if config.data.language_model
            else f"{config.source_language or '?'} {'↔' if config.data.both_directions else '→'} "
            f"{config.target_language or '?'}"
        ),
        f"encoder     {describe_encoder(encoder)}",
        f"attention   {attention.kind}"
        + (f", {attention.heads} heads" if attention.kind == "multihead" else ""),
        f"decoder     {decoder.layers} × {decoder.cell}, {decoder.hidden} units"
        + (", input feeding" * decoder.input_feeding),
        f"vocabulary  {config.model.source_vocab} pieces, joint"
        if joint
        else f"vocabulary  {config.model.source_vocab} source and {config.model.target_vocab} target pieces",
        f"parameters  {sum(parts.values()):,}: "
        + ", ".join(f"{name} {count:,}" for name, count in parts.items()),
        f"weights     {size / 1e6:.1f} MB",
        f"decoding    beam {config.decoding.beam}, length penalty {config.decoding.length_penalty}",
    ]
    if book := PhraseBook.load(checkpoint.folder, config.target_language):
        lines.append(f"phrase book {len(book)} sentences")
    lines += [f"{name:<11} {value}" for name, value in sorted(checkpoint.notes.items())]
    return "\n".join(lines)


def info(arguments: argparse.Namespace) -> None:
    """`nmt info`"""
    print(describe(arguments.checkpoint))
