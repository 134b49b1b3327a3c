"""OpenNMT-py's own trainer, clocked.  Runs in an environment with OpenNMT-py 3.5.1; see benchmarks/README.md.

    python -m benchmarks.peers.train_opennmt PIECES RUN --json opennmt.json

PIECES is what `benchmarks.peers.prepare` wrote; the network as trained so far is left in RUN, for translation.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path

import torch
import yaml

import benchmarks.peers.without_extras  # noqa: F401  (before onmt)
from benchmarks.throughput import TokenMeter, add_meter_options, machine, publish
from onmt.bin.train import _get_parser, train
from onmt.trainer import Trainer


def clock_updates(meter: TokenMeter) -> list[int]:
    """Make every OpenNMT-py trainer tell `meter` of its updates and stop when all is measured.

    Returns a list into which the trainer puts the number of parameters.
    """
    parameters: list[int] = []
    loop = Trainer.train

    def clocked(self: Trainer, train_iter: Iterable, *args, **kwargs):  # type: ignore[no-untyped-def]
        parameters.append(sum(p.numel() for p in self.model.parameters()))
        padding = self.train_loss.padding_idx

        def counted() -> Iterator:
            for batch, bucket in train_iter:
                real = int(batch["tgt"][:, 1:, 0].ne(padding).sum())  # column 0 is the opening <s>
                if not meter.start_update(real):
                    return
                yield batch, bucket

        return loop(self, counted(), *args, **kwargs)

    Trainer.train = clocked
    return parameters


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pieces", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("--config", type=Path, default=Path(__file__).with_name("opennmt.yaml"))
    add_meter_options(parser)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)

    args.run.mkdir(parents=True, exist_ok=True)
    corpus = {"path_src": str(args.pieces / "train.src"), "path_tgt": str(args.pieces / "train.trg"), "weight": 1}
    options, _ = _get_parser().parse_known_args(
        ["-config", str(args.config), "-data", yaml.safe_dump({"train": corpus}, default_flow_style=True)]
        + ["-src_vocab", str(args.pieces / "src.vocab"), "-tgt_vocab", str(args.pieces / "trg.vocab")]
        + ["-save_model", str(args.run / "model")]
    )
    meter = TokenMeter(args.warmup, args.windows, args.window_seconds)
    parameters = clock_updates(meter)
    train(options)
    figures = {
        "system": f"OpenNMT-py {version('OpenNMT-py')}",
        "shape": "opennmt",
        "precision": "float32",
        "parameters": parameters[0],
        **meter.report(),
        "threads": args.threads,
        "torch": torch.__version__,
        "machine": machine(),
    }
    publish(figures, args.json)


if __name__ == "__main__":
    main()
