"""Tables with tab-separated values (.tsv): the words of every cell are translated, the header's too; tabs, line
ends and quotation marks stay.

A cell stays as it is if it has no words (numbers, URLs, addresses), or is one word with a digit or an underscore
in it: an identifier.  A cell in double quotation marks (as spreadsheets write one with quotation marks, `""` for
each, or with line breaks in it) is translated without them.  Since many files have quotation marks that do not
quote a cell, a quoted cell may go over several lines only if that gives all rows the same number of cells, and
otherwise they would differ.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from nmt.documents.document import Passage
from nmt.text.protected import has_words

# A cell, and what ends it.
_CELL = re.compile(r'("[^"\r\n\t]*(?:""[^"\r\n\t]*)*"(?=[\t\r\n]|\Z)|[^\t\r\n]*)(\t|\r\n|\r|\n|\Z)')
_CELL_OF_LINES = re.compile(r'("[^"]*(?:""[^"]*)*"(?=[\t\r\n]|\Z)|[^\t\r\n]*)(\t|\r\n|\r|\n|\Z)')
_IDENTIFIER = re.compile(r"\S*[\d_]\S*")


def passages(content: str, name: str) -> list[Passage]:
    rows = _rows(content, _CELL)
    if len(set(map(len, rows))) > 1:
        others = _rows(content, _CELL_OF_LINES)
        rows = others if len(set(map(len, others))) == 1 else rows
    return [passage for row in rows for cell in row for passage in _of_cell(cell)]


def _rows(content: str, pattern: re.Pattern[str]) -> list[list[re.Match[str]]]:
    rows: list[list[re.Match[str]]] = [[]]
    for cell in pattern.finditer(content):
        rows[-1].append(cell)
        if cell[2] != "\t":
            rows.append([])
            if cell.end() == len(content):
                break
    return [row for row in rows if len(row) > 1 or any(cell[1] for cell in row)]  # empty lines are no rows


def _of_cell(cell: re.Match[str]) -> list[Passage]:
    written = cell[1]
    quoted = len(written) >= 2 and written[0] == written[-1] == '"'
    inner = written[1:-1] if quoted else written
    start = cell.start() + quoted + len(inner) - len(inner.lstrip())
    core = inner.strip()
    text = core.replace('""', '"') if quoted else core
    if not has_words(text) or _IDENTIFIER.fullmatch(text):
        return []

    def render(translations: Sequence[str]) -> str:
        flat = translations[0].replace("\t", " ")
        return flat.replace('"', '""') if quoted else flat

    return [Passage(start, start + len(core), (text,), render)]
