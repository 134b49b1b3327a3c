"""Our translation speed and CTranslate2's, measured in turns: a pass of ours, a pass of theirs, and so on.

    python -m benchmarks.paired_peer --model CHECKPOINT --source FILE --pieces 10 --peer PYTHON

A machine's speed changes from minute to minute; in turns both meet the same minutes.  The median of the rounds'
ratios counts.  A sentence alone, another one in every round, has one core.  PYTHON is that of an environment with
ctranslate2 (see README.md, "The peers").
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from functools import partial
from typing import Any

from benchmarks.common import add_options, at_least, finish, machine, make_parser, revision
from benchmarks.timing import clocks
from benchmarks.translate import beginnings, limit_length
from nmt import Translator
from nmt.errors import UserError
from nmt.text.line_io import read_lines


def start_peer(args: argparse.Namespace, sentences: int) -> subprocess.Popen[bytes]:
    """Start the peer, with as many sentences as ours; it says a line when it is ready, and ends with its input."""
    options = {"kind": args.kind, "pieces": args.pieces, "sentences": sentences}
    options |= {"beam": args.beam, "calls": args.calls}
    command = [args.peer, "-m", "benchmarks.peers.translate_ctranslate2", "--in-turns"]
    command += [part for name, value in options.items() for part in (f"--{name}", str(value))]
    try:
        return subprocess.Popen(command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    except OSError as error:
        raise UserError(f"--peer {args.peer}: {error.strerror}; give the python of an environment") from None


def read(peer: subprocess.Popen[bytes], key: str) -> Any:
    """`key` of the next line that the peer says."""
    assert peer.stdout
    said = peer.stdout.readline()
    if not said:
        raise UserError("the peer has ended; what it says of that is above")
    try:
        return json.loads(said)[key]
    except (ValueError, TypeError, KeyError):
        raise UserError(f"the peer has said {said.decode(errors='replace')!r}, and no figures") from None


def clock(peer: subprocess.Popen[bytes], column: str) -> float:
    """The peer's sentences a second in its next turn."""
    assert peer.stdin
    try:
        peer.stdin.write(column.encode() + b"\n")
    except BrokenPipeError:
        pass  # then there is nothing to read either
    return float(read(peer, "sentences_per_second"))


def compare(turns: list[tuple[float, float]]) -> dict[str, Any]:
    """The figures of one column; a turn is (our, their) sentences a second."""
    ours, theirs = zip(*turns, strict=True)
    return {
        "ours": round(statistics.median(ours), 2),
        "theirs": round(statistics.median(theirs), 2),
        "times_as_fast": round(statistics.median(a / b for a, b in turns), 3),
        "turns": [[round(rate, 2) for rate in turn] for turn in turns],
    }


def run(args: argparse.Namespace) -> dict[str, Any]:
    translator = Translator.load(args.model, "cpu", "onnx", phrases=False)
    if args.length:
        limit_length(translator, args.length)
    sentences = beginnings(translator, read_lines(args.source), args.pieces)[: args.lines]
    if not sentences:
        raise UserError(f"{args.source}: there is no line of {args.pieces} pieces and more")

    pieces_out: list[int] = []  # of all translations, their ends not counted

    def translate(some: list[str], beam: int) -> None:
        pieces_out.extend(len(t.tokens) for t in translator.translate_batch(some, beam=beam))

    columns = clocks(translate, sentences, args.beam, args.calls)
    turns: dict[str, list[tuple[float, float]]] = {name: [] for name in columns}
    with start_peer(args, len(sentences)) as peer:
        system = read(peer, "system")
        for number in range(args.rounds + 1):
            for name, ours in columns.items():
                if number % 2:  # neither is always second, in the other's caches
                    our, their = ours(), clock(peer, name)
                else:
                    their, our = clock(peer, name), ours()
                if number:  # the first round warms up
                    turns[name].append((our, their))
    return {
        "system": f"nmt {revision()}",
        "peer": f"{system}, {args.kind}",
        "pieces": args.pieces,
        "most_pieces_out": args.length or "as many as it wants",
        "mean_pieces_out": round(statistics.mean(pieces_out), 1),
        "sentences": len(sentences),
        "beam": args.beam,
        "sentences_per_second": {name: compare(found) for name, found in turns.items()},
        "machine": machine("onnxruntime"),
    }


def main() -> int:
    parser = make_parser(__doc__)
    add_options(parser, "model", "source", "json")
    add = parser.add_argument
    add("--peer", required=True, metavar="PYTHON", help="of an environment with ctranslate2")
    add("--kind", choices=("base", "tiny"), default="tiny")
    add("--pieces", type=at_least(1), default=10, help="of every sentence (10)")
    add("--length", type=int, metavar="N", help="most pieces of our hypotheses")
    add("--lines", type=at_least(1), default=256, metavar="N", help="sentences (256)")
    add("--beam", type=int, default=4)
    add("--rounds", type=at_least(1), default=15, metavar="N", help="turns of each (15)")
    add("--calls", type=at_least(2), default=40, metavar="N", help="of one sentence (40)")
    args = parser.parse_args()
    return finish(partial(run, args), args.json)


if __name__ == "__main__":
    sys.exit(main())
