"""Checks that several experiments share, and decoding settings for a search without a source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import get_args

from nmt.config import Cell, DecodingConfig
from nmt.errors import UserError

CELLS: tuple[Cell, ...] = get_args(Cell)


def at_least(experiment: str, least: int = 1, **values: int) -> None:
    """UserError for the first of the named values that is below `least`."""
    for name, value in values.items():
        if value < least:
            raise UserError(f"{experiment}: {name} is {value}: at least {least} is needed")


def check_cells(experiment: str, cells: Sequence[str]) -> None:
    """UserError for an unknown name of a cell."""
    if unknown := [cell for cell in cells if cell not in CELLS]:
        raise UserError(f"{experiment}: no cell is called {unknown[0]!r}; there are {', '.join(CELLS)}")


def without_source(decoding: DecodingConfig, longest: int) -> DecodingConfig:
    """`decoding` for a search without a source, whose texts have at most `longest` pieces."""
    return replace(decoding, max_length_ratio=0.0, max_length_extra=longest, coverage_penalty=0.0)
