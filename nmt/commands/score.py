"""`nmt score`: BLEU, chrF2 and TER of a checkpoint or of translations made before."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nmt.commands.arguments import add_command, add_decoding, decoding_options, load_translator, progress_bar

if TYPE_CHECKING:
    from nmt.evaluation.metrics import Comparison, Score


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


def add_score(commands: Any) -> None:
    command = add_command(commands, "score", score, "score translations: BLEU, chrF2, TER", SCORE, SCORE_MORE)
    add = command.add_argument
    add("--model", metavar="CHECKPOINT", help="checkpoint folder to translate --source with")
    add("--source", metavar="FILE", help="text to translate")
    add("--save", metavar="FILE", help="also write the translations of --source to FILE")
    add("--hypothesis", metavar="FILE", help="translations made before, instead of --model and --source")
    several = "correct translations; repeat for several of each line"
    add("--reference", required=True, action="append", metavar="FILE", help=several)
    add("--baseline", metavar="FILE", help="another system's translations, to compare with")
    add("--json", action="store_true", help="print one JSON object")
    add_decoding(command)


def score(arguments: argparse.Namespace) -> None:
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


def _translations(arguments: argparse.Namespace, lines: list[str]) -> list[str]:
    """What the model makes of the source file of `nmt score`."""
    translator = load_translator(arguments)
    texts = []
    with progress_bar(len(lines)) as advance:
        for translation in translator.stream(lines, **decoding_options(arguments)):
            texts.append(translation.text)
            advance(1)
    if arguments.save:
        with open(arguments.save, "w", encoding="utf-8", newline="\n") as file:
            file.writelines(f"{text}\n" for text in texts)
    return texts
