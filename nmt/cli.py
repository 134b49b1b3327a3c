"""The `nmt` command: arguments in, exit status out; what each command does lies in the module it calls.

Status 0: done; 1: failed, with one line that says why; 2: wrong usage; 130 or 143: stopped by SIGINT or SIGTERM
(a training saves its state first; torchrun has its own).  Standard output carries results only, everything
else goes to standard error.  Nothing heavy is imported before it is needed.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from nmt.arguments import add_command, add_decoding, positive
from nmt.commands import translate_file as documents
from nmt.errors import UserError
from nmt.lab import commands as lab
from nmt.lab import generate_commands as generate

if TYPE_CHECKING:
    from nmt.evaluation.metrics import Comparison, Score
    from nmt.translation.result import Translation

WINDOW_LINES, WINDOW_BYTES = 1024, 200_000  # of standard input, translated and written together

TRANSLATE = """\
Translate standard input to standard output, line by line.

Exactly one line is written for each line read, in order and as soon as it is
done; an empty line for an empty one. A line may be a paragraph: it is cut into
sentences, which are translated one by one and joined again with the spacing
they had. Emoji, URLs, addresses, code, and lines without a word are copied;
numbers are kept. Lines end with LF or CR LF. Bytes that are not UTF-8 are
replaced and reported, the line is translated all the same."""

TRANSLATE_MORE = """\
output
  plain          the translation; with --n-best N the N best, separated by tabs
  --json         one object a line:
                   text          the translation
                   score         mean log-probability of a piece: the nearer to 0, the surer
                   alternatives  with --n-best N up to N - 1 further translations
                   tokens        the translation's subword pieces
                 and with --attention
                   source_tokens, and attention: for each target piece and the final </s> the
                                 weights on the source pieces (null unless the line is one sentence)
                   sentences     the same, and source and text, for each sentence of the line

examples
  nmt translate --model checkpoints/es-en < letter.es > letter.en
  echo "¿Dónde está la biblioteca?" | nmt translate --model checkpoints/es-en --n-best 3 --json"""

SCORE = """\
Score translations with sacreBLEU: BLEU, chrF2 (higher is better) and TER (lower
is better), each with the signature that lets others reproduce it.

Give either a checkpoint and the source to translate, or hypotheses made before.
All files are UTF-8 and correspond line by line. With --baseline, the same
figures of another system's hypotheses, and whether the difference is more than
chance: paired bootstrap resampling (Koehn 2004), 1000 samples, fixed seed."""

SCORE_MORE = """\
examples
  nmt score --model checkpoints/es-en --source test.es --reference test.en --save test.hypothesis
  nmt score --hypothesis new.en --baseline old.en --reference test.en --json"""


TRAIN = """\
Train a recipe on a dataset folder.

The run folder gets numbered checkpoints, `best` (the best of them on dev), a log
and TensorBoard events. Interrupted or killed, a run goes on with --resume as if
nothing had happened. On several GPUs or machines:
  torchrun --nproc-per-node N -m nmt train RECIPE --data DATASET --out RUN"""

AVERAGE = """\
Write the mean of the weights of a run's newest checkpoints, or of several
checkpoints or runs of one model, as one checkpoint: it is often better than each
of them."""

EXPORT = """\
Write a checkpoint's graphs for serving on a CPU with ONNX Runtime, the decoder in
8-bit integers: several times as fast as PyTorch, and what `translate`, `score` and
the page then use by themselves. Takes about a minute."""

INFO = "Print languages, architecture, sizes and scores of a checkpoint."

RECIPES = "Print the names that `nmt train` takes as RECIPE."


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


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="nmt",
        description="Recurrent neural machine translation: train, translate, score.",
        epilog="`nmt COMMAND --help` tells more about a command.",
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_translate(commands)
    documents.add(commands)
    _add_score(commands)
    _add_train(commands)
    _add_average(commands)
    command = add_command(commands, "export", export, "write a checkpoint's graphs for fast serving", EXPORT)
    command.add_argument("checkpoint", metavar="CHECKPOINT", help="checkpoint folder; the graphs go into it")
    command = add_command(commands, "info", info, "describe a checkpoint", INFO)
    command.add_argument("checkpoint", metavar="CHECKPOINT", help="checkpoint folder")
    add_command(commands, "recipes", recipes, "list the recipes that come with nmt", RECIPES)
    generate.add(lab.add(commands))
    return parser


def _add_translate(commands: Any) -> None:
    command = add_command(
        commands, "translate", translate, "translate standard input", TRANSLATE, TRANSLATE_MORE
    )
    add = command.add_argument
    add("--model", required=True, metavar="CHECKPOINT", help="checkpoint folder")
    add("--n-best", type=positive, default=1, metavar="N", help="translations a line (default: 1)")
    add("--json", action="store_true", help="write a JSON object for each line")
    add(
        "--attention",
        action="store_true",
        help="with --json: add the attention weights (without the phrase book)",
    )
    add_decoding(command)


def _add_score(commands: Any) -> None:
    command = add_command(commands, "score", score, "score translations: BLEU, chrF2, TER", SCORE, SCORE_MORE)
    add = command.add_argument
    add("--model", metavar="CHECKPOINT", help="checkpoint folder to translate --source with")
    add("--source", metavar="FILE", help="text to translate")
    add("--save", metavar="FILE", help="also write the translations of --source to FILE")
    add("--hypothesis", metavar="FILE", help="translations made before, instead of --model and --source")
    add(
        "--reference",
        required=True,
        action="append",
        metavar="FILE",
        help="correct translations; repeat for several of each line",
    )
    add("--baseline", metavar="FILE", help="another system's translations, to compare with")
    add("--json", action="store_true", help="print one JSON object")
    add_decoding(command)


def _add_train(commands: Any) -> None:
    command = add_command(commands, "train", train, "train a model", TRAIN)
    add = command.add_argument
    add("recipe", metavar="RECIPE", help="YAML file, or a name that `nmt recipes` lists")
    add("--data", required=True, metavar="DATASET", help="folder that `python -m data_prep build` made")
    add("--out", required=True, metavar="RUN", help="folder for checkpoints, log and saved state")
    add("--resume", action="store_true", help="go on where the run in RUN stopped")
    add("--init", metavar="CHECKPOINT", help="begin from its weights instead of random ones (fine-tuning)")
    add(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="change the recipe, as training.lr=0.001; repeat for several",
    )


def _add_average(commands: Any) -> None:
    command = add_command(commands, "average", average, "average checkpoints", AVERAGE)
    add = command.add_argument
    add(
        "sources",
        metavar="RUN",
        nargs="+",
        help="folder that `nmt train` wrote; or several checkpoints or runs",
    )
    add("--last", type=positive, default=5, metavar="N", help="how many of a single run (default: 5)")
    add("--out", required=True, metavar="CHECKPOINT", help="folder to write; it must not exist yet")


def translate(arguments: argparse.Namespace) -> None:
    """`nmt translate`"""
    if arguments.attention and not arguments.json:
        arguments.usage_error("--attention needs --json")
    if sys.stdin is None or sys.stdout is None:
        raise UserError("standard input and standard output must be open: the text goes through them")
    from nmt.text.line_io import windows
    from nmt.translation.translator import Translator

    translator = Translator.load(
        arguments.model, arguments.device, arguments.runtime, phrases=not arguments.no_phrases
    )
    options = _decoding(arguments) | {"n_best": arguments.n_best, "with_attention": arguments.attention}
    translator.translate_batch([], **options)  # impossible options are refused before any input is read
    as_json = functools.partial(_as_json, with_attention=arguments.attention)
    number = 0
    with _progress() as advance:
        for window in windows(sys.stdin.buffer.fileno(), WINDOW_LINES, WINDOW_BYTES):
            lines = [_decode(raw, number + i) for i, raw in enumerate(window, start=1)]
            number += len(lines)
            for translation in translator.translate_batch(lines, **options):
                line = as_json(translation) if arguments.json else _as_text(translation)
                sys.stdout.buffer.write(line.encode() + b"\n")
            sys.stdout.buffer.flush()
            advance(len(lines))


def score(arguments: argparse.Namespace) -> None:
    """`nmt score`"""
    if (arguments.hypothesis is None) == (arguments.model is None):
        arguments.usage_error("give either --model and --source, or --hypothesis")
    if (arguments.model is None) != (arguments.source is None):
        arguments.usage_error("--model and --source belong together")
    if arguments.save and not arguments.model:
        arguments.usage_error("--save needs --model: it keeps the translations of --source")
    from nmt.evaluation import metrics
    from nmt.text.line_io import read_lines

    ours = arguments.hypothesis or arguments.source
    files = [ours, *arguments.reference, *([arguments.baseline] if arguments.baseline else [])]
    texts = {file: read_lines(file) for file in files}
    metrics.check_line_counts([(file, len(texts[file])) for file in files])
    references = [texts[file] for file in arguments.reference]
    hypotheses = texts[ours] if arguments.hypothesis else _translations(arguments, texts[ours])
    if arguments.baseline:
        baseline = texts[arguments.baseline]
        results: Sequence[Score | Comparison] = metrics.compare(hypotheses, baseline, references)
    else:
        results = metrics.corpus_scores(hypotheses, references)
    if arguments.json:
        figures = {result.metric: result.as_dict() for result in results}
        print(json.dumps({"sentences": len(hypotheses), **figures}))
    else:
        print("\n".join(str(result) for result in results))


def train(arguments: argparse.Namespace) -> int:
    """`nmt train`"""
    if arguments.init and arguments.resume:
        arguments.usage_error("--init begins a new run, --resume goes on with an old one: give one of them")
    from nmt.training.trainer import train

    progress = train(
        arguments.recipe, arguments.data, arguments.out, arguments.resume, arguments.set, arguments.init
    )
    return 128 + progress.stopped_by if progress.stopped_by else 0


def average(arguments: argparse.Namespace) -> None:
    """`nmt average`"""
    from nmt.checkpoint.averaging import average

    folders = average(arguments.sources, arguments.last, arguments.out)
    print(f"{arguments.out}: the mean of {', '.join(folder.name for folder in folders)}")


def export(arguments: argparse.Namespace) -> None:
    """`nmt export`"""
    from nmt.export.onnx_export import export

    for file in export(arguments.checkpoint):
        print(f"{file}: {file.stat().st_size / 1e6:.1f} MB")


def info(arguments: argparse.Namespace) -> None:
    """`nmt info`"""
    from nmt.commands.info import describe

    print(describe(arguments.checkpoint))


def recipes(arguments: argparse.Namespace) -> None:
    """`nmt recipes`"""
    from nmt.config import recipe_names

    print("\n".join(recipe_names()))


def _decoding(arguments: argparse.Namespace) -> dict[str, Any]:
    return {"beam": arguments.beam, "length_penalty": arguments.length_penalty}


def _decode(raw: bytes, number: int) -> str:
    """Text of a line of input; bad bytes cost a warning, never the line."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        print(f"nmt: warning: line {number}: not UTF-8 ({error.reason}), bad bytes replaced", file=sys.stderr)
        return raw.decode("utf-8", errors="replace")


def _as_text(translation: Translation) -> str:
    if not translation.text.strip():
        return ""
    if not translation.alternatives:
        return translation.text
    return "\t".join(text.replace("\t", " ") for text in (translation.text, *translation.alternatives))


def _as_json(translation: Translation, with_attention: bool) -> str:
    record = {name: getattr(translation, name) for name in ("text", "score", "alternatives", "tokens")}
    if with_attention:
        more = ["source_tokens", "attention"]
        record |= {name: getattr(translation, name) for name in more}
        record["sentences"] = [
            {name: getattr(sentence, name) for name in ("source", "text", "tokens", *more)}
            for sentence in translation.sentences
        ]
    # Some readers take these three for line ends, even inside a JSON string.
    escapes = {0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"}
    return json.dumps(record, ensure_ascii=False).translate(escapes)


def _translations(arguments: argparse.Namespace, lines: list[str]) -> list[str]:
    """What the model makes of the source file of `nmt score`."""
    from nmt.translation.translator import Translator

    translator = Translator.load(
        arguments.model, arguments.device, arguments.runtime, phrases=not arguments.no_phrases
    )
    texts = []
    with _progress(len(lines)) as advance:
        for translation in translator.stream(lines, **_decoding(arguments)):
            texts.append(translation.text)
            advance(1)
    if arguments.save:
        with open(arguments.save, "w", encoding="utf-8", newline="\n") as file:
            file.writelines(f"{text}\n" for text in texts)
    return texts


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
