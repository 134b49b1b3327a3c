"""nmt.translation.number_repair: wrong numbers are put right where attention says so, and nothing else changes."""

from __future__ import annotations

import torch
from torch import Tensor

from nmt.translation.number_repair import repair_numbers


def pieces(text: str) -> list[str]:
    """SentencePiece-like pieces of at most three characters."""
    words = [f"▁{word}" for word in text.split()]
    return [word[i : i + 3] for word in words for i in range(0, len(word), 3)]


def attend(target: list[str], source: list[str], links: dict[str, str]) -> Tensor:
    """Attention [target pieces + EOS, source pieces]: nearly all of a target word's on its source word."""

    def word_of(parts: list[str]) -> list[str]:
        text = "".join(parts).split("▁")[1:]
        owners: list[str] = []
        for part in parts:
            if part.startswith("▁"):
                owners.append(text.pop(0))
            else:
                owners.append(owners[-1])
        return owners

    source_words, target_words = word_of(source), word_of(target)
    weights = torch.full((len(target) + 1, len(source)), 0.01)
    for row, word in enumerate(target_words):
        for column, other in enumerate(source_words):
            if links.get(word) == other:
                weights[row, column] = 1.0
    return weights / weights.sum(dim=1, keepdim=True)


def mended(source: str, hypothesis: str, links: dict[str, str]) -> str:
    source_pieces, target_pieces = pieces(source), pieces(hypothesis)
    attention = attend(target_pieces, source_pieces, links)
    return repair_numbers(source, hypothesis, source_pieces, target_pieces, attention)


def test_replaces_a_wrong_number_where_it_stands() -> None:
    links = {"In": "En", "1991": "1990", "she": "ella", "had": "tuvo", "3": "3", "sons": "hijos"}
    fixed = mended("En 1990 ella tuvo 3 hijos", "In 1991 she had 3 sons", links)
    assert fixed == "In 1990 she had 3 sons"


def test_attention_tells_two_wrong_numbers_apart() -> None:
    links = {"21": "12", "chairs": "sillas", "54": "45", "tables": "mesas"}
    fixed = mended("45 mesas y 12 sillas", "21 chairs and 54 tables", links)
    assert fixed == "12 chairs and 45 tables"


def test_leaves_a_number_that_was_written_as_a_word() -> None:
    links = {"two": "2", "cats": "gatos"}
    assert mended("2 gatos", "two cats", links) == "two cats"


def test_a_number_word_does_not_take_another_numbers_place() -> None:
    """2 became a word; only 1998 is wrong, and it came from 1990."""
    links = {"two": "2", "cats": "gatos", "since": "desde", "1998": "1990"}
    assert mended("2 gatos desde 1990", "two cats since 1998", links) == "two cats since 1990"


def test_numbers_in_another_notation_are_not_touched() -> None:
    links = {"1,000.5": "1.000,5", "euros": "euros"}
    assert mended("1.000,5 euros", "1,000.5 euros", links) == "1,000.5 euros"


def test_without_attention_only_an_unmistakable_number_is_replaced() -> None:
    def put(source: str, hypothesis: str) -> str:
        return repair_numbers(source, hypothesis, pieces(source), pieces(hypothesis), None)

    assert put("tengo 45 años", "I am 54") == "I am 45"
    assert put("45 mesas y 12 sillas", "21 chairs and 54 tables") == "21 chairs and 54 tables"


def test_digits_that_also_end_another_number_are_found_at_their_own_place() -> None:
    links = {"17": "17", "and": "y", "8": "7", "9": "5"}
    assert mended("17 y 7 y 5", "17 and 8 and 9", links) == "17 and 7 and 5"


def test_without_clear_attention_numbers_stay() -> None:
    source, hypothesis = "45 mesas y 12 sillas", "21 chairs and 54 tables"
    even = torch.full((len(pieces(hypothesis)) + 1, len(pieces(source))), 1 / len(pieces(source)) / 2)
    assert repair_numbers(source, hypothesis, pieces(source), pieces(hypothesis), even) == hypothesis


def test_broken_bytes_mean_no_repair() -> None:
    assert repair_numbers("a 45", "a 54", ["▁a", "▁45"], ["▁a", "▁54", "<0xC3>"], None) == "a 54"
