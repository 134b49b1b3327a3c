"""Our trainer's speed in real target tokens per second, beside the peers' where theirs were measured.

    python -m benchmarks.train --shape joeynmt --data DATASET --peer-json joeynmt.json --json ours.json

Without --data it trains on made-up sentences of realistic lengths.  What is clocked is
`nmt.training.trainer.Trainer.step`, reading data included; validation and saving are not, neither here nor with the
peers.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch

from benchmarks.common import add_options, finish, machine, make_parser, read_figures, revision
from benchmarks.synthetic_data import write_dataset
from benchmarks.throughput import TokenMeter, add_meter_options, weight_counts
from nmt.config import Config, load_config
from nmt.errors import UserError
from nmt.training.checks import prepare
from nmt.training.cpu_tuning import tune_cpu
from nmt.training.distributed import Processes
from nmt.training.progress_log import Reporter
from nmt.training.trainer import Trainer

SHAPES = Path(__file__).with_name("shapes")


def read_shape(shape: str, overrides: list[str]) -> Config:
    """The configuration of a peer's shape by name, or of any recipe."""
    own = SHAPES / f"{shape}.yaml"
    return load_config(own if own.is_file() else shape, overrides)


def make_trainer(config: Config, data: Path, run: Path, device: str) -> Trainer:
    config, tokenizers = prepare(config, data)
    tune_cpu()
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


def settle_of(device: torch.device) -> Callable[[], object]:
    """A function that waits for the work that a GPU still has to do, so that a window ends when its work does."""
    return partial(torch.cuda.synchronize, device) if device.type == "cuda" else lambda: None


MAX_OTHERS = 12  # kernels that are named in a profile
# Names of kernels, on a GPU and on a CPU, that are the work itself; all else is overhead.
RECURRENT = ("rnn", "lstm", "gru")
PRODUCTS = tuple("gemm gemv cutlass nvjet xmma wgmma splitk aten::mm aten::addmm aten::bmm".split())


def profile(trainer: Trainer, steps: int = 10) -> dict[str, Any]:
    """Where the time of some steps goes: shares of recurrent kernels, matrix products, and the rest by name."""
    gpu = trainer.processes.device.type == "cuda"
    activity = torch.profiler.ProfilerActivity
    with torch.profiler.profile(activities=[activity.CUDA if gpu else activity.CPU]) as profiler:
        start = time.perf_counter()
        for _ in range(steps):
            trainer.step()
        settle_of(trainer.processes.device)()
        seconds = time.perf_counter() - start
    events = profiler.key_averages()
    kernels = {e.key: (e.self_device_time_total if gpu else e.self_cpu_time_total) / 1e6 for e in events}

    def those(*parts: str) -> dict[str, float]:
        return {name: t for name, t in kernels.items() if any(part in name.lower() for part in parts)}

    def share(some: dict[str, float]) -> float:
        return round(sum(some.values()) / seconds, 3)

    recurrent, work = share(those(*RECURRENT)), those(*RECURRENT, *PRODUCTS)
    rest = {name: t for name, t in kernels.items() if name not in work}
    largest = sorted(rest, key=lambda name: -rest[name])[:MAX_OTHERS]
    return {
        "seconds_a_step": round(seconds / steps, 4),
        "recurrent": recurrent,
        "products": round(share(work) - recurrent, 3),
        "busy": share(kernels),
        "largest_others": {name[:80]: round(rest[name] / seconds, 3) for name in largest},
    }


def read_peer(file: Path) -> dict[str, Any]:
    """A peer's figures; UserError where they are not of training."""
    peer = read_figures(file)
    rate = peer.get("target_tokens_per_second")
    if not isinstance(rate, int | float) or rate <= 0:
        raise UserError(f"{file}: has no figures of training")
    return peer


def beside_peers(figures: dict[str, Any], peers: list[dict[str, Any]]) -> dict[str, Any]:
    """Our speed over each peer's; a peer measured elsewhere or on another shape is named as such."""
    compared = {}
    for peer in peers:
        ratio = figures["target_tokens_per_second"] / peer["target_tokens_per_second"]
        entry = {"target_tokens_per_second": peer["target_tokens_per_second"], "ratio": round(ratio, 2)}
        for key in ("shape", "threads", "machine"):
            if peer.get(key) != figures[key]:
                entry[f"other_{key}"] = peer.get(key)
        compared[peer["system"]] = entry
    return compared


def run(args: argparse.Namespace) -> dict[str, Any]:
    peers = [read_peer(file) for file in args.peer_json]  # before the minutes that measuring takes
    torch.set_num_threads(args.threads)
    config = read_shape(args.shape, args.set)
    with tempfile.TemporaryDirectory() as folder:
        data = args.data
        if data is None:
            data = Path(folder) / "dataset"
            write_dataset(data, args.pairs, args.vocab_size, args.sentence_pieces)
        trainer = make_trainer(config, data, Path(folder), args.device)
        device = trainer.processes.device
        meter = TokenMeter(args.warmup, args.windows, args.window_seconds, settle=settle_of(device))
        measure(trainer, meter)
        profiled = {"profile": profile(trainer)} if args.profile else {}
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
        **profiled,
        "machine": machine("torch"),
    }
    return figures | {"peers": beside_peers(figures, peers)}


def main() -> int:
    parser = make_parser(__doc__)
    shapes = "joeynmt, opennmt, gpu, or a recipe (name or file)"
    parser.add_argument("--shape", default="joeynmt", help=shapes)
    parser.add_argument("--data", type=Path, metavar="DATASET", help="default: made-up sentences")
    parser.add_argument("--pairs", type=int, default=40_000, metavar="N", help="of the made-up sentences")
    parser.add_argument("--vocab-size", type=int, default=8000, metavar="N", help="of the made-up sentences")
    mean = "their mean length in pieces (8.7)"
    parser.add_argument("--sentence-pieces", type=float, default=8.7, metavar="X", help=mean)
    parser.add_argument("--profile", action="store_true", help="also say where the time goes")
    parser.add_argument("--peer-json", type=Path, action="append", default=[], metavar="FILE")
    add_options(parser, "device", "set")
    add_meter_options(parser)
    args = parser.parse_args()
    return finish(partial(run, args), args.json)


if __name__ == "__main__":
    sys.exit(main())
