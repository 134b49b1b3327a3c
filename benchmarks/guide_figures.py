"""Every picture of the guide (docs/guide.md, docs/guide.es.md), made again by one command.

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
from dataclasses import dataclass
from pathlib import Path

from benchmarks.common import make_parser
from nmt.commands.main import main as nmt

MODEL = "checkpoints/es-en"
SENTENCE = "Ella lleva un abrigo viejo."  # two words change places, and greedy search goes another way


@dataclass(frozen=True)
class Experiment:
    """One `nmt lab` command and the pictures that it draws."""

    arguments: tuple[str, ...]
    plot: str  # what --plot is given, without its folder
    pictures: tuple[str, ...]

    def command(self, out: Path) -> list[str]:
        return ["lab", *self.arguments, "--plot", str(out / self.plot)]


def _one(picture: str, *arguments: str) -> Experiment:
    return Experiment(arguments, picture, (picture,))


EXPERIMENTS = (
    _one("memory.png", "memory"),
    _one("memory-plain.png", "memory", "--plain-gates"),
    _one("memory-es-en.png", "memory", "--model", MODEL),
    _one("clipping.png", "clipping"),
    _one("recall.png", "recall"),
    Experiment(
        ("inside", "--model", MODEL, SENTENCE),
        "inside.png",
        tuple(f"inside-{name}.png" for name in ("attention", "beam", "gates", "tokens")),
    ),
)
FAMILY = ("family-bleu.png", "family-length.png")  # of `python -m benchmarks.family`


def made() -> set[str]:
    """The names of all pictures that this command makes, the family's too."""
    return {picture for experiment in EXPERIMENTS for picture in experiment.pictures} | set(FAMILY)


def family_command(pairs: Path, runs: Path, out: Path) -> list[str]:
    return ["-m", "benchmarks.family", "--pairs", str(pairs), "--out", str(runs), "--docs", str(out)]


def main() -> int:
    parser = make_parser(__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs"), metavar="FOLDER", help="(default: docs)")
    parser.add_argument(
        "--family", type=Path, metavar="FILE.tsv", help="train the family too, on these pairs (35 minutes)"
    )
    parser.add_argument(
        "--runs", type=Path, default=Path("runs/family"), metavar="FOLDER", help="of --family (runs/family)"
    )
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for experiment in EXPERIMENTS:
        command = experiment.command(args.out)
        _print_command("nmt", command)
        if status := nmt(command):
            return status
    if args.family:
        command = family_command(args.family, args.runs, args.out)
        _print_command("python", command)
        return subprocess.run([sys.executable, *command]).returncode
    return 0


def _print_command(program: str, arguments: list[str]) -> None:
    print(f"\n$ {shlex.join([program, *arguments])}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
