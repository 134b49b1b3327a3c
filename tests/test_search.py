"""Search against references that share no code with it: all sentences enumerated, argmax loops, equations."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor

from nmt import search
from nmt.config import AttentionConfig, DecoderConfig, DecodingConfig, EncoderConfig, ModelConfig
from nmt.errors import UserError
from nmt.model import Seq2Seq
from nmt.search import Hypothesis, beam_search, greedy_search, sample, score_target
from nmt.tokenizer import BOS, EOS, PAD, UNK

VOCAB = 7  # three words beside the special ids
WORDS = range(4, VOCAB)
PLAIN = DecodingConfig(
    beam=4, length_penalty=1.0, max_length_ratio=1.0, max_length_extra=2, no_repeat_ngram=0
)


class TableModel:
    """A model whose logits and attention are looked up by a hash of the source and the whole target so far.

    Its state is a whole number, so nothing depends on the shape of a batch; a wrong `reorder` or `select`
    anywhere changes every later number.
    """

    class Encoded(NamedTuple):
        seed: Tensor  # int64 [batch]
        mask: Tensor  # bool [batch, src_len]

        def select(self, rows: Tensor) -> TableModel.Encoded:
            return TableModel.Encoded(self.seed[rows], self.mask[rows])

    @dataclass
    class State:
        hash: Tensor  # int64 [batch, beam]

        def reorder(self, rows: Tensor, beams: Tensor) -> TableModel.State:
            assert rows.shape == beams.shape[:1]
            return TableModel.State(self.hash[rows[:, None], beams])

    class Step(NamedTuple):
        logits: Tensor
        state: TableModel.State
        attention: Tensor

    SIZE = 4099

    def __init__(
        self, vocab: int = VOCAB, sharpness: float = 2.0, eos: float = 0.0, rounded: bool = False
    ) -> None:
        generator = torch.Generator().manual_seed(5)
        self.logits = sharpness * torch.randn(self.SIZE, vocab, generator=generator)
        self.logits[:, EOS] += eos
        if rounded:
            self.logits = self.logits.round()
        self.attention = torch.randn(self.SIZE, 16, generator=generator)
        self.batches: list[tuple[int, ...]] = []  # the shape of every step's tokens

    def encode(self, source: Tensor, lengths: Tensor | None = None) -> TableModel.Encoded:
        positions = torch.arange(source.size(1))
        mask = (
            positions < (torch.full((len(source),), source.size(1)) if lengths is None else lengths)[:, None]
        )
        seeds = [self.seed(row[keep].tolist()) for row, keep in zip(source, mask, strict=True)]
        return self.Encoded(torch.tensor(seeds), mask)

    def initial_state(self, encoded: TableModel.Encoded, beam: int = 1) -> TableModel.State:
        return self.State(encoded.seed[:, None].repeat(1, beam))

    def step(self, tokens: Tensor, state: TableModel.State, encoded: TableModel.Encoded) -> TableModel.Step:
        assert tokens.shape == state.hash.shape and len(tokens) == len(encoded.seed)
        self.batches.append(tuple(tokens.shape))
        key = (state.hash * 31 + tokens + 1) % self.SIZE
        scores = self.attention[key][:, :, : encoded.mask.size(1)].masked_fill(
            ~encoded.mask[:, None], -math.inf
        )
        return self.Step(self.logits[key], self.State(key), scores.softmax(-1))

    # The same in plain Python, one sentence at a time, for the references.

    def seed(self, source: Sequence[int]) -> int:
        value = 1
        for token in source:
            value = (value * 37 + token) % self.SIZE
        return value

    def keys(self, source: Sequence[int], target: Sequence[int]) -> list[int]:
        key, keys = self.seed(source), []
        for token in [BOS, *target[:-1]]:
            key = (key * 31 + token + 1) % self.SIZE
            keys.append(key)
        return keys

    def log_probs(self, source: Sequence[int], targets: Sequence[Sequence[int]]) -> list[list[float]]:
        """Of every token of every target (EOS given where there is one)."""
        found = []
        for target in targets:
            rows = [self.logits[key].double().log_softmax(-1) for key in self.keys(source, target)]
            found.append([float(row[token]) for row, token in zip(rows, target, strict=True)])
        return found

    def attention_rows(self, source: Sequence[int], target: Sequence[int]) -> list[list[float]]:
        return [self.attention[key][: len(source)].softmax(-1).tolist() for key in self.keys(source, target)]


def real_model(**changes: Any) -> Seq2Seq:
    """A tiny network with random weights, sharpened so that its sentences differ."""
    config = replace(
        ModelConfig(
            source_vocab=VOCAB,
            target_vocab=VOCAB,
            embedding=6,
            encoder=EncoderConfig(layers=1, hidden=8),
            attention=AttentionConfig("multihead", heads=2, size=8),
            decoder=DecoderConfig(layers=2, hidden=8),
        ),
        **changes,
    )
    torch.manual_seed(3)
    model = Seq2Seq(config).eval()
    for parameter in model.parameters():
        parameter.data.mul_(2.0)
    return model


REAL: dict[str, dict[str, Any]] = {
    "multihead-lstm": {},
    "additive-gru": {
        "encoder": EncoderConfig("gru", layers=2, hidden=8),
        "attention": AttentionConfig("additive", size=5),
        "decoder": DecoderConfig("gru", layers=1, hidden=8),
    },
    "no-attention-rnn": {
        "encoder": EncoderConfig("rnn", layers=1, hidden=8, bidirectional=False),
        "attention": AttentionConfig("none"),
        "decoder": DecoderConfig("rnn", layers=1, hidden=8),
    },
    "input-feeding-dot": {
        "attention": AttentionConfig("dot"),
        "decoder": DecoderConfig("lstm", layers=2, hidden=8, input_feeding=True),
    },
}


def real_log_probs(
    model: Seq2Seq, source: Sequence[int], targets: Sequence[Sequence[int]]
) -> list[list[float]]:
    """By teacher forcing over whole sentences, as in training: not by `step`."""
    longest = max(len(target) for target in targets)
    padded = torch.tensor([[BOS, *target, *[PAD] * (longest - len(target))] for target in targets])
    with torch.inference_mode():
        readouts = model(torch.tensor([source]).repeat(len(targets), 1), None, padded[:, :-1])
        rows = model.project(readouts).double().log_softmax(-1).gather(-1, padded[:, 1:, None]).squeeze(-1)
    return [row[: len(target)].tolist() for row, target in zip(rows, targets, strict=True)]


def log_probs(
    model: TableModel | Seq2Seq, source: Sequence[int], targets: list[list[int]]
) -> list[list[float]]:
    return (
        model.log_probs(source, targets)
        if isinstance(model, TableModel)
        else real_log_probs(model, source, targets)
    )


def random_sources(count: int, longest: int = 6, seed: int = 11) -> list[list[int]]:
    generator = torch.Generator().manual_seed(seed)
    sizes = torch.randint(0, longest, (count,), generator=generator).tolist()
    return [[*torch.randint(4, VOCAB, (size,), generator=generator).tolist(), EOS] for size in sizes]


def batch(sources: Sequence[Sequence[int]], extra: int = 0) -> tuple[Tensor, Tensor]:
    longest = max(map(len, sources)) + extra
    return torch.tensor([[*row, *[PAD] * (longest - len(row))] for row in sources]), torch.tensor(
        list(map(len, sources))
    )


def longest_of(source: Sequence[int], decoding: DecodingConfig) -> int:
    return int(decoding.max_length_ratio * len(source)) + decoding.max_length_extra


def ngram_limit(source: Sequence[int], n: int) -> int:
    return max([1, *Counter(zip(*(source[i:] for i in range(n)), strict=False)).values()])


def breaks_guard(target: Sequence[int], source: Sequence[int], n: int) -> bool:
    counts = Counter(zip(*(target[i:] for i in range(n)), strict=False))
    return n > 0 and any(count > ngram_limit(source, n) for count in counts.values())


def exhaustive(
    model: TableModel | Seq2Seq, source: Sequence[int], decoding: DecodingConfig
) -> list[tuple[float, tuple[int, ...]]]:
    """(score, tokens) of every finished sentence there can be, best first."""
    lengths = range(longest_of(source, decoding))
    words = [list(target) for size in lengths for target in itertools.product(WORDS, repeat=size)]
    targets = [
        [*target, EOS] for target in words if not breaks_guard(target, source, decoding.no_repeat_ngram)
    ]
    scores = reference_scores(model, source, targets, decoding)
    return sorted(((score, tuple(t[:-1])) for score, t in zip(scores, targets, strict=True)), reverse=True)


def reference_scores(
    model: TableModel | Seq2Seq, source: Sequence[int], targets: list[list[int]], decoding: DecodingConfig
) -> list[float]:
    """Of whole targets, EOS given where there is one (Wu et al. 2016, eq. 14)."""
    scores = []
    for target, token_scores in zip(targets, log_probs(model, source, targets), strict=True):
        scores.append(sum(token_scores) / len(target) ** decoding.length_penalty)
        if decoding.coverage_penalty:
            assert isinstance(model, TableModel)
            received = [sum(column) for column in zip(*model.attention_rows(source, target), strict=True)]
            scores[-1] += decoding.coverage_penalty * sum(math.log(min(weight, 1.0)) for weight in received)
    return scores


def reference_greedy(
    model: TableModel | Seq2Seq, source: Sequence[int], decoding: DecodingConfig
) -> list[int]:
    """The tokens of greedy search, with EOS if it comes."""
    target: list[int] = []
    while len(target) < longest_of(source, decoding) and EOS not in target:
        choices = [[*target, token] for token in (*WORDS, EOS)]
        choices = [
            c for c in choices if c[-1] == EOS or not breaks_guard(c, source, decoding.no_repeat_ngram)
        ]
        target = max(
            zip(log_probs(model, source, choices), choices, strict=True), key=lambda pair: pair[0][-1]
        )[1]
    return target


def plain(hypothesis: Hypothesis) -> tuple[object, ...]:
    return hypothesis.tokens, hypothesis.score, hypothesis.token_scores, hypothesis.finished


def approximately(found: Hypothesis, expected: Hypothesis) -> bool:
    return found.tokens == expected.tokens and found.token_scores == pytest.approx(
        expected.token_scores, abs=1e-4
    )


# Beam search


@pytest.mark.parametrize("length_penalty", [-0.5, 0.0, 0.6, 1.0, 2.0])
@pytest.mark.parametrize("coverage_penalty", [0.0, 0.3])
@pytest.mark.parametrize("ngram", [0, 1, 2])
def test_wide_beam_equals_exhaustive_search(
    length_penalty: float, coverage_penalty: float, ngram: int
) -> None:
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
        assert [hypothesis.score for hypothesis in found] == pytest.approx(
            [score for score, _ in expected], abs=1e-4
        )
        assert all(hypothesis.finished for hypothesis in found)


@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize("length_penalty", [0.0, 1.0])
def test_wide_beam_equals_exhaustive_search_on_networks(name: str, length_penalty: float) -> None:
    model, sources = real_model(**REAL[name]), [[4, EOS], [6, 5, EOS]]
    decoding = replace(PLAIN, beam=400, length_penalty=length_penalty, no_repeat_ngram=2)
    for source, found in zip(sources, beam_search(model, *batch(sources), decoding, n_best=5), strict=True):
        expected = exhaustive(model, source, decoding)[:5]
        assert [hypothesis.tokens for hypothesis in found] == [tokens for _, tokens in expected]
        assert [hypothesis.score for hypothesis in found] == pytest.approx(
            [score for score, _ in expected], abs=1e-4
        )


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
        assert [h.tokens for h in found if h.finished] == [
            tokens for _, tokens in sorted(ended, reverse=True)
        ]


@pytest.mark.parametrize(
    "alpha, beta", [(-0.5, 0.0), (0.0, 0.0), (0.6, 0.2), (1.0, 0.0), (1.0, 0.4), (1.5, 0.0)]
)
@pytest.mark.parametrize("n_best", [1, 3])
def test_early_exit_misses_nothing(
    monkeypatch: pytest.MonkeyPatch, alpha: float, beta: float, n_best: int
) -> None:
    decoding = replace(PLAIN, beam=5, length_penalty=alpha, coverage_penalty=beta, max_length_extra=6)
    source = batch(random_sources(100))
    early, late = TableModel(sharpness=3.0, eos=1.0), TableModel(sharpness=3.0, eos=1.0)
    found = beam_search(early, *source, decoding, n_best)
    anything = lambda scores, *norms: torch.where(scores > -math.inf, math.inf, -math.inf)  # noqa: E731
    monkeypatch.setattr(search, "_best_attainable", anything)
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
    shuffled = torch.randperm(40, generator=torch.Generator().manual_seed(1)).tolist()
    assert dict(found(range(40))) == alone
    assert dict(found(shuffled)) == alone
    assert dict(found(shuffled[:13], extra=4)) == {i: alone[i] for i in shuffled[:13]}


@pytest.mark.parametrize("name", REAL)
def test_batch_order_size_and_padding_change_nothing_on_networks(name: str) -> None:
    model, sources = real_model(**REAL[name]), random_sources(12)
    alone = [beam_search(model, torch.tensor([source]), None, PLAIN)[0][0] for source in sources]
    together = beam_search(model, *batch(sources, extra=2), PLAIN)
    reverse = beam_search(model, *batch(sources[::-1]), PLAIN)[::-1]
    for expected, *others in zip(alone, together, reverse, strict=True):
        assert all(approximately(row[0], expected) for row in others)


def test_finished_sentences_leave_the_batch() -> None:
    model, sources = TableModel(eos=1.0), random_sources(20)
    lengths = [len(h.token_scores) for h in greedy_search(model, *batch(sources), PLAIN)]
    assert [rows for rows, _ in model.batches] == [
        sum(length > t for length in lengths) for t in range(max(lengths))
    ]
    model.batches.clear()
    beam_search(model, *batch(sources), PLAIN)
    rows = [rows for rows, _ in model.batches]
    assert rows == sorted(rows, reverse=True) and rows[0] == 20 and rows[-1] < 10
    assert model.batches[-1][1] < 4  # and the beam narrows


def test_no_sentence_gives_no_hypothesis() -> None:
    nothing = torch.zeros(0, 3, dtype=torch.int64)
    model, lengths = TableModel(), torch.zeros(0, dtype=torch.int64)
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
        for i, scored in zip(
            rows, score_target(model, source[rows], lengths[rows], targets, decoding), strict=True
        ):
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
            torch.testing.assert_close(
                hypothesis.attention, torch.tensor(model.attention_rows(source, target))
            )
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
        torch.testing.assert_close(row[0].attention.sum(1), torch.ones(len(row[0].token_scores)))


# What may be generated


def test_special_ids_are_never_generated() -> None:
    model, source = TableModel(), batch(random_sources(20))
    model.logits[:, [PAD, UNK, BOS]] += 8.0
    drawn = sample(model, *source, PLAIN, generator=torch.Generator().manual_seed(1))
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
    decoding = replace(
        PLAIN, beam=100, coverage_penalty=coverage_penalty, max_length_ratio=0.0, max_length_extra=3
    )
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
    assert (
        len(found[0].tokens) <= 3 and found[0].finished
    )  # three words in all, then nothing is left but the end


# Forced prefix


def test_a_prefix_is_kept_and_the_rest_is_the_best_that_can_follow() -> None:
    model, source = TableModel(), [5, 5, EOS]
    prefixes = [[], [4], [6, 6], [UNK, 5, 4]]
    decoding = replace(PLAIN, beam=400)
    found = beam_search(model, *batch([source] * 4), decoding, n_best=3, prefix=prefixes)
    for prefix, row in zip(prefixes[:3], found, strict=False):
        expected = [
            pair for pair in exhaustive(model, source, decoding) if list(pair[1][: len(prefix)]) == prefix
        ]
        assert [h.tokens for h in row] == [tokens for _, tokens in expected[:3]]
        assert [h.score for h in row] == pytest.approx([score for score, _ in expected[:3]], abs=1e-4)
    assert all(hypothesis.tokens[:3] == (UNK, 5, 4) for hypothesis in found[3])
    drawn = sample(
        model, *batch([source] * 4), decoding, prefix=prefixes, generator=torch.Generator().manual_seed(1)
    )
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
        drawn = sample(model, *source, decoding, temperature, generator=torch.Generator().manual_seed(1))
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
    drawn = sample(
        model, *batch([source] * count), PLAIN, generator=torch.Generator().manual_seed(7), **options
    )

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
        [plain(h) for h in sample(model, *source, PLAIN, generator=torch.Generator().manual_seed(seed))]
        for seed in (1, 1, 2)
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
