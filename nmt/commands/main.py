"""The `nmt` command: arguments in, exit status out; what each command does lies in the module it calls.

Status 0: done; 1: failed, with one line that says why; 2: wrong usage; 130 or 143: stopped by SIGINT or SIGTERM
(a training saves its state first; torchrun has its own).  Standard output carries results only, everything
else goes to standard error.  Nothing heavy is imported before it is needed.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from nmt.commands import lab, lab_generate, translate, translate_corpus, translate_file
from nmt.commands.arguments import add_command
from nmt.commands.info import INFO, info
from nmt.commands.models import add_models
from nmt.commands.score import add_score
from nmt.commands.serve import add_serve
from nmt.commands.train import RECIPES, add_average, add_export, add_train, recipes
from nmt.errors import UserError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status (argparse itself exits with 2, or 0 after --help)."""
    parsed = build_parser().parse_args(arguments)
    try:
        status = parsed.run(parsed)
        if sys.stdout:  # None when it was closed (`>&-`)
            sys.stdout.flush()
        return status or 0
    except UserError as error:
        print(f"nmt: error: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # whoever read the output (`| head`) has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python's own last flush complains
        return 0
    except OSError as error:  # a full disk, a file without permission
        place = f"{error.filename}: " if error.filename else ""
        print(f"nmt: error: {place}{error.strerror or error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("nmt: interrupted", file=sys.stderr)
        return 130


class ShowVersion(argparse.Action):
    """Prints the version of the installed package, which is looked up only then."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import PackageNotFoundError, version

        try:
            print(f"nmt {version('recurrent-nmt')}")
        except PackageNotFoundError:  # run from a copy of the code
            print("nmt, not installed as a package")
        parser.exit()


def build_parser() -> argparse.ArgumentParser:
    about = "Recurrent neural machine translation: train, translate, score."
    more = "`nmt COMMAND --help` tells more about a command."
    parser = argparse.ArgumentParser(prog="nmt", description=about, epilog=more)
    parser.add_argument("--version", action=ShowVersion, nargs=0, help="print the version and exit")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    translate.add(commands)
    translate_file.add(commands)
    translate_corpus.add(commands)
    add_serve(commands)
    add_score(commands)
    add_train(commands)
    add_average(commands)
    add_export(commands)
    add_models(commands)
    command = add_command(commands, "info", info, "describe a checkpoint", INFO)
    command.add_argument("checkpoint", metavar="CHECKPOINT", help="checkpoint folder")
    add_command(commands, "recipes", recipes, "list the recipes that come with nmt", RECIPES)
    lab_generate.add(lab.add(commands))
    return parser
