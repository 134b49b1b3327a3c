"""Keys, connected components and the promise that no two splits share a sentence."""

from __future__ import annotations

import random

import numpy as np
import pytest

from data_prep.keys import fold, mix, pair_keys, sentence_key, sentence_keys
from data_prep.splits import DEV, TEST, TRAIN, carve, connected_components, sample


def random_pairs(seed: int, pairs: int = 600, sentences: int = 1500) -> tuple[list[str], list[str]]:
    """Pairs over few sentences, so that many are shared, some by very many pairs."""
    generator = random.Random(seed)
    draw = lambda word: f"{word} {min(generator.randrange(1, sentences), generator.randrange(1, sentences))}"  # noqa: E731
    return [draw("frase") for _ in range(pairs)], [draw("sentence") for _ in range(pairs)]


def components_by_search(sources: list[str], targets: list[str]) -> list[set[int]]:
    """Independent reference: spread from pair to pair over shared sentences until nothing is added."""
    unseen, found = set(range(len(sources))), []
    while unseen:
        component = frontier = {unseen.pop()}
        while frontier:
            near_sources, near_targets = {sources[i] for i in frontier}, {targets[i] for i in frontier}
            frontier = {i for i in unseen if sources[i] in near_sources or targets[i] in near_targets}
            unseen -= frontier
            component = component | frontier
        found.append(component)
    return found


@pytest.mark.parametrize(
    "one, other",
    [
        ("¡Hola, Mundo!", "hola mundo"),
        ("well-known", "well known"),
        ("straße", "STRASSE"),
        ("Costo: 5 €.", "costo 5"),
    ],
)
def test_fold_compares_without_case_and_punctuation(one, other):
    assert fold(one) == fold(other)
    assert sentence_key(one) == sentence_key(other)


@pytest.mark.parametrize("one, other", [("el", "él"), ("año", "ano"), ("...", "?!"), ("कि", "की"), ("1", "2")])
def test_fold_keeps_accents_marks_and_digits_apart(one, other):
    assert fold(one) != fold(other)


def test_keys_are_the_same_on_every_machine():
    """They decide who is in which split: a change here silently changes everyone's data."""
    assert sentence_key("¿Dónde está la biblioteca?") == sentence_key(
        "donde esta la biblioteca".replace("donde esta", "dónde está")
    )
    assert sentence_keys(["hola", "Adiós."]).tolist() == [sentence_key("hola"), sentence_key("adiós")]
    assert mix(np.array([0, -1]), 1).dtype == np.uint64


def test_pair_keys_tell_a_pair_from_its_reverse():
    a, b = sentence_keys(["uno"]), sentence_keys(["dos"])
    assert pair_keys(a, b) != pair_keys(b, a)


@pytest.mark.parametrize("seed", range(5))
def test_components_agree_with_search(seed):
    sources, targets = random_pairs(seed, pairs=200, sentences=250)
    numbers = connected_components(sentence_keys(sources), sentence_keys(targets))
    found = {frozenset(np.flatnonzero(numbers == number).tolist()) for number in np.unique(numbers)}
    assert found == set(map(frozenset, components_by_search(sources, targets)))


def test_components_follow_a_long_chain():
    chain = np.arange(5000) // 2
    assert len(np.unique(connected_components(chain, (np.arange(5000) + 1) // 2))) == 1


def test_components_of_nothing():
    assert len(connected_components(np.zeros(0, np.int64), np.zeros(0, np.int64))) == 0


@pytest.mark.parametrize("seed", range(10))
def test_splits_share_no_sentence(seed):
    sources, targets = random_pairs(seed)
    keys = sentence_keys(sources), sentence_keys(targets)
    assert len(set(sources)) < len(sources) and len(set(targets)) < len(targets)
    split = carve(*keys, 40, 60, np.ones(len(sources), bool), seed)
    assert (split == DEV).sum() > 10 and (split == TEST).sum() > 10
    for side in (sources, targets):
        sentences = [{fold(side[i]) for i in np.flatnonzero(split == part)} for part in (TRAIN, DEV, TEST)]
        assert not sentences[0] & sentences[1] and not sentences[0] & sentences[2] and not sentences[1] & sentences[2]


def distinct_keys(pairs: int) -> tuple[np.ndarray, np.ndarray]:
    return sentence_keys(f"frase {i}" for i in range(pairs)), sentence_keys(f"sentence {i}" for i in range(pairs))


def test_carve_meets_the_sizes_where_it_can():
    split = carve(*distinct_keys(1000), 37, 53, np.ones(1000, bool), 1)
    assert np.bincount(split).tolist() == [910, 37, 53]


def test_shortage_falls_on_dev_and_test_alike():
    split = carve(*distinct_keys(100), 100, 200, np.arange(100) < 30, 1)
    assert np.bincount(split).tolist() == [70, 10, 20]


def test_carve_leaves_what_may_not_be_held_out():
    sources, targets = distinct_keys(100)
    sources[50:60] = sources[0:10]  # these 10 share a sentence with pairs that may not be held out
    may_hold_out = np.arange(100) >= 50
    split = carve(sources, targets, 50, 50, may_hold_out, 1)
    assert (split[:60] == TRAIN).all() and (split[60:] != TRAIN).all()


def test_carve_fills_no_set_with_one_sentence():
    sources, targets = distinct_keys(1000)
    sources[:100] = sources[0]
    split = carve(sources, targets, 900, 0, np.ones(1000, bool), 1)
    assert (split[:100] == TRAIN).all() and (split[100:] == DEV).all()


def test_carve_does_not_depend_on_the_order_of_pairs():
    sources, targets = distinct_keys(500)
    order = np.random.default_rng(0).permutation(500)
    split = carve(sources, targets, 20, 20, np.ones(500, bool), 1)
    assert (carve(sources[order], targets[order], 20, 20, np.ones(500, bool), 1) == split[order]).all()


def test_another_seed_carves_another_set():
    keys = distinct_keys(500)
    everyone = np.ones(500, bool)
    assert (carve(*keys, 20, 20, everyone, 1) != carve(*keys, 20, 20, everyone, 2)).any()


def test_sample_is_fixed_and_of_the_size_asked_for():
    keys = distinct_keys(200)[0]
    chosen = sample(keys, 50, 7)
    assert len(chosen) == 50 and (np.diff(chosen) > 0).all()
    assert set(keys[chosen]) == set(keys[::-1][sample(keys[::-1], 50, 7)])
    assert len(sample(keys, 1000, 7)) == 200
