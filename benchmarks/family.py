"""Compares the recurrent family: each member is trained for the same wall time on one core, then scored.

    python -m benchmarks.family --pairs tatoeba.es-en.tsv --out FOLDER --docs docs

FILE.tsv has two columns, a Spanish sentence and its English translation.  1,000 pairs at random are held out of
training, and up to 400 whose source has more than 15 words, so that long sentences can be judged.  Two members train
side by side; twelve of them for 5 minutes each take some 40 minutes on two cores.  A member that is trained and
scored already is not trained again.  Writes docs/family.json, docs/family.md and docs/family-*.png.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.common import machine, make_parser, revision
from nmt.errors import UserError
from nmt.text.line_io import read_lines

RANDOM_PAIRS, MAX_LONG_PAIRS = 1000, 400  # held out: of all lengths, and long ones
MIN_LONG_WORDS = 16  # of a long source
MAX_WORDS = 1000
BUCKETS = ((1, 5), (6, 10), (11, 15), (16, MAX_WORDS))  # words of the source, from and to
BASE = {
    "model.embedding": 192,
    "model.encoder": "{cell: gru, layers: 2, hidden: 256}",
    "model.decoder": "{cell: gru, layers: 2, hidden: 256}",
    "model.attention": "{kind: multihead, heads: 4, size: 256}",
    "data.max_length": 60,
    "training.lr": 0.003,
    "training.warmup": 100,
    "training.ema": 0.995,
    "training.validate_every": 1_000_000,  # once, at the end
    "training.save_every": 1_000_000,
    "training.valid_metric": "loss",
    "training.valid_sentences": 50,
}


@dataclasses.dataclass(frozen=True)
class Member:
    """One row of the table, by what it changes of the first."""

    name: str
    group: str  # rows that are to be compared with each other, and with the first
    changes: dict[str, Any] = dataclasses.field(default_factory=dict)
    characters: bool = False


def _both_halves(cell: str, layers: int = 2) -> dict[str, Any]:
    """An encoder and a decoder of this kind."""
    half = f"{{cell: {cell}, layers: {layers}, hidden: 256}}"
    return {"model.encoder": half, "model.decoder": half}


CONVOLUTIONS = "{kind: convolutional, layers: 4, hidden: 256, bidirectional: false}"
MEMBERS = (
    Member("GRU, both directions, 2 layers, multi-head attention, pieces", "base"),
    Member("simple RNN", "cell", _both_halves("rnn")),
    Member("LSTM", "cell", _both_halves("lstm")),
    Member("one direction", "direction", {"model.encoder.bidirectional": "false"}),
    Member("1 layer", "depth", _both_halves("gru", 1)),
    Member("3 layers", "depth", _both_halves("gru", 3)),
    Member("4 layers", "depth", _both_halves("gru", 4)),
    Member("context vector, no attention", "attention", {"model.attention.kind": "none"}),
    Member("additive attention", "attention", {"model.attention.kind": "additive"}),
    Member("dot attention", "attention", {"model.attention.kind": "dot"}),
    Member("characters", "pieces", {"data.max_length": 200, "decoding.no_repeat_ngram": 0}, characters=True),
    Member("convolutional encoder, 4 layers", "encoder", {"model.encoder": CONVOLUTIONS}),
)


def hold_out(pairs: Path, out: Path) -> None:
    """Cut FILE.tsv into train.tsv and dev.es, dev.en; the same pairs each time."""
    rows = [line.split("\t")[:2] for line in read_lines(str(pairs)) if "\t" in line]
    random.Random(1).shuffle(rows)
    long = [row for row in rows[RANDOM_PAIRS:] if len(row[0].split()) >= MIN_LONG_WORDS]
    dev = rows[:RANDOM_PAIRS] + long[:MAX_LONG_PAIRS]
    held = {tuple(row) for row in dev}
    out.mkdir(parents=True, exist_ok=True)
    _write_lines(out / "train.tsv", ["\t".join(row) for row in rows if tuple(row) not in held])
    for column, language in enumerate(("es", "en")):
        _write_lines(out / f"dev.{language}", [row[column] for row in dev])


def _write_lines(file: Path, lines: list[str]) -> None:
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def build(out: Path, name: str, *options: str) -> Path:
    """Build a dataset folder, whose dev split are the held-out pairs; nothing in train touches them."""
    data = out / name
    if not (data / "data.yaml").exists():
        source = ["--source", f"tsv:{out / 'train.tsv'}", "--dev-from", f"moses:{out / 'dev'}", "--test", "0"]
        _run("-m", "data_prep", "build", "--pair", "es-en", *source, *options, "--out", str(data), "--force")
    return data


def train_and_score(member: Member, data: Path, out: Path, minutes: float) -> dict[str, Any]:
    """The figures of one member, which are kept in its run's folder."""
    run = out / "runs" / "-".join(member.name.lower().replace(",", "").split())
    result = run / "figures.json"
    settings = BASE | {"training.minutes": minutes} | member.changes
    if not result.exists():
        options = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
        resume = ["--resume"] if (run / "state").exists() else []
        recipe = ["train", "tatoeba-cpu", "--data", str(data), "--out", str(run)]
        _run("-m", "nmt", *recipe, *resume, *options)
        source = (out / "dev.es").read_bytes()
        written = _run("-m", "nmt", "translate", "--model", str(run), "--runtime", "torch", given=source)
        (run / "dev.hypothesis").write_bytes(written)
        found = figures(member, run, out) | {"settings": settings}
        result.write_text(json.dumps(found), encoding="utf-8")
    found = json.loads(result.read_text(encoding="utf-8"))
    if found["settings"] != settings:
        raise UserError(f"{run}: was trained with other settings or minutes; give another --out")
    return found


def figures(member: Member, run: Path, out: Path) -> dict[str, Any]:
    """Speed, size and scores of a trained member whose translations of dev.es are in its run's folder."""
    import sacrebleu
    from safetensors.numpy import load_file

    files = (run / "dev.hypothesis", out / "dev.es", out / "dev.en")
    hypotheses, sources, references = (read_lines(str(file)) for file in files)
    words = [len(line.split()) for line in sources]

    def score(metric: Any, rows: list[int]) -> float:
        found = metric([hypotheses[i] for i in rows], [[references[i] for i in rows]])
        return round(found.score, 1)

    random_rows = list(range(min(RANDOM_PAIRS, len(sources))))  # the long ones count in their bucket only
    buckets = {}
    for low, high in BUCKETS:
        if rows := [i for i, count in enumerate(words) if low <= count <= high]:
            name = f"{low}–{high}" if high < MAX_WORDS else f"{low}+"
            buckets[name] = score(sacrebleu.corpus_bleu, rows)
    progress = json.loads(next(run.glob("state/*/progress.json")).read_text(encoding="utf-8"))
    weights = [load_file(file) for file in (run / "best").glob("model*.safetensors")]
    return {
        "member": member.name,
        "group": member.group,
        "parameters": sum(array.size for shard in weights for array in shard.values()),
        "tokens_per_second": round(progress["target_tokens"] / progress["seconds"]),
        "minutes": round(progress["seconds"] / 60, 1),
        "bleu": score(sacrebleu.corpus_bleu, random_rows),
        "chrf": score(sacrebleu.corpus_chrf, random_rows),
        "bleu_by_words": buckets,
    }


def table(rows: list[dict[str, Any]]) -> str:
    """The table in Markdown, whose other rows say how they differ from the first."""
    buckets = list(rows[0]["bleu_by_words"])
    heads = ["model", "parameters", "tokens/s", "BLEU", "chrF2", *(f"BLEU, {b} words" for b in buckets)]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for row in rows:
        numbers = [row["bleu"], row["chrf"], *(row["bleu_by_words"].get(b, "") for b in buckets)]
        size = f"{row['parameters'] / 1e6:.1f} M"
        cells = [row["member"], size, f"{row['tokens_per_second']:,}", *map(str, numbers)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _run(*arguments: str, given: bytes | None = None) -> bytes:
    """Run Python in a process of its own on one thread; returns what it writes to standard output."""
    one_core = os.environ | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, *arguments], input=given, capture_output=True, env=one_core)
    if done.returncode:
        raise UserError(f"{' '.join(arguments[:3])} failed: {done.stderr.decode(errors='replace')[-2000:]}")
    return done.stdout


def run(args: argparse.Namespace) -> None:
    """Train and score the members, and write table and pictures unless only some are asked for."""
    from benchmarks.family_plots import draw

    if not (args.out / "train.tsv").exists():
        hold_out(args.pairs, args.out)
    pieces = build(args.out, "pieces", "--vocab-size", "4000")
    characters = build(args.out, "characters", "--subwords", "char", "--vocab-size", "500")
    members = [m for m in MEMBERS if not args.only or m.group in ("base", *args.only)]

    folders = [characters if member.characters else pieces for member in members]
    with ThreadPoolExecutor(args.side_by_side) as pool:
        score = partial(train_and_score, out=args.out, minutes=args.minutes)
        rows = list(pool.map(score, members, folders))
    print(table(rows))
    found = {"rows": rows, "system": f"nmt {revision()}", "machine": machine("torch", "sacrebleu")}
    if not args.only:
        args.docs.mkdir(parents=True, exist_ok=True)
        (args.docs / "family.md").write_text(table(rows), encoding="utf-8")
        text = json.dumps(found, indent=1, ensure_ascii=False)
        (args.docs / "family.json").write_text(text + "\n", encoding="utf-8")
        draw(rows, args.docs)


def main() -> int:
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("--pairs", type=Path, required=True, metavar="FILE.tsv")
    add("--out", type=Path, required=True, metavar="FOLDER", help="datasets and runs go there")
    add("--docs", type=Path, default=Path("docs"), metavar="FOLDER", help="table and plots")
    add("--minutes", type=float, default=5, help="of training, for each member (5)")
    add("--side-by-side", type=int, default=2, metavar="N", help="members at once (2)")
    add("--only", nargs="+", metavar="GROUP", help="the base and these groups, and no files")
    args = parser.parse_args()
    try:
        run(args)
    except (UserError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
