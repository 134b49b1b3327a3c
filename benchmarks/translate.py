"""Our translation speed: sentences/s with beam 5 and greedy, latency of one sentence, load time, memory.

    python -m benchmarks.translate --model CHECKPOINT --source FILE --json OUT

Everything goes through `nmt.Translator`, text in and text out, as a user's program would.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.common import add_options, at_least, finish, machine, make_parser, read_figures, revision
from benchmarks.timing import latency, peak_memory_mb, sentence_rate
from nmt.errors import UserError

TEN_WORDS = {  # a plain sentence of ten words in the model's source language
    "es": "Mi hermana quiere aprender a tocar la guitarra este verano.",
    "en": "My little sister wants to learn the guitar this summer.",
}


def beginnings(translator: Any, lines: list[str], pieces: int) -> list[str]:
    """The first `pieces` pieces of every line that has so many, where they are one sentence."""
    from nmt.text.segmentation import split_text
    from nmt.text.tokenizer import load_tokenizers

    tokenizer, _ = load_tokenizers(translator.folder)
    cut = [tokenizer.decode(ids[:pieces]) for ids in tokenizer.encode_batch(lines) if len(ids) >= pieces]
    whole = [text for text in cut if len(split_text(text, translator.source_language)) == 1]
    return [text for text in whole if len(tokenizer.encode(text)) == pieces]


def limit_length(translator: Any, pieces: int) -> None:
    """Let hypotheses have at most so many pieces, the end of the sentence counted, whatever the source."""
    limited = dataclasses.replace(translator.config.decoding, max_length_ratio=0.0, max_length_extra=pieces)
    translator.config = dataclasses.replace(translator.config, decoding=limited)


def times_as_fast(ours: dict[str, float], theirs: dict[str, float]) -> dict[str, float]:
    """Our speed over the peer's in every column that both have."""
    return {name: round(ours[name] / theirs[name], 2) for name in ours if name in theirs}


def read_peer(file: Path) -> dict[str, float]:
    """The columns of a peer; UserError if there are none that ours could be set beside."""
    try:
        peer = columns(read_figures(file))
    except (KeyError, TypeError, ZeroDivisionError):
        peer = {}
    if not peer or not all(isinstance(rate, int | float) and rate > 0 for rate in peer.values()):
        raise UserError(f"{file}: has no figures of translation")
    return peer


def columns(figures: dict[str, Any]) -> dict[str, float]:
    """Sentences a second by the way of searching; "one sentence" is searched alone."""
    if "sentences_per_second" in figures:  # JoeyNMT's and OpenNMT-py's scripts search in one way at a time
        beam = figures["beam"]
        return {"greedy" if beam == 1 else f"beam {beam}": figures["sentences_per_second"]}
    found = {}
    for name, figure in figures.items():
        if isinstance(figure, dict) and "sentences_per_second" in figure:
            found[name] = figure["sentences_per_second"]
        elif isinstance(figure, dict) and "median_ms" in figure:
            found[f"one sentence, beam {figure['beam']}"] = 1000 / figure["median_ms"]
    return found


def run(args: argparse.Namespace) -> dict[str, Any]:
    peers = {str(file): read_peer(file) for file in args.peer_json}
    start = time.perf_counter()
    from nmt import Translator  # here, since a user waits for the import too

    translator = Translator.load(args.model, args.device, args.runtime, phrases=False)
    load_seconds = time.perf_counter() - start
    if args.length:
        limit_length(translator, args.length)
    if translator.runtime == "torch":
        import torch

        torch.set_num_threads(args.threads)
    from nmt.text.line_io import read_lines

    lines = read_lines(args.source)
    if args.pieces:
        lines = beginnings(translator, lines, args.pieces)
    lines = lines[: args.lines]
    if not lines:
        raise UserError(f"{args.source}: there is no line to translate")
    figures: dict[str, Any] = {
        "system": f"nmt {revision()}",
        "model": f"{translator.source_language}-{translator.target_language}",
        "sentences": len(lines),
        "import_and_load_seconds": round(load_seconds, 2),
        "loaded_mb": peak_memory_mb(),
    }
    for name, beam in (("greedy", 1), (f"beam {args.beam}", args.beam)):
        translate = partial(translator.translate_batch, lines, beam=beam)
        figures[name] = sentence_rate(translate, len(lines), args.runs)
    ten_words = lines[0] if args.pieces else TEN_WORDS.get(translator.source_language, lines[0])
    sentence = args.sentence or ten_words
    one = latency(partial(translator.translate_batch, [sentence], beam=args.beam), args.calls)
    figures["one_sentence"] = {"words": len(sentence.split()), "beam": args.beam, **one}
    return figures | {
        "peers": {file: times_as_fast(columns(figures), peer) for file, peer in peers.items()},
        "peak_mb": peak_memory_mb(),
        "threads": args.threads,
        "device": translator.device,
        "runtime": translator.runtime,
        "machine": machine("torch", "onnxruntime"),
    }


def main() -> int:
    parser = make_parser(__doc__)
    add_options(parser, "model", "source", "device", "runtime", "threads", "json")
    add = parser.add_argument
    add("--lines", type=int, metavar="N", help="only the first N lines")
    add("--pieces", type=int, metavar="N", help="only the first N pieces of longer lines")
    add("--beam", type=int, default=5)
    add("--length", type=int, metavar="N", help="most pieces of a hypothesis (random weights)")
    add("--runs", type=at_least(1), default=5, metavar="N", help="of which the median counts (5)")
    add("--sentence", help="for the latency (default: one of ten words)")
    add("--calls", type=at_least(2), default=100, metavar="N", help="of the single sentence (100)")
    peers = "a peer's figures: say how many times as fast we are"
    add("--peer-json", type=Path, action="append", default=[], metavar="FILE", help=peers)
    args = parser.parse_args()
    return finish(partial(run, args), args.json)


if __name__ == "__main__":
    sys.exit(main())
