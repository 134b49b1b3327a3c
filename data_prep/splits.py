"""Who goes to train, dev and test so that no two share a sentence.

Works on sentence keys alone (`keys.py`): int64 arrays `[pairs]`, 16 bytes a pair, whatever the text.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_prep.keys import mix, pair_keys
from nmt.errors import UserError

TRAIN, DEV, TEST = 0, 1, 2


@dataclass(frozen=True)
class SplitsConfig:
    """Sizes of the carved sets, in pairs. None: 1000, but no more than a twentieth of the corpus."""

    dev: int | None = None
    test: int | None = None
    seed: int = 1

    def __post_init__(self) -> None:
        if min(self.dev or 0, self.test or 0) < 0:
            raise UserError("the sizes of dev and test cannot be negative")


def connected_components(source_keys: np.ndarray, target_keys: np.ndarray) -> np.ndarray:
    """int64 `[pairs]`: pairs with the same number share sentences, directly or through other pairs.

    Sentences are the nodes of a graph, pairs its edges. Each round hangs the higher root of every edge below
    the lower one and then shortens all paths. Pointers only ever go down, so that it ends."""
    source_nodes = np.unique(source_keys, return_inverse=True)[1]
    target_nodes = np.unique(target_keys, return_inverse=True)[1]
    if len(source_nodes):
        target_nodes = target_nodes + source_nodes.max() + 1
    parent = np.arange(target_nodes.max(initial=-1) + 1)
    while True:
        one, other = parent[source_nodes], parent[target_nodes]
        if np.array_equal(one, other):
            return one
        np.minimum.at(parent, np.maximum(one, other), np.minimum(one, other))
        while not np.array_equal(parent, parent[parent]):
            parent = parent[parent]


def carve(
    source_keys: np.ndarray,
    target_keys: np.ndarray,
    dev_size: int,
    test_size: int,
    may_hold_out: np.ndarray,
    seed: int,
) -> np.ndarray:
    """int8 `[pairs]` of TRAIN, DEV, TEST: whole connected components, in random order, as long as they fit.

    What stays in train: a component with a pair that is not `may_hold_out` (bool `[pairs]`), and one that would
    make up more than a twentieth of dev or test. Sentences with very many translations ("Sí.") are thus trained
    on and not tested."""
    components = connected_components(source_keys, target_keys)
    numbers, component, sizes = np.unique(components, return_inverse=True, return_counts=True)
    # A component's place in the order depends only on its content: on the smallest key of its pairs.
    scrambled = mix(pair_keys(source_keys, target_keys), seed)
    place = np.full(len(numbers), np.iinfo(np.uint64).max, dtype=np.uint64)
    np.minimum.at(place, component, scrambled)
    barred = np.zeros(len(numbers), dtype=bool)
    barred[component[~may_hold_out]] = True

    split = np.full(len(numbers), TRAIN, dtype=np.int8)
    asked = {TEST: test_size, DEV: dev_size}
    wanted = dict(asked)
    for index in np.argsort(place, kind="stable"):
        if barred[index]:
            continue
        # The emptier of the two comes first, so that a shortage falls on both.
        for name in sorted(wanted, key=lambda name: -wanted[name] / max(1, asked[name])):
            if sizes[index] <= min(wanted[name], most_at_once(asked[name])):
                split[index] = name
                wanted[name] -= int(sizes[index])
                break
        if not any(wanted.values()):
            break
    return split[component]


def most_at_once(size: int) -> int:
    """How many pairs that hang together may go to a carved set of `size` pairs: a twentieth."""
    return max(2, size // 20)


def sample(keys: np.ndarray, size: int, seed: int) -> np.ndarray:
    """Positions, ascending, of a random `size` of `keys`; depends on nothing but the keys and the seed."""
    return np.sort(np.argsort(mix(keys, seed), kind="stable")[:size])
