"""Which words of a translation came from which words of its source, by the attention of one search.

`Alignment` finds the place in the translation for a gap or a stretch of the source, so that markup follows the words
that it encloses.  Everything is a function of two texts and one matrix; nothing calls the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import regex  # type: ignore[import-untyped]

Span = tuple[int, int]

# What a target word's share of attention on a marked stretch must exceed, so that the word belongs to it.
SHARE_INSIDE = 0.5
NEARBY_WORDS = 6.0  # distance at which a word's weight for a gap has fallen to 1/e
MIN_SHARE = 0.3  # of attention on a stretch of function words; with less no word came of them
SHORT_WORD = 3  # letters; a word that has no more may stand on both sides by chance
# Of Spanish and English; they have half the weight of other words.
_FUNCTION_WORDS = frozenset(
    "a al ante como con cual de del desde e el él ella ellas ellos en entre es esa ese esta este esto eso ha "
    "han has he la las le les lo los me mi mis mí nos nosotros o os para pero por que qué se si sin sobre son "
    "su sus te ti tu tú tus u un una unas unos y ya yo an am and are as at be been but by can did do does for "
    "from had have her him his i if in into is it its my of on or our she so than that the their them then "
    "there these they this those to us was we were who will with would you your".split()
)

_WORD = regex.compile(r"[\p{L}\p{M}\p{N}\ue000-\ue00f]+(?:['’.,:-][\p{L}\p{M}\p{N}]+)*")
_BYTE_PIECE = regex.compile(r"<0x([0-9A-F]{2})>")


@dataclass(frozen=True)
class Spelling:
    """Pieces written out, and the piece that each character came from."""

    text: str
    owners: tuple[int, ...]

    def pieces(self, start: int, end: int) -> list[int]:
        return sorted(set(self.owners[start:end]))


def spell(pieces: Sequence[str]) -> Spelling | None:
    """Join SentencePiece pieces ("▁word", "<0xC3>") to text without the space before it; None when byte pieces spell
    no valid UTF-8."""
    data, owners = bytearray(), []
    for index, piece in enumerate(pieces):
        byte = _BYTE_PIECE.fullmatch(piece)
        spelled = bytes([int(byte[1], 16)]) if byte else piece.replace("▁", " ").encode()
        data += spelled
        owners += [index] * len(spelled)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    firsts, position = [], 0
    for character in text:
        firsts.append(owners[position])
        position += len(character.encode())
    leading = len(text) - len(text.lstrip())
    return Spelling(text[leading:], tuple(firsts[leading:]))


def words(text: str) -> list[Span]:
    """[start, end) of every word; a number with its separators is one."""
    return [match.span() for match in _WORD.finditer(text)]


@dataclass(frozen=True)
class Alignment:
    """Words of a source and of its translation, and how strongly each pair is connected."""

    source: str
    target: str
    source_words: list[Span]
    target_words: list[Span]
    weights: np.ndarray  # float64 [target words, source words]; rows sum to 1

    @classmethod
    def of(
        cls,
        source: str,
        target: str,
        source_pieces: Sequence[str],
        target_pieces: Sequence[str],
        attention: np.ndarray | None,
    ) -> Alignment:
        """attention  [at least len(target_pieces), len(source_pieces)], or None.

        Where the pieces do not spell as many words, or nothing is known, words are connected by their place in
        proportion.
        """
        here, there = words(source), words(target)
        spelled, written = spell(source_pieces), spell(target_pieces)
        weights = _diagonal(len(there), len(here))
        if attention is not None and spelled and written and spelled.text.startswith(source):
            as_written = words(written.text)  # one word for one, although a number may have been corrected
            if len(as_written) == len(there):
                # The attention from each target word, in the mean of its pieces, to each source word, in their sum.
                rows = _membership([written.pieces(*word) for word in as_written], len(target_pieces))
                columns = _membership([spelled.pieces(*word) for word in here], len(source_pieces))
                found = rows @ attention[: len(target_pieces), : len(source_pieces)] @ columns.T
                weights = 1e-3 * weights + found / np.maximum(rows.sum(axis=1, keepdims=True), 1)
        weights = weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-12)
        return cls(source, target, here, there, _with_twins(source, target, here, there, weights))

    def gap(self, at: int) -> int:
        """Index of the target word before which a gap at character `at` of the source belongs, 0 … target words.

        It is the cut with the least attention across it: ideally the words before it attend only to words before the
        gap, and the words after it to words after the gap.  Words near the gap have more weight."""
        before = sum(1 for _, end in self.source_words if end <= at)
        count, total = len(self.target_words), len(self.source_words)
        if before == 0:
            return 0
        if before == total:
            return count
        places = np.arange(total)
        distance = np.where(places < before, before - 1 - places, places - before)
        weight = np.exp(-distance / NEARBY_WORDS)
        back = (self.weights * weight)[:, :before].sum(axis=1)
        ahead = (self.weights * weight)[:, before:].sum(axis=1)
        # cost of cutting before word k: attention ahead of those on its left, and back of those on its right
        cost = np.concatenate([[0.0], np.cumsum(ahead)]) + back.sum() - np.concatenate([[0.0], np.cumsum(back)])
        expected = count * before / total
        cost = cost + 1e-6 * np.abs(np.arange(count + 1) - expected)
        return int(cost.argmin())

    def aligned_word(self, at: int, after: bool) -> int | None:
        """Index of the target word that is connected most with the source word that ends (or, with `after`, begins) at
        `at`; None if no word does, or the target has none."""
        column = next((i for i, (start, end) in enumerate(self.source_words) if (start if after else end) == at), None)
        if column is None or not self.target_words:
            return None
        return int(self.weights[:, column].argmax())

    def stretch(self, start: int, end: int, within: Span | None = None, taken: Sequence[Span] = ()) -> Span | None:
        """[first, past the last) target words of the source characters [start, end): those whose attention lies mostly
        inside, in one run that gains most; if there is none, the word that is nearest.

        within  target words among which it is; taken  runs of target words that it must not touch
        None if the stretch has no word, or no target word is left for it.
        """
        inside = np.array([start <= first < end for first, _ in self.source_words], dtype=bool)
        low, high = within or (0, len(self.target_words))
        if not inside.any() or low >= high:
            return None
        if inside.all() and not taken:
            return low, high
        share = self.weights[low:high, inside].sum(axis=1)
        light = np.array([_is_light(self.target, word) for word in self.target_words[low:high]])
        gain = (share - SHARE_INSIDE) * np.where(light, 0.5, 1.0)
        for first, last in taken:
            gain[max(0, first - low) : max(0, last - low)] = -np.inf
        best, span = 0.0, None
        for first in range(high - low):
            totals = np.cumsum(gain[first:])
            last = int(totals.argmax())
            if totals[last] > best + 1e-9:
                best, span = float(totals[last]), (low + first, low + first + last + 1)
        return span or self._nearest(inside, low, share, light, np.isfinite(gain))

    def _nearest(
        self, inside: np.ndarray, low: int, share: np.ndarray, light: np.ndarray, free: np.ndarray
    ) -> Span | None:
        """The free target word for a stretch that the model left untranslated: the word that attends to it most, or if
        that is a function word, the nearest one that is none.

        inside  bool [source words]; share, light, free  [target words from `low` on]
        """
        if not free.any():
            return None
        most = int(np.where(free, share, -1.0).argmax())
        own = [_is_light(self.source, self.source_words[word]) for word in np.flatnonzero(inside)]
        others = np.flatnonzero(free & ~light)
        if light[most] and len(others) and not (all(own) and share[most] >= MIN_SHARE):
            most = int(min(others, key=lambda word: (abs(word - most), -share[word])))
        return low + most, low + most + 1


def _is_light(text: str, word: Span) -> bool:
    """Whether it is a function word: an article, a pronoun, a preposition, a conjunction or an auxiliary."""
    return text[slice(*word)].casefold() in _FUNCTION_WORDS


def _membership(pieces: Sequence[Sequence[int]], count: int) -> np.ndarray:
    """[words, count] 1 where a piece is one of a word's."""
    found = np.zeros((len(pieces), count))
    for word, own in enumerate(pieces):
        found[word, own] = 1
    return found


def _diagonal(rows: int, columns: int) -> np.ndarray:
    """[rows, columns] weights that fall with the distance from the place in proportion."""
    if not rows or not columns:
        return np.zeros((rows, columns))
    row, column = (np.arange(n) + 0.5 for n in (rows, columns))
    return np.exp(-np.abs(row[:, None] / rows - column[None, :] / columns) * max(rows, columns))


def _with_twins(
    source: str, target: str, here: Sequence[Span], there: Sequence[Span], weights: np.ndarray
) -> np.ndarray:
    """The weights with words that stand once on both sides, letter for letter, connected with each other alone."""
    own = [source[slice(*word)].casefold() for word in here]
    other = [target[slice(*word)].casefold() for word in there]
    weights = weights.copy()
    for column, word in enumerate(own):
        if (len(word) > SHORT_WORD or word[0].isdigit()) and own.count(word) == 1 == other.count(word):
            row = other.index(word)
            weights[row] = 0.0
            weights[row, column] = 1.0
    return weights
