"""What a dataset of millions of pairs costs: CPU seconds and memory of `python -m data_prep build`, by stage.

  python -m benchmarks.scale --pairs 1000000 --out /tmp/scale

The pairs are made on the way to compressed files (`--files`, for each is read by one worker): sentences of 4 to 24
words of a Zipf vocabulary, one pair in twenty a repetition, one in a hundred touching the excluded test set.  Memory is
that of the build and of all its workers, pages that they share counted in each (RSS), asked for four times a second, as
is CPU time, which a busy machine stretches less than seconds by the clock.  `--hash` alone prints the hash of a dataset
folder, by which engines are compared.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import hashlib
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import add_options, at_least, machine, make_parser, publish

WORDS, EXCLUDED, CHUNK = 200_000, 2000, 10_000
STAGES = {  # the build's messages -> the stage that begins with it
    "read ": "clean and deduplicate",
    "cleaning": "clean and deduplicate",
    "judging": "language",
    "training": "subwords",
    "encoding train": "encode and write",
}


def pair_files(folder: Path, count: int) -> list[Path]:
    return [folder / (f"pairs-{number:03}.tsv.gz" if count > 1 else "pairs.tsv.gz") for number in range(count)]


def write_pairs(folder: Path, pairs: int, files: int) -> None:
    """`pair_files` and `excluded.tsv`; a few megabytes of memory, whatever the number."""
    draw = np.random.default_rng(1)
    syllables = np.array([a + b for a in "bcdfglmnprstv" for b in "aeiou"])
    words = ["".join(draw.choice(syllables, 1 + number % 4)) for number in range(WORDS)]

    def sentences(count: int) -> list[str]:
        lengths = draw.integers(4, 25, count)
        ids = np.minimum(draw.zipf(1.2, lengths.sum()), WORDS) - 1
        parts = np.split(ids, lengths.cumsum()[:-1])
        return [" ".join(words[i] for i in part).capitalize() + "." for part in parts]

    excluded = list(zip(sentences(EXCLUDED), sentences(EXCLUDED), strict=True))
    (folder / "excluded.tsv").write_text("".join(f"{a}\t{b}\n" for a, b in excluded), encoding="utf-8")
    last, chunks = excluded, range(0, pairs, CHUNK)
    for number, path in enumerate(pair_files(folder, files)):
        with gzip.open(path, "wt", compresslevel=1, encoding="utf-8") as file:
            for start in chunks[number * len(chunks) // files : (number + 1) * len(chunks) // files]:
                size = min(CHUNK, pairs - start)
                rows = list(zip(sentences(size), sentences(size), strict=True))
                rows[::20] = [last[number % len(last)] for number in range(0, size, 20)]
                hundredth = range(0, size, 100)
                rows[::100] = [(rows[at][0], excluded[(start + at) % EXCLUDED][1]) for at in hundredth]
                file.writelines(f"{a}\t{b}\n" for a, b in rows)
                last = rows


def measured(command: list[str]) -> dict[str, Any]:
    """CPU seconds by stage, seconds by the clock, and the highest memory of the process and its children in MB."""
    import psutil

    begun, peak, used = time.monotonic(), 0, 0.0
    running = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    marks: list[tuple[float, str]] = [(0.0, "hash and read")]

    def watch() -> None:
        assert running.stderr
        for line in running.stderr:
            marks.extend((used, stage) for start, stage in STAGES.items() if line.startswith(start))
            if line.startswith("error"):
                print(line, file=sys.stderr)

    thread = threading.Thread(target=watch)
    thread.start()
    while running.poll() is None:
        with contextlib.suppress(psutil.NoSuchProcess):
            tree = [psutil.Process(running.pid), *psutil.Process(running.pid).children(recursive=True)]
            peak = max(peak, sum(process.memory_info().rss for process in tree))
            used = max(used, sum(sum(process.cpu_times()[:4]) for process in tree))  # with ended children
        time.sleep(0.25)
    thread.join()
    if running.returncode:
        raise SystemExit(f"the build ended with status {running.returncode}")
    stages: dict[str, float] = {}
    for (start, stage), (end, _) in zip(marks, [*marks[1:], (used, "end")], strict=True):
        stages[stage] = round(stages.get(stage, 0) + end - start, 1)
    clock, cpu, megabytes = round(time.monotonic() - begun, 1), round(used, 1), round(peak / 1e6)
    return {"clock_seconds": clock, "cpu_seconds": cpu, "stages": stages, "peak_mb": megabytes}


def dataset_hash(folder: Path) -> str:
    """SHA-256 of a dataset folder: rows, models, and the report but for the versions it was built with."""
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.suffix in (".arrow", ".spm")):
        digest.update(str(file.relative_to(folder)).encode())
        with open(file, "rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    report = (folder / "report.json").read_text(encoding="utf-8")
    digest.update(re.sub(r'"built_with".*', "", report, flags=re.DOTALL).encode())
    return digest.hexdigest()


def main(argv: list[str] | None = None) -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--pairs", type=at_least(10_000), default=1_000_000, metavar="N")
    parser.add_argument("--files", type=at_least(1), default=1, metavar="N", help="over which the pairs are spread")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="pairs and dataset go there")
    parser.add_argument("--engine", default="local", help="as of `python -m data_prep build`")
    parser.add_argument("--num-proc", type=at_least(1), default=2, metavar="N")
    more = "more flags of the build, last of all"
    parser.add_argument("--build", nargs=argparse.REMAINDER, default=[], help=more)
    parser.add_argument("--hash", type=Path, metavar="DATASET", help="print its hash, and nothing else")
    add_options(parser, "json")
    arguments = parser.parse_args(argv)
    if arguments.hash:
        print(dataset_hash(arguments.hash))
        return
    folder = arguments.out / str(arguments.pairs)
    folder.mkdir(parents=True, exist_ok=True)
    files = pair_files(folder, arguments.files)
    if not files[-1].exists():
        write_pairs(folder, arguments.pairs, arguments.files)
    dataset = folder / arguments.engine.partition(":")[0]
    shutil.rmtree(dataset, ignore_errors=True)
    build = [sys.executable, "-m", "data_prep", "build", "--pair", "es-en", "--out", str(dataset)]
    build += [flag for file in files for flag in ("--source", f"tsv:{file}")]
    build += ["--exclude-test", f"tsv:{folder}/excluded.tsv"]
    build += ["--num-proc", str(arguments.num_proc), "--engine", arguments.engine, *arguments.build]
    figures = {
        "pairs": arguments.pairs,
        "files": arguments.files,
        "engine": arguments.engine,
        "num_proc": arguments.num_proc,
    }
    figures |= measured(build) | {"sha256": dataset_hash(dataset)}
    publish(figures | machine("pyarrow", "sentencepiece", "ray"), arguments.json)


if __name__ == "__main__":
    main()
