"""What happens inside recurrent layers: their inputs caught on the way, the gates worked out again from the weights.

Torch's fused kernels give out hidden states only; gates and memory cells come from the cell equations
(`nmt.network.cells`).  Choosing what to look at is the experiments' work.
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
    """One direction of one layer."""

    cell: Cell
    weights: Weights

    @property
    def units(self) -> int:
        return self.weights.recurrent.size(1)

    @property
    def state_size(self) -> int:
        """h, and of an LSTM h and c together."""
        return self.units * states_of(self.cell)

    def double(self) -> CellWeights:
        return CellWeights(self.cell, Weights(*(weight.double() for weight in self.weights)))


@dataclass(frozen=True)
class Trace:
    """One direction of a layer over one sequence, in the sequence's order (also where it was read backwards)."""

    hidden: Tensor  # [len, units]
    memory: Tensor | None  # [len, units], an LSTM's c
    gates: dict[str, Tensor]  # each [len, units]


@dataclass
class Caught:
    """What a recurrent layer read and gave out, over one sequence."""

    name: str  # "encoder layer 1"
    layer: RecurrentLayer
    inputs: list[Tensor] = field(default_factory=list)  # each call's [len, input_size]
    outputs: list[Tensor] = field(default_factory=list)  # each call's [len, hidden]
    first: State | None = None  # before the first call, each [directions, units]; None: zeros

    def directions(self) -> list[tuple[str, CellWeights, Tensor, State]]:
        """Of each direction its name, weights, inputs [len, input_size] in reading order, first state."""
        rnn = self.layer.rnn
        inputs = torch.cat(self.inputs)
        found = []
        for index, name in enumerate(("forward", "backward") if rnn.bidirectional else ("",)):
            weights = cell_weights(self.layer.cell, rnn, backward=index == 1)
            first = self.first or tuple(
                inputs.new_zeros(1 + rnn.bidirectional, weights.units)
                for _ in range(states_of(self.layer.cell))
            )
            state = tuple(part[index] for part in first)
            found.append((name, weights, inputs.flip(0) if name == "backward" else inputs, state))
        return found


@contextmanager
def catching(layers: dict[str, RecurrentLayer]) -> Iterator[list[Caught]]:
    """Within the block each layer's inputs and outputs are kept.  For one sequence at a time, without padding;
    several calls of a layer (a decoder's steps) are one sequence."""
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
    """All of a model's by name; a convolutional encoder has none."""
    halves = {"encoder": model.encoder.layers, "decoder": model.decoder.layers}
    return {
        f"{half} layer {number}": layer
        for half, layers in halves.items()
        for number, layer in enumerate(layers, start=1)  # type: ignore[arg-type]  # ModuleList forgets the type
        if isinstance(layer, RecurrentLayer)
    }


def cell_weights(cell: Cell, rnn: nn.RNNBase, backward: bool = False) -> CellWeights:
    """The weights of a single-layer torch module; not a copy."""
    return CellWeights(cell, Weights(*(weight.detach() for weight in Weights.of(rnn, backward=backward))))


def trace(weights: CellWeights, inputs: Tensor, first: State, backward: bool = False) -> Trace:
    """Run the equations over inputs [len, input_size], which are in reading order: `backward` puts the result
    into the order of the sequence again."""
    state = tuple(part[None] for part in first)
    done = run(STEPS[weights.cell], inputs[None], state, weights.weights)

    def in_order(values: Tensor) -> Tensor:
        return values.flip(0) if backward else values

    memory = torch.cat([state[1] for state in done.states[1:]]) if weights.cell == "lstm" else None
    gates = {name: in_order(values[0]) for name, values in done.gates.items()}
    return Trace(in_order(done.outputs[0]), None if memory is None else in_order(memory), gates)


def step(weights: CellWeights, inputs: Tensor, state: State) -> State:
    """One step of rows: inputs [rows, input_size], state each [rows, units] -> the next state."""
    return STEPS[weights.cell](inputs, state, weights.weights).state
