"""What the commands of `nmt` and `nmt lab` share of argparse: how one is added, the options of
decoding, and the kinds of numbers."""

from __future__ import annotations

import argparse
from collections.abc import Callable
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
