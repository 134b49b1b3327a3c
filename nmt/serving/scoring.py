"""What the page does with a request to score: read it, check it, have it measured.

No component and no HTML: the tab and the endpoint call the same functions.  Measuring is `comparison.py`'s work.
"""

from __future__ import annotations

import logging
from dataclasses import asdict
from pathlib import Path

from nmt.errors import UserError
from nmt.evaluation.comparison import Corpus, Result, measure_plain
from nmt.serving import subprocess_call
from nmt.serving.errors import PageError
from nmt.serving.messages import catalogue
from nmt.text.line_io import read_lines

MAX_LINES = 10_000  # of each text: a minute or two of work
MAX_CHARS = 5_000_000  # of all texts together
MAX_LINE = 10_000  # characters of one line
MAX_BYTES = 10_000_000  # of an uploaded file
MAX_TRANSLATED = 5_000  # lines that one visitor may have translated at a time
SECONDS = 180.0  # that one comparison may take
ONE_AT_A_TIME = "score"  # page and endpoint take turns: a comparison may take a core a minute
COLUMNS = 4  # of a table: source, reference, A, B

logger = logging.getLogger(__name__)


def lines_of(text: str) -> list[str]:
    """The lines of a text box.  A line break at the very end ends the last line and begins no other."""
    lines = text.replace("\r\n", "\n").split("\n")
    if not lines[-1]:
        lines.pop()
    return lines


def read_text(path: str | Path) -> str:
    """An uploaded file for a text box; PageError if it is no text or too large."""
    path = Path(path)
    if path.stat().st_size > MAX_BYTES:
        raise PageError("scores.large_file", name=path.name, limit=MAX_BYTES // 1_000_000)
    try:
        lines = read_lines(path)
    except UserError as error:  # without the server's folder, which is nobody's business
        raise PageError("scores.bad_file", reason=str(error).replace(str(path), path.name)) from None
    # A browser takes a lone carriage return for the end of a line, and the lines would no longer correspond.
    return "".join(line.replace("\r", " ") + "\n" for line in lines)


def read_table(path: str | Path) -> list[str]:
    """An uploaded table of source, reference and, where it has them, A and B, as texts for their boxes: always
    four, those that are missing empty."""
    name = Path(path).name
    rows = [line.split("\t") for line in lines_of(read_text(path))]
    if not rows:
        raise PageError("scores.empty_file", name=name)
    for number, row in enumerate(rows, start=1):
        if len(row) != len(rows[0]) or not 2 <= len(row) <= COLUMNS:
            raise PageError("scores.bad_table", name=name, line=number, columns=len(row), first=len(rows[0]))
    texts = ["".join(row[column] + "\n" for row in rows) for column in range(len(rows[0]))]
    return texts + [""] * (COLUMNS - len(texts))


def corpus_of(source: str, reference: str, a: str, b: str) -> Corpus:
    """The texts of the boxes, of which the source and one of the systems may be empty; PageError for what cannot
    be compared."""
    lines = {"source": lines_of(source), "reference": lines_of(reference), "a": lines_of(a), "b": lines_of(b)}
    if not any(line.strip() for line in lines["reference"]):
        raise PageError("scores.no_reference")
    if not lines["a"] and not lines["b"]:
        raise PageError("scores.no_system")
    given = {name: some for name, some in lines.items() if some}
    _check_counts(given)
    _check_sizes(given)
    systems = [given[name] for name in ("a", "b") if name in given]
    return Corpus(given["reference"], systems, given.get("source"))


def to_translate(source: str, reference: str) -> list[str]:
    """The source's lines, checked before they are translated to be scored."""
    given = {"source": lines_of(source), "reference": lines_of(reference)}
    if not given["source"]:
        raise PageError("scores.no_source")
    if not any(line.strip() for line in given["reference"]):
        raise PageError("scores.no_reference")
    _check_counts(given)
    _check_sizes(given)
    if len(given["source"]) > MAX_TRANSLATED:
        raise PageError("scores.too_many_to_translate", lines=len(given["source"]), limit=MAX_TRANSLATED)
    return given["source"]


def corpus_of_lists(hypotheses: object, references: object) -> Corpus:
    """What a program sends, which may be anything."""
    given: dict[str, list[str]] = {}
    for name, value in (("references", references), ("hypotheses", hypotheses)):
        if not isinstance(value, list) or not all(isinstance(line, str) for line in value):
            raise PageError("scores.not_a_list", what=name)
        if not value:
            raise PageError("scores.empty_list", what=name)
        given[name] = value
    _check_counts(given)
    _check_sizes(given)
    return Corpus(given["references"], [given["hypotheses"]])


async def measured(corpus: Corpus) -> Result:
    """`comparison.measure` in another process; PageError when it takes too long or fails."""
    try:
        return Result.from_plain(
            await subprocess_call.waiting(measure_plain, asdict(corpus), seconds=SECONDS)
        )
    except subprocess_call.TookTooLong:
        raise PageError("scores.took_too_long", seconds=round(SECONDS)) from None
    except subprocess_call.Failed as error:
        logger.error("scoring failed: %s", error)
        raise PageError("page.failed") from None


def _check_counts(given: dict[str, list[str]]) -> None:
    if len({len(lines) for lines in given.values()}) > 1:
        raise PageError("scores.unequal", counts=_listed(given))


def _check_sizes(given: dict[str, list[str]]) -> None:
    count = max(map(len, given.values()))
    if count > MAX_LINES:
        raise PageError("scores.too_many_lines", lines=count, limit=MAX_LINES)
    characters = sum(len(line) for lines in given.values() for line in lines)
    if characters > MAX_CHARS:
        raise PageError("scores.too_long", length=characters, limit=MAX_CHARS)
    for name, lines in given.items():
        for number, line in enumerate(lines, start=1):
            if len(line) > MAX_LINE:
                raise PageError(
                    "scores.long_line", box=_both(name), line=number, length=len(line), limit=MAX_LINE
                )


def _listed(given: dict[str, list[str]]) -> tuple[str, str]:
    """How many lines each has: "reference 3, system A 2" in both languages."""
    boxes = {name: _both(name) for name in given}
    english, spanish = (
        ", ".join(f"{boxes[name][i]} {catalogue.number(len(lines), ',')[i]}" for name, lines in given.items())
        for i in (0, 1)
    )
    return english, spanish


def _both(name: str) -> tuple[str, str]:
    return catalogue.say("en", f"scores.box_{name}"), catalogue.say("es", f"scores.box_{name}")
