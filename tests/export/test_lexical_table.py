"""The lexical table is that of IBM model 1, and says what a sentence's translation needs."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from nmt.export import lexical_table
from nmt.export.lexical_table import EM_ROUNDS, Pairs, learn_table

SOURCE, TARGET = 12, 15  # sizes of the vocabularies


def corpus(pairs: int) -> Pairs:
    """Piece i is translated by piece i + 1; besides, every target has piece 0 somewhere, and the order is random."""
    random = np.random.default_rng(1)
    sources = [random.integers(0, SOURCE, random.integers(1, 6)) for _ in range(pairs)]
    return [(source, random.permutation([0, *(source + 1)])) for source in sources]


def learn(pairs: Pairs, size: int = 3) -> np.ndarray:
    return learn_table(lambda rows: [pairs[row] for row in rows], len(pairs), SOURCE, TARGET, size)


def model_1(pairs: Pairs) -> dict[tuple[int, int], float]:
    """Expected counts of (source, target) by equation 17 of the paper, one word after another."""
    probability: dict[tuple[int, int], float] = defaultdict(lambda: 1.0)
    counts: dict[tuple[int, int], float] = {}
    for _ in range(EM_ROUNDS):
        counts = defaultdict(float)
        for source, target in pairs:
            words = [*source.tolist(), SOURCE]  # with the empty word
            for other in target.tolist():
                total = sum(probability[word, other] for word in words)
                for word in words:
                    counts[word, other] += probability[word, other] / total
        totals: dict[int, float] = defaultdict(float)
        for (word, _other), count in counts.items():
            totals[word] += count
        probability = defaultdict(float, {pair: count / totals[pair[0]] for pair, count in counts.items()})
    return counts


def test_the_table_is_that_of_model_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexical_table, "PAIRS_AT_A_TIME", 7)
    monkeypatch.setattr(lexical_table, "MIN_MEETINGS", 1)
    pairs = corpus(60)
    counts = model_1(pairs)
    table = learn(pairs, size=4)
    for word in range(SOURCE):
        ranked = sorted((other for source, other in counts if source == word), key=lambda o: -counts[word, o])
        assert table[word].tolist() == [*ranked, -1, -1, -1, -1][:4]


def test_the_translation_of_a_piece_comes_first() -> None:
    assert learn(corpus(300))[:, 0].tolist() == list(range(1, SOURCE + 1))


def test_what_met_only_once_is_left_out() -> None:
    once = [(np.array([1, 2]), np.array([3]))]
    assert (learn(once) == -1).all()
    assert learn(once * 2)[1:3, 0].tolist() == [3, 3]
