"""Placeables: URLs, addresses, code and numbers, which a translation must keep.  What a hypothesis lost of them is put
back at its place, by attention.

After the unknown-word replacement of Luong et al. 2015 ("Addressing the Rare Word Problem"), for whole items: the
target words that attend to the item's source pieces are replaced by the item.  It works on the pieces and weights of
one finished hypothesis and never calls the model; `nmt.translation.sentence_translator` translates around an item
that could not be put back here.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np
import regex  # type: ignore[import-untyped]

from nmt.text.protected import Item, missing_items, numbers_without_counterpart

# The share of a target piece's attention that an item's source pieces must have before words are replaced.
MIN_SHARE_ITEM = 0.5
MIN_SHARE_NUMBER = 0.2  # lower, since only a number that is wrong anyway is at stake

_OPENING, _CLOSING = " («“\"'¿¡", " .,;:!?…)»”\"'"  # stay outside when words are replaced
_BYTE_PIECE = regex.compile(r"<0x([0-9A-F]{2})>")


@dataclass(frozen=True)
class Spelling:
    """Pieces joined to text, and the piece that each character came from."""

    text: str
    owners: tuple[int, ...]  # [len(text)]

    def pieces(self, start: int, end: int) -> list[int]:
        """The pieces that the characters [start, end) came from."""
        return sorted(set(self.owners[start:end]))

    def replaced(self, start: int, end: int, text: str) -> Spelling:
        """With `text` in the place of the characters [start, end)."""
        owners = self.owners[:start] + (self.owners[start],) * len(text) + self.owners[end:]
        return Spelling(self.text[:start] + text + self.text[end:], owners)


def restore_placeables(
    source: str,
    hypothesis: str,
    source_pieces: Sequence[str],
    target_pieces: Sequence[str],
    attention: np.ndarray | None,
) -> str:
    """The hypothesis with those of its missing items (`nmt.text.protected.missing_items`) that have a clear place.

    attention  float32 [at least len(target_pieces), len(source_pieces)], or None: no places are known

    No item that the hypothesis had is lost; a hypothesis that lacks nothing comes back as it is.
    """
    missing = missing_items(source, hypothesis)
    spelled_source, draft = spell(source_pieces), spell(target_pieces)
    if not missing or spelled_source is None or draft is None or draft.text.strip() != hypothesis:
        return hypothesis
    origins = {item: _source_pieces(item, source, spelled_source) for item in missing}
    for item, number in _wrong_numbers(source, origins, draft, attention):
        draft = _accepted(source, draft, draft.replaced(number.start, number.end, item.text))
    for item in missing:
        if item.kind == "verbatim" and attention is not None and origins[item]:
            if words := _attending_words(draft, attention, item, origins[item]):
                draft = _accepted(source, draft, draft.replaced(*words, item.text))
    return draft.text.strip()


def spell(pieces: Sequence[str]) -> Spelling | None:
    """SentencePiece pieces ("▁word", "<0xC3>") joined to text; None when byte pieces spell no valid UTF-8."""
    data, owners = bytearray(), []  # the piece that each byte came from
    for index, piece in enumerate(pieces):
        byte = _BYTE_PIECE.fullmatch(piece)
        spelled = bytes([int(byte[1], 16)]) if byte else piece.replace("▁", " ").encode()
        data += spelled
        owners += [index] * len(spelled)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    begins = (byte & 0xC0 != 0x80 for byte in data)  # a character; other bytes continue one
    return Spelling(text, tuple(itertools.compress(owners, begins)))


def _source_pieces(item: Item, source: str, spelling: Spelling) -> list[int]:
    """The source pieces that spell the item; none if the tokenizer normalised it to something else."""
    start = -1
    for _ in range(source.count(item.text, 0, item.end)):  # the same digits may occur more than once
        start = spelling.text.find(item.text, start + 1)
    return spelling.pieces(start, start + len(item.text)) if start >= 0 else []


def _wrong_numbers(
    source: str, origins: dict[Item, list[int]], draft: Spelling, attention: np.ndarray | None
) -> list[tuple[Item, Item]]:
    """The missing numbers that have a place, and the numbers of the draft that stand there, the rightmost first.

    origins  the missing items, and the source pieces that spell them

    A number is only ever put in the place of a number that the source has not; where several could change places,
    attention decides, and without clear attention nothing is done.
    """
    lost = [item for item in origins if item.kind == "number"]
    wrong = numbers_without_counterpart(draft.text, source)

    def share(item: Item, number: Item) -> float:
        if attention is None or not origins[item]:
            return 0.0
        return attention[draft.pieces(number.start, number.end)][:, origins[item]].sum(axis=1).max().item()

    pairs = [(share(item, number), item, number) for item in lost for number in wrong]
    pairs.sort(key=itemgetter(0), reverse=True)
    chosen: dict[Item, Item] = {}
    for clearness, item, number in pairs:
        clear = len(pairs) == 1 or clearness >= MIN_SHARE_NUMBER
        if clear and item not in chosen and number not in chosen.values():
            chosen[item] = number
    return sorted(chosen.items(), key=lambda pair: pair[1].start, reverse=True)


def _attending_words(
    draft: Spelling, attention: np.ndarray, item: Item, pieces: list[int]
) -> tuple[int, int] | None:
    """The characters [start, end) of the whole words of the draft that attend to the item's source pieces, or None.

    They go from the first to the last target piece whose greatest weight lies on the item, and are its place if on the
    whole the item gets at least the share `MIN_SHARE_ITEM` of the attention there.
    """
    most = attention.argmax(axis=1).tolist()
    attending = [piece for piece in sorted(set(draft.owners)) if most[piece] in pieces]
    if not attending:
        return None
    first, last = attending[0], attending[-1]
    if attention[first : last + 1, pieces].sum(axis=1).mean().item() < MIN_SHARE_ITEM:
        return None
    start = draft.owners.index(first)
    end = bisect.bisect_right(draft.owners, last)
    while start > 0 and not draft.text[start].isspace() and not draft.text[start - 1].isspace():
        start -= 1
    while end < len(draft.text) and not draft.text[end].isspace():
        end += 1
    while start < end and draft.text[start] in _OPENING and draft.text[start] != item.text[0]:
        start += 1
    while start < end and draft.text[end - 1] in _CLOSING and draft.text[end - 1] != item.text[-1]:
        end -= 1
    return (start, end) if start < end else None


def _accepted(source: str, before: Spelling, after: Spelling) -> Spelling:
    """`after`, if it lacks less than `before` and nothing else, or else `before`."""
    lacked, lacks = (set(missing_items(source, draft.text)) for draft in (before, after))
    return after if lacks < lacked else before
