"""nmt.translation.alignment: gaps and stretches of a source carried over to its translation."""

from __future__ import annotations

import numpy as np
import pytest

from nmt.translation.alignment import Alignment, spell, words


def pieces(text: str) -> list[str]:
    """SentencePiece-like pieces of at most three characters."""
    return [f"▁{word}"[i : i + 3] for word in text.split() for i in range(0, len(word) + 1, 3)]


def aligned(source: str, target: str, links: dict[str, str]) -> Alignment:
    """Each target word attends to the source word that `links` names, and nearly evenly if it names none."""

    def owners(text: str) -> list[int]:
        return [number for number, word in enumerate(text.split()) for _ in range(0, len(word) + 1, 3)]

    attention = np.full((len(pieces(target)) + 1, len(pieces(source)) + 1), 0.01)
    for row, target_word in enumerate(owners(target)):
        for column, source_word in enumerate(owners(source)):
            if links.get(target.split()[target_word]) == source.split()[source_word]:
                attention[row, column] = 1.0
    attention /= attention.sum(axis=1, keepdims=True)
    return Alignment.of(source, target, [*pieces(source), "</s>"], pieces(target), attention)


def stretch(alignment: Alignment, marked: str) -> str | None:
    start = alignment.source.index(marked)
    found = alignment.stretch(start, start + len(marked))
    if found is None:
        return None
    first, last = alignment.target_words[found[0]], alignment.target_words[found[1] - 1]
    return alignment.target[first[0] : last[1]]


HOUSE = {"The": "La", "house": "casa", "red": "roja", "is": "es", "big": "grande"}


def test_a_stretch_is_the_words_that_attend_to_it_in_their_own_order() -> None:
    alignment = aligned("La casa roja es grande", "The red house is big", HOUSE)
    assert stretch(alignment, "roja") == "red"
    assert stretch(alignment, "casa roja") == "red house"
    assert stretch(alignment, "es grande") == "is big"
    assert stretch(alignment, "La casa roja es grande") == "The red house is big"


def test_a_stretch_keeps_inside_its_room_and_off_what_is_taken() -> None:
    alignment = aligned("La casa roja es grande", "The red house is big", HOUSE)
    assert alignment.stretch(0, 12, within=(0, 2)) == (0, 2)
    assert alignment.stretch(3, 12, taken=[(1, 2)]) == (2, 3)
    assert alignment.stretch(3, 12, within=(2, 2)) is None
    assert alignment.stretch(2, 3) is None  # a space has no words


def test_a_stretch_that_was_left_out_goes_to_the_nearest_word_with_a_meaning() -> None:
    """The attention on it is scattered, most of it on a function word."""
    alignment = Alignment.of(
        "It rains cats and dogs",
        "Llueve y perros",
        ["▁It", "▁rains", "▁cats", "▁and", "▁dogs", "</s>"],
        ["▁Llueve", "▁y", "▁perros"],
        np.array([[0.3, 0.7, 0, 0, 0, 0], [0, 0, 0.4, 0.6, 0, 0], [0, 0, 0.1, 0, 0.9, 0], [0, 0, 0, 0, 0, 1]]),
    )
    assert stretch(alignment, "cats") == "perros"
    assert stretch(alignment, "and") == "y"
    assert alignment.stretch(9, 13, taken=[(0, 1), (2, 3)]) == (1, 2)  # no other word is left
    assert alignment.stretch(9, 13, taken=[(0, 3)]) is None


def test_a_gap_is_where_the_words_before_and_after_it_part() -> None:
    alignment = aligned("La casa roja es grande", "The red house is big", HOUSE)
    assert [alignment.gap(at) for at in (0, 2, 12, 15, 22)] == [0, 1, 3, 4, 5]


def test_a_word_is_found_by_its_end_or_its_beginning() -> None:
    alignment = aligned("La casa roja es grande", "The red house is big", HOUSE)
    assert alignment.aligned_word(7, after=False) == 2
    assert alignment.aligned_word(8, after=True) == 1
    assert alignment.aligned_word(9, after=True) is None


def test_without_attention_words_go_by_their_place_and_by_what_they_share() -> None:
    alignment = Alignment.of("uno dos tres Madrid cinco", "Madrid one two three five", [], [], None)
    assert stretch(alignment, "Madrid") == "Madrid"
    alignment = Alignment.of("uno dos tres cuatro", "one two three four", [], [], None)
    assert [alignment.gap(at) for at in (0, 3, 7, 12, 19)] == [0, 1, 2, 3, 4]


def test_a_number_that_was_put_right_does_not_lose_the_alignment() -> None:
    attention = np.eye(4, 4)
    alignment = Alignment.of(
        "a 45 c", "C A 45", ["▁a", "▁45", "▁c", "</s>"], ["▁C", "▁A", "▁54"], attention[[2, 0, 1, 3]]
    )
    assert stretch(alignment, "c") == "C"
    assert stretch(alignment, "a") == "A"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("¿Qué día, n.º 3?", ["Qué", "día", "n.º", "3"]),
        ("It's 3,5 or 10:30.", ["It's", "3,5", "or", "10:30"]),
    ],
)
def test_finds_words(text: str, expected: list[str]) -> None:
    assert [text[start:end] for start, end in words(text)] == expected


def test_spells_byte_pieces_without_the_first_space() -> None:
    spelling = spell(["▁a", "<0xC3>", "<0xB1>", "o", "▁", "<0xF0>", "<0x9F>", "<0x98>", "<0x80>"])
    assert spelling is not None
    assert spelling.text == "año 😀"
    assert spelling.pieces(1, 2) == [1]
    assert spelling.pieces(4, 5) == [5]
    assert spell(["▁a", "<0xC3>"]) is None
