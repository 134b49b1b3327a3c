"""`nmt lab EXPERIMENT`: prints a table, and writes data and pictures into files.

Each experiment is a module of `nmt.lab`, which is imported only when the experiment runs.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nmt.commands.arguments import add_command, given, natural, positive
from nmt.errors import UserError

if TYPE_CHECKING:
    from nmt.config import Cell
    from nmt.lab.clipping import Clipping
    from nmt.lab.inside import Inside
    from nmt.lab.memory import Memory
    from nmt.lab.recall import Recall

LAB = """\
Experiments that show what recurrent networks remember, and what goes on inside a
translation. Each prints a table; --json writes its data, --plot its picture."""

MEMORY = """\
How strongly an earlier state of a recurrent layer is still felt later: the norm of
the derivative of the state by the one so many steps before, 1 at distance 0.

Of a checkpoint: every recurrent layer and direction of its encoder and decoder, over
sentences (convolutions have no states). Without --model, of fresh cells that read random numbers."""

MEMORY_MORE = """\
examples
  nmt lab memory --model checkpoints/es-en --plot memory.svg
  nmt lab memory --cell rnn --cell gru --cell lstm --hidden 64 --distance 100"""

RECALL = """\
A symbol is shown at the first step, then noise; then it is to be named. Trains each
cell for each delay, all with the same budget, and prints what share it names right.
Takes some minutes on one core, seconds with --quick.

Gates begin open for up to the delay (Tallec & Ollivier 2018); --plain-gates leaves
that out. A simple RNN has no gates to open."""

CLIPPING = """\
A simple RNN with large recurrent weights learns to add two numbers of a sequence by
plain gradient descent, once as it is and once with the gradient's norm clipped."""

INSIDE = """\
Everything there is to see while a sentence is translated: gates and hidden states,
attention, what the search considered and dropped, the probability of every token of
the translation, or of one that you give.

--plot FILE.svg writes FILE-gates.svg, FILE-attention.svg, FILE-beam.svg and
FILE-tokens.svg."""

INSIDE_MORE = """\
examples
  nmt lab inside --model checkpoints/es-en "¿Dónde está la biblioteca?" --plot library.png
  nmt lab inside --model checkpoints/es-en "Tengo hambre." --translation "I have hunger." """

CELLS: tuple[Cell, ...] = ("rnn", "gru", "lstm")
SHOWN_DISTANCES = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)  # steps, in the table of `memory`
MAX_SHOWN_ALTERNATIVES = 3  # of a token, and dropped candidates of a step, in the tables of `inside`


def add(commands: Any) -> Any:
    """Add `lab` to the subcommands of `nmt`; returns the subcommands of `lab`."""
    summary = "experiments: memory, gradients, inside a translation"
    more = "`nmt lab EXPERIMENT --help` tells more about an experiment."
    raw = argparse.RawDescriptionHelpFormatter
    command = commands.add_parser("lab", help=summary, description=LAB, epilog=more, formatter_class=raw)
    experiments = command.add_subparsers(metavar="EXPERIMENT", required=True)
    _add_memory(experiments)
    _add_recall(experiments)
    _add_clipping(experiments)
    _add_inside(experiments)
    for name in ("memory", "recall", "clipping", "inside"):
        add = experiments.choices[name].add_argument
        add("--json", metavar="FILE", help="write the data as JSON")
        add("--plot", metavar="FILE", help="draw the picture, FILE.svg or FILE.png")
    return experiments


def _experiment(
    experiments: Any, measure: Callable[..., tuple[str, Any]], summary: str, details: str, more: str = ""
) -> Callable[..., Any]:
    """Add a command with the name of the function `measure`; returns the command's `add_argument`."""
    run = partial(_run, measure)
    return add_command(experiments, measure.__name__, run, summary, details, more).add_argument


def _add_memory(experiments: Any) -> None:
    add = _experiment(experiments, memory, "how far back a layer remembers", MEMORY, MEMORY_MORE)
    add("--model", metavar="CHECKPOINT", help="checkpoint folder, instead of fresh cells")
    sentences = "with --model: sentences to read, one a line (default: built-in ones)"
    add("--source", metavar="FILE", help=sentences)
    add("--cell", action="append", choices=CELLS, help="a fresh cell; repeat for several (default: all)")
    add("--hidden", type=positive, metavar="N", help="units of a fresh cell (default: 64)")
    add("--distance", type=positive, metavar="N", help="steps that a fresh cell is followed (default: 100)")
    add("--plain-gates", action="store_true", help="of fresh cells: gate biases as before training, not open")


def _add_recall(experiments: Any) -> None:
    add = _experiment(experiments, recall, "how long a trained cell holds a symbol", RECALL)
    add("--cell", action="append", choices=CELLS, help="repeat for several (default: all)")
    delays = "steps of noise; repeat for several delays"
    add("--delay", action="append", type=natural, metavar="N", help=delays)
    add("--seeds", type=positive, metavar="N", help="trainings of each cell and delay (default: 3)")
    add("--steps", type=positive, metavar="N", help="optimiser steps of a training at most")
    add("--plain-gates", action="store_true", help="gate biases as before any training, not open")
    add("--quick", action="store_true", help="two delays, one short training of each")


def _add_clipping(experiments: Any) -> None:
    add = _experiment(experiments, clipping, "exploding gradients and clipping", CLIPPING)
    add("--threshold", type=float, metavar="X", help="of the gradient's norm (default: 1)")
    add("--gain", type=float, metavar="X", help="size of the recurrent weights at the start (default: 1.5)")
    add("--steps", type=positive, metavar="N", help="optimiser steps (default: 600)")
    add("--seed", type=natural, metavar="N", help="of weights and examples (default: 1)")


def _add_inside(experiments: Any) -> None:
    summary = "gates, attention and search of one sentence"
    add = _experiment(experiments, inside, summary, INSIDE, INSIDE_MORE)
    add("--model", required=True, metavar="CHECKPOINT", help="checkpoint folder")
    add("sentence", metavar="SENTENCE", help="what to translate")
    add("--translation", metavar="TEXT", help="look at this translation (default: the model's own)")
    add("--beam", type=positive, metavar="N", help="hypotheses kept a step (default: the checkpoint's)")
    add("--units", type=positive, default=8, metavar="N", help="units of each layer to show (default: 8)")


def _run(measure: Callable[[argparse.Namespace], tuple[str, Any]], arguments: argparse.Namespace) -> None:
    """Run an experiment, which returns a table and a result; print the table, and write the requested files."""
    _check_outputs(arguments)
    table, result = measure(arguments)
    print(table)
    if arguments.json:
        text = json.dumps(result.as_dict(), ensure_ascii=False, allow_nan=False)
        Path(arguments.json).write_text(text + "\n", encoding="utf-8")
    if arguments.plot:
        from nmt.lab.plots import figures, save

        path = Path(arguments.plot)
        for name, figure in figures(result).items():
            save(figure, path.with_stem(f"{path.stem}-{name}") if name else path)


def _check_outputs(arguments: argparse.Namespace) -> None:
    """UserError for files that cannot be written, before an experiment that takes minutes."""
    for file in filter(None, (arguments.json, arguments.plot)):
        if not Path(file).absolute().parent.is_dir():
            raise UserError(f"{file}: there is no folder {Path(file).parent}; make it first")
        if not os.access(Path(file).absolute().parent, os.W_OK) or Path(file).is_dir():
            remedy = "give the name of a file in a folder of yours"
            raise UserError(f"{file!r}: cannot be written there; {remedy}")
    if arguments.plot:
        try:
            from nmt.lab.plots import check_name
        except ModuleNotFoundError as error:
            if error.name != "matplotlib":
                raise
            raise UserError("pictures need Matplotlib: pip install -e '.[lab]' -c constraints.txt") from None
        check_name(arguments.plot)


def memory(arguments: argparse.Namespace) -> tuple[str, Memory]:
    if arguments.model and given(arguments, "cell", "hidden", "distance", "plain_gates"):
        arguments.usage_error("--cell, --hidden, --distance and --plain-gates are of fresh cells, not of --model")
    if arguments.source and not arguments.model:
        arguments.usage_error("--source needs --model: fresh cells read random numbers")
    from nmt.lab.memory import of_checkpoint, of_fresh_cells
    from nmt.text.line_io import read_lines

    if arguments.model:
        sentences = []
        if arguments.source:
            sentences = [line for line in read_lines(arguments.source) if line.strip()]
            if not sentences:
                raise UserError(f"{arguments.source}: has no line with text; give sentences, one a line")
        result = of_checkpoint(arguments.model, sentences)
    else:
        sizes = given(arguments, "hidden", "distance")
        result = of_fresh_cells(arguments.cell or CELLS, **sizes, gates_open=not arguments.plain_gates)
    return _memory_table(result), result


def _memory_table(result: Memory) -> str:
    longest = max(len(curve.norms) for curve in result.curves)
    shown = [d for d in SHOWN_DISTANCES if d < longest]
    rows = [["distance", *map(str, shown), "below 1/2 at"]]
    for curve in result.curves:
        norms = [f"{curve.norms[d]:.2g}" if d < len(curve.norms) else "" for d in shown]
        half = curve.half()
        rows.append([f"{curve.name} ({curve.cell})", *norms, "-" if half is None else str(half)])
    return f"{result.subject}\n{_table(rows)}"


def recall(arguments: argparse.Namespace) -> tuple[str, Recall]:
    from dataclasses import replace

    from nmt.lab.recall import QUICK, SOLVED, RecallConfig, run

    changes = given(arguments, "seeds", "steps")
    if arguments.cell:
        changes["cells"] = tuple(dict.fromkeys(arguments.cell))
    if arguments.delay:
        changes["delays"] = tuple(sorted(set(arguments.delay)))
    if arguments.plain_gates:
        changes["open_gates"] = False
    config = replace(QUICK if arguments.quick else RecallConfig(), **changes)
    result = run(config, lambda line: print(line, file=sys.stderr, flush=True))
    rows = [["delay", *(f"{cell} {kind}" for cell in config.cells for kind in ("mean", "worst"))]]
    for delay in config.delays:
        at = {outcome.cell: outcome for outcome in result.outcomes if outcome.delay == delay}
        figures = [f"{x:.2f}" for cell in config.cells for x in (at[cell].mean, at[cell].worst)]
        rows.append([str(delay), *figures])
    lines = [_table(rows)]
    for cell in config.cells:
        longest = result.longest(cell)
        solved = "no delay" if longest is None else f"delays up to {longest}"
        lines.append(f"{cell}: {solved} with every seed above {SOLVED:.0%}")
    return "\n".join(lines), result


def clipping(arguments: argparse.Namespace) -> tuple[str, Clipping]:
    from nmt.lab.clipping import ClippingConfig, run

    result = run(ClippingConfig(**given(arguments, "threshold", "gain", "steps", "seed")))
    rows = [["", "largest gradient", "largest applied", "first loss", "last loss"]]
    for name, curve in (("without clipping", result.without), ("with clipping", result.with_clipping)):
        largest = max((norm for norm in curve.norms if norm is not None), default=float("nan"))
        first = "infinite" if curve.losses[0] is None else f"{curve.losses[0]:.3f}"
        last_loss = curve.last_loss()
        last = "diverged" if last_loss is None else f"{last_loss:.3f}"
        rows.append([name, f"{largest:.3g}", f"{curve.largest_applied():.3g}", first, last])
    guess = f"threshold {result.config.threshold:g}; always answering the mean: loss {result.guess:.3f}"
    return f"{_table(rows)}\n{guess}", result


def inside(arguments: argparse.Namespace) -> tuple[str, Inside]:
    from nmt.lab.inside import look_inside

    result = look_inside(arguments.model, arguments.sentence, arguments.translation, arguments.beam, arguments.units)
    return _inside_tables(result), result


def _inside_tables(result: Inside) -> str:
    whose = "given" if result.given else "the model's own"
    parts = [f"source       {' '.join(result.source_tokens)}"]
    parts += [f"translation  {result.translation}  ({whose}, log-probability {result.log_prob:.2f})", ""]
    rows = [["token", "probability", "place", "most probable"]]
    for token in result.tokens:
        alternatives = token.alternatives[:MAX_SHOWN_ALTERNATIVES]
        others = "  ".join(f"{name} {share:.2f}" for name, share in alternatives)
        rows.append([token.token, f"{token.probability:.3f}", str(token.place), others])
    parts += [_table(rows), ""]
    tree, best = result.tree, set(result.tree.best)
    parts.append(f"search, beam {tree.beam}: kept [translation *] | best dropped, with log-probability so far")
    for step in sorted({candidate.step for candidate in tree.candidates}):
        here = [(i, c) for i, c in enumerate(tree.candidates) if c.step == step]
        names = {i: f"{result.tree_tokens[i]} {c.score:.2f}{' *' if i in best else ''}" for i, c in here}
        kept = [names[i] for i, c in here if c.kept]
        dropped = [names[i] for i, c in here if not c.kept][:MAX_SHOWN_ALTERNATIVES]
        parts.append(f"  {step + 1:>3}  {', '.join(kept)} | {', '.join(dropped)}")
    parts.append("")
    rows = [["mean over units and tokens", "gates and states (root mean square of signed ones)"]]
    for layer in result.layers:
        means = [f"{name} {sum(values) / len(values):.2f}" for name, values in layer.means.items()]
        rows.append([f"{layer.name} ({layer.cell})", "  ".join(means)])
    return "\n".join([*parts, _table(rows)])


def _table(rows: Sequence[Sequence[str]]) -> str:
    """Rows as aligned columns.  The first column is left-aligned, and so are columns with spaces in their cells; the
    others are right-aligned."""
    columns = []
    for number, column in enumerate(zip(*rows, strict=True)):
        left = number == 0 or any(" " in cell for cell in column[1:])
        width = max(map(len, column))
        columns.append([cell.ljust(width) if left else cell.rjust(width) for cell in column])
    return "\n".join("  ".join(row).rstrip() for row in zip(*columns, strict=True))
