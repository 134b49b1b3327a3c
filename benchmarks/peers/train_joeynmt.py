"""JoeyNMT's own trainer, clocked.  Runs in an environment with JoeyNMT 2.3.0; see benchmarks/README.md.

    python -m benchmarks.peers.train_joeynmt PIECES RUN --json joeynmt.json

PIECES is what `benchmarks.peers.prepare` wrote; the network as trained is left in RUN, for translation.
"""

from __future__ import annotations

from importlib.metadata import version

from joeynmt.config import load_config
from joeynmt.training import TrainManager, train

from benchmarks.peers.options import publish_training, training_options
from benchmarks.throughput import TokenMeter, weight_counts


def clock_updates(meter: TokenMeter) -> dict[str, int]:
    """Make every JoeyNMT trainer tell `meter` of its updates and stop when all is measured.

    Returns a dictionary into which the first update puts the numbers of weights."""
    weights: dict[str, int] = {}
    update = TrainManager._train_step

    def clocked(self: TrainManager, batch):  # type: ignore[no-untyped-def]
        weights.update(weights or weight_counts(self.model))
        if not meter.start_update():
            self.stats.is_max_update = True  # JoeyNMT then ends after this update
        meter.count(int((batch.trg != self.model.pad_index).sum()))  # the opening <s> is cut off already
        return update(self, batch)

    TrainManager._train_step = clocked
    return weights


def main() -> None:
    args = training_options(__doc__, "joeynmt.yaml")

    config = load_config(args.config)
    args.run.mkdir(parents=True, exist_ok=True)
    config["model_dir"] = str(args.run)
    config["data"]["train"] = str(args.pieces / "train")
    config["data"]["dev"] = str(args.pieces / "dev")
    config["data"]["src"]["voc_file"] = str(args.pieces / "src.vocab")
    config["data"]["trg"]["voc_file"] = str(args.pieces / "trg.vocab")

    meter = TokenMeter(args.warmup, args.windows, args.window_seconds)
    weights = clock_updates(meter)
    train(rank=0, world_size=0, cfg=config, skip_test=True)
    publish_training(f"JoeyNMT {version('joeynmt')}", "joeynmt", weights, meter, args)


if __name__ == "__main__":
    main()
