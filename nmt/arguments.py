"""What the commands of `nmt` and `nmt lab` share of argparse: how one is added, and the kinds of its numbers."""

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


def positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive whole number")
    return int(text)


def natural(text: str) -> int:
    """From 0, and less than 2**63: more than a random number generator takes as its seed."""
    if not text.isdecimal() or int(text) >= 2**63:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 0 and below 2**63")
    return int(text)
