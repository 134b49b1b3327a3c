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
class Direction:
    """One direction of a recurrent layer, and what it read over one sequence."""

    name: str  # "encoder layer 1 backward"
    cell: Cell
    weights: Weights
    inputs: Tensor  # [len, input_size], in the order of the sequence
    first: State  # the state before anything is read, each part [units]
    backward: bool = False  # it reads from the end of the sequence

    @classmethod
    def of(
        cls, name: str, layer: RecurrentLayer, inputs: Tensor, first: State, backward: bool = False
    ) -> Direction:
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
class Caught:
    """What a recurrent layer read and returned over one sequence."""

    name: str  # "encoder layer 1"
    layer: RecurrentLayer
    inputs: list[Tensor] = field(default_factory=list)  # each call's [len, input_size]
    outputs: list[Tensor] = field(default_factory=list)  # each call's [len, hidden]
    first: State | None = None  # before the first call, each part [directions, units]; None: zeros

    def keep(self, rnn: nn.RNNBase, arguments: tuple, result: tuple) -> None:
        """Remember one call of the layer: a hook of torch's."""
        inputs, state = arguments
        if not self.inputs and state is not None:
            self.first = tuple(part[:, 0] for part in (state if isinstance(state, tuple) else (state,)))
        self.inputs.append(inputs[0])
        self.outputs.append(result[0][0])

    def directions(self) -> list[Direction]:
        """The layer's one direction, or its forward and its backward one."""
        rnn, inputs = self.layer.rnn, torch.cat(self.inputs)
        ways = ("forward", "backward") if rnn.bidirectional else ("",)
        zeros = (inputs.new_zeros(len(ways), rnn.hidden_size),) * states_of(self.layer.cell)
        return [
            Direction.of(
                f"{self.name} {way}".strip(),
                self.layer,
                inputs,
                tuple(part[index] for part in self.first or zeros),
                backward=index == 1,
            )
            for index, way in enumerate(ways)
        ]


@contextmanager
def catching(layers: dict[str, RecurrentLayer]) -> Iterator[list[Caught]]:
    """Within the block, keep each layer's inputs and outputs over one sequence without padding; several calls of a
    layer (a decoder's steps) are one sequence."""
    caught = [Caught(name, layer) for name, layer in layers.items()]
    handles = [one.layer.rnn.register_forward_hook(one.keep) for one in caught]
    try:
        yield caught
    finally:
        for handle in handles:
            handle.remove()


def recurrent_layers(model: Seq2Seq) -> dict[str, RecurrentLayer]:
    """A model's recurrent layers by name, encoder first; a convolutional encoder has none."""
    halves = {"encoder": model.encoder.layers, "decoder": model.decoder.layers}
    return {
        f"{half} layer {number}": layer
        for half, layers in halves.items()
        for number, layer in enumerate(layers, start=1)  # type: ignore[arg-type]  # ModuleList forgets the type
        if isinstance(layer, RecurrentLayer)
    }
