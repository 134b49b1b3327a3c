"""What the tests of search compare with: tiny models, and references that share no code with
`nmt.inference.beam_search`."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor

from nmt.config import AttentionConfig, DecoderConfig, DecodingConfig, EncoderConfig, ModelConfig
from nmt.inference import beam_search as beam_search_module
from nmt.inference import sampling
from nmt.inference.hypotheses import Hypothesis
from nmt.inference.torch_model import TorchModel
from nmt.network.model import Seq2Seq
from nmt.text.tokenizer import BOS, EOS, PAD

VOCAB = 7  # three words beside the special ids
WORDS = range(4, VOCAB)
PLAIN = DecodingConfig(beam=4, length_penalty=1.0, max_length_ratio=1.0, max_length_extra=2, no_repeat_ngram=0)


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

    def __init__(self, vocab: int = VOCAB, sharpness: float = 2.0, eos: float = 0.0, rounded: bool = False) -> None:
        generator = torch.Generator().manual_seed(5)
        self.logits = sharpness * torch.randn(self.SIZE, vocab, generator=generator)
        self.logits[:, EOS] += eos
        if rounded:
            self.logits = self.logits.round()
        self.attention = torch.randn(self.SIZE, 16, generator=generator)
        self.batches: list[tuple[int, ...]] = []  # the shape of every step's tokens

    def encode(self, source: Tensor, lengths: Tensor | None = None) -> TableModel.Encoded:
        positions = torch.arange(source.size(1))
        mask = positions < (torch.full((len(source),), source.size(1)) if lengths is None else lengths)[:, None]
        seeds = [self.seed(row[keep].tolist()) for row, keep in zip(source, mask, strict=True)]
        return self.Encoded(torch.tensor(seeds), mask)

    def initial_state(self, encoded: TableModel.Encoded, beam: int = 1) -> TableModel.State:
        return self.State(encoded.seed[:, None].repeat(1, beam))

    def step(self, tokens: Tensor, state: TableModel.State, encoded: TableModel.Encoded) -> TableModel.Step:
        assert tokens.shape == state.hash.shape and len(tokens) == len(encoded.seed)
        self.batches.append(tuple(tokens.shape))
        key = (state.hash * 31 + tokens + 1) % self.SIZE
        scores = self.attention[key][:, :, : encoded.mask.size(1)].masked_fill(~encoded.mask[:, None], -math.inf)
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


def real_log_probs(model: Seq2Seq, source: Sequence[int], targets: Sequence[Sequence[int]]) -> list[list[float]]:
    """By teacher forcing over whole sentences, as in training: not by `step`."""
    longest = max(len(target) for target in targets)
    padded = torch.tensor([[BOS, *target, *[PAD] * (longest - len(target))] for target in targets])
    with torch.inference_mode():
        readouts = model(torch.tensor([source]).repeat(len(targets), 1), None, padded[:, :-1])
        rows = model.project(readouts).double().log_softmax(-1).gather(-1, padded[:, 1:, None]).squeeze(-1)
    return [row[: len(target)].tolist() for row, target in zip(rows, targets, strict=True)]


def log_probs(model: TableModel | Seq2Seq, source: Sequence[int], targets: list[list[int]]) -> list[list[float]]:
    return model.log_probs(source, targets) if isinstance(model, TableModel) else real_log_probs(model, source, targets)


def random_sources(count: int, longest: int = 6, seed: int = 11) -> list[list[int]]:
    generator = torch.Generator().manual_seed(seed)
    sizes = torch.randint(0, longest, (count,), generator=generator).tolist()
    return [[*torch.randint(4, VOCAB, (size,), generator=generator).tolist(), EOS] for size in sizes]


def batch(sources: Sequence[Sequence[int]], extra: int = 0) -> tuple[np.ndarray, np.ndarray]:
    longest = max(map(len, sources)) + extra
    return np.array([[*row, *[PAD] * (longest - len(row))] for row in sources]), np.array(list(map(len, sources)))


def beam_search(model: Any, *arguments: Any, **options: Any) -> list[list[Hypothesis]]:
    return beam_search_module.beam_search(TorchModel(model), *arguments, **options)


def greedy_search(model: Any, *arguments: Any, **options: Any) -> list[Hypothesis]:
    return sampling.greedy_search(TorchModel(model), *arguments, **options)


def sample(model: Any, *arguments: Any, **options: Any) -> list[Hypothesis]:
    return sampling.sample(TorchModel(model), *arguments, **options)


def score_target(model: Any, *arguments: Any, **options: Any) -> list[Hypothesis]:
    return sampling.score_target(TorchModel(model), *arguments, **options)


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
    targets = [[*target, EOS] for target in words if not breaks_guard(target, source, decoding.no_repeat_ngram)]
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


def reference_greedy(model: TableModel | Seq2Seq, source: Sequence[int], decoding: DecodingConfig) -> list[int]:
    """The tokens of greedy search, with EOS if it comes."""
    target: list[int] = []
    while len(target) < longest_of(source, decoding) and EOS not in target:
        choices = [[*target, token] for token in (*WORDS, EOS)]
        choices = [c for c in choices if c[-1] == EOS or not breaks_guard(c, source, decoding.no_repeat_ngram)]
        target = max(zip(log_probs(model, source, choices), choices, strict=True), key=lambda pair: pair[0][-1])[1]
    return target


def plain(hypothesis: Hypothesis) -> tuple[object, ...]:
    return hypothesis.tokens, hypothesis.score, hypothesis.token_scores, hypothesis.finished


def approximately(found: Hypothesis, expected: Hypothesis) -> bool:
    return found.tokens == expected.tokens and found.token_scores == pytest.approx(expected.token_scores, abs=1e-4)
