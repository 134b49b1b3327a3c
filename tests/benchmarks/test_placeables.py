"""benchmarks.placeables: what counts as kept, and which tags stand around the right words."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.placeable_sentences import KINDS, Case, cases
from benchmarks.placeables import (
    MARKED_UP,
    first_wording,
    kept_items,
    marked,
    other_words_kept,
    read_pairs,
    right_tags,
    says_the_same,
)
from nmt.errors import UserError


@pytest.mark.parametrize("side", [0, 1])
def test_twenty_kinds_are_drawn_alike_each_time(side: int) -> None:
    assert len(KINDS) == 20
    for name, kind in KINDS.items():
        drawn = list(cases(kind, side, 50, name))
        assert drawn == list(cases(kind, side, 50, name))
        for case in drawn:
            assert all(item in case.source for item in case.items) and case.words > 0


@pytest.mark.parametrize(
    ("items", "translation", "kept"),
    [
        (("%d%%",), "Van %d%% ya", 1),
        (("%d%%",), "Van %d%%% ya", 0),
        (("a1b2",), "a1b2 y a1b2", 0),
        (("4c09e7b",), "4c09e7b34", 0),
        (("{x}", "{y}"), "{y} {x}", 2),
        (("|", "|"), "a | b | c", 2),
        (("|", "|"), "a | b", 0),
    ],
)
def test_an_item_is_kept_exactly_as_often_and_by_itself(items: tuple[str, ...], translation: str, kept: int) -> None:
    assert kept_items(Case("", items, 3), translation) == kept


def test_words_are_kept_if_enough_are_there_and_no_digit_from_nowhere() -> None:
    case = Case("", ("%d", "a1"), 5)
    assert other_words_kept(case, "uno dos %d tres a1")
    assert not other_words_kept(case, "uno dos %d a1")
    assert not other_words_kept(case, "uno dos %d tres a1 4")


def test_a_tag_is_right_around_the_same_words_but_for_their_endings() -> None:
    assert marked("a <b>b <i>c</i></b> <u>d") == [("<b>", "b c"), ("<i>", "c")]
    assert first_wording("<b>one|two</b> x") == "<b>one</b> x"
    assert says_the_same("la casas", "house|casa") is False
    assert says_the_same("los perros negros", "perros negro|x")
    assert says_the_same("the dog", "dog") and says_the_same("Él mismo", "mismo")
    assert says_the_same("no quiero ir hoy", "no quiero ir") and not says_the_same("quiero", "no quiero ir")
    assert right_tags("<b>red</b> <b>big|large</b>", "a <b>large</b> thing, <b>red</b>") == 2
    assert right_tags("<b>red</b>", "<i>red</i>") == 0


def test_the_marked_up_pairs_have_the_same_tags_on_both_sides() -> None:
    pairs = read_pairs(MARKED_UP)
    assert len(pairs) == 150
    for pair in pairs:
        here, there = ([tag for tag, _ in marked(first_wording(text))] for text in pair)
        assert here and sorted(here) == sorted(there), pair


def test_a_line_that_is_no_pair_is_named(tmp_path: Path) -> None:
    file = tmp_path / "pairs.tsv"
    file.write_text("a\tb\nc\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"pairs.tsv:2: expected"):
        read_pairs(file)
