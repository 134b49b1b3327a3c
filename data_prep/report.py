"""What a build did, in numbers: `report.json` and the tables on the terminal. It decides nothing."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from data_prep.cleaning import NORMALISATIONS
from data_prep.corpus import DROP_REASONS, KEPT
from data_prep.files import Tally
from data_prep.recipe import PUBLIC, Languages, Recipe, Source, Spec
from data_prep.shards import KeyFiles
from nmt.errors import UserError

BUILT_WITH = ("datasets", "pyarrow", "sentencepiece", "lingua-language-detector", "numpy")


@dataclass
class HeldOut:
    """A set that train must not touch, and what contact was found."""

    name: str
    reason: str  # the drop reason of a pair that touches it
    files: KeyFiles  # keys of distinct sources and targets, and of what cleaning would make of them
    sentences: tuple[int, int]  # how many keys those are
    pairs_touching: int = 0  # of the sources' clean pairs; one pair may touch several sets
    dev_pairs_removed: int = 0  # of a given dev set


def make_report(
    recipe: Recipe,
    reasons: dict[str, Counter[str]],
    steps: Counter[str],
    tallies: dict[str, Tally],
    held_out: list[HeldOut],
    statistics: dict[str, dict[str, Any]],
    train_rows: int,
    copies: dict[str, int],
    warnings: list[str],
) -> dict[str, Any]:
    """The contents of report.json. For each source and in total, read = kept + the sum of removed.

    reasons: of each source, what became of how many pairs; steps: how many pairs each normalisation changed."""
    sources = [
        _describe_source(name, source, tallies[name], reasons[name], recipe.languages)
        for name, source in zip(tallies, recipe.sources, strict=True)
    ]
    pieces = recipe.subwords
    new_pieces = {"type": pieces.model_type, "joint": not pieces.separate}
    # A filter is named even if it found nothing.
    removed = Counter({name: 0 for name in DROP_REASONS if name != KEPT})
    for source in sources:
        removed.update(source["removed"])
    return {
        "pair": recipe.pair,
        "sources": sources,
        "cleaning": {
            "read": sum(source["read"] for source in sources),
            "normalised": {step: steps[step] for step in NORMALISATIONS},
            "removed": dict(removed),
            "kept": sum(source["kept"] for source in sources),
        },
        "decontamination": [
            {
                "set": held.name,
                "source_sentences": held.sentences[0],
                "target_sentences": held.sentences[1],
                "pairs_touching": held.pairs_touching,
                "dev_pairs_removed": held.dev_pairs_removed,
            }
            for held in held_out
        ],
        "splits": statistics,
        # By kind: copies in train; and how many were left out because they read like a held-out sentence.
        "noise": copies,
        "train_rows": train_rows,  # with the repetitions that the recipe asks for
        "subwords": {"reused": pieces.reuse} if pieces.reuse else new_pieces,
        "warnings": warnings,
        "built_with": {package: version(package) for package in BUILT_WITH},
    }


def _describe_source(
    name: str, source: Source, tally: Tally, reasons: Counter[str], languages: Languages
) -> dict[str, Any]:
    found = {reason: count for reason, count in reasons.items() if reason != KEPT and count}
    removed = {**tally.dropped, **found}
    spec, public = Spec.parse(source.spec), {}
    if spec.kind in PUBLIC:
        from data_prep.public_corpora import citation

        public = {"corpus": citation(spec, languages)}
    return {
        "name": name,
        "spec": source.spec,
        "licence": source.licence,  # mtdata knows none: a recipe says it
        **public,
        "repeat": source.repeat,
        "read": reasons[KEPT] + sum(removed.values()),
        "kept": reasons[KEPT],
        "removed": removed,
        "bad_lines": tally.examples,  # the first few
    }


def describe_split(sums: dict[str, Counter[str]], vocabularies: Sequence[int]) -> dict[str, Any]:
    """Pairs, and for each side words, characters, pieces and their distribution, from the sums of `encoding.encode`."""
    described: dict[str, Any] = {}
    for (side, counts), vocabulary in zip(sums.items(), vocabularies, strict=True):
        sizes = {int(name.split()[1]): count for name, count in counts.items() if name.startswith("length ")}
        lengths = np.array(sorted(sizes), dtype=np.int64)
        ends = np.cumsum([sizes[length] for length in lengths.tolist()])  # sentences of at most that length
        pairs = int(ends[-1]) if len(ends) else 0

        def percentile(point: int, lengths: Any = lengths, ends: Any = ends, pairs: int = pairs) -> int:
            """As numpy's: between the two sentences that lie around that place."""
            place = point / 100 * (pairs - 1)
            low, high = lengths[np.searchsorted(ends, [np.floor(place), np.ceil(place)], side="right")]
            return int(low + (high - low) * (place - np.floor(place)))

        described["pairs"] = pairs
        described[side] = {
            "words": counts["words"],
            "characters": counts["characters"],
            "pieces": counts["pieces"],
            "pieces_per_sentence": {
                "mean": round(counts["pieces"] / max(1, pairs), 2),
                **{f"p{point}": percentile(point) if pairs else 0 for point in (50, 95, 99)},
                "max": int(lengths[-1]) if pairs else 0,
            },
            "byte_pieces": counts["byte_pieces"],
            "unknown_pieces": counts["unknown_pieces"],
            "vocabulary": vocabulary,
        }
    return described


def load_report(folder: Path) -> dict[str, Any]:
    """The report of a dataset folder."""
    try:
        report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
        tables_of(report)
        return report
    except OSError as error:
        raise UserError(f"{folder}: no dataset folder: report.json: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError):  # no JSON, or other JSON
        raise UserError(f"{folder / 'report.json'}: not the report of a dataset folder; build it again") from None


def print_report(report: dict[str, Any], console: Console) -> None:
    """The tables a person wants to see after a build."""
    for table in tables_of(report):
        console.print(table)
    for warning in report["warnings"]:
        console.print(f"warning: {warning}", markup=False, highlight=False)


def tables_of(report: dict[str, Any]) -> list[Table]:
    """Raises KeyError, TypeError or AttributeError when it is not a report."""
    contact = [_contact_table(report)] if report["decontamination"] else []
    noise = [_noise_table(report)] if report.get("noise") else []
    return [_sources_table(report), _filters_table(report), *contact, *noise, _splits_table(report)]


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
        licence = escape(source["licence"] or "not stated")
        table.add_row(escape(source["name"]), *counts, str(source["repeat"]), licence)
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
        table.add_row(escape(row["set"]), *(f"{count:,}" for key, count in row.items() if key != "set"))
    return table


def _noise_table(report: dict[str, Any]) -> Table:
    table = _table("Noisy copies in train", "kind", "copies")
    for kind, count in report["noise"].items():
        table.add_row(f"left out: {kind}" if kind == "like_a_held_out_sentence" else kind, f"{count:,}")
    return table


def _splits_table(report: dict[str, Any]) -> Table:
    columns = ("pairs", "words", "pieces", "median", "p95", "max", "bytes")
    table = _table("Splits (pieces in all and a sentence; pieces that are single bytes)", "split", *columns)
    for name, split in report["splits"].items():
        for side, language in zip(("source", "target"), report["pair"].split("-"), strict=True):
            described = split[side]
            lengths = described["pieces_per_sentence"]
            counts = split["pairs"], described["words"], described["pieces"], lengths["p50"], lengths["p95"]
            cells = [f"{count:,}" for count in (*counts, lengths["max"], described["byte_pieces"])]
            table.add_row(f"{name} {language}", *cells)
    return table
