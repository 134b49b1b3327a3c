"""Replaces wrong numbers of a hypothesis by the source's numbers, by attention.

It follows the unknown-word replacement of Luong et al. 2015 ("Addressing the Rare Word Problem"), for whole numbers: a
number that the source does not have is replaced by the missing number that it attends to.  It works on the pieces and
weights of one finished hypothesis and never calls the model.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nmt.text.protected import Item, missing_items, numbers_without_counterpart
from nmt.translation.alignment import Spelling, spell

# The share of a wrong number's attention that a missing one must have; low, since the number is wrong anyway.
MIN_SHARE = 0.2


def repair_numbers(
    source: str,
    hypothesis: str,
    source_pieces: Sequence[str],
    target_pieces: Sequence[str],
    attention: np.ndarray | None,
) -> str:
    """The hypothesis with those of the source's numbers that it lacks and that have a clear place.

    attention  float32 [at least len(target_pieces), len(source_pieces)], or None: no places are known

    Only a number that the source does not have is replaced.  Where there are several candidates, attention decides;
    without clear attention nothing is replaced.
    """
    lost = [item for item in missing_items(source, hypothesis) if item.role == "number"]
    if not lost:
        return hypothesis
    wrong = numbers_without_counterpart(hypothesis, source)
    read, written = spell(source_pieces), spell(target_pieces)
    if read is None or written is None or written.text.rstrip() != hypothesis:
        return hypothesis
    places = {item: _source_pieces(item, source, read) for item in lost}

    def weight(item: Item, number: Item) -> float:
        if attention is None or not places[item]:
            return 0.0
        return attention[written.pieces(number.start, number.end)][:, places[item]].sum(axis=1).max().item()

    pairs = [(weight(item, number), item, number) for item in lost for number in wrong]
    pairs.sort(key=lambda pair: pair[0], reverse=True)
    chosen: dict[Item, Item] = {}
    for share, item, number in pairs:
        clear = len(pairs) == 1 or share >= MIN_SHARE
        if clear and item not in chosen and number not in chosen.values():
            chosen[item] = number
    for item, number in sorted(chosen.items(), key=lambda pair: pair[1].start, reverse=True):
        mended = hypothesis[: number.start] + item.text + hypothesis[number.end :]
        if len(missing_items(source, mended)) < len(missing_items(source, hypothesis)):
            hypothesis = mended
    return hypothesis


def _source_pieces(item: Item, source: str, spelling: Spelling) -> list[int]:
    """The source pieces that spell the item; none if the tokenizer normalised it to something else."""
    start = -1
    for _ in range(source.count(item.text, 0, item.end)):  # the same digits may occur more than once
        start = spelling.text.find(item.text, start + 1)
    return spelling.pieces(start, start + len(item.text)) if start >= 0 else []
