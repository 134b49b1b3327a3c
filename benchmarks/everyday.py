"""How many things that people send every day arrive right: sentences, lone words, and items that must be copied.

    python -m benchmarks.everyday --model checkpoints/es-en [--json FILE] [--show wrong|all]

The direction is the checkpoint's.  Three tables beside this file say what is right; no line of them is from a corpus.

everyday.tsv        300 sentences in both languages.  A translation is right when it has all that `must_en` (or `must_es`)
                    asks for, nothing that `mustnot_en` (or `mustnot_es`) names, and is not far longer than the reference.
frequent_words.tsv  300 words of each language and every answer that a person would accept.  Each is asked as it stands,
                    with a capital, and with a full stop; marks, capitals and a leading article or "to" don't matter.
copied_items.tsv    200 sentences of each language with a name, date, amount, sign or code, and the items that must stand
                    in the translation exactly as written.

Requirements are groups separated by ";", each of which must be met; a group is alternatives separated by "|".  They are
whole words in any case, and "*" is any letters: "tax*;rais*|increas*|hike*".  The items to copy have the same groups,
but their case counts and no sign has a meaning of its own.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.common import finish, machine, make_parser, revision
from nmt.errors import UserError

if TYPE_CHECKING:
    from nmt import Translator

HERE = Path(__file__).parent
SENTENCES, WORDS, ITEMS = (HERE / f"{name}.tsv" for name in ("everyday", "frequent_words", "copied_items"))
SHOWN = ("wrong", "all")
MAX_LENGTH_RATIO, MAX_EXTRA_WORDS = 2, 3  # a translation may have this times the reference's words, and so many more
_OPENING = {"en": ("the ", "a ", "an ", "to "), "es": ("el ", "la ", "lo ", "los ", "las ", "un ", "una ")}


@dataclass(frozen=True)
class Sentence:
    """One line of everyday.tsv, seen from one of its two directions."""

    id: str
    kind: str
    source: str
    reference: str
    must: str  # what the translation must have, as groups
    mustnot: str  # what it must not have

    def faults(self, translation: str) -> list[str]:
        """Why the translation is wrong: the groups it lacks, the wrong words it has; nothing if it is right."""
        found = _plain(translation)
        faults = [f"lacks {group}" for group in _groups(self.must) if not has(found, group)]
        faults += [f"has {word}" for group in _groups(self.mustnot) for word in group.split("|") if has(found, word)]
        if len(found.split()) > MAX_LENGTH_RATIO * len(self.reference.split()) + MAX_EXTRA_WORDS:
            faults.append("far too long")
        return faults


def has(text: str, group: str) -> bool:
    """Whether one of the group's alternatives stands in the text as whole words, in any case."""
    return any(
        re.search(_alone(wanted).replace(r"\*", r"\w*"), text, re.IGNORECASE) for wanted in group.split("|")
    )


def accepted(answer: str, answers: str, language: str) -> bool:
    """Whether what came out for a lone word is one of the `answers` ("car|automobile"), in the target `language`."""
    bare = _plain(answer).lower().strip(" .!¡?¿,;:\"'«»")
    without = {bare.removeprefix(opening) for opening in _OPENING[language]}
    return not {bare, *without}.isdisjoint(answers.lower().split("|"))


def lost_items(translation: str, items: str) -> list[str]:
    """The groups of items that the translation does not have exactly as one of their alternatives is written."""
    return [
        group
        for group in _groups(items)
        if not any(re.search(_alone(item), translation.replace("\u00a0", " ")) for item in group.split("|"))
    ]


def read_sentences(source: str, target: str) -> list[Sentence]:
    """everyday.tsv as a test from the `source` into the `target` language, "es" or "en"."""
    names = {"es": "spanish", "en": "english"}
    columns = ("id", "kind", *names.values(), "must_en", "mustnot_en", "must_es", "mustnot_es")
    return [
        Sentence(
            row["id"], row["kind"], row[names[source]], row[names[target]],
            row[f"must_{target}"], row[f"mustnot_{target}"],
        )
        for row in read_table(SENTENCES, columns)
    ]  # fmt: skip


def read_words(source: str) -> list[tuple[str, str]]:
    """The `source` language's lone words, each with the answers that are accepted, "|" between them."""
    rows = read_table(WORDS, ("language", "word", "accepted"))
    return [(row["word"], row["accepted"]) for row in rows if row["language"] == source]


def read_items(source: str) -> list[dict[str, str]]:
    """The `source` language's sentences with items to copy: their kind, sentence and items."""
    rows = read_table(ITEMS, ("language", "kind", "sentence", "items"))
    return [row for row in rows if row["language"] == source]


def read_table(file: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """The rows of a table whose first line names its columns; UserError where they are others."""
    head, *lines = file.read_text(encoding="utf-8").splitlines()
    if tuple(head.split("\t")) != tuple(columns):
        raise UserError(f"{file}:1: the columns are not {', '.join(columns)}")
    rows = [line.split("\t") for line in lines]
    for number, row in enumerate(rows, 2):
        if len(row) != len(columns):
            raise UserError(f"{file}:{number}: {len(row)} columns instead of {len(columns)}")
    return [dict(zip(columns, row, strict=True)) for row in rows]


def evaluate(translator: Translator, beam: int, show: str | None = None) -> dict[str, Any]:
    """The figures of the three tables; `show` also prints the translations, those that are "wrong" or "all"."""
    source, target = translator.source_language, translator.target_language
    if {source, target} != {"es", "en"}:
        raise UserError(f"the model translates {source} to {target}; the tables are Spanish and English")

    def translate(lines: Sequence[str]) -> list[str]:
        return [found.text for found in translator.translate_batch(list(lines), beam=beam)]

    def report(name: str, line: str, translation: str, faults: Sequence[str]) -> bool:
        """Print the translation if it is to be shown; whether it is right."""
        if show == "all" or (show == "wrong" and faults):
            print(f"{name}\t{'; '.join(faults) or 'right'}\n  {line}\n  {translation}")
        return not faults

    sentences = read_sentences(source, target)
    kinds: dict[str, Counter[str]] = {}
    for sentence, translation in zip(sentences, translate([s.source for s in sentences]), strict=True):
        right = report(sentence.id, sentence.source, translation, sentence.faults(translation))
        kinds.setdefault(sentence.kind, Counter()).update(right=int(right), of=1)

    words = read_words(source)
    forms = {
        "as given": [word for word, _ in words],
        "capitalised": [word[0].upper() + word[1:] for word, _ in words],
        "with a full stop": [word + "." for word, _ in words],
    }
    lone: dict[str, int] = {}
    for form, asked in forms.items():
        lone[form] = 0
        for word, answer, (_, answers) in zip(asked, translate(asked), words, strict=True):
            faults = [] if accepted(answer, answers, target) else [f"is not {answers}"]
            lone[form] += report(f"word {form}", word, answer, faults)

    items = read_items(source)
    copied: dict[str, Counter[str]] = {}
    for row, translation in zip(items, translate([row["sentence"] for row in items]), strict=True):
        faults = [f"lacks {item}" for item in lost_items(translation, row["items"])]
        right = report(f"copied {row['kind']}", row["sentence"], translation, faults)
        copied.setdefault(row["kind"], Counter()).update(right=int(right), of=1)

    return {
        "direction": f"{source}-{target}",
        "everyday": _total(kinds),
        "words": {**lone, "of": len(words)},
        "copied": _total(copied),
    }


def _total(kinds: dict[str, Counter[str]]) -> dict[str, Any]:
    whole = sum(kinds.values(), Counter())
    return {
        "right": whole["right"],
        "of": whole["of"],
        "kinds": {kind: f"{c['right']} of {c['of']}" for kind, c in kinds.items()},
    }


def _groups(groups: str) -> list[str]:
    return groups.split(";") if groups else []


def _plain(text: str) -> str:
    """The text with plain apostrophes and spaces."""
    return text.replace("’", "'").replace("\u00a0", " ").replace("\u202f", " ")


def _alone(item: str) -> str:
    """A pattern for the item with nothing attached to its letters and digits: "12" is not in "A12" nor in "12.5"."""
    before = r"(?<![^\W_])(?<!\d[.,])" if item[0].isalnum() or item[0] == "*" else ""
    after = r"(?![^\W_]|[.,]\d)" if item[-1].isalnum() or item[-1] == "*" else ""
    return before + re.escape(item) + after


def main() -> int:
    parser = make_parser(__doc__)
    parser.add_argument("--model", type=Path, required=True, metavar="CHECKPOINT")
    parser.add_argument("--show", choices=SHOWN, help="also print the translations, with what is wrong with them")
    parser.add_argument("--beam", type=int, default=5)
    parser.add_argument("--json", type=Path, metavar="OUT", help="also write the figures to this file")
    args = parser.parse_args()
    return finish(partial(run, args), args.json)


def run(args: Any) -> dict[str, Any]:
    from nmt import Translator

    figures = evaluate(Translator.load(args.model), args.beam, args.show)
    return {"system": f"nmt {revision()}", **figures, "machine": machine("torch", "onnxruntime")}


if __name__ == "__main__":
    sys.exit(main())
