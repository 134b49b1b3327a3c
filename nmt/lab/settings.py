"""Settings of experiments: checks that refuse alike what makes no sense, and a search that has no source."""

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
    """UserError for a name of a cell that there is not."""
    if unknown := [cell for cell in cells if cell not in CELLS]:
        raise UserError(f"{experiment}: no cell is called {unknown[0]!r}; there are {', '.join(CELLS)}")


def without_source(decoding: DecodingConfig, longest: int) -> DecodingConfig:
    """The settings of a search whose texts have at most `longest` pieces, and depend on no source otherwise."""
    return replace(decoding, max_length_ratio=0.0, max_length_extra=longest, coverage_penalty=0.0)
