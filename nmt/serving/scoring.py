"""What is done with a request to score: it is read, checked, and measured in another process.

Measuring itself is `nmt.evaluation.comparison`.
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
MAX_LINE_CHARS = 10_000
MAX_FILE_BYTES = 10_000_000  # of an uploaded file
MAX_TRANSLATED_LINES = 5_000  # that one visitor may have translated at a time
MAX_SECONDS = 180.0  # of one comparison
QUEUE = "score"  # page and endpoint take turns, for a comparison may take a core a minute
COLUMNS = ("source", "reference", "a", "b")  # of a table, and the boxes of the page

logger = logging.getLogger(__name__)


def lines_of(text: str) -> list[str]:
    """The lines of a text box.  A line break at the very end ends the last line and begins no other."""
    lines = text.replace("\r\n", "\n").split("\n")
    if not lines[-1]:
        lines.pop()
    return lines


def read_text(path: str | Path) -> str:
    """The text of an uploaded file for a box; PageError if it is no text or too large."""
    path = Path(path)
    if path.stat().st_size > MAX_FILE_BYTES:
        raise PageError("scores.large_file", name=path.name, limit=MAX_FILE_BYTES // 1_000_000)
    try:
        lines = read_lines(path)
    except UserError as error:  # without the server's folder, which is nobody's business
        raise PageError("scores.bad_file", reason=str(error).replace(str(path), path.name)) from None
    # A browser takes a lone carriage return for the end of a line, and the lines would no longer correspond.
    return "".join(line.replace("\r", " ") + "\n" for line in lines)


def read_table(path: str | Path) -> list[str]:
    """The columns of a TSV file for the four boxes; those that it lacks are empty.  PageError if it is no table."""
    name = Path(path).name
    rows = [line.split("\t") for line in lines_of(read_text(path))]
    if not rows:
        raise PageError("scores.empty_file", name=name)
    for number, row in enumerate(rows, start=1):
        if len(row) != len(rows[0]) or not 2 <= len(row) <= len(COLUMNS):
            raise PageError("scores.bad_table", name=name, line=number, columns=len(row), first=len(rows[0]))
    texts = ["".join(cell + "\n" for cell in column) for column in zip(*rows, strict=True)]
    return texts + [""] * (len(COLUMNS) - len(texts))


def corpus_of(*boxes: str) -> Corpus:
    """The texts of the four boxes, of which the source and one of the systems may be empty.

    PageError for what cannot be compared.
    """
    lines = {name: lines_of(text) for name, text in zip(COLUMNS, boxes, strict=True)}
    _check_reference(lines["reference"])
    if not lines["a"] and not lines["b"]:
        raise PageError("scores.no_system")
    given = {name: some for name, some in lines.items() if some}
    _check_sizes(given)
    systems = [given[name] for name in ("a", "b") if name in given]
    return Corpus(given["reference"], systems, given.get("source"))


def to_translate(source: str, reference: str) -> list[str]:
    """The source's lines, checked with the reference before they are translated to be scored."""
    lines = {"source": lines_of(source), "reference": lines_of(reference)}
    if not lines["source"]:
        raise PageError("scores.no_source")
    _check_reference(lines["reference"])
    _check_sizes(lines)
    if (count := len(lines["source"])) > MAX_TRANSLATED_LINES:
        raise PageError("scores.too_many_to_translate", lines=count, limit=MAX_TRANSLATED_LINES)
    return lines["source"]


def corpus_of_lists(hypotheses: object, references: object) -> Corpus:
    """What a program sends, which may be anything."""
    given: dict[str, list[str]] = {}
    for name, value in (("references", references), ("hypotheses", hypotheses)):
        if not isinstance(value, list) or not all(isinstance(line, str) for line in value):
            raise PageError("scores.not_a_list", what=name)
        if not value:
            raise PageError("scores.empty_list", what=name)
        given[name] = value
    _check_sizes(given)
    return Corpus(given["references"], [given["hypotheses"]])


async def measured(corpus: Corpus) -> Result:
    """`comparison.measure` in another process; PageError when it takes too long or fails."""
    try:
        plain = await subprocess_call.call(measure_plain, asdict(corpus), seconds=MAX_SECONDS)
    except subprocess_call.TookTooLong:
        raise PageError("scores.took_too_long", seconds=round(MAX_SECONDS)) from None
    except subprocess_call.Failed as error:
        logger.error("scoring failed: %s", error)
        raise PageError("page.failed") from None
    return Result.from_plain(plain)


def _check_reference(lines: list[str]) -> None:
    if not any(line.strip() for line in lines):
        raise PageError("scores.no_reference")


def _check_sizes(given: dict[str, list[str]]) -> None:
    """PageError unless all texts have as many lines, few enough, and none is too long."""
    counts = {name: len(lines) for name, lines in given.items()}
    if len(set(counts.values())) > 1:
        raise PageError("scores.unequal", counts=_listed(counts))
    if (count := max(counts.values())) > MAX_LINES:
        raise PageError("scores.too_many_lines", lines=count, limit=MAX_LINES)
    characters = sum(len(line) for lines in given.values() for line in lines)
    if characters > MAX_CHARS:
        raise PageError("scores.too_long", length=characters, limit=MAX_CHARS)
    for name, lines in given.items():
        for number, line in enumerate(lines, start=1):
            if len(line) > MAX_LINE_CHARS:
                box = catalogue.both(f"scores.box_{name}")
                size = {"length": len(line), "limit": MAX_LINE_CHARS}
                raise PageError("scores.long_line", box=box, line=number, **size)


def _listed(counts: dict[str, int]) -> catalogue.Both:
    """ "reference 3, system A 2" in both languages."""
    named = [(catalogue.both(f"scores.box_{name}"), catalogue.number(n, ",")) for name, n in counts.items()]
    english, spanish = (", ".join(f"{box[i]} {count[i]}" for box, count in named) for i in (0, 1))
    return english, spanish
