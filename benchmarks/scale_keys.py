"""What deciding over millions of pairs costs, without their text: duplicates, contact, a sample, dev and test.

  python -m benchmarks.scale_keys --pairs 20000000 --out /tmp/keys

Only the keys of the pairs are made: one pair in twenty a repetition, one source in ten shared with another pair.
"""

from __future__ import annotations

import resource
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import add_options, at_least, machine, make_parser, publish
from data_prep.corpus import Corpus
from data_prep.engines import LocalEngine
from data_prep.keys import pair_keys
from data_prep.shards import SHARD_ROWS, Keys, Shard


def make_shards(folder: Path, pairs: int) -> list[Shard]:
    """Keys of `pairs` pairs, a shard at a time."""
    draw, shards = np.random.default_rng(1), []
    for start in range(0, pairs, SHARD_ROWS):
        shard = Shard(str(folder / str(start)), "made", False, min(SHARD_ROWS, pairs - start))
        sources, targets = (draw.integers(-(2**63), 2**63, shard.rows) for _ in range(2))
        sources[::10] = draw.integers(0, pairs // 10 + 1, len(sources[::10]))
        sources[1::20], targets[1::20] = sources[0::20], targets[0::20]
        Keys.write(shard.file, (sources, targets), pair_keys(sources, targets))
        shards.append(shard)
    return shards


def main(argv: list[str] | None = None) -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--pairs", type=at_least(10_000), default=1_000_000, metavar="N")
    keys = "the keys go there, and are removed"
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help=keys)
    add_options(parser, "json")
    arguments = parser.parse_args(argv)
    folder = arguments.out / str(arguments.pairs)
    folder.mkdir(parents=True)
    corpus = Corpus(LocalEngine(1), make_shards(folder, arguments.pairs))
    held = [str(folder / f"held-{side}.npy") for side in (0, 1)]
    for side, file in enumerate(held):
        np.save(file, corpus.shards[0].keys.sides[side][:3000])
    figures: dict[str, Any] = {"pairs": arguments.pairs, "cpu_seconds": {}}

    @contextmanager
    def timed(name: str) -> Iterator[None]:
        begun = time.process_time()
        yield
        figures["cpu_seconds"][name] = round(time.process_time() - begun, 1)

    with timed("duplicates"):
        corpus.drop_duplicates()
    with timed("contact"):
        corpus.remove(corpus.touching([(held[0], held[1])])[0], "touches_test")
    with timed("dev and test"):
        split = corpus.carve(2000, 2000, 1, str(folder / "frontier"))
    with timed("sample"):
        corpus.sample(corpus.alive, 200_000, 1)
    shutil.rmtree(folder)
    figures["kept"], figures["held out"] = int(corpus.alive.sum()), int((split != 0).sum())
    figures["peak_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000)
    publish(figures | machine("numpy"), arguments.json)


if __name__ == "__main__":
    main()
