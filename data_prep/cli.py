"""The command `python -m data_prep`: flags laid over a recipe, then `build`; or a built folder's tables."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path
from typing import Any

from rich.console import Console

from data_prep.files import COMPRESSIONS
from data_prep.recipe import Recipe, make_recipe
from nmt.errors import UserError
from nmt.files import write_file_atomically
from nmt.yaml_config import YamlMapping

SOURCE_HELP = """\
sources: KIND:PATH[:OPTIONS][@SETTINGS]
  tsv:FILE               two columns, no header; .csv files are read with CSV quoting
  tsv:FILE:es=0,en=1     columns by number, no header
  tsv:FILE:es=spa,en=eng columns by name, from the header
  moses:PREFIX           PREFIX.es and PREFIX.en, line by line
  tmx:FILE               by xml:lang
  po:FILE, mo:FILE       msgid and msgstr; :id=en tells the language of the msgids if the header does not
  hf:NAME[:CONFIG]       Hugging Face data set with a column `translation: {es, en}`: a hub name,
                         a folder, or a .parquet or .jsonl file; :split=train, :es=COLUMN,en=COLUMN
  mtdata:ID, opus:NAME   a public corpus by name: mtdata:Statmt-europarl-7-es-en, opus:Europarl-v8 (extra `scale`)
  Files may be compressed: .gz .xz .bz2 .zst
  Settings: @repeat=3 (each pair three times in train),max_pairs=20000,name=...,licence=...
            train_only=true (a word list: none of it in dev or test, "Hola" kept beside "hola")
"""


REPEATED: dict[str, Any] = {"action": "append", "default": []}  # may be given several times


def make_parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    about = "Parallel text -> dataset folder."
    parser = argparse.ArgumentParser(prog="python -m data_prep", description=about)
    commands = parser.add_subparsers(dest="command", required=True)
    about = "clean, split and encode parallel text"
    add = commands.add_parser("build", help=about, epilog=SOURCE_HELP, formatter_class=raw).add_argument
    add("--recipe", metavar="FILE", help="data.yaml of an earlier build, or your own; flags go on top")
    add("--pair", metavar="SRC-TGT", help="source and target language, such as es-en")
    add("--source", **REPEATED, metavar="SPEC", help="parallel text, see below; repeatable")
    add("--exclude-test", **REPEATED, metavar="SPEC", help="drop each pair that touches this set")
    add("--dev-from", **REPEATED, metavar="SPEC", help="use this set as dev instead of carving one")
    add("--test-from", **REPEATED, metavar="SPEC", help="use this set as test")
    add("--dev", type=int, metavar="N", help="carve N pairs for dev (default 1000, at most 5%%)")
    add("--test", type=int, metavar="N", help="carve N pairs for test (default 1000, at most 5%%)")
    add("--vocab-size", type=int, metavar="N", help="pieces of the subword model (default 8000)")
    add("--subwords", choices=("unigram", "bpe", "char"), help="kind of subword model (default unigram)")
    add("--separate", action="store_true", help="one subword model a language instead of a joint one")
    about = "take the subword model(s) of this dataset or checkpoint, as `nmt train --init` needs"
    add("--subwords-from", metavar="FOLDER", help=about)
    add("--no-language-filter", action="store_true", help="do not ask which language a text is in")
    add("--on-bad-line", choices=("stop", "skip"), help="what to do with an unreadable line (default stop)")
    add("--set", **REPEATED, metavar="KEY=VALUE", help="any recipe key: cleaning.max_words=80")
    about = "worker processes (default: all cores)"
    add("--num-proc", type=int, default=os.cpu_count() or 1, metavar="N", help=about)
    about = "local (default), ray for this machine's Ray cluster, ray:ADDRESS: all machines see --out and the sources"
    add("--engine", default="local", metavar="ENGINE", help=about)
    add("--out", type=Path, required=True, metavar="DATASET", help="the folder to write")
    add("--force", action="store_true", help="replace the dataset folder if it exists")
    _add_words(commands)
    _add_phrases(commands)
    report = commands.add_parser("report", help="print the tables of a dataset folder")
    report.add_argument("dataset", type=Path, metavar="DATASET")
    return parser


def _add_words(commands: Any) -> None:
    summary = "learn a word list from a dataset, to add as a source: people also type words alone"
    about = "Words that stand for each other, by IBM model 1 on the training pairs of up to 15 words."
    add = commands.add_parser("words", help=summary, description=about).add_argument
    add("dataset", type=Path, metavar="DATASET", help="a folder that `build` wrote")
    about = "probability that a word stands for the other, asked of both directions (default 0.3)"
    add("--least", type=float, default=0.3, metavar="P", help=about)
    about = "in how many different pairs a word must occur (default 5)"
    add("--times", type=int, default=5, metavar="N", help=about)
    about = "leave out a source of the dataset, such as 'ui_*'; repeatable"
    add("--without", **REPEATED, metavar="NAME", help=about)
    about = "leave out the words of this list; repeatable"
    add("--known", type=Path, **REPEATED, metavar="FILE.tsv", help=about)
    _add_list(add)


def _add_phrases(commands: Any) -> None:
    summary = "write greetings, dates, amounts, codes and the like, to add as a source"
    about = "Parallel phrases from carriers with slots; digits, codes, placeholders alike on both sides."
    add = commands.add_parser("phrases", help=summary, description=about).add_argument
    about = "es-en, or en-es for English first (default es-en)"
    add("--pair", default="es-en", metavar="SRC-TGT", help=about)
    add("--count", type=int, default=30_000, metavar="N", help="how many different ones (default 30000)")
    add("--seed", type=int, default=1, metavar="N", help="the same seed gives the same phrases (default 1)")
    _add_list(add)


def _add_list(add: Any) -> None:
    add("--out", type=Path, required=True, metavar="FILE.tsv", help="the list to write: two columns")
    add("--force", action="store_true", help="replace the file if it exists")


def recipe_of(arguments: argparse.Namespace) -> Recipe:
    """The recipe file, if one is given, with the flags on top: single values replace, lists are added to."""
    mapping = YamlMapping.read(arguments.recipe) if arguments.recipe else YamlMapping("command line")
    if not isinstance(mapping.data, dict):
        raise UserError(f"{arguments.recipe}: a recipe is a YAML mapping, such as 'pair: es-en'")
    if arguments.subwords_from and (arguments.vocab_size or arguments.subwords or arguments.separate):
        others = "--vocab-size, --subwords and --separate"
        raise UserError(f"--subwords-from takes a model as it is: leave out {others}")
    for key in ("source", "exclude_test", "dev_from", "test_from"):
        added, listed = getattr(arguments, key), "sources" if key == "source" else key
        if added and isinstance(before := mapping.data.get(listed) or [], list):
            mapping.put(listed, before + added, f"--{key.replace('_', '-')}")
    flags = {
        "pair": ("--pair", arguments.pair),
        "on_bad_line": ("--on-bad-line", arguments.on_bad_line),
        "splits.dev": ("--dev", arguments.dev),
        "splits.test": ("--test", arguments.test),
        "subwords.vocab_size": ("--vocab-size", arguments.vocab_size),
        "subwords.model_type": ("--subwords", arguments.subwords),
        "subwords.separate": ("--separate", arguments.separate or None),
        "subwords.reuse": ("--subwords-from", arguments.subwords_from),
        "cleaning.language_filter": ("--no-language-filter", False if arguments.no_language_filter else None),
    }
    for key, (flag, value) in flags.items():
        if value is not None:
            mapping.put(key, value, flag)
    for assignment in arguments.set:
        mapping.override(assignment)
    if "pair" not in mapping.data:
        raise UserError("no language pair given; add --pair es-en (source language first)")
    return make_recipe(mapping)


def main(argv: list[str] | None = None) -> int:
    """Runs the command; returns the exit status: 0 done, 1 failed with a message (argparse exits with 2)."""
    arguments = make_parser().parse_args(argv)
    console = Console(stderr=True)
    try:
        return COMMANDS[arguments.command](arguments, console)
    except (UserError, OSError) as error:  # OSError: no space, no permission
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; nothing was written", file=sys.stderr)
        return 130


def _terminate(signum: int, frame: object) -> None:
    """SIGTERM ends the process as an exception does, so that the half-built folder is removed."""
    sys.exit(128 + signum)


def _build(arguments: argparse.Namespace, console: Console) -> int:
    from data_prep.dataset_folder import build
    from data_prep.report import print_report

    signal.signal(signal.SIGTERM, _terminate)
    recipe, processes = recipe_of(arguments), max(1, arguments.num_proc)
    report = build(recipe, arguments.out, arguments.force, processes, console, arguments.engine)
    print_report(report, console)
    console.print(f"wrote {arguments.out}", highlight=False, markup=False)
    return 0


def _words(arguments: argparse.Namespace, console: Console) -> int:
    from data_prep.lexicon import lines_of, read_sentences, word_pairs, words_in

    if not 0 < arguments.least <= 1 or arguments.times < 1:
        raise UserError("--least is a probability, above 0 and at most 1; --times is at least 1")
    _check_list(arguments)
    known = set().union(*(words_in(file) for file in arguments.known))
    sentences = read_sentences(arguments.dataset, arguments.without)
    console.print(f"{len(sentences):,} pairs of sentences", highlight=False)
    lines = lines_of(word_pairs(sentences, arguments.least, arguments.times), known)
    if not lines:
        raise UserError(f"{arguments.dataset}: no word is sure enough; try --times 2, or --least 0.1")
    _write_list(arguments.out, lines, console)
    return 0


def _phrases(arguments: argparse.Namespace, console: Console) -> int:
    from data_prep.templates import PAIR, phrases

    languages = tuple(arguments.pair.split("-"))
    if sorted(languages) != sorted(PAIR):
        raise UserError(f"--pair {arguments.pair}: there are phrases for es-en and en-es only")
    if arguments.count < 1:
        raise UserError(f"--count {arguments.count}: must be at least 1")
    _check_list(arguments)
    made = phrases(arguments.count, arguments.seed)
    order = [PAIR.index(language) for language in languages]
    _write_list(arguments.out, ["\t".join(pair[side] for side in order) for pair in made], console)
    return 0


def _check_list(arguments: argparse.Namespace) -> None:
    """Raises UserError where the list that is asked for cannot be written."""
    if arguments.out.suffix in COMPRESSIONS:
        raise UserError(f"{arguments.out}: the list is written uncompressed; name it .tsv")
    if arguments.out.exists() and not arguments.force:
        raise UserError(f"{arguments.out} exists; add --force to replace it")


def _write_list(out: Path, lines: list[str], console: Console) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    write_file_atomically(out, "".join(line + "\n" for line in lines))
    console.print(f"wrote {out}: {len(lines):,} lines", highlight=False, markup=False)


def _report(arguments: argparse.Namespace, console: Console) -> int:
    from data_prep.report import load_report, print_report

    print_report(load_report(arguments.dataset), Console())
    return 0


COMMANDS = {"build": _build, "words": _words, "phrases": _phrases, "report": _report}
