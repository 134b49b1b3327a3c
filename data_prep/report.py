"""What a build did, in numbers: `report.json` and the tables on the terminal. It decides nothing."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import sentencepiece
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from data_prep.cleaning import NORMALISATIONS
from data_prep.files import Tally
from data_prep.recipe import Recipe, Source
from data_prep.tables import DROP_REASONS, KEPT, Pool, texts
from nmt.errors import UserError

BUILT_WITH = ("datasets", "pyarrow", "sentencepiece", "lingua-language-detector", "numpy")


@dataclass
class HeldOut:
    """A set that train must not touch: its sentences' keys, and what contact was found."""

    name: str
    reason: str  # the drop reason of a pair that touches it
    source_keys: np.ndarray  # int64 [distinct sentences, and what cleaning would make of them]
    target_keys: np.ndarray
    pairs_touching: int = 0  # of the sources' clean pairs; one pair may touch several sets
    dev_pairs_removed: int = 0  # of a given dev set


def make_report(
    recipe: Recipe,
    pool: Pool,
    tallies: dict[str, Tally],
    held_out: list[HeldOut],
    statistics: dict[str, dict[str, Any]],
    train_rows: int,
    copies: dict[str, int],
    warnings: list[str],
) -> dict[str, Any]:
    """The contents of report.json. For each source and in total, read = kept + the sum of removed."""
    reasons = _count_drop_reasons(pool)
    sources = [
        _describe_source(name, source, tallies[name], reasons[name])
        for name, source in zip(tallies, recipe.sources, strict=True)
    ]
    removed = Counter(
        {name: 0 for name in DROP_REASONS if name != KEPT}
    )  # a filter is named even if it found nothing
    for source in sources:
        removed.update(source["removed"])
    return {
        "pair": recipe.pair,
        "sources": sources,
        "cleaning": {
            "read": sum(source["read"] for source in sources),
            "normalised": {  # pairs of which the step changed a side
                step: int((pool.steps >> bit & 1).sum()) for bit, step in enumerate(NORMALISATIONS)
            },
            "removed": dict(removed),
            "kept": sum(source["kept"] for source in sources),
        },
        "decontamination": [
            {
                "set": held.name,
                "source_sentences": len(held.source_keys),
                "target_sentences": len(held.target_keys),
                "pairs_touching": held.pairs_touching,
                "dev_pairs_removed": held.dev_pairs_removed,
            }
            for held in held_out
        ],
        "splits": statistics,
        # By kind: copies in train; and how many were left out because they read like a held-out sentence.
        "noise": copies,
        "train_rows": train_rows,  # with the repetitions that the recipe asks for
        "subwords": (
            {"reused": recipe.subwords.reuse}
            if recipe.subwords.reuse
            else {"type": recipe.subwords.model_type, "joint": not recipe.subwords.separate}
        ),
        "warnings": warnings,
        "built_with": {package: version(package) for package in BUILT_WITH},
    }


def _count_drop_reasons(pool: Pool) -> dict[str, Counter[str]]:
    """Source name -> drop reason (or `kept`) -> pairs."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    start = 0
    for (names,) in texts(pool.table, "origin"):
        reasons = pool.drop_reason[start : start + len(names)].tolist()
        start += len(names)
        for (name, reason), count in Counter(zip(names, reasons, strict=True)).items():
            counts[name][DROP_REASONS[reason]] += count
    return counts


def _describe_source(name: str, source: Source, tally: Tally, reasons: Counter[str]) -> dict[str, Any]:
    removed = {**tally.dropped, **{reason: count for reason, count in reasons.items() if reason != KEPT}}
    return {
        "name": name,
        "spec": source.spec,
        "licence": source.licence,
        "repeat": source.repeat,
        "read": reasons[KEPT] + sum(removed.values()),
        "kept": reasons[KEPT],
        "removed": removed,
        "bad_lines": tally.examples,  # the first few
    }


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
        shown = pieces if len(pieces) else np.zeros(1)  # an empty dev or test has lengths of nought
        described[side] = {
            "words": words,
            "characters": chars,
            "pieces": int(pieces.sum()),
            "pieces_per_sentence": {
                "mean": round(float(shown.mean()), 2),
                **{f"p{point}": int(np.percentile(shown, point)) for point in (50, 95, 99)},
                "max": int(shown.max()),
            },
            "byte_pieces": in_bytes,
            "unknown_pieces": unknown,
            "vocabulary": len(processor),
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
        raise UserError(
            f"{folder / 'report.json'}: not the report of a dataset folder; build it again"
        ) from None


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
    table = _table(
        "Held-out sets", "set", "source sentences", "target sentences", "pairs touching", "removed from dev"
    )
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
