"""The model family: padding, the two ways through the decoder, and independent references."""

from __future__ import annotations

import copy
import itertools
import math
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn

from nmt.config import AttentionConfig, DropoutConfig, ModelConfig
from nmt.network import recurrent
from nmt.network.attention import Attention
from nmt.network.model import PieceEmbedding, Seq2Seq
from nmt.network.recurrent import RecurrentLayer
from tests.conftest import tiny_model_config

CELLS = ("rnn", "gru", "lstm")
ATTENTIONS = ("none", "additive", "dot", "general", "multihead")
FAMILY = [
    tiny_model_config(
        cell,
        attention,
        layers=layers,
        input_feeding=feeding,
        bidirectional=both,
        layer_norm=norm,
        residual=norm,
    )
    for cell, attention, layers, feeding, both, norm in itertools.product(
        CELLS, ATTENTIONS, (1, 3), (False, True), (False, True), (False, True)
    )
]


def build(config: ModelConfig, seed: int = 0) -> Seq2Seq:
    torch.manual_seed(seed)
    model = Seq2Seq(config).eval()
    with torch.no_grad():  # away from the initial zeros, so that no term can hide
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return model


def sentences(batch: int, length: int, vocab: int = 20, seed: int = 1) -> Tensor:
    return torch.randint(4, vocab, (batch, length), generator=torch.Generator().manual_seed(seed))


def name(config: ModelConfig) -> str:
    return (
        f"{config.encoder.cell}-{config.attention.kind}-{config.encoder.layers}-"
        f"{'feed' if config.decoder.input_feeding else 'parallel'}-{'bi' if config.encoder.bidirectional else 'uni'}-"
        f"{'norm' if config.layer_norm else 'plain'}"
    )


@pytest.mark.parametrize("config", FAMILY, ids=name)
def test_padding_changes_no_logits(config: ModelConfig) -> None:
    model = build(config)
    source, target = sentences(3, 6), sentences(3, 5, seed=2)
    lengths = torch.tensor([6, 2, 4])
    with torch.inference_mode():
        padded = model.project(model(source, lengths, target))
        for row, length in enumerate(lengths):
            alone = model.project(model(source[row : row + 1, :length], None, target[row : row + 1]))
            torch.testing.assert_close(padded[row], alone[0], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("config", FAMILY, ids=name)
def test_steps_give_the_logits_of_teacher_forcing(config: ModelConfig) -> None:
    """Search (one step at a time, several beams, reordered) computes what training computes at once."""
    model = build(config)
    source, target = sentences(2, 6), sentences(2, 4, seed=2)
    lengths = torch.tensor([6, 3])
    with torch.inference_mode():
        expected = model.project(model(source, lengths, target))
        encoded = model.encode(source, lengths)
        state = model.initial_state(encoded, beam=2)
        for position in range(target.size(1)):
            # Beam 1 follows the target, beam 0 strays; after each step they change places.
            place = 1 if position % 2 == 0 else 0
            tokens = torch.full((2, 2), 5)
            tokens[:, place] = target[:, position]
            step = model.step(tokens, state, encoded)
            torch.testing.assert_close(step.logits[:, place], expected[:, position], atol=1e-5, rtol=1e-4)
            torch.testing.assert_close(step.attention.sum(-1), torch.ones(2, 2))
            assert step.attention[1, :, 3:].abs().max() == 0  # nothing attends to padding
            state = step.state.reorder(torch.arange(2), torch.tensor([[1, 0], [1, 0]]))


@pytest.mark.parametrize("config", FAMILY, ids=name)
def test_decoder_cannot_see_the_future(config: ModelConfig) -> None:
    model = build(config)
    source, target = sentences(1, 4), sentences(1, 5, seed=2)
    changed = target.clone()
    changed[0, 3] = 19 if target[0, 3] != 19 else 18
    with torch.inference_mode():
        before, after = model(source, None, target), model(source, None, changed)
    torch.testing.assert_close(before[:, :3], after[:, :3])
    assert not torch.allclose(before[:, 3], after[:, 3])


def test_every_parameter_gets_a_gradient() -> None:
    for config in FAMILY:
        model = build(config).train()
        model.project(model(sentences(2, 4), None, sentences(2, 3))).logsumexp(-1).sum().backward()
        missing = {part for part, parameter in model.named_parameters() if parameter.grad is None}
        # A decoder without attention reads the encoder's last state, not its normalised outputs.
        unused = {"encoder.last_norm.weight", "encoder.last_norm.bias"} if config.attention.kind == "none" else set()
        assert missing <= unused, f"{name(config)}: {missing}"


@pytest.mark.parametrize("cell,reference", [("rnn", nn.RNN), ("gru", nn.GRU), ("lstm", nn.LSTM)])
def test_recurrent_layer_is_torchs_own_over_padding(cell: str, reference: type[nn.RNNBase]) -> None:
    """Packing inside the layer equals running each row alone through torch's module."""
    layer = RecurrentLayer(cell, 5, 6, bidirectional=True).eval()  # type: ignore[arg-type]
    module = reference(5, 3, batch_first=True, bidirectional=True)
    module.load_state_dict(layer.rnn.state_dict())
    inputs, lengths = torch.randn(3, 7, 5), torch.tensor([7, 1, 4])
    outputs, last = layer(inputs, lengths=lengths)
    for row, length in enumerate(lengths):
        alone, alone_last = module(inputs[row : row + 1, :length])
        alone_last = alone_last if isinstance(alone_last, tuple) else (alone_last,)
        torch.testing.assert_close(outputs[row, :length], alone[0])
        assert outputs[row, length:].abs().sum() == 0
        for part, expected in zip(last, alone_last, strict=True):
            torch.testing.assert_close(part[:, row], expected[:, 0])


def test_recurrent_dropout_drops_weights_in_training_only() -> None:
    layer = RecurrentLayer("gru", 4, 8, recurrent_dropout=0.5)
    inputs = torch.randn(1, 6, 4)
    first, second = (layer.train()(inputs)[0] for _ in range(2))
    assert not torch.allclose(first, second)
    torch.testing.assert_close(first[:, 0], second[:, 0])  # the first step has no recurrent input to drop
    torch.testing.assert_close(layer.eval()(inputs)[0], layer.eval()(inputs)[0])


def by_hand(attention: Attention, query: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
    """Context and weights of one query [query_size] over memory [src_len, memory_size], from the papers."""
    scores: list[Tensor]
    if attention.kind == "additive":
        scores = [attention.score(torch.tanh(attention.query(query) + attention.key(h)))[0] for h in memory]
    elif attention.kind == "dot":
        scores = [query @ h for h in memory]
    elif attention.kind == "general":
        scores = [query @ attention.key.weight @ h for h in memory]
    else:
        size = attention.context_size // attention.heads
        contexts, all_weights = [], []
        for head in range(attention.heads):
            part = slice(head * size, (head + 1) * size)
            head_scores = [attention.query(query)[part] @ attention.key(h)[part] / math.sqrt(size) for h in memory]
            weights = torch.softmax(torch.stack(head_scores), 0)
            contexts.append(sum(w * attention.value(h)[part] for w, h in zip(weights, memory, strict=True)))
            all_weights.append(weights)
        return torch.cat(contexts), torch.stack(all_weights).mean(0)  # type: ignore[arg-type]
    weights = torch.softmax(torch.stack(scores), 0)
    return sum(w * h for w, h in zip(weights, memory, strict=True)), weights  # type: ignore[return-value]


def test_a_loop_over_time_lacks_the_same_recurrent_weights_at_every_step() -> None:
    """Step by step (scheduled sampling that never samples) as in one call of the fused kernel."""
    dropout = DropoutConfig(0.0, 0.0, 0.5, 0.0, 0.0)
    model = Seq2Seq(tiny_model_config(cell="gru", dropout=dropout)).train()
    source, target = torch.randint(4, 20, (2, 3)), torch.randint(4, 20, (2, 5))
    readouts = []
    for run in (model.forward, lambda *batch: model.forward_sampled(*batch, 0.0)):
        torch.manual_seed(3)
        readouts.append(run(source, None, target))
    torch.testing.assert_close(*readouts)
    copy.deepcopy(model)  # nothing of a sequence is left in the model


@pytest.mark.parametrize("sampled", [False, True])
def test_recurrent_dropout_is_drawn_once_a_sentence(monkeypatch: pytest.MonkeyPatch, sampled: bool) -> None:
    """Also where the decoder loops over time: once for each layer and direction, however long the target."""
    dropout = DropoutConfig(0.0, 0.0, 0.5, 0.0, 0.0)
    model = Seq2Seq(tiny_model_config(cell="gru", input_feeding=not sampled, dropout=dropout)).train()
    draws: list[int] = []

    def counted(weight: Tensor, p: float) -> Tensor:
        draws.append(weight.numel())
        return nn.functional.dropout(weight, p)

    monkeypatch.setattr(recurrent, "functional", SimpleNamespace(dropout=counted))
    source = torch.randint(4, 20, (2, 3))
    counts = []
    for length in (2, 7):
        draws.clear()
        target = torch.randint(4, 20, (2, length))
        if sampled:
            model.forward_sampled(source, None, target, 0.5)
        else:
            model(source, None, target)
        counts.append(len(draws))
    assert counts == [2 * 2 + 2] * 2  # two bidirectional encoder layers, two decoder layers


@pytest.mark.parametrize("kind", ATTENTIONS[1:])
def test_attention_is_the_papers_formula(kind: str) -> None:
    torch.manual_seed(0)
    attention = Attention(AttentionConfig(kind, 2, 6), query_size=6, memory_size=6)  # type: ignore[arg-type]
    queries, memory = torch.randn(2, 3, 6), torch.randn(2, 5, 6)
    contexts, weights = attention(queries, attention.prepare(memory, None, memory[:, -1]))
    for row, query in itertools.product(range(2), range(3)):
        context, weight = by_hand(attention, queries[row, query], memory[row])
        torch.testing.assert_close(contexts[row, query], context, atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(weights[row, query], weight, atol=1e-5, rtol=1e-4)


def test_multihead_is_torchs_scaled_dot_product() -> None:
    attention = Attention(AttentionConfig("multihead", 2, 8), query_size=6, memory_size=10)
    queries, memory = torch.randn(2, 3, 6), torch.randn(2, 5, 10)
    mask = torch.tensor([[True] * 5, [True, True, False, False, False]])
    heads = [
        linear(x).unflatten(-1, (2, 4)).transpose(1, 2)
        for linear, x in ((attention.query, queries), (attention.key, memory), (attention.value, memory))
    ]
    expected = (
        nn.functional.scaled_dot_product_attention(*heads, attn_mask=mask[:, None, None]).transpose(1, 2).flatten(2)
    )
    contexts, _ = attention(queries, attention.prepare(memory, mask, memory[:, -1]))
    torch.testing.assert_close(contexts, expected)


def test_tied_embeddings_are_one_matrix() -> None:
    tied = Seq2Seq(tiny_model_config(tied_embeddings="all"))
    assert tied.output.weight is tied.target_embedding.weight is tied.source_embedding.weight
    target = Seq2Seq(tiny_model_config(tied_embeddings="target"))
    assert target.output.weight is target.target_embedding.weight is not target.source_embedding.weight
    loose = Seq2Seq(tiny_model_config(tied_embeddings="none"))
    assert loose.output.weight is not loose.target_embedding.weight


def test_word_dropout_removes_whole_pieces() -> None:
    embedding = PieceEmbedding(20, tiny_model_config(dropout=DropoutConfig(0.0, 0.0, 0.0, 0.0, 0.5))).train()
    torch.manual_seed(0)
    embedded = embedding(sentences(40, 25))
    empty = (embedded == 0).all(-1)
    assert ((embedded == 0).any(-1) == empty).all()
    assert 0.4 < empty.float().mean() < 0.6
    assert not (embedding.eval()(sentences(40, 25)) == 0).all(-1).any()


def test_scheduled_sampling_mixes_in_own_guesses() -> None:
    model = build(tiny_model_config())
    source, target = sentences(4, 5), sentences(4, 6, seed=3)
    with torch.inference_mode():
        forced = model(source, None, target)
        torch.testing.assert_close(model.forward_sampled(source, None, target, 0.0), forced, atol=1e-5, rtol=1e-4)
        own = model.forward_sampled(source, None, target, 1.0)
        # With every input its own, what the gold says after BOS no longer matters.
        other = torch.cat([target[:, :1], sentences(4, 5, seed=9)], dim=1)
        torch.testing.assert_close(model.forward_sampled(source, None, other, 1.0), own)
    assert not torch.allclose(own, forced)
