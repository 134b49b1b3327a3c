"""Our trainer's speed in real target tokens per second, beside the peers' where theirs were measured.

    python -m benchmarks.train --shape joeynmt --data DATASET --peer-json joeynmt.json --json ours.json

Without --data it trains on made-up sentences of realistic lengths.  What is clocked is
`nmt.training.Trainer.step`, reading data included; validation and saving are not, neither here nor with the
peers.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from benchmarks.generated import write_dataset
from benchmarks.report import machine, make_parser, publish, revision
from benchmarks.throughput import TokenMeter, add_meter_options, weight_counts
from nmt.config import Config, load_config
from nmt.distributed import Processes
from nmt.errors import UserError
from nmt.reporting import Reporter
from nmt.training import Trainer
from nmt.training_setup import prepare

SHAPES = Path(__file__).with_name("shapes")


def read_shape(shape: str, overrides: list[str]) -> Config:
    """A peer's shape by name, or any recipe."""
    own = SHAPES / f"{shape}.yaml"
    return load_config(own if own.is_file() else shape, overrides)


def make_trainer(config: Config, data: Path, run: Path, device: str) -> Trainer:
    config, tokenizers = prepare(config, data)
    processes = Processes()
    if device != "auto":
        processes.device = torch.device(device)
    reporter = Reporter(run, active=False)
    return Trainer(config, data, run, tokenizers, processes, reporter)


def measure(trainer: Trainer, meter: TokenMeter) -> None:
    """Train until the meter has all its windows."""
    trainer.model.train()
    while meter.start_update():
        _, _, tokens = trainer.step()
        meter.count(tokens)


def clock_of(device: torch.device) -> Any:
    """A clock that waits for a GPU's queue, so that a window ends when its work does."""
    if device.type != "cuda":
        return time.perf_counter

    def synchronised() -> float:
        torch.cuda.synchronize(device)
        return time.perf_counter()

    return synchronised


def beside_peers(figures: dict[str, Any], files: list[Path]) -> dict[str, Any]:
    """Our speed over each peer's; a peer measured elsewhere or on another shape is named as such."""
    compared = {}
    for file in files:
        peer = json.loads(file.read_text(encoding="utf-8"))
        ratio = figures["target_tokens_per_second"] / peer["target_tokens_per_second"]
        entry = {"target_tokens_per_second": peer["target_tokens_per_second"], "ratio": round(ratio, 2)}
        for key in ("shape", "threads", "machine"):
            if peer.get(key) != figures[key]:
                entry[f"other_{key}"] = peer.get(key)
        compared[peer["system"]] = entry
    return compared


def run(args: argparse.Namespace) -> dict[str, Any]:
    torch.set_num_threads(args.threads)
    config = read_shape(args.shape, args.set)
    with tempfile.TemporaryDirectory() as folder:
        data = args.data
        if data is None:
            data = Path(folder) / "dataset"
            write_dataset(data)
        trainer = make_trainer(config, data, Path(folder), args.device)
        device = trainer.processes.device
        meter = TokenMeter(args.warmup, args.windows, args.window_seconds, clock_of(device))
        measure(trainer, meter)
        trainer.count_skipped()
        trainer.reporter.line.stop()
    figures = {
        "system": f"nmt {revision()}",
        "shape": args.shape,
        "precision": trainer.progress.precision,
        **weight_counts(trainer.model),
        **meter.report(),
        "threads": args.threads,
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        "data": "dataset" if args.data else "generated",
        "skipped_updates": trainer.progress.skipped,
        "machine": machine("torch"),
    }
    return figures | {"peers": beside_peers(figures, args.peer_json)}


def main() -> int:
    parser = make_parser(__doc__)
    parser.add_argument("--shape", default="joeynmt", help="joeynmt, opennmt, or a recipe (name or file)")
    parser.add_argument("--data", type=Path, metavar="DATASET", help="default: made-up sentences")
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="as of `nmt train`")
    parser.add_argument("--peer-json", type=Path, action="append", default=[], metavar="FILE")
    add_meter_options(parser)
    args = parser.parse_args()
    try:
        publish(run(args), args.json)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
