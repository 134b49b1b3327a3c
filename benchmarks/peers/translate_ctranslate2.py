"""CTranslate2's search in 8-bit integers, clocked, on a Transformer with random weights.

    python -m benchmarks.peers.translate_ctranslate2 --kind base --pieces 10      # or: tiny, 25

Speed does not depend on what the weights say, once every sentence has --pieces pieces and gets as many back.
Needs an environment with ctranslate2 (that of OpenNMT-py has it).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

try:
    import ctranslate2
except ModuleNotFoundError as error:
    if error.name != "ctranslate2":
        raise
    sys.exit(f"error: {sys.executable} has no ctranslate2; see benchmarks/README.md, 'The peers'")
import numpy as np
from ctranslate2.specs import TransformerSpec
from ctranslate2.specs.attention_spec import MultiHeadAttentionSpec
from ctranslate2.specs.common_spec import EmbeddingsSpec, LayerNormSpec, LinearSpec

from benchmarks.common import at_least, machine, make_parser, publish
from benchmarks.timing import answer, clocks, latency, sentence_rate

# Encoder and decoder layers, heads, units, units inside the feed-forward layers.
KINDS = {"base": (6, 6, 8, 512, 2048), "tiny": (6, 2, 8, 256, 1536)}
VOCAB = 8000
SYSTEM = f"CTranslate2 {version('ctranslate2')}"


def random_model(folder: Path, kind: str, pieces: int) -> None:
    """Write a model of `KINDS` with random weights, as int8, for sentences of so many pieces."""
    encoder, decoder, heads, units, inner = KINDS[kind]
    random = np.random.default_rng(1)
    spec = TransformerSpec.from_config((encoder, decoder), heads)

    def linear(layer: LinearSpec, outputs: int, inputs: int) -> None:
        layer.weight = random.normal(0, inputs**-0.5, (outputs, inputs)).astype(np.float32)
        layer.bias = np.zeros(outputs, np.float32)

    def norm(layer: LayerNormSpec) -> None:
        layer.gamma, layer.beta = np.ones(units, np.float32), np.zeros(units, np.float32)

    def attention(layer: MultiHeadAttentionSpec) -> None:
        norm(layer.layer_norm)
        # Of its own sentence: [queries, keys, values], outputs; of the other: queries, [keys, values], outputs.
        sizes = [3 * units, units] if len(layer.linear) == 2 else [units, 2 * units, units]
        for part, size in zip(layer.linear, sizes, strict=True):
            linear(part, size, units)

    def embeddings(layer: EmbeddingsSpec) -> None:
        layer.weight = random.normal(0, units**-0.5, (VOCAB, units)).astype(np.float32)

    embeddings(spec.encoder.embeddings[0])
    embeddings(spec.decoder.embeddings)
    linear(spec.decoder.projection, VOCAB, units)
    for side in (spec.encoder, spec.decoder):
        norm(side.layer_norm)
        positions = random.normal(0, 0.1, (max(128, pieces + 2), units))
        side.position_encodings.encodings = positions.astype(np.float32)
        for layer in side.layer:
            attention(layer.self_attention)
            if side is spec.decoder:
                attention(layer.attention)
            norm(layer.ffn.layer_norm)
            linear(layer.ffn.linear_0, inner, units)
            linear(layer.ffn.linear_1, units, inner)
    names = ["<unk>", "<s>", "</s>", *(f"p{i}" for i in range(VOCAB - 3))]
    spec.register_source_vocabulary(names)
    spec.register_target_vocabulary(names)
    spec.validate()
    spec.optimize(quantization="int8")
    spec.save(str(folder))


Translate = Callable[[list[list[str]], int], None]  # sentences, beam


def prepare(args: argparse.Namespace) -> tuple[Translate, list[list[str]]]:
    """What translates, and made-up sentences."""
    with tempfile.TemporaryDirectory() as folder:
        random_model(Path(folder), args.kind, args.pieces)
        workers = {"inter_threads": args.workers, "intra_threads": args.threads // args.workers}
        translator = ctranslate2.Translator(folder, device="cpu", compute_type="int8", **workers)
    draws = np.random.default_rng(2).integers(0, VOCAB - 3, (args.sentences, args.pieces))
    length = {"min_decoding_length": args.pieces, "max_decoding_length": args.pieces}

    def translate(some: list[list[str]], beam: int) -> None:
        translator.translate_batch(some, beam_size=beam, max_batch_size=args.batch, **length)

    return translate, [[f"p{i}" for i in row] for row in draws]


def measure(translate: Translate, sentences: list[list[str]], args: argparse.Namespace) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for name, beam in (("greedy", 1), (f"beam {args.beam}", args.beam)):
        figures[name] = sentence_rate(partial(translate, sentences, beam), len(sentences), args.runs)
    alone = latency(partial(translate, sentences[:1], args.beam), args.calls)
    return figures | {"one_sentence": {"beam": args.beam, **alone}}


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--kind", choices=tuple(KINDS), default="base")
    add = parser.add_argument
    add("--pieces", type=int, default=10, help="of every sentence and of its translation (10)")
    add("--sentences", type=int, default=512)
    add("--beam", type=int, default=4)
    add("--batch", type=int, default=32, help="sentences")
    add("--workers", type=int, default=2, help="that share the threads (2)")
    add("--runs", type=int, default=5)
    add("--calls", type=at_least(2), default=40, help="of one sentence (40)")
    add("--threads", type=int, default=2)
    either = parser.add_mutually_exclusive_group()
    either.add_argument("--json", type=Path)
    in_turns = "clock a column whenever a line names it (`benchmarks.paired_peer`)"
    either.add_argument("--in-turns", action="store_true", help=in_turns)
    args = parser.parse_args()
    chosen = {key: getattr(args, key) for key in ("kind", "pieces", "beam", "batch", "workers", "threads")}
    translate, sentences = prepare(args)
    if args.in_turns:
        answer(SYSTEM, clocks(translate, sentences, args.beam, args.calls))
        return
    figures = measure(translate, sentences, args)
    publish({"system": SYSTEM, **chosen, **figures, "machine": machine("ctranslate2")}, args.json)


if __name__ == "__main__":
    main()
