"""What search may generate: limits, the repetition guard, forced prefixes, samples; and settings it refuses."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nmt.errors import UserError
from nmt.text.tokenizer import BOS, EOS, PAD, UNK
from tests.support.search_reference import (
    PLAIN,
    REAL,
    WORDS,
    TableModel,
    approximately,
    batch,
    beam_search,
    breaks_guard,
    exhaustive,
    greedy_search,
    plain,
    random_sources,
    real_model,
    reference_scores,
    sample,
    score_target,
)

# What may be generated


def test_special_ids_are_never_generated() -> None:
    model, source = TableModel(), batch(random_sources(20))
    model.logits[:, [PAD, UNK, BOS]] += 8.0
    drawn = sample(model, *source, PLAIN, generator=np.random.default_rng(1))
    beams = [h for row in beam_search(model, *source, PLAIN, n_best=4) for h in row]
    for hypothesis in (*beams, *drawn, *greedy_search(model, *source, PLAIN)):
        assert set(hypothesis.tokens) <= set(WORDS)
        assert hypothesis.token_scores[0] < -2  # the banned tokens keep their probability


def test_the_empty_sentence_can_win() -> None:
    model = TableModel(eos=9.0)
    assert beam_search(model, *batch([[4, EOS]]), PLAIN)[0][0].tokens == ()
    greedy = greedy_search(model, *batch([[4, EOS]]), PLAIN)[0]
    assert greedy.tokens == () and greedy.finished and len(greedy.token_scores) == 1


def test_what_never_ends_is_cut_at_the_maximum_length_and_marked() -> None:
    model, sources = TableModel(eos=-math.inf), [[EOS], [4, 5, 6, EOS]]
    decoding = replace(PLAIN, max_length_ratio=1.5, max_length_extra=1)
    for way in (
        beam_search(model, *batch(sources), decoding, n_best=3),
        [[h] for h in greedy_search(model, *batch(sources), decoding)],
    ):
        assert [len(row) for row in way] == [1, 1]
        for row, longest in zip(way, [2, 7], strict=True):
            assert len(row[0].tokens) == len(row[0].token_scores) == longest and not row[0].finished
            assert row[0].score == pytest.approx(sum(row[0].token_scores) / longest, abs=1e-4)


@pytest.mark.parametrize("coverage_penalty", [0.0, 2.0])
def test_of_what_never_ends_the_best_is_given(coverage_penalty: float) -> None:
    model, sources = TableModel(eos=-math.inf), random_sources(12)
    decoding = replace(PLAIN, beam=100, coverage_penalty=coverage_penalty, max_length_ratio=0.0, max_length_extra=3)
    targets = [list(words) for words in itertools.product(WORDS, repeat=3)]
    for source, (found,) in zip(sources, beam_search(model, *batch(sources), decoding), strict=True):
        scores = reference_scores(model, source, targets, decoding)
        assert not found.finished and found.score == pytest.approx(max(scores), abs=1e-4)
        assert list(found.tokens) == targets[scores.index(max(scores))]


def looping_model(token: int = 4) -> TableModel:
    model = TableModel()
    model.logits[:, token] += 12.0
    model.logits[:, EOS] += 3.0
    return model


@pytest.mark.parametrize("beam", [1, 4])
def test_the_guard_stops_a_loop(beam: int) -> None:
    source = batch([[5, 6, 5, EOS]])
    free = replace(PLAIN, beam=beam, max_length_extra=20)
    loop = beam_search(looping_model(), *source, free)[0][0]
    assert breaks_guard(loop.tokens, [], 3)
    guarded = beam_search(looping_model(), *source, replace(free, no_repeat_ngram=3))[0][0]
    assert not breaks_guard(guarded.tokens, [], 3) and guarded.finished


def test_the_guard_allows_as_much_repetition_as_the_source_has() -> None:
    decoding = replace(PLAIN, no_repeat_ngram=4, max_length_extra=20)
    sources = [[5, 5, 5, 5, 5, 5, EOS], [5, 6, 4, EOS], [5, 5, 5, 5, EOS]]
    repetitive, plain_one, exactly = greedy_search(looping_model(), *batch(sources), decoding)
    assert repetitive.tokens[:6] == (4,) * 6 and repetitive.tokens[6:7] != (4,)  # its 4-gram three times
    assert plain_one.tokens[:4] == exactly.tokens[:4] == (4,) * 4  # a 4-gram once is no repetition
    assert plain_one.tokens[4:5] != (4,) and exactly.tokens[4:5] != (4,)


def test_the_guard_never_bans_the_end() -> None:
    model = TableModel(eos=-6.0)
    found = beam_search(model, *batch([[4, EOS]]), replace(PLAIN, no_repeat_ngram=1, max_length_extra=9))[0]
    assert len(found[0].tokens) <= 3 and found[0].finished  # three words in all, then nothing is left but the end


# Forced prefix


def test_a_prefix_is_kept_and_the_rest_is_the_best_that_can_follow() -> None:
    model, source = TableModel(), [5, 5, EOS]
    prefixes = [[], [4], [6, 6], [UNK, 5, 4]]
    decoding = replace(PLAIN, beam=400)
    found = beam_search(model, *batch([source] * 4), decoding, n_best=3, prefix=prefixes)
    for prefix, row in zip(prefixes[:3], found, strict=False):
        expected = [pair for pair in exhaustive(model, source, decoding) if list(pair[1][: len(prefix)]) == prefix]
        assert [h.tokens for h in row] == [tokens for _, tokens in expected[:3]]
        assert [h.score for h in row] == pytest.approx([score for score, _ in expected[:3]], abs=1e-4)
    assert all(hypothesis.tokens[:3] == (UNK, 5, 4) for hypothesis in found[3])
    drawn = sample(model, *batch([source] * 4), decoding, prefix=prefixes, generator=np.random.default_rng(1))
    assert [list(h.tokens[: len(prefix)]) for h, prefix in zip(drawn, prefixes, strict=True)] == prefixes


@pytest.mark.parametrize("name", ["table", *REAL])
def test_the_greedy_sentences_own_prefix_gives_the_same_sentence(name: str) -> None:
    model = TableModel() if name == "table" else real_model(**REAL[name])
    source, decoding = batch(random_sources(12)), replace(PLAIN, no_repeat_ngram=3, max_length_extra=4)
    free = greedy_search(model, *source, decoding)
    prefixes = [h.tokens[: min(i % 4, len(h.token_scores) - 1)] for i, h in enumerate(free)]
    forced = greedy_search(model, *source, decoding, prefix=prefixes)
    assert len({len(prefix) for prefix in prefixes}) >= 3  # of several lengths, in one batch
    assert all(approximately(h, expected) and h.finished == expected.finished
               for h, expected in zip(forced, free, strict=True))  # fmt: skip


@pytest.mark.parametrize("way", ["beam", "greedy"])
def test_a_prefix_as_long_as_the_limit_still_comes_to_an_end(way: str) -> None:
    model, sources = TableModel(eos=9.0), [[EOS]] * 3
    prefixes = [[4] * 2, [4] * 3, [4, 5] * 10]  # the limit is 3 tokens
    decoding = replace(PLAIN, length_penalty=0.0)
    if way == "beam":
        found = [row[0] for row in beam_search(model, *batch(sources), decoding, prefix=prefixes)]
    else:
        found = greedy_search(model, *batch(sources), decoding, prefix=prefixes)
    assert [h.tokens for h in found] == [tuple(prefix) for prefix in prefixes]
    assert all(h.finished for h in found)


def test_a_prefix_may_repeat_what_the_guard_would_ban() -> None:
    decoding = replace(PLAIN, no_repeat_ngram=2)
    found = beam_search(TableModel(), *batch([[4, EOS]]), decoding, prefix=[[6, 6, 6, 6, 6]])[0][0]
    assert found.tokens[:5] == (6,) * 5 and found.tokens[5:6] != (6,)


# Sampling


def test_a_low_temperature_is_greedy_search() -> None:
    model, source = TableModel(), batch(random_sources(30))
    decoding = replace(PLAIN, no_repeat_ngram=2)
    expected = [plain(h) for h in greedy_search(model, *source, decoding)]
    for temperature in (0.0, 1e-40, 1e-4):
        drawn = sample(model, *source, decoding, temperature, generator=np.random.default_rng(1))
        assert [plain(h) for h in drawn] == expected


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"temperature": 0.5},
        {"temperature": 2.0},
        {"top_k": 2},
        {"top_p": 0.6},
        {"top_k": 3, "top_p": 0.9},
    ],
)
def test_samples_follow_the_models_distribution(options: dict[str, Any]) -> None:
    model, source, count = TableModel(sharpness=1.0), [4, EOS], 4000
    drawn = sample(model, *batch([source] * count), PLAIN, generator=np.random.default_rng(7), **options)

    allowed = [*WORDS, EOS]
    logits = model.logits[model.keys(source, [EOS])[0]][allowed].double() / options.get("temperature", 1.0)
    ranked = sorted(zip(logits.softmax(-1).tolist(), allowed, strict=True), reverse=True)
    ranked = ranked[: int(options.get("top_k", 0)) or None]
    total = sum(p for p, _ in ranked)
    expected, reached = {}, 0.0
    for p, token in ranked:
        if reached < options.get("top_p", 1.0):
            expected[token] = p / total
        reached += p / total
    first = Counter(h.tokens[0] if h.tokens else EOS for h in drawn)
    assert set(first) == set(expected)
    for token, p in expected.items():
        p /= sum(expected.values())
        assert first[token] / count == pytest.approx(p, abs=4 * math.sqrt(p * (1 - p) / count) + 1e-9)
    for hypothesis in drawn[:20]:  # scores are the model's, whatever the temperature
        target = [*hypothesis.tokens, EOS] if hypothesis.finished else list(hypothesis.tokens)
        assert hypothesis.token_scores == pytest.approx(model.log_probs(source, [target])[0], abs=1e-4)


def test_a_seeded_sample_repeats() -> None:
    model, source = TableModel(), batch(random_sources(10))
    first, again, other = (
        [plain(h) for h in sample(model, *source, PLAIN, generator=np.random.default_rng(seed))] for seed in (1, 1, 2)
    )
    assert first == again != other


# Broken models and wrong calls


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_sentence_without_numbers_is_given_up_and_harms_no_other(value: float) -> None:
    sources = random_sources(12)
    whole = TableModel()
    expected = beam_search(whole, *batch(sources), PLAIN)
    broken = TableModel()
    broken.logits[broken.keys(sources[3], [EOS])[0]] = value
    found = beam_search(broken, *batch(sources), PLAIN)
    greedy = greedy_search(broken, *batch(sources), PLAIN)
    drawn = sample(broken, *batch(sources), PLAIN)
    for hypothesis in (*found[3], greedy[3], drawn[3]):
        assert (hypothesis.tokens, hypothesis.score, hypothesis.finished) == ((), -math.inf, False)
    for i, row in enumerate(found):
        if sources[i] != sources[3]:
            assert plain(row[0]) == plain(expected[i][0])


def test_huge_logits_give_numbers() -> None:
    model = TableModel(sharpness=1e30)
    for row in beam_search(model, *batch(random_sources(10)), PLAIN, n_best=4):
        assert all(not math.isnan(score) for h in row for score in (h.score, *h.token_scores))


def test_wrong_settings_are_refused() -> None:
    model, source = TableModel(), batch([[4, EOS]])
    for wrong in (
        lambda: beam_search(model, *source, PLAIN, n_best=5),
        lambda: beam_search(model, *source, PLAIN, n_best=0),
        lambda: beam_search(model, *source, replace(PLAIN, coverage_penalty=-1.0)),
        lambda: sample(model, *source, PLAIN, temperature=-0.1),
        lambda: sample(model, *source, PLAIN, temperature=math.inf),
        lambda: sample(model, *source, PLAIN, top_p=0.0),
        lambda: sample(model, *source, PLAIN, top_k=-1),
    ):
        with pytest.raises(UserError):
            wrong()
    for ids in ([EOS], [PAD], [BOS], [-1]):
        with pytest.raises(ValueError, match="prefix"):
            greedy_search(model, *source, PLAIN, prefix=[ids])
        with pytest.raises(ValueError, match="target"):
            score_target(model, *source, [ids])
    with pytest.raises(ValueError, match="1 rows"):
        beam_search(model, *source, PLAIN, prefix=[[], []])
