"""How many things that people send every day arrive right: sentences, lone words, and items that must be copied.

    python -m benchmarks.everyday --model checkpoints/es-en [--json FILE] [--show wrong|all]

The direction is the checkpoint's.  Three tables beside this file say what is right; no line of them is from a corpus.

everyday.tsv
    300 sentences in both languages.  A translation is right when it has all that `must_en` (or `must_es`) asks for,
    nothing that `mustnot_en` (or `mustnot_es`) names, and is not far longer than the reference.  "marked" has how many
    wrong and right words are marked as doubtful.
frequent_words.tsv
    300 words of each language and every answer that a person would accept.  Each is asked as it stands, with a capital,
    and with a full stop; marks, capitals and a leading article or "to" of the answer don't matter.
copied_items.tsv
    200 sentences of each language with a name, date, amount, sign or code, and the items that must stand in the
    translation as written, but for the shape of apostrophes and spaces.

Requirements are groups separated by ";", each of which must be met; a group is alternatives separated by "|".  They are
whole words in any case, and "*" is any letters: "tax*;rais*|increas*|hike*".  The items to copy have the same groups,
but their case counts and "*" is an asterisk.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.common import add_options, finish, machine, make_parser, revision
from nmt import Translation, Translator
from nmt.errors import UserError

HERE = Path(__file__).parent
SENTENCES, WORDS, ITEMS = (HERE / f"{name}.tsv" for name in ("everyday", "frequent_words", "copied_items"))
COLUMNS = {
    SENTENCES: ("id", "kind", "spanish", "english", "must_en", "mustnot_en", "must_es", "mustnot_es"),
    WORDS: ("language", "word", "accepted"),
    ITEMS: ("language", "kind", "sentence", "items"),
}
NAMES = {"es": "spanish", "en": "english"}
FORMS: dict[str, Callable[[str], str]] = {  # in which a lone word is asked
    "as given": str,
    "capitalised": lambda word: word[0].upper() + word[1:],
    "with a full stop": lambda word: word + ".",
}
OPENINGS = {"en": ("the ", "a ", "an ", "to "), "es": ("el ", "la ", "lo ", "los ", "las ", "un ", "una ")}
MAX_LENGTH_RATIO = 2  # words of a translation for each of the reference's,
SHORT_WORD = 3  # letters; what such a word of a wrong sentence should be, the tables don't say
MAX_EXTRA_WORDS = 3  # and as many more


@dataclass(frozen=True)
class Case:
    """A line to translate, and a function that says of a translation what is wrong with it: nothing if it is right."""

    name: str
    kind: str
    source: str
    faults: Callable[[str], list[str]]


def sentence_cases(source: str, target: str) -> list[Case]:
    """everyday.tsv from the `source` into the `target` language, "es" or "en"."""
    cases = []
    for row in read_table(SENTENCES):
        must, mustnot = row[f"must_{target}"], row[f"mustnot_{target}"]
        faults = partial(sentence_faults, row[NAMES[target]], must, mustnot)
        cases.append(Case(row["id"], row["kind"], row[NAMES[source]], faults))
    return cases


def word_cases(source: str, target: str) -> list[Case]:
    """The lone words of the `source` language, each in every form."""
    rows = [row for row in read_table(WORDS) if row["language"] == source]
    return [
        Case(f"word {name}", name, form(row["word"]), partial(word_faults, row["accepted"], target))
        for name, form in FORMS.items()
        for row in rows
    ]


def item_cases(source: str) -> list[Case]:
    """The sentences of the `source` language with items that must be copied."""
    return [
        Case(f"copied {row['kind']}", row["kind"], row["sentence"], partial(item_faults, row["items"]))
        for row in read_table(ITEMS)
        if row["language"] == source
    ]


def sentence_faults(reference: str, must: str, mustnot: str, translation: str) -> list[str]:
    """The groups of `must` that the translation lacks, the words of `mustnot` that it has, and whether it goes on."""
    found = _plain(translation)
    faults = _lacking(must, lambda word: _has(found, word))
    faults += [f"has {word}" for word in re.split("[;|]", mustnot) if word and _has(found, word)]
    if len(found.split()) > MAX_LENGTH_RATIO * len(reference.split()) + MAX_EXTRA_WORDS:
        faults.append("far too long")
    return faults


def word_faults(accepted: str, language: str, answer: str) -> list[str]:
    """That a lone word's translation into `language` is none of those accepted ("car|automobile")."""
    bare = _plain(answer).lower().strip(" .!¡?¿,;:\"'«»")
    readings = {bare, *(bare.removeprefix(opening) for opening in OPENINGS[language])}
    return [] if readings & set(accepted.lower().split("|")) else [f"is not {accepted}"]


def item_faults(items: str, translation: str) -> list[str]:
    """The groups of items of which the translation has none exactly as it is written."""
    found = _plain(translation)
    return _lacking(items, lambda item: re.search(_alone(item), found) is not None)


def _lacking(groups: str, is_there: Callable[[str], bool]) -> list[str]:
    return [f"lacks {group}" for group in groups.split(";") if not any(map(is_there, group.split("|")))]


def read_table(file: Path) -> list[dict[str, str]]:
    """The rows of one of the tables, by the names of its columns; UserError with the line where they are others."""
    rows = [line.split("\t") for line in file.read_text(encoding="utf-8").splitlines()]
    for number, row in enumerate(rows, 1):
        if len(row) != len(COLUMNS[file]) or (number == 1 and tuple(row) != COLUMNS[file]):
            columns = ", ".join(COLUMNS[file])
            raise UserError(f"{file}:{number}: give the columns {columns}, with tabs between them")
    return [dict(zip(COLUMNS[file], row, strict=True)) for row in rows[1:]]


def evaluate(translator: Translator, beam: int, show: str | None = None) -> dict[str, Any]:
    """The figures of the three tables; `show` also prints the translations, those that are "wrong" or "all"."""
    source, target = translator.source_language, translator.target_language
    if {source, target} != set(NAMES):
        raise UserError(f"the model translates {source} to {target}; the tables are Spanish and English")
    tables = {"everyday": sentence_cases(source, target), "words": word_cases(source, target)}
    tables["copied"] = item_cases(source)
    found: dict[str, Any] = {"direction": f"{source}-{target}"}
    for table, cases in tables.items():
        translations = translator.translate_batch([case.source for case in cases], beam=beam)
        found[table] = count(cases, translations, show)
        if table == "everyday":
            found[table]["marked"] = count_marks(cases, translations, target)
    return found


def count(cases: Sequence[Case], translations: Sequence[Translation], show: str | None) -> dict[str, Any]:
    """How many cases come out right, in all and of each kind."""
    asked, right = Counter(case.kind for case in cases), Counter[str]()
    for case, translation in zip(cases, translations, strict=True):
        faults = case.faults(translation.text)
        right[case.kind] += not faults
        if show == "all" or (show == "wrong" and faults):
            print(f"{case.name}\t{'; '.join(faults) or 'right'}\n  {case.source}\n  {translation.text}")
    kinds = {kind: f"{right[kind]} of {of}" for kind, of in asked.items()}
    return {"right": right.total(), "of": len(cases), "kinds": kinds}


def count_marks(cases: Sequence[Case], translations: Sequence[Translation], target: str) -> dict[str, str]:
    """How many of the wrong and of the right words of everyday.tsv are marked as doubtful.

    A word is right if its sentence is, if it stands in the reference, or if the row asks for it; otherwise wrong if the
    row names it as such or if it has more than `SHORT_WORD` letters."""
    words, marked = Counter[str](), Counter[str]()
    for row, case, translation in zip(read_table(SENTENCES), cases, translations, strict=True):
        asked = {*re.findall(r"[\w*]+", row[f"must_{target}"]), *re.findall(r"\w+", row[NAMES[target]])}
        sound = not case.faults(translation.text)
        named = re.split("[;|]", row[f"mustnot_{target}"])
        banned = [word for word in named if re.fullmatch(r"[\w*]+", word)]
        doubtful = {start for start, _ in translation.doubtful}
        for found in re.finditer(r"\w+", translation.text):
            word = found.group()
            if any(_is(word, other) for other in banned):
                kind = "wrong"
            elif sound or any(_is(word, other) for other in asked):
                kind = "right"
            elif len(word) > SHORT_WORD:
                kind = "wrong"
            else:
                continue
            words[kind] += 1
            marked[kind] += found.start() in doubtful
    return {kind: f"{marked[kind]} of {words[kind]}" for kind in ("wrong", "right")}


def _is(word: str, wanted: str) -> bool:
    return re.fullmatch(wanted.replace("*", r"\w*"), word, re.IGNORECASE) is not None


def _has(text: str, wanted: str) -> bool:
    return re.search(_alone(wanted).replace(r"\*", r"\w*"), text, re.IGNORECASE) is not None


def _alone(item: str) -> str:
    """A pattern for the item with nothing attached to its letters and digits: "12" is not in "A12" nor in "12.5"."""
    before = r"(?<![^\W_])(?<!\d[.,])" if item[0].isalnum() or item[0] == "*" else ""
    after = r"(?![^\W_]|[.,]\d)" if item[-1].isalnum() or item[-1] == "*" else ""
    return before + re.escape(item) + after


def _plain(text: str) -> str:
    return re.sub("[\u00a0\u202f]", " ", text.replace("’", "'"))


def run(args: Any) -> dict[str, Any]:
    figures = evaluate(Translator.load(args.model), args.beam, args.show)
    return {"system": f"nmt {revision()}", **figures, "machine": machine("torch", "onnxruntime")}


def main() -> int:
    parser = make_parser(__doc__)
    add_options(parser, "model")
    show = "also print the translations, each with what is wrong with it"
    parser.add_argument("--show", choices=("wrong", "all"), help=show)
    parser.add_argument("--beam", type=int, default=5)
    add_options(parser, "json")
    args = parser.parse_args()
    return finish(partial(run, args), args.json)


if __name__ == "__main__":
    sys.exit(main())
