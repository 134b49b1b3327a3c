"""`nmt train`, `nmt average`, `nmt export` and `nmt recipes`: how a checkpoint comes to be."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from nmt.commands.arguments import add_command, positive
from nmt.errors import UserError

TRAIN = """\
Train a recipe on a dataset folder.

The run folder gets numbered checkpoints, `best` (the best of them on dev), a log
and TensorBoard events. Interrupted or killed, a run goes on as if nothing had
happened, by its own recipe, changed only where --set says so:
  nmt train --resume --data DATASET --out RUN
On several GPUs or machines:
  torchrun --nproc-per-node N -m nmt train RECIPE --data DATASET --out RUN"""

AVERAGE = """\
Write the mean of the weights of a run's newest checkpoints, or of several
checkpoints or runs of one model, as one checkpoint: it is often better than each
of them."""

EXPORT = """\
Write a checkpoint's graphs for serving on a CPU with ONNX Runtime, the decoder in
8-bit integers: several times as fast as PyTorch, and what `translate`, `score` and
the page then use by themselves. Takes about a minute."""

MAX_SHORTLIST_PAIRS = 300_000  # from which a lexical table is learned

RECIPES = "Print the names that `nmt train` takes as RECIPE."


def add_train(commands: Any) -> None:
    add = add_command(commands, "train", train, "train a model", TRAIN).add_argument
    add("recipe", nargs="?", metavar="RECIPE", help="YAML file, or a name that `nmt recipes` lists")
    add("--data", required=True, metavar="DATASET", help="folder that `python -m data_prep build` made")
    add("--out", required=True, metavar="RUN", help="folder for checkpoints, log and saved state")
    add("--resume", action="store_true", help="go on where the run in RUN stopped; RECIPE is not needed")
    add("--init", metavar="CHECKPOINT", help="begin from its weights instead of random ones (fine-tuning)")
    grow = "with --init: its model may have other pieces than the dataset, and fewer encoder layers than the recipe"
    add("--grow", action="store_true", help=grow)
    change = "change the recipe, as training.lr=0.001; repeat for several"
    add("--set", action="append", default=[], metavar="KEY=VALUE", help=change)


def add_average(commands: Any) -> None:
    add = add_command(commands, "average", average, "average checkpoints", AVERAGE).add_argument
    help_sources = "folder that `nmt train` wrote; or several checkpoints or runs"
    add("sources", metavar="RUN", nargs="+", help=help_sources)
    add("--last", type=positive, default=5, metavar="N", help="how many of a single run (default: 5)")
    add("--out", required=True, metavar="CHECKPOINT", help="folder to write; it must not exist yet")


def train(arguments: argparse.Namespace) -> int:
    if arguments.init and arguments.resume:
        arguments.usage_error("--init begins a new run, --resume goes on with an old one: give one of them")
    if arguments.grow and not arguments.init:
        arguments.usage_error("--grow needs --init CHECKPOINT, the model that grows")
    if not arguments.recipe and not arguments.resume:
        arguments.usage_error("RECIPE is needed for a new run; `nmt recipes` lists some")
    from nmt.training.trainer import train

    run = arguments.recipe, arguments.data, arguments.out
    progress = train(*run, arguments.resume, arguments.set, arguments.init, arguments.grow)
    return 128 + progress.stopped_by if progress.stopped_by else 0


def average(arguments: argparse.Namespace) -> None:
    from nmt.checkpoint.averaging import average

    folders = average(arguments.sources, arguments.last, arguments.out)
    print(f"{arguments.out}: the mean of {', '.join(folder.name for folder in folders)}")


def add_export(commands: Any) -> None:
    summary = "write a checkpoint's graphs for fast serving"
    add = add_command(commands, "export", export, summary, EXPORT).add_argument
    add("checkpoint", metavar="CHECKPOINT", help="checkpoint folder; the graphs go into it")
    shortlist = """let a search choose among the words that a lexical table of this dataset has for the sentence, not
    in the whole vocabulary: faster, and hardly ever another translation; takes some minutes"""
    add("--shortlist", metavar="DATASET", help=shortlist)


def export(arguments: argparse.Namespace) -> None:
    from nmt.export.onnx_export import export

    shortlist = _shortlist(arguments.checkpoint, arguments.shortlist) if arguments.shortlist else None
    for file in export(arguments.checkpoint, shortlist=shortlist):
        print(f"{file}: {file.stat().st_size / 1e6:.1f} MB")


def _shortlist(checkpoint: str, dataset: str) -> tuple[Any, Any]:
    """`table` and `always` of `nmt.export.shortlist.add_shortlist`."""
    import numpy as np

    from nmt.checkpoint.folder import open_folder
    from nmt.export.shortlist import learn_shortlist
    from nmt.text.tokenizer import load_tokenizers
    from nmt.training.batches import usable_rows
    from nmt.training.checks import check_ids
    from nmt.training.dataset import open_split

    opened = open_folder(checkpoint)
    config, tokenizers = opened.config, (opened.source_tokenizer, opened.target_tokenizer)
    for own, others in zip(tokenizers, load_tokenizers(dataset), strict=True):
        if own.serialized != others.serialized:
            remedy = f"build it with --subwords-from {checkpoint}"
            raise UserError(f"{dataset}: its pieces are not those of {checkpoint}; {remedy}")
    split = open_split(dataset, "train", config.data)
    check_ids(Path(dataset), (split,), tokenizers)
    rows = np.random.default_rng(1).permutation(usable_rows(split, config.data))[:MAX_SHORTLIST_PAIRS]
    rows.sort()  # neighbours lie side by side on disk
    joint = tokenizers[0] is tokenizers[1]
    vocabularies = config.model.source_vocab, config.model.target_vocab
    return learn_shortlist(lambda some: split.ids(rows[some]), len(rows), *vocabularies, joint)


def recipes(arguments: argparse.Namespace) -> None:
    from nmt.config import recipe_names

    print("\n".join(recipe_names()))
