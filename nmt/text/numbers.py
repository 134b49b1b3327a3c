"""Compares numbers across languages ("1.000,5" is "1,000.5"), and finds the numbers of a text that another lacks."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache

import regex  # type: ignore[import-untyped]

UNITS = (1000, 1000**2, 1000**3)
MAX_CACHED_NUMBERS = 10_000  # whose readings are kept, for each is compared with several

_SEPARATOR = regex.compile(r"[.,]")
_SEPARABLE = regex.compile(r"\d+(?:\s\d+)+|\d+([.,])\d+(?:\1\d+)+")


@lru_cache(MAX_CACHED_NUMBERS)
def number_readings(number: str) -> frozenset[str]:
    """The values that digits with separators can mean, as plain decimals.

    "1.000,5" and "1,000.5" have one reading, "1000.5"; "1.000" has two: a thousand and one point zero.
    """
    groups = _SEPARATOR.split("".join(number.split()))
    separators = _SEPARATOR.findall(number)
    whole = str(int("".join(groups)))
    if not separators:
        return frozenset({whole})
    readings: set[str] = set()
    if len(set(separators)) == 1 and _thousands(groups):
        readings.add(whole)
    if separators[-1] not in separators[:-1] and len(set(separators[:-1])) <= 1 and _thousands(groups[:-1]):
        readings.add(f"{int(''.join(groups[:-1]))}.{groups[-1]}")
    return frozenset(readings or {".".join(groups)})  # a version or a date: 3.11.7, 12.05.2020


def same_number(one: str, other: str) -> bool:
    """Whether two numbers have a reading in common, or may have but for a unit word: 5.200 millones is 5.2
    billion, and 44,000 is 44 mil."""
    if not number_readings(one).isdisjoint(number_readings(other)):
        return True
    if max(sum(map(str.isdigit, number)) for number in (one, other)) < 4:
        return False
    pairs = [(Decimal(a), Decimal(b)) for a in _plain(one) for b in _plain(other)]
    return any(a == b * unit or b == a * unit for a, b in pairs for unit in UNITS if a and b)


def lost_numbers(numbers: Sequence[str], there: Sequence[str]) -> list[int]:
    """Indices of the `numbers` that are not in `there`, each of which stands for one at most: of two equal numbers,
    one that is there once lacks the second.  One of several groups (10 200, 12.05.2020) counts as there when each
    group is, since it may be a date or two numbers side by side."""
    free = list(there)

    def take(number: str) -> bool:
        whole = next((place for place, other in enumerate(free) if same_number(number, other)), None)
        if whole is not None:
            del free[whole]
            return True
        for place, other in enumerate(free):
            groups = _groups(other)
            part = next((i for i, group in enumerate(groups) if same_number(number, group)), None)
            if len(groups) > 1 and part is not None:
                free[place : place + 1] = groups[:part] + groups[part + 1 :]
                return True
        return False

    def take_groups(number: str) -> bool:
        before, groups = list(free), _groups(number)
        if len(groups) > 1 and all(take(group) for group in groups):
            return True
        free[:] = before
        return False

    return [place for place, number in enumerate(numbers) if not take(number) and not take_groups(number)]


def _plain(number: str) -> set[str]:
    """The readings of a number that are decimals; versions and dates are not."""
    return {reading for reading in number_readings(number) if reading.count(".") < 2}


def _thousands(groups: list[str]) -> bool:
    """Whether digit groups are those of one whole number: 12 345 678."""
    return len(groups) == 1 or (len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:]))


def _groups(number: str) -> list[str]:
    """What a date or numbers side by side consist of; a number that can only be one stays whole."""
    return regex.split(r"[.,\s]", number) if _SEPARABLE.fullmatch(number) else [number]
