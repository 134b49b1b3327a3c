"""Options and figures that the peers' scripts share, so that all are measured and reported alike.

This runs in the peers' own environments and needs nothing but torch.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch

from benchmarks.common import machine, make_parser, publish
from benchmarks.throughput import TokenMeter, add_meter_options


def training_options(module_docstring: str | None, config: str) -> argparse.Namespace:
    """PIECES, RUN, the peer's own configuration, and how long is measured."""
    parser = _parser(module_docstring, config)
    add_meter_options(parser)
    return _parse(parser)


def publish_training(
    system: str, shape: str, weights: dict[str, int], meter: TokenMeter, args: argparse.Namespace
) -> None:
    """The figures of a training in float32."""
    figures = {"system": system, "shape": shape, "precision": "float32", **weights, **meter.report()}
    publish(figures | {"threads": args.threads, "machine": machine("torch")}, args.json)


def translation_options(
    module_docstring: str | None, config: str | None = None
) -> tuple[argparse.Namespace, list[str]]:
    """PIECES, RUN, how they are translated; and the lines to translate, in pieces already."""
    parser = _parser(module_docstring, config)
    parser.add_argument("--beam", type=int, default=5)
    parser.add_argument("--batch", type=int, default=64, help="sentences")
    parser.add_argument("--length", type=int, default=9, help="pieces of every hypothesis (9; 0: free)")
    parser.add_argument("--lines", type=int, help="only the first N lines")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path)
    args = _parse(parser)
    return args, (args.pieces / "test.src").read_text(encoding="utf-8").splitlines()[: args.lines]


def publish_translation(system: str, figures: dict[str, Any], args: argparse.Namespace) -> None:
    chosen = {key: getattr(args, key) for key in ("beam", "batch", "length", "threads")}
    publish({"system": system, **chosen, **figures, "machine": machine("torch")}, args.json)


def _parser(module_docstring: str | None, config: str | None) -> argparse.ArgumentParser:
    parser = make_parser(module_docstring)
    parser.add_argument("pieces", type=Path)
    parser.add_argument("run", type=Path)
    if config:
        parser.add_argument("--config", type=Path, default=Path(__file__).with_name(config))
    return parser


def _parse(parser: argparse.ArgumentParser) -> argparse.Namespace:
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    return args
