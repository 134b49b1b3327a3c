"""What a build did, in numbers: `report.json` and the tables on the terminal. Counts only, decides nothing."""

from __future__ import annotations

import json
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import sentencepiece
from rich.console import Console
from rich.table import Table

from data_prep.cleaning import NORMALISATIONS
from data_prep.errors import UserError
from data_prep.files import Tally
from data_prep.recipe import Recipe
from data_prep.tables import FATES, KEPT, Pool, texts

BUILT_WITH = ("datasets", "pyarrow", "sentencepiece", "lingua-language-detector", "numpy")


def make_report(
    recipe: Recipe,
    pool: Pool,
    tallies: dict[str, Tally],
    contact: list[dict[str, Any]],
    statistics: dict[str, dict[str, Any]],
    train_rows: int,
    warnings: list[str],
) -> dict[str, Any]:
    """The contents of report.json. For each source and in total, read = kept + the sum of removed."""
    fates = _count_fates(pool)
    sources = []
    total: Counter[str] = Counter()
    for (name, tally), source in zip(tallies.items(), recipe.sources, strict=True):
        removed = {**tally.dropped, **{fate: count for fate, count in fates[name].items() if fate != KEPT}}
        kept = fates[name][KEPT]
        total.update(removed)
        sources.append(
            {
                "name": name,
                "spec": source.spec,
                "licence": source.licence,
                "repeat": source.repeat,
                "read": kept + sum(removed.values()),
                "kept": kept,
                "removed": removed,
                "bad_lines": tally.examples,
            }
        )
    kept = sum(source["kept"] for source in sources)
    normalised = {step: int((pool.steps >> bit & 1).sum()) for bit, step in enumerate(NORMALISATIONS)}
    removed = {name: total.get(name, 0) for name in FATES if name != KEPT} | dict(total)
    return {
        "pair": recipe.pair,
        "sources": sources,
        "cleaning": {
            "read": kept + sum(total.values()),
            "normalised": normalised,  # pairs of which the step changed a side
            "removed": removed,
            "kept": kept,
        },
        "decontamination": contact,
        "splits": statistics,
        "train_rows": train_rows,  # with the repetitions that the recipe asks for
        "subwords": {"type": recipe.subwords.model_type, "joint": not recipe.subwords.separate},
        "warnings": warnings,
        "built_with": {package: version(package) for package in BUILT_WITH},
    }


def _count_fates(pool: Pool) -> dict[str, Counter[str]]:
    """Source name -> fate -> pairs."""
    counts: dict[str, Counter[str]] = {}
    start = 0
    for (names,) in texts(pool.table, "origin"):
        fates = pool.fate[start : start + len(names)]
        start += len(names)
        for (name, fate), count in Counter(zip(names, fates.tolist(), strict=True)).items():
            counts.setdefault(name, Counter())[FATES[fate]] += count
    return _Missing(counts)


class _Missing(dict[str, Counter[str]]):
    """A source of which no pair was read has an empty count."""

    def __missing__(self, name: str) -> Counter[str]:
        return Counter()


def describe_split(table: datasets.Dataset, models: tuple[Path, Path]) -> dict[str, Any]:
    """Pairs, and for each side words, characters, pieces and their distribution."""
    described: dict[str, Any] = {"pairs": len(table)}
    for side, model in zip(("source", "target"), models, strict=True):
        processor = sentencepiece.SentencePieceProcessor(model_file=str(model))
        is_byte = np.array([processor.is_byte(number) for number in range(len(processor))])
        words = chars = in_bytes = unknown = 0
        lengths = [np.zeros(0, dtype=np.int64)]
        for batch in table.with_format("arrow").iter(batch_size=10_000):
            sentences = batch[side].to_pylist()
            chars += sum(map(len, sentences))
            words += sum(len(sentence.split()) for sentence in sentences)
            ids = batch[f"{side}_ids"].combine_chunks()
            flat = np.asarray(ids.flatten())
            in_bytes += int(is_byte[flat].sum())
            unknown += int((flat == processor.unk_id()).sum())
            lengths.append(np.asarray(ids.value_lengths()))
        pieces = np.concatenate(lengths)
        described[side] = {"words": words, "characters": chars, "pieces": int(pieces.sum())}
        if len(pieces):
            described[side] |= {
                "pieces_per_sentence": {
                    "mean": round(float(pieces.mean()), 2),
                    **{f"p{point}": int(np.percentile(pieces, point)) for point in (50, 95, 99)},
                    "max": int(pieces.max()),
                },
                "byte_pieces": in_bytes,
                "unknown_pieces": unknown,
                "vocabulary": len(processor),
            }
    return described


def load_report(folder: Path) -> dict[str, Any]:
    """The report of a dataset folder."""
    try:
        return json.loads((folder / "report.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{folder}: no dataset folder: report.json: {error.strerror}") from None
    except ValueError:
        raise UserError(f"{folder / 'report.json'}: not the report of a dataset folder; build it again") from None


def print_report(report: dict[str, Any], console: Console) -> None:
    """The tables a person wants to see after a build."""
    console.print(_sources_table(report))
    console.print(_filters_table(report))
    if report["decontamination"]:
        console.print(_contact_table(report))
    console.print(_splits_table(report))
    for warning in report["warnings"]:
        console.print(f"warning: {warning}", markup=False, highlight=False)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left")
    return table


def _sources_table(report: dict[str, Any]) -> Table:
    table = _table("Sources", "name", "read", "removed", "kept", "repeat", "licence")
    for source in report["sources"]:
        removed = source["read"] - source["kept"]
        counts = f"{source['read']:,}", f"{removed:,}", f"{source['kept']:,}"
        table.add_row(source["name"], *counts, str(source["repeat"]), source["licence"] or "not stated")
    return table


def _filters_table(report: dict[str, Any]) -> Table:
    cleaning = report["cleaning"]
    table = _table("Cleaning", "step", "pairs", "% of read")

    def row(name: str, count: int) -> None:
        table.add_row(name, f"{count:,}", f"{100 * count / max(1, cleaning['read']):.2f}")

    row("read", cleaning["read"])
    for name, count in cleaning["normalised"].items():
        row(f"changed: {name}", count)
    for name, count in cleaning["removed"].items():
        row(f"removed: {name}", count)
    row("kept", cleaning["kept"])
    return table


def _contact_table(report: dict[str, Any]) -> Table:
    table = _table("Held-out sets", "set", "source sentences", "target sentences", "pairs touching", "removed from dev")
    for row in report["decontamination"]:
        table.add_row(row["set"], *(f"{count:,}" for key, count in row.items() if key != "set"))
    return table


def _splits_table(report: dict[str, Any]) -> Table:
    source, target = report["pair"].split("-")
    table = _table("Splits", "split", "pairs", *(f"{kind} {side}" for side in (source, target) for kind in ("words", "pieces", "p95", "bytes")))
    for name, split in report["splits"].items():
        cells = [f"{split['pairs']:,}"]
        for side in (split["source"], split["target"]):
            per_sentence = side.get("pieces_per_sentence", {}).get("p95", 0)
            counts = side["words"], side["pieces"], per_sentence, side.get("byte_pieces", 0)
            cells += [f"{count:,}" for count in counts]
        table.add_row(name, *cells)
    return table
