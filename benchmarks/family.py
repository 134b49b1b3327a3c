"""The recurrent family compared: each member trained for the same wall time on one core, then scored.

    python -m benchmarks.family --pairs tatoeba.es-en.tsv --out FOLDER --docs docs

FILE.tsv has two columns, a Spanish sentence and its English translation.  Held out of training: 1,000 pairs at
random and up to 400 whose source has more than 15 words, so that long sentences can be judged.  Two members train
side by side; twelve of them for 5 minutes each take some 40 minutes on two cores.  A member that is trained and
scored already is not trained again.  Writes docs/family.json, docs/family.md and docs/family-*.png.
"""

from __future__ import annotations

import dataclasses
import json
import os
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.common import machine, make_parser, revision
from nmt.errors import UserError
from nmt.text.line_io import read_lines

RANDOM, LONG, LONG_WORDS = 1000, 400, 15
BUCKETS = ((1, 5), (6, 10), (11, 15), (16, 1000))  # words of the source
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
    """One row of the table: what it changes of the first."""

    name: str
    group: str  # rows that are to be compared with each other, and with the first
    changes: dict[str, Any] = dataclasses.field(default_factory=dict)
    characters: bool = False


def _halves(cell: str, layers: int = 2) -> dict[str, Any]:
    half = f"{{cell: {cell}, layers: {layers}, hidden: 256}}"
    return {"model.encoder": half, "model.decoder": half}


MEMBERS = (
    Member("GRU, both directions, 2 layers, multi-head attention, pieces", "base"),
    Member("simple RNN", "cell", _halves("rnn")),
    Member("LSTM", "cell", _halves("lstm")),
    Member("one direction", "direction", {"model.encoder.bidirectional": "false"}),
    Member("1 layer", "depth", _halves("gru", 1)),
    Member("3 layers", "depth", _halves("gru", 3)),
    Member("4 layers", "depth", _halves("gru", 4)),
    Member("context vector, no attention", "attention", {"model.attention.kind": "none"}),
    Member("additive attention", "attention", {"model.attention.kind": "additive"}),
    Member("dot attention", "attention", {"model.attention.kind": "dot"}),
    Member("characters", "pieces", {"data.max_length": 200, "decoding.no_repeat_ngram": 0}, characters=True),
    Member(
        "convolutional encoder, 4 layers",
        "encoder",
        {"model.encoder": "{kind: convolutional, layers: 4, hidden: 256, bidirectional: false}"},
    ),
)


def hold_out(pairs: Path, out: Path) -> None:
    """Cuts FILE.tsv into train.tsv and dev.es, dev.en; the same pairs each time."""
    rows = [line.split("\t")[:2] for line in read_lines(str(pairs)) if "\t" in line]
    random.Random(1).shuffle(rows)
    long = [row for row in rows[RANDOM:] if len(row[0].split()) > LONG_WORDS][:LONG]
    dev = rows[:RANDOM] + long
    held = {tuple(row) for row in dev}
    train = [row for row in rows if tuple(row) not in held]
    out.mkdir(parents=True, exist_ok=True)
    (out / "train.tsv").write_text("".join(f"{a}\t{b}\n" for a, b in train), encoding="utf-8")
    for column, language in enumerate(("es", "en")):
        (out / f"dev.{language}").write_text("".join(f"{row[column]}\n" for row in dev), encoding="utf-8")


def build(out: Path, name: str, *options: str) -> Path:
    """A dataset folder; the held-out pairs are its dev, and nothing in train touches them."""
    data = out / name
    if not (data / "data.yaml").exists():
        source = ["--source", f"tsv:{out / 'train.tsv'}", "--dev-from", f"moses:{out / 'dev'}", "--test", "0"]
        _run("-m", "data_prep", "build", "--pair", "es-en", *source, *options, "--out", str(data), "--force")
    return data


def train_and_score(member: Member, data: Path, out: Path, minutes: float) -> dict[str, Any]:
    """Figures of one member; kept in its run's folder."""
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
    import sacrebleu
    from safetensors.numpy import load_file

    hypotheses, sources, references = (
        read_lines(str(file)) for file in (run / "dev.hypothesis", out / "dev.es", out / "dev.en")
    )
    words = [len(line.split()) for line in sources]

    def bleu(rows: list[int]) -> float:
        return sacrebleu.corpus_bleu([hypotheses[i] for i in rows], [[references[i] for i in rows]]).score

    chosen = list(range(min(RANDOM, len(sources))))  # all lengths as they come; the long ones only in buckets
    progress = json.loads(next(run.glob("state/*/progress.json")).read_text(encoding="utf-8"))
    weights = [
        array for file in (run / "best").glob("model*.safetensors") for array in load_file(file).values()
    ]
    chrf = sacrebleu.corpus_chrf([hypotheses[i] for i in chosen], [[references[i] for i in chosen]])
    return {
        "member": member.name,
        "group": member.group,
        "parameters": sum(array.size for array in weights),
        "tokens_per_second": round(progress["target_tokens"] / progress["seconds"]),
        "minutes": round(progress["seconds"] / 60, 1),
        "bleu": round(bleu(chosen), 1),
        "chrf": round(chrf.score, 1),
        "bleu_by_words": {
            f"{low}–{high}" if high < 1000 else f"{low}+": round(bleu(rows), 1)
            for low, high in BUCKETS
            if (rows := [i for i, count in enumerate(words) if low <= count <= high])
        },
    }


def table(rows: list[dict[str, Any]]) -> str:
    """Markdown; the other rows say how they differ from the first."""
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
    """Python in a process of its own on one thread; what it writes to standard output."""
    one_core = os.environ | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, *arguments], input=given, capture_output=True, env=one_core)
    if done.returncode:
        raise UserError(f"{' '.join(arguments[:3])} failed: {done.stderr.decode(errors='replace')[-2000:]}")
    return done.stdout


def main() -> int:
    parser = make_parser(__doc__)
    parser.add_argument("--pairs", type=Path, required=True, metavar="FILE.tsv")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FOLDER", help="datasets and runs go there"
    )
    parser.add_argument("--docs", type=Path, default=Path("docs"), metavar="FOLDER", help="table and plots")
    parser.add_argument("--minutes", type=float, default=5, help="of training, for each member (5)")
    parser.add_argument("--side-by-side", type=int, default=2, metavar="N", help="members at once (2)")
    parser.add_argument("--only", nargs="+", metavar="GROUP", help="the base and these groups, and no files")
    args = parser.parse_args()
    try:
        if not (args.out / "train.tsv").exists():
            hold_out(args.pairs, args.out)
        data = {
            False: build(args.out, "pieces", "--vocab-size", "4000"),
            True: build(args.out, "characters", "--subwords", "char", "--vocab-size", "500"),
        }
        members = [m for m in MEMBERS if not args.only or m.group in ("base", *args.only)]
        with ThreadPoolExecutor(args.side_by_side) as pool:
            jobs = [
                pool.submit(train_and_score, m, data[m.characters], args.out, args.minutes) for m in members
            ]
            rows = [job.result() for job in jobs]
    except (UserError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(table(rows))
    if args.only:
        return 0
    from benchmarks.family_plots import draw

    args.docs.mkdir(parents=True, exist_ok=True)
    (args.docs / "family.md").write_text(table(rows), encoding="utf-8")
    found = {"rows": rows, "system": f"nmt {revision()}", "machine": machine("torch", "sacrebleu")}
    (args.docs / "family.json").write_text(
        json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    draw(rows, args.docs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
