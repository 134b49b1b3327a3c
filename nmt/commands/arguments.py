"""What the commands of `nmt` share: how one is added to the parser, the options of decoding and the translator that
they ask for, the kinds of numbers, the progress bar."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nmt.translation.translator import Translator


def add_command(
    commands: Any,
    name: str,
    run: Callable[[argparse.Namespace], int | None],
    summary: str,
    details: str,
    more: str = "",
) -> argparse.ArgumentParser:
    """A subcommand that `run` carries out; its help shows `details` before the options and `more` after them."""
    line_by_line = argparse.RawDescriptionHelpFormatter
    command: argparse.ArgumentParser = commands.add_parser(
        name, help=summary, description=details, epilog=more, formatter_class=line_by_line
    )
    command.set_defaults(run=run, usage_error=command.error)
    return command


def add_model(command: argparse.ArgumentParser) -> None:
    """The options that say which model translates: --model, or --from and --to."""
    add = command.add_argument
    add("--model", metavar="CHECKPOINT", help="checkpoint folder")
    add("--from", dest="source_code", metavar="CODE", help="instead of --model: language, such as es")
    add("--to", dest="target_code", metavar="CODE", help="and the one to translate into")


def chosen_model(arguments: argparse.Namespace) -> str:
    """The checkpoint that the options of `add_model` name; wrong usage if they name none, or two."""
    pair = (arguments.source_code, arguments.target_code)
    if (arguments.model is None) == (None in pair) or (arguments.model is not None and any(pair)):
        arguments.usage_error("give --model CHECKPOINT, or --from CODE and --to CODE")
    if arguments.model is not None:
        return str(arguments.model)
    from nmt.serving.models import find_model

    return str(find_model(*pair))


def add_decoding(command: argparse.ArgumentParser) -> None:
    """The options of a command that translates: --beam, --length-penalty, --device, --runtime, --no-phrases."""
    add = command.add_argument
    add("--beam", type=positive, metavar="N", help="hypotheses kept a step (default: the checkpoint's)")
    penalty = "divide log-probabilities by the length to the power A: greater favours longer translations"
    add("--length-penalty", type=float, metavar="A", help=f"{penalty} (default: the checkpoint's)")
    devices, runtimes = ("auto", "cpu", "cuda"), ("auto", "onnx", "torch")
    add("--device", choices=devices, default="auto", help="auto: a GPU if there is one (default)")
    runtime = "what runs the model; auto: onnx on a CPU if the checkpoint was exported (default)"
    add("--runtime", choices=runtimes, default="auto", help=runtime)
    add("--no-phrases", action="store_true", help="the model alone, without the checkpoint's phrase book")


def positive(text: str) -> int:
    """An argument that is a whole number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive whole number")
    return int(text)


def natural(text: str) -> int:
    """An argument that is a whole number from 0 to below 2**63, which a random number generator takes as its seed."""
    if not text.isdecimal() or int(text) >= 2**63:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 0 and below 2**63")
    return int(text)


def given(arguments: argparse.Namespace, *names: str) -> dict[str, Any]:
    """Those of the named arguments that the user has given."""
    found = {name: getattr(arguments, name) for name in names}
    return {name: value for name, value in found.items() if value is not None and value is not False}


def decoding_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """What `add_decoding` asked for and `Translator` takes with each text."""
    return {"beam": arguments.beam, "length_penalty": arguments.length_penalty}


def load_translator(arguments: argparse.Namespace) -> Translator:
    """The translator of the checkpoint `--model`, as the options of `add_decoding` ask for it."""
    from nmt.translation.translator import Translator

    phrases = not arguments.no_phrases
    return Translator.load(arguments.model, arguments.device, arguments.runtime, phrases=phrases)


def add_glossary(command: argparse.ArgumentParser) -> None:
    terms = "terms to hold to inside of sentences: lines SOURCE<TAB>TARGET, # begins a comment"
    command.add_argument("--glossary", metavar="TSV", help=terms)


def load_with_options(arguments: argparse.Namespace) -> tuple[Translator, dict[str, Any]]:
    """The translator, and what it takes with each text, as `add_decoding` and `add_glossary` asked for it."""
    translator, options = load_translator(arguments), decoding_options(arguments)
    if arguments.glossary:
        from nmt.translation.glossary import Glossary

        languages = translator.source_language, translator.target_language
        options["glossary"] = Glossary.load(arguments.glossary, *languages)
    return translator, options


@contextmanager
def progress_bar(
    total: int | None = None, unit: str = "lines", beside_results: bool = True
) -> Iterator[Callable[[int], None]]:
    """A bar on standard error that counts `unit`, if that is a terminal.

    beside_results  results go to standard output: there is no bar if that is a terminal too"""
    if not sys.stderr.isatty() or (beside_results and sys.stdout.isatty()):
        yield lambda count: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = BarColumn(), MofNCompleteColumn(), TextColumn(unit), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=total)
        yield lambda count: progress.advance(task, count)
