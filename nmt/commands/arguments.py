"""What the commands of `nmt` and `nmt lab` share of argparse: how one is added, the options of
decoding, and the kinds of numbers."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


def add_command(
    commands: Any,
    name: str,
    run: Callable[[argparse.Namespace], int | None],
    summary: str,
    details: str,
    more: str = "",
) -> argparse.ArgumentParser:
    """A sub-command whose help shows `details` before the options and `more` after them, line by line."""
    as_written = argparse.RawDescriptionHelpFormatter
    command: argparse.ArgumentParser = commands.add_parser(
        name, help=summary, description=details, epilog=more, formatter_class=as_written
    )
    command.set_defaults(run=run, usage_error=command.error)
    return command


def add_decoding(command: argparse.ArgumentParser) -> None:
    """The options of a command that translates: --beam, --length-penalty, --device, --runtime, --no-phrases."""
    add = command.add_argument
    add("--beam", type=positive, metavar="N", help="hypotheses kept a step (default: the checkpoint's)")
    add(
        "--length-penalty",
        type=float,
        metavar="A",
        help="divide log-probabilities by the length to the power A: greater favours longer translations "
        "(default: the checkpoint's)",
    )
    devices = ("auto", "cpu", "cuda")
    add("--device", choices=devices, default="auto", help="auto: a GPU if there is one (default)")
    add(
        "--runtime",
        choices=("auto", "onnx", "torch"),
        default="auto",
        help="what runs the model; auto: onnx on a CPU if the checkpoint was exported (default)",
    )
    add("--no-phrases", action="store_true", help="the model alone, without the checkpoint's phrase book")


def positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive whole number")
    return int(text)


def natural(text: str) -> int:
    """From 0, and less than 2**63: more than a random number generator takes as its seed."""
    if not text.isdecimal() or int(text) >= 2**63:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 0 and below 2**63")
    return int(text)


def _decoding(arguments: argparse.Namespace) -> dict[str, Any]:
    return {"beam": arguments.beam, "length_penalty": arguments.length_penalty}


@contextmanager
def _progress(total: int | None = None) -> Iterator[Callable[[int], None]]:
    """A bar on standard error that counts lines, if that is a terminal and the results go elsewhere."""
    if not sys.stderr.isatty() or sys.stdout.isatty():
        yield lambda lines: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = BarColumn(), MofNCompleteColumn(), TextColumn("lines"), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=total)
        yield lambda lines: progress.advance(task, lines)
