"""OpenNMT-py's own trainer, clocked.  Runs in an environment with OpenNMT-py 3.5.1; see benchmarks/README.md.

    python -m benchmarks.peers.train_opennmt PIECES RUN --json opennmt.json

PIECES is what `benchmarks.peers.prepare` wrote; the network as trained is left in RUN, for translation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.metadata import version

import yaml

import benchmarks.peers.without_extras  # noqa: F401  (lets onmt be imported)
from benchmarks.peers.options import publish_training, training_options
from benchmarks.throughput import TokenMeter, weight_counts

# isort: split
from onmt.bin.train import _get_parser, train
from onmt.trainer import Trainer


def clock_updates(meter: TokenMeter) -> dict[str, int]:
    """Make every OpenNMT-py trainer tell `meter` of its updates and stop when all is measured.

    Returns a dictionary into which the trainer puts the numbers of weights."""
    weights: dict[str, int] = {}
    loop = Trainer.train

    def clocked(self: Trainer, train_iter: Iterable, *args, **kwargs):  # type: ignore[no-untyped-def]
        weights.update(weight_counts(self.model))
        padding = self.train_loss.padding_idx

        def counted() -> Iterator:
            for batch, bucket in train_iter:
                if not meter.start_update():
                    return
                meter.count(int(batch["tgt"][:, 1:, 0].ne(padding).sum()))  # 0 is the opening <s>
                yield batch, bucket

        return loop(self, counted(), *args, **kwargs)

    Trainer.train = clocked
    return weights


def main() -> None:
    args = training_options(__doc__, "opennmt.yaml")

    args.run.mkdir(parents=True, exist_ok=True)
    source, target = str(args.pieces / "train.src"), str(args.pieces / "train.trg")
    corpus = {"path_src": source, "path_tgt": target, "weight": 1}
    options, _ = _get_parser().parse_known_args(
        ["-config", str(args.config), "-data", yaml.safe_dump({"train": corpus}, default_flow_style=True)]
        + ["-src_vocab", str(args.pieces / "src.vocab"), "-tgt_vocab", str(args.pieces / "trg.vocab")]
        + ["-save_model", str(args.run / "model")]
    )
    meter = TokenMeter(args.warmup, args.windows, args.window_seconds)
    weights = clock_updates(meter)
    train(options)
    publish_training(f"OpenNMT-py {version('OpenNMT-py')}", "opennmt", weights, meter, args)


if __name__ == "__main__":
    main()
