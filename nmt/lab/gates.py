"""What happens inside recurrent layers: their inputs are caught on the way, and the gates computed from them again.

Torch's fused kernels return hidden states only; gates and memory cells come from the equations in `nmt.network.cells`.
The experiments choose what to look at.
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
class CellWeights:
    """The kind of cell and the weights of one direction of one layer."""

    cell: Cell
    weights: Weights

    @property
    def units(self) -> int:
        return self.weights.recurrent.size(1)

    @property
    def state_size(self) -> int:
        """The size of h, and of an LSTM that of h and c together."""
        return self.units * states_of(self.cell)

    def double(self) -> CellWeights:
        return CellWeights(self.cell, Weights(*(weight.double() for weight in self.weights)))


@dataclass(frozen=True)
class Direction:
    """What one direction of a layer read over one sequence."""

    name: str  # "encoder layer 1 backward"
    weights: CellWeights
    inputs: Tensor  # [len, input_size], in the order of reading
    first: State  # the state before the first input, each part [units]
    backward: bool = False


@dataclass(frozen=True)
class Trace:
    """What one direction of a layer did over one sequence, in the order of the sequence even where it was read
    backwards."""

    hidden: Tensor  # [len, units]
    memory: Tensor | None  # [len, units], an LSTM's c
    gates: dict[str, Tensor]  # each [len, units]


@dataclass
class Caught:
    """What a recurrent layer read and returned over one sequence."""

    name: str  # "encoder layer 1"
    layer: RecurrentLayer
    inputs: list[Tensor] = field(default_factory=list)  # each call's [len, input_size]
    outputs: list[Tensor] = field(default_factory=list)  # each call's [len, hidden]
    first: State | None = None  # before the first call, each part [directions, units]; None: zeros

    def directions(self) -> list[Direction]:
        """The layer's one direction, or its forward and its backward one."""
        rnn, inputs, found = self.layer.rnn, torch.cat(self.inputs), []
        for index, way in enumerate((" forward", " backward") if rnn.bidirectional else ("",)):
            weights, backward = cell_weights(self.layer.cell, rnn, backward=index == 1), index == 1
            zeros = (inputs.new_zeros(1 + index, weights.units),) * states_of(self.layer.cell)
            state = tuple(part[index] for part in self.first or zeros)
            read = inputs.flip(0) if backward else inputs
            found.append(Direction(self.name + way, weights, read, state, backward))
        return found


@contextmanager
def catching(layers: dict[str, RecurrentLayer]) -> Iterator[list[Caught]]:
    """Within the block, keep each layer's inputs and outputs over one sequence without padding; several calls of a
    layer (a decoder's steps) are one sequence."""
    caught = [Caught(name, layer) for name, layer in layers.items()]
    handles = [one.layer.rnn.register_forward_hook(_keeper(one)) for one in caught]
    try:
        yield caught
    finally:
        for handle in handles:
            handle.remove()


def _keeper(caught: Caught):  # type: ignore[no-untyped-def]  # torch's hook
    def keep(module: nn.RNNBase, arguments: tuple, result: tuple) -> None:
        inputs, state = arguments
        if caught.first is None and not caught.inputs and state is not None:
            caught.first = tuple(part[:, 0] for part in (state if isinstance(state, tuple) else (state,)))
        caught.inputs.append(inputs[0])
        caught.outputs.append(result[0][0])

    return keep


def recurrent_layers(model: Seq2Seq) -> dict[str, RecurrentLayer]:
    """A model's recurrent layers by name, encoder first; a convolutional encoder has none."""
    halves = {"encoder": model.encoder.layers, "decoder": model.decoder.layers}
    return {
        f"{half} layer {number}": layer
        for half, layers in halves.items()
        for number, layer in enumerate(layers, start=1)  # type: ignore[arg-type]  # ModuleList forgets the type
        if isinstance(layer, RecurrentLayer)
    }


def cell_weights(cell: Cell, rnn: nn.RNNBase, backward: bool = False) -> CellWeights:
    """The weights of a single-layer torch module, not copied."""
    return CellWeights(cell, Weights(*(weight.detach() for weight in Weights.of(rnn, backward=backward))))


def trace(direction: Direction) -> Trace:
    """Run the equations over what a direction of a layer read."""
    cell, state = direction.weights.cell, tuple(part[None] for part in direction.first)
    done = run(STEPS[cell], direction.inputs[None], state, direction.weights.weights)

    def in_order(values: Tensor) -> Tensor:
        return values.flip(0) if direction.backward else values

    memory = in_order(torch.cat([state[1] for state in done.states[1:]])) if cell == "lstm" else None
    gates = {name: in_order(values[0]) for name, values in done.gates.items()}
    return Trace(in_order(done.outputs[0]), memory, gates)


def step(weights: CellWeights, inputs: Tensor, state: State) -> State:
    """One step of rows: inputs [rows, input_size], each part of the state [rows, units] -> the next state."""
    return STEPS[weights.cell](inputs, state, weights.weights).state
