"""Recurrent layers and cells as they are exported.

The decoder does one step at a time, in which each gate is one linear map of the concatenated input and state
(`StepCell`).  The encoder reads whole sentences: the products of each gate with the inputs are computed for all
positions at once, and a scan over the positions adds the products with the state (`ScannedLayer`).  Both consist of
products with constant matrices, which `nmt.export.quantization` quantizes, while ONNX's recurrent nodes would stay
float32.  The cell-state update is that of `nmt.network.state_update`.  Importing this module needs torch alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, library, nn
from torch._higher_order_ops.scan import scan
from torch.nn import functional

from nmt.config import Cell
from nmt.network.cells import Weights
from nmt.network.model import Seq2Seq
from nmt.network.recurrent import RecurrentLayer, State, states_of
from nmt.network.state_update import gru_state, lstm_state

CANDIDATE = 2  # the index of the GRU's candidate among its gates: reset, update, candidate


def next_state(
    cell: Cell, total: Callable[[int], Tensor], candidate: Callable[[], tuple[Tensor, Tensor]], state: State
) -> State:
    """One step of a cell: its state before the step, each part [..., units] -> its state after it.

    total      returns W x + b + U h + d [..., units] of the gate with this index, in torch's order
    candidate  for a GRU, returns W x + b and U h + d of the candidate separately"""
    if cell == "rnn":
        return (torch.tanh(total(0)),)
    if cell == "gru":
        reset, update = torch.sigmoid(total(0)), torch.sigmoid(total(1))
        return (gru_state(reset, update, *candidate(), state[0], torch.tanh)[0],)
    let_in, forget, output = (torch.sigmoid(total(gate)) for gate in (0, 1, 3))
    return lstm_state(let_in, forget, torch.tanh(total(2)), output, state[1], torch.tanh)


def gates_of(weights: Weights) -> list[Weights]:
    """The weights of each gate, in torch's order: W [units, size], U [units, units], b and d [units]."""
    units = weights.recurrent.size(1)
    return [Weights(*parts) for parts in zip(*(part.detach().split(units) for part in weights), strict=True)]


class ScannedLayer(nn.Module):
    """Replaces a `RecurrentLayer` of the encoder for the export."""

    def __init__(self, layer: RecurrentLayer) -> None:
        super().__init__()
        directions = (False, True) if layer.rnn.bidirectional else (False,)
        weights = [Weights.of(layer.rnn, backward=backward) for backward in directions]
        self.directions = nn.ModuleList(ScannedDirection(layer.cell, its_weights) for its_weights in weights)

    def forward(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, State]:
        """inputs [batch, len, size], lengths int64 [batch] -> outputs [batch, len, hidden], arbitrary on padding, and
        the last state of each sentence [directions, batch, units]."""
        sequence = inputs.transpose(0, 1)
        outputs, last = [], []
        for number, direction in enumerate(self.directions):
            read = direction(reverse(sequence, lengths) if number else sequence)
            reversed_read = reverse(read, lengths)
            outputs.append(reversed_read if number else read)
            last.append(reversed_read[:1])  # in the reversed sequence, the last position is the first
        return torch.cat(outputs, dim=-1).transpose(0, 1), (torch.cat(last),)


class ScannedDirection(nn.Module):
    """One direction of a layer: inputs [len, batch, size] in the order of reading -> states h [len, batch, units]."""

    def __init__(self, cell: Cell, weights: Weights) -> None:
        super().__init__()
        self.cell = cell
        gates = gates_of(weights)
        self.candidate_bias = None
        if cell == "gru":  # the reset gate multiplies U h + d of the candidate
            self.candidate_bias = nn.Parameter(gates[CANDIDATE].recurrent_bias)
            gates[CANDIDATE] = gates[CANDIDATE]._replace(recurrent_bias=torch.zeros(()))
        self.of_input = nn.ModuleList(linear(g.input, g.input_bias + g.recurrent_bias) for g in gates)
        self.of_state = nn.ParameterList(gate.recurrent.T.contiguous() for gate in gates)  # [units, units]

    def forward(self, inputs: Tensor) -> Tensor:
        matrices, candidate_bias = list(self.of_state), self.candidate_bias

        def step(state: Sequence[Tensor], at: Sequence[Tensor]) -> tuple[list[Tensor], Tensor]:
            def total(gate: int) -> Tensor:
                return state[0] @ matrices[gate] + at[gate]

            def candidate() -> tuple[Tensor, Tensor]:
                return at[CANDIDATE], state[0] @ matrices[CANDIDATE] + candidate_bias

            after = next_state(self.cell, total, candidate, tuple(state))
            return list(after), after[0].clone()  # `scan` does not accept the same tensor twice

        zeros = [inputs.new_zeros(inputs.size(1), len(matrices[0])) for _ in range(states_of(self.cell))]
        return scan(step, zeros, [of_input(inputs) for of_input in self.of_input])[1]


@library.custom_op("nmt::reverse", mutates_args=())
def reverse(sequence: Tensor, lengths: Tensor) -> Tensor:
    """sequence [len, batch, size] -> the same with each sentence reversed; padding stays at the end."""
    position = torch.arange(len(sequence))[:, None]
    source = torch.where(position < lengths, lengths - 1 - position, position)
    return sequence.take_along_dim(source[:, :, None], dim=0)


@reverse.register_fake
def _(sequence: Tensor, lengths: Tensor) -> Tensor:
    return torch.empty_like(sequence)


def reverse_node(sequence: Any, lengths: Any) -> Any:
    """`reverse` as an ONNX ReverseSequence node; a gather would take longer."""
    from onnxscript import opset20 as op

    return op.ReverseSequence(sequence, lengths, batch_axis=1, time_axis=0)


class TokenMap(nn.Module):
    """W x + b, where x is the input of the decoder's first layer for a token, looked up in a table over all tokens.
    ONNX Runtime computes the table when it loads the graph."""

    def __init__(self, weight: Tensor, bias: Tensor, model: Seq2Seq) -> None:
        super().__init__()
        self.embedding, self.norm = model.target_embedding, model.decoder.norms[0]
        self.linear = linear(weight, bias)

    def forward(self, tokens: Tensor) -> Tensor:
        vectors = self.norm(self.embedding.weight * self.embedding.scale)  # [vocab, embedding]
        return functional.embedding(tokens, self.linear(vectors))


class StepCell(nn.Module):
    """Replaces a `RecurrentLayer` of the decoder for the export; it does one step.

    by_token  the model, if the inputs are its tokens instead of vectors"""

    def __init__(self, cell: Cell, weights: Weights, by_token: Seq2Seq | None = None) -> None:
        super().__init__()
        self.cell, self.joined = cell, by_token is None
        gates = gates_of(weights)

        def of_input(weight: Tensor, bias: Tensor) -> nn.Module:
            return linear(weight, bias) if by_token is None else TokenMap(weight, bias, by_token)

        if cell == "gru":
            candidate = gates.pop(CANDIDATE)
            self.new_input = of_input(candidate.input, candidate.input_bias)
            self.new_state = linear(candidate.recurrent, candidate.recurrent_bias)
        biases = [gate.input_bias + gate.recurrent_bias for gate in gates]
        if self.joined:  # W x + U h is one product, [W, U] [x; h]
            joined = [torch.cat([gate.input, gate.recurrent], dim=1) for gate in gates]
            self.of_both = nn.ModuleList(map(linear, joined, biases))
        else:
            self.of_input = nn.ModuleList(map(of_input, [gate.input for gate in gates], biases))
            self.of_state = nn.ModuleList(linear(gate.recurrent) for gate in gates)

    def step(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        """inputs [batch, beam, input_size], or tokens int64 [batch, beam], and the state, each part
        [batch, beam, hidden] -> the next h and the next state, as `RecurrentLayer.step` returns them."""
        h = state[0]

        def total(gate: int) -> Tensor:
            if self.joined:
                return self.of_both[gate](torch.cat([inputs, h], dim=-1))
            return self.of_input[gate](inputs) + self.of_state[gate](h)

        after = next_state(self.cell, total, lambda: (self.new_input(inputs), self.new_state(h)), state)
        return after[0], after


def linear(weight: Tensor, bias: Tensor | None = None) -> nn.Linear:
    """A linear map with these weights [out, in] and this bias [out]."""
    made = nn.Linear(weight.size(1), weight.size(0), bias=bias is not None)
    made.load_state_dict({"weight": weight} if bias is None else {"weight": weight, "bias": bias})
    return made
