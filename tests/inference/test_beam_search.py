"""Beam and greedy search against enumeration of all sentences and argmax loops; batches; scores; attention."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest

from nmt.inference import beam_search as beam_search_module
from nmt.inference import sampling
from nmt.inference.torch_model import TorchModel
from nmt.text.tokenizer import EOS, UNK
from tests.support.search_reference import (
    PLAIN,
    REAL,
    WORDS,
    TableModel,
    approximately,
    batch,
    beam_search,
    exhaustive,
    greedy_search,
    longest_of,
    plain,
    random_sources,
    real_model,
    reference_greedy,
    sample,
    score_target,
)

# Beam search


@pytest.mark.parametrize("length_penalty", [-0.5, 0.0, 0.6, 1.0, 2.0])
@pytest.mark.parametrize("coverage_penalty", [0.0, 0.3])
@pytest.mark.parametrize("ngram", [0, 1, 2])
def test_wide_beam_equals_exhaustive_search(length_penalty: float, coverage_penalty: float, ngram: int) -> None:
    decoding = replace(
        PLAIN,
        beam=400,
        length_penalty=length_penalty,
        coverage_penalty=coverage_penalty,
        no_repeat_ngram=ngram,
    )
    model, sources = TableModel(), [[4, EOS], [5, 5, EOS], [EOS], [6, 5, 6, EOS][1:]]
    for source, found in zip(sources, beam_search(model, *batch(sources), decoding, n_best=10), strict=True):
        expected = exhaustive(model, source, decoding)[:10]
        assert [hypothesis.tokens for hypothesis in found] == [tokens for _, tokens in expected]
        assert [hypothesis.score for hypothesis in found] == pytest.approx([score for score, _ in expected], abs=1e-4)
        assert all(hypothesis.finished for hypothesis in found)


@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize("length_penalty", [0.0, 1.0])
def test_wide_beam_equals_exhaustive_search_on_networks(name: str, length_penalty: float) -> None:
    model, sources = real_model(**REAL[name]), [[4, EOS], [6, 5, EOS]]
    decoding = replace(PLAIN, beam=400, length_penalty=length_penalty, no_repeat_ngram=2)
    for source, found in zip(sources, beam_search(model, *batch(sources), decoding, n_best=5), strict=True):
        expected = exhaustive(model, source, decoding)[:5]
        assert [hypothesis.tokens for hypothesis in found] == [tokens for _, tokens in expected]
        assert [hypothesis.score for hypothesis in found] == pytest.approx([score for score, _ in expected], abs=1e-4)


def test_a_beam_of_few_keeps_the_few_best_and_narrows_as_hypotheses_end() -> None:
    model = TableModel()
    for source in random_sources(20):
        live, ended, room = [((), 0.0)], [], 3
        for length in range(1, longest_of(source, PLAIN) + 1):
            targets = [[*tokens, token] for tokens, _ in live for token in (*WORDS, EOS)]
            totals = [sum(values) for values in model.log_probs(source, targets)] if targets else []
            best = sorted(zip(totals, map(tuple, targets), strict=True), reverse=True)[:room]
            ended += [(total / length, tokens[:-1]) for total, tokens in best if tokens[-1] == EOS]
            live = [(tokens, total) for total, tokens in best if tokens[-1] != EOS]
            room = 3 - len(ended)
        found = beam_search(model, *batch([source]), replace(PLAIN, beam=3), n_best=3)[0]
        assert [h.tokens for h in found if h.finished] == [tokens for _, tokens in sorted(ended, reverse=True)]


@pytest.mark.parametrize("alpha, beta", [(-0.5, 0.0), (0.0, 0.0), (0.6, 0.2), (1.0, 0.0), (1.0, 0.4), (1.5, 0.0)])
@pytest.mark.parametrize("n_best", [1, 3])
def test_early_exit_misses_nothing(monkeypatch: pytest.MonkeyPatch, alpha: float, beta: float, n_best: int) -> None:
    decoding = replace(PLAIN, beam=5, length_penalty=alpha, coverage_penalty=beta, max_length_extra=6)
    source = batch(random_sources(100))
    early, late = TableModel(sharpness=3.0, eos=1.0), TableModel(sharpness=3.0, eos=1.0)
    found = beam_search(early, *source, decoding, n_best)
    anything = lambda scores, *norms: np.where(scores > -math.inf, math.inf, -math.inf)  # noqa: E731
    monkeypatch.setattr(beam_search_module, "best_attainable", anything)
    expected = beam_search(late, *source, decoding, n_best)
    assert [[plain(h) for h in row] for row in found] == [[plain(h) for h in row] for row in expected]
    work, all_work = (sum(rows for rows, _ in model.batches) for model in (early, late))
    assert work < all_work or n_best > 1


def test_n_best_are_distinct_sorted_and_do_not_change_the_best() -> None:
    model, source = TableModel(), batch(random_sources(30))
    single = beam_search(model, *source, PLAIN)
    several = beam_search(model, *source, PLAIN, n_best=4)
    assert [plain(row[0]) for row in single] == [plain(row[0]) for row in several]
    assert max(map(len, several)) == 4
    for row in several:
        assert len({hypothesis.tokens for hypothesis in row}) == len(row)
        assert [h.score for h in row] == sorted((h.score for h in row), reverse=True)


# Greedy search


@pytest.mark.parametrize("ngram", [0, 2])
def test_greedy_takes_the_most_probable_token_at_every_step(ngram: int) -> None:
    model, sources = TableModel(), random_sources(30)
    decoding = replace(PLAIN, no_repeat_ngram=ngram)
    for source, found in zip(sources, greedy_search(model, *batch(sources), decoding), strict=True):
        expected = reference_greedy(model, source, decoding)
        assert [*found.tokens, *([EOS] if found.finished else [])] == expected
        assert found.token_scores == pytest.approx(model.log_probs(source, [expected])[0], abs=1e-4)


@pytest.mark.parametrize("name", REAL)
def test_greedy_takes_the_most_probable_token_at_every_step_of_networks(name: str) -> None:
    model, sources = real_model(**REAL[name]), random_sources(6)
    for source, found in zip(sources, greedy_search(model, *batch(sources), PLAIN), strict=True):
        assert [*found.tokens, *([EOS] if found.finished else [])] == reference_greedy(model, source, PLAIN)


@pytest.mark.parametrize("rounded", [False, True], ids=["", "ties"])
def test_a_beam_of_one_equals_greedy_search(rounded: bool) -> None:
    decoding = replace(PLAIN, beam=1, no_repeat_ngram=2, coverage_penalty=0.2, length_penalty=0.8)
    model, source = TableModel(rounded=rounded), batch(random_sources(60))
    beams, greedy = beam_search(model, *source, decoding), greedy_search(model, *source, decoding)
    assert [[plain(h) for h in row] for row in beams] == [[plain(h)] for h in greedy]


@pytest.mark.parametrize("name", REAL)
def test_a_beam_of_one_equals_greedy_search_on_networks(name: str) -> None:
    model, source = real_model(**REAL[name]), batch(random_sources(10))
    beams = beam_search(model, *source, replace(PLAIN, beam=1))
    greedy = greedy_search(model, *source, PLAIN)
    assert all(approximately(row[0], h) for row, h in zip(beams, greedy, strict=True))


# Batches


@pytest.mark.parametrize("rounded", [False, True], ids=["", "ties"])
@pytest.mark.parametrize("n_best", [1, 3])
def test_batch_order_size_and_padding_change_nothing(rounded: bool, n_best: int) -> None:
    decoding = replace(PLAIN, no_repeat_ngram=2)
    model, sources = TableModel(rounded=rounded), random_sources(40)

    def found(order: Sequence[int], extra: int = 0) -> Iterator[tuple[int, object]]:
        source, lengths = batch([sources[i] for i in order], extra)
        beams = beam_search(model, source, lengths, decoding, n_best)
        greedy = greedy_search(model, source, lengths, decoding)
        scored = score_target(model, source, lengths, [row[0].tokens for row in beams])
        for i, row, *rest in zip(order, beams, greedy, scored, strict=True):
            yield i, [plain(hypothesis) for hypothesis in (*row, *rest)]

    alone = dict(pair for i in range(40) for pair in found([i]))
    shuffled = np.random.default_rng(1).permutation(40).tolist()
    assert dict(found(range(40))) == alone
    assert dict(found(shuffled)) == alone
    assert dict(found(shuffled[:13], extra=4)) == {i: alone[i] for i in shuffled[:13]}


@pytest.mark.parametrize("name", REAL)
def test_batch_order_size_and_padding_change_nothing_on_networks(name: str) -> None:
    model, sources = real_model(**REAL[name]), random_sources(12)
    alone = [beam_search(model, np.array([source]), None, PLAIN)[0][0] for source in sources]
    together = beam_search(model, *batch(sources, extra=2), PLAIN)
    reverse = beam_search(model, *batch(sources[::-1]), PLAIN)[::-1]
    for expected, *others in zip(alone, together, reverse, strict=True):
        assert all(approximately(row[0], expected) for row in others)


def test_finished_sentences_leave_the_batch() -> None:
    model, sources = TableModel(eos=1.0), random_sources(20)
    lengths = [len(h.token_scores) for h in greedy_search(model, *batch(sources), PLAIN)]
    assert [rows for rows, _ in model.batches] == [sum(length > t for length in lengths) for t in range(max(lengths))]
    model.batches.clear()
    beam_search(model, *batch(sources), PLAIN)
    rows = [rows for rows, _ in model.batches]
    assert rows == sorted(rows, reverse=True) and rows[0] == 20 and rows[-1] < 10
    assert model.batches[-1][1] < 4  # and the beam narrows


def test_no_sentence_gives_no_hypothesis() -> None:
    nothing = np.zeros((0, 3), np.int64)
    model, lengths = TableModel(), np.zeros(0, np.int64)
    assert beam_search(model, nothing, lengths, PLAIN) == greedy_search(model, nothing, lengths, PLAIN) == []
    assert sample(model, nothing, lengths, PLAIN) == score_target(model, nothing, lengths, []) == []


# Scores and attention


@pytest.mark.parametrize("name", ["table", *REAL])
def test_a_scored_target_has_the_numbers_of_the_search(name: str) -> None:
    model = TableModel() if name == "table" else real_model(**REAL[name])
    source, lengths = batch(random_sources(10))
    decoding = replace(PLAIN, beam=6, length_penalty=0.7, coverage_penalty=0.1, max_length_extra=5)
    found = beam_search(model, source, lengths, decoding, n_best=2)
    compared = 0
    for place in range(2):
        rows = [i for i, row in enumerate(found) if len(row) > place and row[place].finished]
        targets = [found[i][place].tokens for i in rows]
        for i, scored in zip(rows, score_target(model, source[rows], lengths[rows], targets, decoding), strict=True):
            assert approximately(scored, found[i][place]) and scored.finished
            assert scored.score == pytest.approx(found[i][place].score, abs=1e-4)
            compared += 1
    assert compared >= 10


def test_any_target_can_be_scored() -> None:
    model, source = TableModel(), [4, 5, EOS]
    targets = [[], [UNK, 4], [5] * 20]  # empty, not generable, longer than a search would go and repetitive
    for target, scored in zip(targets, score_target(model, *batch([source] * 3), targets), strict=True):
        assert scored.tokens == tuple(target) and scored.finished
        assert scored.token_scores == pytest.approx(model.log_probs(source, [[*target, EOS]])[0], abs=1e-4)
        assert scored.score == pytest.approx(sum(scored.token_scores) / (len(target) + 1), abs=1e-4)


@pytest.mark.parametrize("way", ["beam", "greedy"])
def test_attention_belongs_to_its_hypothesis(way: str) -> None:
    model, sources = TableModel(), random_sources(25)
    if way == "beam":
        found = beam_search(model, *batch(sources, extra=2), PLAIN, n_best=3, with_attention=True)
    else:
        found = [[h] for h in greedy_search(model, *batch(sources, extra=2), PLAIN, with_attention=True)]
    for source, row in zip(sources, found, strict=True):
        for hypothesis in row:
            target = [*hypothesis.tokens, EOS] if hypothesis.finished else list(hypothesis.tokens)
            assert hypothesis.attention is not None
            assert hypothesis.attention.shape == (len(hypothesis.token_scores), len(source))
            np.testing.assert_allclose(hypothesis.attention, model.attention_rows(source, target), rtol=1e-5)
    assert beam_search(model, *batch(sources), PLAIN)[0][0].attention is None


@pytest.mark.parametrize("name", REAL)
def test_attention_rows_sum_to_one_on_networks(name: str) -> None:
    sources = random_sources(5)
    for source, row in zip(
        sources,
        beam_search(real_model(**REAL[name]), *batch(sources), PLAIN, with_attention=True),
        strict=True,
    ):
        assert row[0].attention is not None and row[0].attention.shape[1] == len(source)
        np.testing.assert_allclose(row[0].attention.sum(1), 1.0, rtol=1e-5)


# What can come next


@pytest.mark.parametrize("prefix", [[], [4], [5, 6, 4]])
def test_the_next_tokens_are_the_most_probable_ones_but_the_end(prefix: list[int]) -> None:
    model, source = TableModel(), [4, 6, EOS]
    expected = [(model.log_probs(source, [[*prefix, word]])[0][-1], word) for word in WORDS]
    expected.sort(reverse=True)
    found = sampling.next_tokens(TorchModel(model), np.array([source]), prefix, count=2)
    assert [token for token, _ in found] == [word for _, word in expected[:2]]
    assert [gain for _, gain in found] == pytest.approx([gain for gain, _ in expected[:2]], abs=1e-5)
