"""nmt.text.numbers: numbers in the notations of two languages."""

from __future__ import annotations

import pytest

from nmt.text.numbers import lost_numbers, number_readings, same_number


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("1.000,5", "1,000.5", True),
        ("1.000", "1,000", True),
        ("1.000", "1000", True),
        ("1 000 000", "1,000,000", True),
        ("1\u00a0000", "1.000", True),
        ("3,50", "3.50", True),
        ("007", "7", True),
        ("3.11.7", "3.11.7", True),
        ("5.200", "5.2", True),
        ("44.000", "44", True),
        ("2,5", "2.500.000", True),
        ("5.200", "5.3", False),
        ("50", "500", False),
        ("2000", "20", False),
        ("1990", "199", False),
        ("1.000,5", "1,000.6", False),
        ("3,50", "350", False),
        ("1990", "1991", False),
        ("3.11.7", "3117", False),
        ("12", "21", False),
    ],
)
def test_compares_numbers_across_notations(one: str, other: str, same: bool) -> None:
    assert same_number(one, other) is same
    assert same_number(other, one) is same


def test_a_lone_point_reads_both_ways() -> None:
    assert number_readings("1.000") == {"1000", "1.000"}


@pytest.mark.parametrize(
    ("numbers", "there", "lost"),
    [
        (["45", "45"], ["45"], [1]),
        (["45", "45"], ["45", "45"], []),
        (["1.000,5"], ["1,000.5"], []),
        (["12.05.2020"], ["05", "12", "2020"], []),
        (["05", "12"], ["12.05.2020"], []),
        (["12", "12"], ["12.05.2020"], [1]),
        (["10 200"], ["10", "201"], [0]),
    ],
)
def test_each_number_stands_for_one(numbers: list[str], there: list[str], lost: list[int]) -> None:
    assert lost_numbers(numbers, there) == lost
