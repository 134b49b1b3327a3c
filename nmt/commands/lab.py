"""`nmt lab EXPERIMENT`: arguments in, a table on standard output, data and pictures into files.

What is measured lies in the module of each experiment; nothing heavy is imported before it is needed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nmt.commands.arguments import add_command, natural, positive
from nmt.errors import UserError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from nmt.lab.inside import Inside
    from nmt.lab.memory import Memory

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

SHOWN = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)  # distances in the table


def add(commands: Any) -> Any:
    """Add `lab` to the sub-commands of `nmt`; returns the sub-commands of `lab`."""
    command = commands.add_parser(
        "lab",
        help="experiments: memory, gradients, inside a translation",
        description=LAB,
        epilog="`nmt lab EXPERIMENT --help` tells more about an experiment.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    experiments = command.add_subparsers(metavar="EXPERIMENT", required=True)
    _add_memory(experiments)
    _add_recall(experiments)
    _add_clipping(experiments)
    _add_inside(experiments)
    return experiments


def _add_memory(experiments: Any) -> None:
    add = add_command(
        experiments, "memory", memory, "how far back a layer remembers", MEMORY, MEMORY_MORE
    ).add_argument
    add("--model", metavar="CHECKPOINT", help="checkpoint folder, instead of fresh cells")
    add(
        "--source",
        metavar="FILE",
        help="with --model: sentences to read, one a line (default: built-in ones)",
    )
    add(
        "--cell",
        action="append",
        choices=("rnn", "gru", "lstm"),
        help="a fresh cell; repeat for several (default: all)",
    )
    add("--hidden", type=positive, metavar="N", help="units of a fresh cell (default: 64)")
    add("--distance", type=positive, metavar="N", help="steps that a fresh cell is followed (default: 100)")
    add("--plain-gates", action="store_true", help="of fresh cells: gate biases as before training, not open")
    _add_output(add)


def _add_recall(experiments: Any) -> None:
    add = add_command(
        experiments, "recall", recall, "how long a trained cell holds a symbol", RECALL
    ).add_argument
    add(
        "--cell",
        action="append",
        choices=("rnn", "gru", "lstm"),
        help="repeat for several (default: all)",
    )
    add(
        "--delay",
        action="append",
        type=natural,
        metavar="N",
        help="steps of noise; repeat for several delays",
    )
    add("--seeds", type=positive, metavar="N", help="trainings of each cell and delay (default: 3)")
    add("--steps", type=positive, metavar="N", help="optimiser steps of a training at most")
    add("--plain-gates", action="store_true", help="gate biases as before any training, not open")
    add("--quick", action="store_true", help="two delays, one short training of each")
    _add_output(add)


def _add_clipping(experiments: Any) -> None:
    add = add_command(
        experiments, "clipping", clipping, "exploding gradients and clipping", CLIPPING
    ).add_argument
    add("--threshold", type=float, metavar="X", help="of the gradient's norm (default: 1)")
    add("--gain", type=float, metavar="X", help="size of the recurrent weights at the start (default: 1.5)")
    add("--steps", type=positive, metavar="N", help="optimiser steps (default: 600)")
    add("--seed", type=natural, metavar="N", help="of weights and examples (default: 1)")
    _add_output(add)


def _add_inside(experiments: Any) -> None:
    add = add_command(
        experiments, "inside", inside, "gates, attention and search of one sentence", INSIDE, INSIDE_MORE
    ).add_argument
    add("--model", required=True, metavar="CHECKPOINT", help="checkpoint folder")
    add("sentence", metavar="SENTENCE", help="what to translate")
    add("--translation", metavar="TEXT", help="look at this translation (default: the model's own)")
    add("--beam", type=positive, metavar="N", help="hypotheses kept a step (default: the checkpoint's)")
    add("--units", type=positive, default=8, metavar="N", help="units of each layer to show (default: 8)")
    _add_output(add)


def _add_output(add: Callable[..., Any]) -> None:
    add("--json", metavar="FILE", help="write the data as JSON")
    add("--plot", metavar="FILE", help="draw the picture, FILE.svg or FILE.png")


def memory(arguments: argparse.Namespace) -> None:
    """`nmt lab memory`"""
    fresh = [arguments.cell, arguments.hidden, arguments.distance, arguments.plain_gates or None]
    if arguments.model and any(value is not None for value in fresh):
        arguments.usage_error(
            "--cell, --hidden, --distance and --plain-gates are of fresh cells, not of --model"
        )
    if arguments.source and not arguments.model:
        arguments.usage_error("--source needs --model: fresh cells read random numbers")
    _check_outputs(arguments)
    from nmt.lab.memory import of_checkpoint, of_fresh_cells
    from nmt.text.line_io import read_lines

    if arguments.model:
        result = of_checkpoint(arguments.model, _sentences(arguments.source, read_lines))
    else:
        result = of_fresh_cells(
            arguments.cell or ("rnn", "gru", "lstm"),
            arguments.hidden or 64,
            arguments.distance or 100,
            gates_open=not arguments.plain_gates,
        )
    print(_memory_table(result))
    _write(arguments, result.as_dict(), lambda plots: {"": plots.memory_figure(result)})


def recall(arguments: argparse.Namespace) -> None:
    """`nmt lab recall`"""
    _check_outputs(arguments)
    from dataclasses import replace

    from nmt.lab.recall import QUICK, SOLVED, RecallConfig, run

    config = QUICK if arguments.quick else RecallConfig()
    changes = {
        "cells": arguments.cell and tuple(dict.fromkeys(arguments.cell)),
        "delays": arguments.delay and tuple(sorted(set(arguments.delay))),
        "seeds": arguments.seeds,
        "steps": arguments.steps,
        "open_gates": False if arguments.plain_gates else None,
    }
    config = replace(config, **{name: value for name, value in changes.items() if value is not None})
    result = run(config, _say)
    rows = [["delay", *(f"{cell} {kind}" for cell in config.cells for kind in ("mean", "worst"))]]
    for delay in config.delays:
        at = {outcome.cell: outcome for outcome in result.outcomes if outcome.delay == delay}
        figures = [f"{x:.2f}" for cell in config.cells for x in (at[cell].mean, at[cell].worst)]
        rows.append([str(delay), *figures])
    print(_table(rows))
    for cell in config.cells:
        longest = result.longest(cell)
        held = "no delay" if longest is None else f"delays up to {longest}"
        print(f"{cell}: {held} with every seed above {SOLVED:.0%}")
    _write(arguments, result.as_dict(), lambda plots: {"": plots.recall_figure(result)})


def clipping(arguments: argparse.Namespace) -> None:
    """`nmt lab clipping`"""
    _check_outputs(arguments)
    from nmt.lab.clipping import ClippingConfig, run

    given = {name: getattr(arguments, name) for name in ("threshold", "gain", "steps", "seed")}
    result = run(ClippingConfig(**{name: value for name, value in given.items() if value is not None}))
    rows = [["", "largest gradient", "largest applied", "first loss", "last loss"]]
    for name, course in (("without clipping", result.without), ("with clipping", result.with_clipping)):
        largest = max((norm for norm in course.norms if norm is not None), default=float("nan"))
        last = course.last_loss()
        first = course.losses[0]
        rows.append(
            [
                name,
                f"{largest:.3g}",
                f"{course.largest_applied():.3g}",
                "infinite" if first is None else f"{first:.3f}",
                "diverged" if last is None else f"{last:.3f}",
            ]
        )
    print(_table(rows))
    print(f"threshold {result.config.threshold:g}; always answering the mean: loss {result.guess:.3f}")
    _write(arguments, result.as_dict(), lambda plots: {"": plots.clipping_figure(result)})


def inside(arguments: argparse.Namespace) -> None:
    """`nmt lab inside`"""
    _check_outputs(arguments)
    from nmt.lab.inside import look_inside

    result = look_inside(
        arguments.model, arguments.sentence, arguments.translation, arguments.beam, arguments.units
    )
    print(_inside_tables(result))
    _write(arguments, result.as_dict(), lambda plots: plots.inside_figures(result))


def _sentences(file: str | None, read_lines: Callable[[str], list[str]]) -> list[str]:
    if file is None:
        return []
    lines = [line for line in read_lines(file) if line.strip()]
    if not lines:
        raise UserError(f"{file}: has no line with text; give sentences, one a line")
    return lines


def _memory_table(result: Memory) -> str:
    longest = max(len(curve.norms) for curve in result.curves)
    shown = [d for d in SHOWN if d < longest]
    rows = [["distance", *map(str, shown), "below 1/2 at"]]
    for curve in result.curves:
        norms = [f"{curve.norms[d]:.2g}" if d < len(curve.norms) else "" for d in shown]
        half = curve.half()
        rows.append([f"{curve.name} ({curve.cell})", *norms, "-" if half is None else str(half)])
    return f"{result.subject}\n{_table(rows)}"


def _inside_tables(result: Inside) -> str:
    whose = "given" if result.given else "the model's own"
    parts = [f"source       {' '.join(result.source_tokens)}"]
    parts += [f"translation  {result.translation}  ({whose}, log-probability {result.log_prob:.2f})", ""]
    rows = [["token", "probability", "place", "most probable"]]
    for token in result.tokens:
        others = "  ".join(f"{name} {share:.2f}" for name, share in token.alternatives[:3])
        rows.append([token.token, f"{token.probability:.3f}", str(token.place), others])
    parts += [_table(rows), ""]
    tree, best = result.tree, set(result.tree.best)
    parts.append(
        f"search, beam {tree.beam}: kept [translation *] | best dropped, with log-probability so far"
    )
    for step in sorted({candidate.step for candidate in tree.candidates}):
        here = [(i, c) for i, c in enumerate(tree.candidates) if c.step == step]
        names = {i: f"{result.tree_tokens[i]} {c.score:.2f}{' *' if i in best else ''}" for i, c in here}
        kept = [names[i] for i, c in here if c.kept]
        dropped = [names[i] for i, c in here if not c.kept][:3]
        parts.append(f"  {step + 1:>3}  {', '.join(kept)} | {', '.join(dropped)}")
    parts.append("")
    rows = [["mean over units and tokens", "gates and states (root mean square of signed ones)"]]
    for layer in result.layers:
        means = [f"{name} {sum(values) / len(values):.2f}" for name, values in layer.means.items()]
        rows.append([f"{layer.name} ({layer.cell})", "  ".join(means)])
    return "\n".join([*parts, _table(rows)])


def _table(rows: Sequence[Sequence[str]]) -> str:
    """Columns side by side, the first flush left."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [
            cell.ljust(width) if _wordy(rows, i) else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row[1:], widths[1:], strict=True), start=1)
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _wordy(rows: Sequence[Sequence[str]], column: int) -> bool:
    """Whether a column has more than single numbers below its head."""
    return any(" " in row[column] for row in rows[1:])


def _check_outputs(arguments: argparse.Namespace) -> None:
    """Refuse what could not be written, before an experiment that takes minutes."""
    for file in (arguments.json, arguments.plot):
        if file is None:
            continue
        folder = Path(file).absolute().parent
        if not folder.is_dir():
            raise UserError(f"{file}: there is no folder {Path(file).parent}; make it first")
        if not os.access(folder, os.W_OK) or Path(file).is_dir():
            raise UserError(
                f"{file!r}: cannot be written there; give the name of a file in a folder of yours"
            )
    if arguments.plot:
        try:
            from nmt.lab.plots import check_name
        except ModuleNotFoundError as error:
            if error.name != "matplotlib":
                raise
            raise UserError("pictures need Matplotlib: pip install -e '.[lab]' -c constraints.txt") from None
        check_name(arguments.plot)


def _write(
    arguments: argparse.Namespace, data: dict[str, Any], draw: Callable[[Any], dict[str, Figure]]
) -> None:
    """The files that were asked for; `draw(plots)` gives figures by what is added to the picture's name."""
    if arguments.json:
        text = json.dumps(data, ensure_ascii=False, allow_nan=False)
        Path(arguments.json).write_text(text + "\n", encoding="utf-8")
    if arguments.plot:
        from nmt.lab import plots

        path = Path(arguments.plot)
        for name, figure in draw(plots).items():
            plots.save(figure, path.with_stem(f"{path.stem}-{name}") if name else path)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
