"""Makes every picture of the guide (docs/guide.md, docs/guide.es.md) again.

    python -m benchmarks.guide_figures [--out docs]

Runs from the repository's root, with the shipped checkpoints, and prints each command before what that prints.
About four minutes on two processor cores.  With the pictures of the family compared, which need other data, it
takes about 40:

    python -m benchmarks.guide_figures --family tatoeba.es-en.tsv
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import NamedTuple

from benchmarks.common import make_parser
from nmt.commands.main import main as nmt

MODEL = "checkpoints/es-en"
SENTENCE = "Ella lleva un abrigo viejo."  # two words change places, and greedy search goes another way


class Experiment(NamedTuple):
    """One `nmt lab` command and the pictures that it draws."""

    arguments: tuple[str, ...]
    plot: str  # what --plot is given, without its folder
    parts: tuple[str, ...] = ("",)  # what is added to the name of each picture

    @property
    def pictures(self) -> tuple[str, ...]:
        return tuple(self.plot.replace(".png", f"{part}.png") for part in self.parts)

    def command(self, out: Path) -> list[str]:
        return ["lab", *self.arguments, "--plot", str(out / self.plot)]


EXPERIMENTS = (
    Experiment(("memory",), "memory.png"),
    Experiment(("memory", "--plain-gates"), "memory-plain.png"),
    Experiment(("memory", "--model", MODEL), "memory-es-en.png"),
    Experiment(("clipping",), "clipping.png"),
    Experiment(("recall",), "recall.png"),
    Experiment(("inside", "--model", MODEL, SENTENCE), "inside.png", ("-attention", "-beam", "-gates", "-tokens")),
)
FAMILY = ("family-bleu.png", "family-length.png")  # of `python -m benchmarks.family`


def made() -> set[str]:
    """The names of all pictures that this command makes, those of the family too."""
    return {picture for experiment in EXPERIMENTS for picture in experiment.pictures} | set(FAMILY)


def main() -> int:
    parser = make_parser(__doc__)
    add = partial(parser.add_argument, type=Path)
    add("--out", default=Path("docs"), metavar="FOLDER", help="(default: docs)")
    add("--family", metavar="FILE.tsv", help="train the family too, on these pairs (35 minutes)")
    add("--runs", default=Path("runs/family"), metavar="FOLDER", help="of --family (runs/family)")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for experiment in EXPERIMENTS:
        command = experiment.command(args.out)
        _print_command("nmt", command)
        if status := nmt(command):
            return status
    if args.family:
        command = ["-m", "benchmarks.family", "--pairs", str(args.family)]
        command += ["--out", str(args.runs), "--docs", str(args.out)]
        _print_command("python", command)
        return subprocess.run([sys.executable, *command]).returncode
    return 0


def _print_command(program: str, arguments: list[str]) -> None:
    print(f"\n$ {shlex.join([program, *arguments])}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
