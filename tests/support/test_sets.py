"""A test set with two systems, the one better than the other, for the tests that score."""

from __future__ import annotations

import random

from nmt.evaluation.comparison import Corpus

VOCABULARY = "the cat sat on a mat while two dogs ran over that old hill and nobody saw them again".split()


def sentences(count: int, seed: int, longest: int = 50) -> list[str]:
    rng = random.Random(seed)
    return [" ".join(rng.choices(VOCABULARY, k=rng.randint(1, longest))) + "." for _ in range(count)]


def noisy(lines: list[str], share: float, seed: int) -> list[str]:
    """`lines` with about `share` of their words replaced."""
    rng = random.Random(seed)
    return [" ".join("fish" if rng.random() < share else word for word in line.split()) for line in lines]


REFERENCE = sentences(40, 1)


A, B = noisy(REFERENCE, 0.2, 2), noisy(REFERENCE, 0.5, 3)


CORPUS = Corpus(REFERENCE, [A, B], [line.upper() for line in REFERENCE])
