"""Activations inside recurrent layers: their inputs are recorded by hooks, and the gates are computed from them.

Torch's fused kernels return hidden states only, so that gates and memory cells are computed again by the equations in
`nmt.network.cells`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from nmt.config import Cell
from nmt.network.cells import STEPS, Weights, run
from nmt.network.model import Seq2Seq
from nmt.network.recurrent import RecurrentLayer, State, states_of


@dataclass(frozen=True)
class Direction:
    """One direction of a recurrent layer, with its inputs over one sequence."""

    name: str  # "encoder layer 1 backward"
    cell: Cell
    weights: Weights
    inputs: Tensor  # [len, input_size], in the order of the sequence
    first: State  # the initial state, each part [units]
    backward: bool = False  # whether it reads from the end of the sequence

    @classmethod
    def of(cls, name: str, layer: RecurrentLayer, inputs: Tensor, first: State, backward: bool = False) -> Direction:
        weights = Weights.of(layer.rnn, backward=backward)
        return cls(name, layer.cell, Weights(*(w.detach() for w in weights)), inputs, first, backward)

    @property
    def units(self) -> int:
        """The size of h."""
        return self.weights.recurrent.size(1)

    def series(self) -> dict[str, Tensor]:
        """The activations of each gate, then "hidden", and an LSTM's "memory": each [len, units], in the order of the
        sequence."""
        state = tuple(part[None] for part in self.first)
        done = run(STEPS[self.cell], self.inputs[None], state, self.weights, self.backward)
        found = {name: values[0] for name, values in done.gates.items()} | {"hidden": done.outputs[0]}
        if self.cell == "lstm":
            memory = torch.cat([after[1] for after in done.states[1:]])
            found["memory"] = memory.flip(0) if self.backward else memory
        return found


@dataclass
class Recording:
    """The inputs and outputs of a recurrent layer over one sequence."""

    name: str  # "encoder layer 1"
    layer: RecurrentLayer
    inputs: list[Tensor] = field(default_factory=list)  # of each call, [len, input_size]
    outputs: list[Tensor] = field(default_factory=list)  # of each call, [len, hidden]
    first: State | None = None  # before the first call, each part [directions, units]; None: zeros

    def record(self, rnn: nn.RNNBase, arguments: tuple, result: tuple) -> None:
        """Record one call of the layer; this is a forward hook of torch."""
        inputs, state = arguments
        if not self.inputs and state is not None:
            self.first = tuple(part[:, 0] for part in (state if isinstance(state, tuple) else (state,)))
        self.inputs.append(inputs[0])
        self.outputs.append(result[0][0])

    def directions(self) -> list[Direction]:
        """The only direction of the layer, or its forward and its backward direction."""
        rnn, inputs = self.layer.rnn, torch.cat(self.inputs)
        names = (f"{self.name} forward", f"{self.name} backward") if rnn.bidirectional else (self.name,)
        first = self.first or (inputs.new_zeros(len(names), rnn.hidden_size),) * states_of(self.layer.cell)
        return [
            Direction.of(name, self.layer, inputs, tuple(part[index] for part in first), backward=index == 1)
            for index, name in enumerate(names)
        ]


@contextmanager
def recording(layers: dict[str, RecurrentLayer]) -> Iterator[list[Recording]]:
    """Within the block, record the inputs and outputs of each layer over one sequence without padding.  Several calls
    of a layer (the steps of a decoder) are one sequence."""
    recordings = [Recording(name, layer) for name, layer in layers.items()]
    handles = [one.layer.rnn.register_forward_hook(one.record) for one in recordings]
    try:
        yield recordings
    finally:
        for handle in handles:
            handle.remove()


def recurrent_layers(model: Seq2Seq) -> dict[str, RecurrentLayer]:
    """The recurrent layers of a model by name, encoder first; a convolutional encoder has none."""
    halves = {"encoder": model.encoder.layers, "decoder": model.decoder.layers}
    return {
        f"{half} layer {number}": layer
        for half, layers in halves.items()
        for number, layer in enumerate(layers, start=1)  # type: ignore[arg-type]  # ModuleList forgets the type
        if isinstance(layer, RecurrentLayer)
    }
