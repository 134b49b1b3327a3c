"""How well a model bears what people type: careless variants of a test set, single words, numbers and URLs, loops.

    python -m benchmarks.robustness --model checkpoints/es-en --source tatoeba-test.es --reference tatoeba-test.en \\
        --more newstest2012.es --more flores200-dev.es

Counting does not use the translator's own code: digits and URLs are found by plain patterns, and a loop is a run of
words that the translation has three times in a row and the source has not.  The translator takes most such loops out
itself (`nmt.translation.repetition`), so those are counted that a user gets to see.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.common import add_options, finish, machine, make_parser, revision
from data_prep.noise import without_accents
from nmt import Translator
from nmt.errors import UserError
from nmt.evaluation.metrics import corpus_score
from nmt.text.line_io import read_lines

_MARK = re.compile(r"[¿¡]|[?!.,;:…]+(?=\s|$)")  # not those within a number or a URL
VARIANTS: dict[str, Callable[[str], str]] = {
    "all capitals": str.upper,
    "no capitals": str.lower,
    "no accents": without_accents,
    "no question marks": lambda text: re.sub(r"¿|\?(?=\s|$|\W)", "", text).strip(),
    "no capitals, accents, marks": lambda text: _MARK.sub("", without_accents(text.lower())).strip(),
}
# Single words and what a person would accept for them, in any case, with or without a mark at the end.  Those of the
# group "taught" are in data_prep/words/es-en.tsv, from which a model may have learned just that, and most stand in the
# phrase books of the shipped models; the "others" are in neither.
LONE_WORDS = Path(__file__).with_name("lone_words.tsv")
MAX_LOOP_WORDS = 6  # that are repeated together
_URL = re.compile(r"https?://[^\s)\]}>\"»]*[^\s)\]}>\"».,;:!?]")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def loops(source: str, hypothesis: str) -> bool:
    """Whether up to six words stand three times or more in a row, and not as often in the source."""
    times = _in_a_row(hypothesis)
    return times >= 3 and times > _in_a_row(source)


def _in_a_row(text: str) -> int:
    """How often in a row the words that are repeated most often stand."""
    words = re.findall(r"\w+", text.lower())
    most = 1
    for size in range(1, MAX_LOOP_WORDS + 1):
        same = 0  # words that are what stands `size` words before them, without a break
        for at in range(size, len(words)):
            same = same + 1 if words[at] == words[at - size] else 0
            most = max(most, same // size + 1)
    return most


def kept(source: str, hypothesis: str) -> tuple[int, int]:
    """(numbers and URLs of the source that the hypothesis has, how many there are).  1.000,5 is 1,000.5, and the
    parts of a date may change places."""
    wanted, found = _items(source), _items(hypothesis)
    return sum((wanted & found).values()), sum(wanted.values())


def _items(text: str) -> Counter[str]:
    items = Counter(_URL.findall(text))
    for number in _NUMBER.findall(_URL.sub(" ", text)):
        if re.fullmatch(r"\d{1,3}([.,]\d{3})+([.,]\d+)?", number):
            number = re.sub(r"[.,](?=\d{3}(?:[.,]|$))", "", number)
        parts = re.split("[.,]", number)
        items.update([number.replace(",", ".")] if len(parts) == 2 else parts)
    return items


class LoneWord(NamedTuple):
    """A word to be translated alone, and what is right."""

    group: str  # "taught" or "others"
    language: str
    word: str
    accepted: str  # "hello|hi"

    def right(self, answer: str) -> bool:
        return answer.lower().strip(" .!¡?¿") in self.accepted.split("|")


def lone_words(language: str) -> list[LoneWord]:
    """The words of both groups in a language."""
    rows = [LoneWord(*row.split("\t")) for row in LONE_WORDS.read_text(encoding="utf-8").splitlines()]
    return [row for row in rows if row.language == language]


def run(args: Any) -> dict[str, Any]:
    translator = Translator.load(args.model, args.device, args.runtime)
    source, reference = read_lines(args.source), read_lines(args.reference)
    if not source:
        raise UserError(f"{args.source}: there is no line to translate")
    if len(source) != len(reference):
        raise UserError(
            f"{args.source} has {len(source)} lines, {args.reference} {len(reference)}; give parallel files"
        )

    def translate(lines: Sequence[str]) -> list[str]:
        return [found.text for found in translator.translate_batch(list(lines), beam=args.beam)]

    def bleu(lines: Sequence[str]) -> float:
        return round(corpus_score("BLEU", lines, [reference]).value, 2)

    clean = translate(source)
    figures: dict[str, Any] = {"system": f"nmt {revision()}", "clean": bleu(clean), "variants": {}}
    for name, careless in VARIANTS.items():
        found = bleu(translate([careless(line) for line in source]))
        figures["variants"][name] = {"bleu": found, "lost": round(figures["clean"] - found, 2)}
    figures["sets"] = {str(args.source): _faithful(source, clean)}
    for path in args.more:
        lines = read_lines(path)
        figures["sets"][str(path)] = _faithful(lines, translate(lines))
    alone = Translator.load(args.model, args.device, args.runtime, phrases=False)
    for name, model in (("words", translator), ("words, the model alone", alone)):
        figures[name] = _words(model, args.beam)
    return figures | {"machine": machine("torch", "onnxruntime")}


def _words(translator: Translator, beam: int) -> dict[str, Any]:
    """The words that stand alone and come out wrong, of either group."""
    words = lone_words(translator.source_language)
    answers = [found.text for found in translator.translate_batch([word.word for word in words], beam=beam)]
    figures: dict[str, Any] = {name: {"asked": 0, "wrong": {}} for name in ("taught", "others")}
    for word, answer in zip(words, answers, strict=True):
        figures[word.group]["asked"] += 1
        if not word.right(answer):
            figures[word.group]["wrong"][word.word] = answer
    return figures


def _faithful(source: Sequence[str], hypotheses: Sequence[str]) -> dict[str, Any]:
    pairs = list(zip(source, hypotheses, strict=True))
    counts = [kept(s, h) for s, h in pairs]
    return {
        "sentences": len(pairs),
        "loops": sum(loops(s, h) for s, h in pairs),
        "numbers_and_urls": sum(there for _, there in counts),
        "kept": sum(found for found, _ in counts),
    }


def main() -> int:
    parser = make_parser(__doc__)
    add_options(parser, "model", "device", "runtime", "json")
    add = parser.add_argument
    add("--source", type=Path, required=True, metavar="FILE", help="the test set whose variants are scored")
    add("--reference", type=Path, required=True, metavar="FILE")
    more = "another source text in which loops, numbers and URLs are counted; repeatable"
    add("--more", type=Path, action="append", default=[], metavar="FILE", help=more)
    add("--beam", type=int, default=5)
    args = parser.parse_args()
    return finish(partial(run, args), args.json)


if __name__ == "__main__":
    sys.exit(main())
