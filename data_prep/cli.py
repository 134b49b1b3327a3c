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
from data_prep.recipe import load_recipe, make_recipe, yaml_value
from nmt.errors import UserError

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
  Files may be compressed: .gz .xz .bz2 .zst
  Settings: @repeat=3 (each pair three times in train),max_pairs=20000,name=...,licence=...
            train_only=true (a word list: none of it in dev or test, "Hola" kept beside "hola")
"""


def make_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = argparse.ArgumentParser(
        prog="python -m data_prep", description="Parallel text -> dataset folder."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser(
        "build",
        help="clean, split and encode parallel text",
        epilog=SOURCE_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = build.add_argument
    add(
        "--recipe",
        type=Path,
        metavar="FILE",
        help="data.yaml of an earlier build, or your own; flags go on top",
    )
    add("--pair", metavar="SRC-TGT", help="source and target language, such as es-en")
    add("--source", action="append", default=[], metavar="SPEC", help="parallel text, see below; repeatable")
    add(
        "--exclude-test",
        action="append",
        default=[],
        metavar="SPEC",
        help="drop each pair that touches this set",
    )
    add(
        "--dev-from",
        action="append",
        default=[],
        metavar="SPEC",
        help="use this set as dev instead of carving one",
    )
    add("--test-from", action="append", default=[], metavar="SPEC", help="use this set as test")
    add("--dev", type=int, metavar="N", help="carve N pairs for dev (default 1000, at most 5%%)")
    add("--test", type=int, metavar="N", help="carve N pairs for test (default 1000, at most 5%%)")
    add("--vocab-size", type=int, metavar="N", help="pieces of the subword model (default 8000)")
    add("--subwords", choices=("unigram", "bpe", "char"), help="kind of subword model (default unigram)")
    add("--separate", action="store_true", help="one subword model a language instead of a joint one")
    add(
        "--subwords-from",
        metavar="FOLDER",
        help="take the subword model(s) of this dataset or checkpoint, as `nmt train --init` needs",
    )
    add("--no-language-filter", action="store_true", help="do not ask which language a text is in")
    add("--on-bad-line", choices=("stop", "skip"), help="what to do with an unreadable line (default stop)")
    add(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="any recipe key: cleaning.max_words=80",
    )
    add(
        "--num-proc",
        type=int,
        default=os.cpu_count() or 1,
        metavar="N",
        help="worker processes (default: all cores)",
    )
    add("--out", type=Path, required=True, metavar="DATASET", help="the folder to write")
    add("--force", action="store_true", help="replace the dataset folder if it exists")
    _add_words(commands)
    _add_phrases(commands)
    report = commands.add_parser("report", help="print the tables of a dataset folder")
    report.add_argument("dataset", type=Path, metavar="DATASET")
    return parser


def _add_words(commands: Any) -> None:
    words = commands.add_parser(
        "words",
        help="learn a word list from a dataset, to add as a source: people also type words alone",
        description="Words that stand for each other, by IBM model 1 on the training pairs of up to 15 words.",
    )
    add = words.add_argument
    add("dataset", type=Path, metavar="DATASET", help="a folder that `build` wrote")
    add("--out", type=Path, required=True, metavar="FILE.tsv", help="the list to write: two columns")
    add(
        "--least",
        type=float,
        default=0.3,
        metavar="P",
        help="probability that a word stands for the other, asked of both directions (default 0.3)",
    )
    add(
        "--times",
        type=int,
        default=5,
        metavar="N",
        help="in how many different pairs a word must occur (default 5)",
    )
    add(
        "--without",
        action="append",
        default=[],
        metavar="NAME",
        help="leave out a source of the dataset, such as 'ui_*'; repeatable",
    )
    add(
        "--known",
        type=Path,
        action="append",
        default=[],
        metavar="FILE.tsv",
        help="leave out the words of this list; repeatable",
    )
    add("--force", action="store_true", help="replace the file if it exists")


def _add_phrases(commands: Any) -> None:
    phrases = commands.add_parser(
        "phrases",
        help="write greetings, dates, amounts, codes and the like, to add as a source",
        description="Parallel phrases from carriers with slots; digits, codes, placeholders alike on both sides.",
    )
    add = phrases.add_argument
    add(
        "--pair", default="es-en", metavar="SRC-TGT", help="es-en, or en-es for English first (default es-en)"
    )
    add("--count", type=int, default=30_000, metavar="N", help="how many different ones (default 30000)")
    add("--seed", type=int, default=1, metavar="N", help="the same seed gives the same phrases (default 1)")
    add("--out", type=Path, required=True, metavar="FILE.tsv", help="the list to write: two columns")
    add("--force", action="store_true", help="replace the file if it exists")


def recipe_settings(arguments: argparse.Namespace) -> dict[str, Any]:
    """The recipe file, if one is given, with the flags on top: single values replace, lists are added to."""
    settings = load_recipe(arguments.recipe) if arguments.recipe else {}
    if arguments.subwords_from is not None:
        if arguments.vocab_size or arguments.subwords or arguments.separate:
            raise UserError(
                "--subwords-from takes a model as it is: leave out --vocab-size, --subwords and --separate"
            )
    lists = {
        "sources": arguments.source,
        "exclude_test": arguments.exclude_test,
        "dev_from": arguments.dev_from,
        "test_from": arguments.test_from,
    }
    for key, added in lists.items():
        listed = settings.get(key) or []
        if not isinstance(listed, list):
            raise UserError(f"{arguments.recipe}: {key}: expected a list, found {listed!r}")
        settings[key] = listed + added
    flags = {
        "pair": arguments.pair,
        "on_bad_line": arguments.on_bad_line,
        "splits.dev": arguments.dev,
        "splits.test": arguments.test,
        "subwords.vocab_size": arguments.vocab_size,
        "subwords.model_type": arguments.subwords,
        "subwords.separate": arguments.separate or None,
        "subwords.reuse": arguments.subwords_from,
        "cleaning.language_filter": False if arguments.no_language_filter else None,
    }
    for assignment in arguments.set:
        key, equals, value = assignment.partition("=")
        if not equals:
            raise UserError(f"--set {assignment}: not of the form KEY=VALUE")
        flags[key] = yaml_value(value, f"--set {key}")
    for key, value in flags.items():
        if value is not None:
            _put(settings, key, value)
    if "pair" not in settings:
        raise UserError("no language pair given; add --pair es-en (source language first)")
    return settings


def _put(settings: dict[str, Any], key: str, value: Any) -> None:
    """Sets `settings["cleaning"]["max_words"]` for the key "cleaning.max_words"."""
    section, dot, name = key.rpartition(".")
    place = settings.setdefault(section, {}) if dot else settings
    if not isinstance(place, dict):
        raise UserError(f"{key}: {section!r} is not a section of the recipe")
    place[name] = value


def main(argv: list[str] | None = None) -> int:
    """Runs the command; returns the exit status: 0 done, 1 failed with a message (argparse exits with 2)."""
    arguments = make_parser().parse_args(argv)
    console = Console(stderr=True)
    try:
        return COMMANDS[arguments.command](arguments, console)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:  # no space, no permission
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; nothing was written", file=sys.stderr)
        return 130


def _terminate(signum: int, frame: object) -> None:
    """SIGTERM ends the process as an exception does, so that the half-built folder is removed."""
    sys.exit(128 + signum)


def _build(arguments: argparse.Namespace, console: Console) -> int:
    import datasets

    from data_prep.pipeline import build
    from data_prep.report import print_report

    if not sys.stderr.isatty():
        datasets.disable_progress_bars()
    signal.signal(signal.SIGTERM, _terminate)
    recipe = make_recipe(recipe_settings(arguments), str(arguments.recipe or "command line"))
    report = build(recipe, arguments.out, arguments.force, max(1, arguments.num_proc), console)
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
    """All of the file or nothing."""
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(out.name + ".partial")
    partial.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    partial.replace(out)
    console.print(f"wrote {out}: {len(lines):,} lines", highlight=False, markup=False)


def _report(arguments: argparse.Namespace, console: Console) -> int:
    from data_prep.report import load_report, print_report

    print_report(load_report(arguments.dataset), Console())
    return 0


COMMANDS = {"build": _build, "words": _words, "phrases": _phrases, "report": _report}
