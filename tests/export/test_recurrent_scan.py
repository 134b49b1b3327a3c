"""The exported form of recurrent layers computes what torch's fused kernels compute."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from nmt.config import Cell
from nmt.export.recurrent_scan import ScannedLayer, StepCell, reverse
from nmt.network.cells import Weights
from nmt.network.model import Seq2Seq
from nmt.network.recurrent import RecurrentLayer, State, states_of
from tests.conftest import tiny_model_config

SIZE, UNITS = 6, 4
CELLS: tuple[Cell, ...] = ("rnn", "gru", "lstm")


def layer(cell: Cell, bidirectional: bool = False) -> RecurrentLayer:
    """A layer with random weights and biases, each as large as the others."""
    torch.manual_seed(2)
    made = RecurrentLayer(cell, SIZE, UNITS * (1 + bidirectional), bidirectional)
    for parameter in made.parameters():
        nn.init.normal_(parameter, std=0.5)
    return made.requires_grad_(False)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_scanned_layer_is_the_fused_one(cell: Cell, bidirectional: bool) -> None:
    """Sentences of unlike length: every real position, and the last state of each."""
    fused, lengths = layer(cell, bidirectional), torch.tensor([5, 2, 1])
    inputs = torch.randn(3, 5, SIZE)
    expected, last = fused(inputs, lengths=lengths)
    found, (last_found,) = ScannedLayer(fused)(inputs, lengths)
    real = torch.arange(5) < lengths[:, None]
    torch.testing.assert_close(found * real[:, :, None], expected, atol=1e-6, rtol=0)
    torch.testing.assert_close(last_found, last[0], atol=1e-6, rtol=0)


def assert_same_step(cell: StepCell, inputs: Tensor, fused: RecurrentLayer, read: Tensor) -> None:
    state: State = tuple(torch.randn(2, 3, UNITS) for _ in range(states_of(fused.cell)))
    outputs, after = cell.step(inputs, state)
    expected, expected_state = fused.step(read, state)
    torch.testing.assert_close(outputs, expected, atol=1e-6, rtol=0)
    torch.testing.assert_close(after, expected_state, atol=1e-6, rtol=0)


@pytest.mark.parametrize("cell", CELLS)
def test_a_step_is_that_of_the_fused_layer(cell: Cell) -> None:
    fused, inputs = layer(cell), torch.randn(2, 3, SIZE)
    assert_same_step(StepCell(cell, Weights.of(fused.rnn)), inputs, fused, inputs)


@pytest.mark.parametrize("cell", CELLS)
def test_a_step_from_tokens_reads_their_vectors(cell: Cell) -> None:
    """The vector of a token is its embedding, scaled and normalised."""
    model = Seq2Seq(tiny_model_config(vocab=9, hidden=SIZE)).eval().requires_grad_(False)
    fused, tokens = layer(cell), torch.tensor([[1, 8, 3], [0, 5, 5]])
    read = model.decoder.norms[0](model.target_embedding(tokens))
    assert_same_step(StepCell(cell, Weights.of(fused.rnn), model), tokens, fused, read)


def test_sentences_are_reversed_and_padding_stays_behind_them() -> None:
    sequence = torch.tensor([[1, 4, 6], [2, 5, 0], [3, 0, 0]])[:, :, None]  # three sentences, each a column
    reversed_ = reverse(sequence, torch.tensor([3, 2, 1]))
    assert reversed_[:, :, 0].tolist() == [[3, 5, 6], [2, 4, 0], [1, 0, 0]]
