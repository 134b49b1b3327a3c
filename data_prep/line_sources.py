"""Readers of lines: tables (TSV, CSV) and pairs of aligned files, whoever packed them.

What opens a source by its spec is in `sources.py`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from data_prep.files import MAX_LINE_BYTES, Tally, find_file, read_lines, uncompressed_suffix
from data_prep.recipe import Languages, Pairs, Spec
from nmt.errors import UserError

csv.field_size_limit(MAX_LINE_BYTES)  # a quoted field may go on over lines


# ---- tables: TSV (no quoting) and CSV (RFC 4180 quoting) ----


def read_table(spec: Spec, languages: Languages, tally: Tally) -> Pairs:
    path = find_file(spec.path)
    rows = _csv_rows(path, tally) if uncompressed_suffix(path) == ".csv" else _tsv_rows(path, tally)
    named = _column_names(spec, languages)
    columns = [int(name) if name.isdecimal() else -1 for name in named or "01"]
    if min(columns) < 0:
        for number, header in islice(rows, 1):
            columns = _find_columns(named or [], header, f"{path}:{number}")
    for number, row in rows:
        if named is None and len(row) != 2:
            choice = f":{languages[0]}=0,{languages[1]}=1"
            tally.bad_line(f"{path}:{number}", f"{len(row)} columns instead of 2; choose two, as in {choice!r}")
        else:
            yield from _chosen(row, columns, languages, f"{path}:{number}", tally)


def read_columns(path: Path, columns: Sequence[int], languages: Languages, tally: Tally) -> Pairs:
    """The pairs in two columns, from 0, of a tab-separated file without a header, in the order of `languages`."""
    for number, row in _tsv_rows(path, tally):
        yield from _chosen(row, columns, languages, f"{path}:{number}", tally)


def _chosen(row: list[str], columns: Sequence[int], languages: Languages, where: str, tally: Tally) -> Pairs:
    if len(row) > max(columns):
        yield from tally.pair(row[columns[0]], row[columns[1]], languages, where)
    else:
        tally.bad_line(where, f"{len(row)} columns, but column {max(columns)} (from 0) is wanted")


def _column_names(spec: Spec, languages: Languages) -> list[str] | None:
    """The columns that the options name, in the order of `languages`; None if they name none."""
    if not spec.options:
        return None
    if set(spec.options) != set(languages):
        one, other = languages
        raise UserError(f"{spec.path}: options {spec.options}: name both columns, as in ':{one}=0,{other}=1'")
    return [spec.options[language] for language in languages]


def _find_columns(names: list[str], header: list[str], where: str) -> list[int]:
    for name in names:
        if name not in header:
            raise UserError(f"{where}: no column {name!r}; this header has {', '.join(map(repr, header))}")
    return [header.index(name) for name in names]


def _tsv_rows(path: Path, tally: Tally) -> Iterator[tuple[int, list[str]]]:
    for number, line in read_lines(path, tally):
        if line:
            yield number, line.split("\t")
        elif line is not None:  # None has been counted
            tally.leave_out("blank_line")


def _csv_rows(path: Path, tally: Tally) -> Iterator[tuple[int, list[str]]]:
    number = 0

    def lines() -> Iterator[str]:
        nonlocal number
        for number, line in read_lines(path, tally, damaged=True):  # noqa: B007  # read below
            yield f"{line}\n"

    reader = csv.reader(lines(), strict=True)
    while True:
        first, bad_lines = number + 1, tally.dropped["bad_line"]
        try:
            row = next(reader, None)
        except csv.Error as error:
            tally.bad_line(f"{path}:{first}", f"not CSV: {error}")
            continue
        if row is None:
            return
        if tally.dropped["bad_line"] > bad_lines:
            continue  # a line of the row is not UTF-8
        if row:
            yield first, row
        else:
            tally.leave_out("blank_line")


# ---- Moses: two line-aligned files ----


def read_moses(spec: Spec, languages: Languages, tally: Tally) -> Pairs:
    return read_aligned([find_file(f"{spec.path}.{language}") for language in languages], languages, tally)


def read_aligned(paths: Sequence[Path], languages: Languages, tally: Tally) -> Pairs:
    """The pairs of two files of as many lines, in the order of `languages`."""
    sides = [read_lines(path, tally) for path in paths]
    while True:
        source, target = (next(side, None) for side in sides)
        if source is None and target is None:
            return
        if source is None or target is None:
            number = (source or target or (0,))[0]
            ended, longer = (paths[0], paths[1]) if source is None else (paths[1], paths[0])
            tally.bad_line(f"{longer}:{number}", f"no such line in {ended.name}, which ends before")
        elif source[1] is not None and target[1] is not None:
            yield from tally.pair(source[1], target[1], languages, f"{paths[0]}:{source[0]}")
