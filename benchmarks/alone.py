"""One sentence alone, ours and CTranslate2's in turns: some calls of one, some of the other, and again.

    python -m benchmarks.alone --model CHECKPOINT --source FILE --pieces 10 --peer PYTHON

A machine's speed changes from minute to minute; in turns both meet the same minutes.  PYTHON is that of an
environment with ctranslate2 (see README.md, "The peers").  Every turn of ours has another sentence, as far as FILE
has so many; a turn's figure is the median of its calls.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.report import at_least, finish, machine, make_parser, revision
from benchmarks.timing import latency
from benchmarks.translate import beginnings, limit_length
from nmt.errors import UserError


def start_peer(args: argparse.Namespace) -> subprocess.Popen[bytes]:
    command = [args.peer, "-m", "benchmarks.peers.translate_ctranslate2", "--in-turns", "--kind", args.kind]
    command += ["--pieces", str(args.pieces), "--beam", str(args.beam), "--calls", str(args.calls)]
    try:
        return subprocess.Popen(command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    except OSError as error:
        raise UserError(f"--peer {args.peer}: {error.strerror}; give the python of an environment") from None


def read(peer: subprocess.Popen[bytes]) -> dict[str, Any]:
    """The next line that the peer says."""
    assert peer.stdout
    said = peer.stdout.readline()
    if not said:
        raise UserError("the peer has ended; what it says of that is above")
    try:
        return dict(json.loads(said))
    except (ValueError, TypeError):
        raise UserError(f"the peer has said {said.decode(errors='replace')!r}, and no figures") from None


def clock(peer: subprocess.Popen[bytes]) -> float:
    """The peer's milliseconds in its next turn."""
    assert peer.stdin
    try:
        peer.stdin.write(b"\n")
    except BrokenPipeError:
        pass  # then there is nothing to read either
    return float(read(peer)["median_ms"])


def run(args: argparse.Namespace) -> dict[str, Any]:
    from nmt import Translator
    from nmt.lines import read_lines

    translator = Translator.load(args.model, "cpu", "onnx", phrases=False)
    if args.length:
        limit_length(translator, args.length)
    sentences = beginnings(translator, read_lines(args.source), args.pieces)[: args.rounds]
    if not sentences:
        raise UserError(f"{args.source}: there is no line of {args.pieces} pieces and more")
    turns = []
    with start_peer(args) as peer:  # whose end is that of its input
        system = read(peer)["system"]  # it is ready
        for i in range(args.rounds):
            sentence = sentences[i % len(sentences)]
            one = latency(partial(translator.translate_batch, [sentence], beam=args.beam), args.calls)
            turns.append((one["median_ms"], clock(peer)))
    ours, theirs = zip(*turns, strict=True)
    return {
        "system": f"nmt {revision()}",
        "peer": f"{system}, {args.kind}",
        "pieces": args.pieces,
        "most_pieces_out": args.length or "as many as it wants",
        "beam": args.beam,
        "ours_median_ms": round(statistics.median(ours), 2),
        "theirs_median_ms": round(statistics.median(theirs), 2),
        "ours_by_theirs": round(statistics.median(a / b for a, b in turns), 3),
        "turns_ms": turns,
        "calls_a_turn": args.calls,
        "machine": machine("onnxruntime"),
    }


def main() -> int:
    parser = make_parser(__doc__)
    parser.add_argument("--model", type=Path, required=True, metavar="CHECKPOINT")
    parser.add_argument("--source", type=Path, required=True, metavar="FILE", help="one sentence a line")
    parser.add_argument("--peer", required=True, metavar="PYTHON", help="of an environment with ctranslate2")
    parser.add_argument("--kind", choices=("base", "tiny"), default="tiny")
    parser.add_argument("--pieces", type=at_least(1), default=10, help="of every sentence (10)")
    parser.add_argument("--length", type=int, metavar="N", help="most pieces of our hypotheses")
    parser.add_argument("--beam", type=int, default=4)
    parser.add_argument("--rounds", type=at_least(1), default=30, metavar="N", help="turns of each (30)")
    parser.add_argument("--calls", type=at_least(2), default=40, metavar="N", help="of one turn (40)")
    parser.add_argument("--json", type=Path, metavar="OUT", help="also write the figures to this file")
    args = parser.parse_args()
    return finish(partial(run, args), args.json)


if __name__ == "__main__":
    sys.exit(main())
