"""`nmt models`: what can be translated here; `nmt models add`: installs a model."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from nmt.commands.arguments import add_command

MODELS = """\
List the models on this machine, which `nmt serve`, the page, and `nmt translate
--from CODE --to CODE` find: those in the folders that NMT_MODELS names, in the
user's data folder, and beside the program, in this order."""

ADD = """\
Install a model: a checkpoint folder, a training run's folder, or an archive of
checkpoints (.zip, .tar.gz). It is copied to the user's data folder."""


def add_models(commands: Any) -> None:
    command = add_command(commands, "models", list_models, "list or install models", MODELS)
    adding = add_command(command.add_subparsers(metavar="COMMAND"), "add", add, "install a model", ADD)
    adding.add_argument("given", type=Path, metavar="FILE|FOLDER", help="archive or folder")
    adding.add_argument("--replace", action="store_true", help="in the place of an installed one")


def list_models(arguments: argparse.Namespace) -> None:
    """`nmt models`: a line for each, with tabs between direction, megabytes and folder."""
    from nmt.serving import models

    found = {"-".join(pair): folder for pair, folder in models.find_models().items()}
    found |= {f"({folder.name})": folder for folder in models.find_identifiers()[:1]}
    for name, folder in found.items():
        size = sum(file.stat().st_size for file in folder.iterdir() if file.is_file())
        print(f"{name}\t{size / 1e6:.1f} MB\t{folder}")
    if not found:
        print("no models yet: `nmt models add FILE` installs one", file=sys.stderr)


def add(arguments: argparse.Namespace) -> None:
    from nmt.serving import models

    for folder in models.install(arguments.given, arguments.replace):
        print(folder)
