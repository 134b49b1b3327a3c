"""One recurrent layer, over a whole sequence on torch's fused kernels, or for one step.

Stacking, residuals and attention are in `nmt.network.encoder` and `nmt.network.decoder`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from nmt.config import Cell

# The state of a layer between two steps: (h,) for a simple RNN or GRU, (h, c) for an LSTM.
State = tuple[Tensor, ...]

_KERNELS: dict[Cell, Callable[..., nn.RNNBase]] = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


def states_of(cell: Cell) -> int:
    """The number of tensors in one layer's state."""
    return 2 if cell == "lstm" else 1


class RecurrentLayer(nn.Module):
    """A single layer in one or both directions.

    Recurrent dropout sets entries of the recurrent weight matrix to zero, the same ones at every step of a sequence
    (DropConnect: Merity et al. 2018, "Regularizing and Optimizing LSTM Language Models", section 2).  Unlike dropout
    on the state, it works with the fused kernels."""

    def __init__(
        self,
        cell: Cell,
        input_size: int,
        hidden: int,
        bidirectional: bool = False,
        recurrent_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.cell = cell
        self.recurrent_dropout = recurrent_dropout
        self._fixed: dict[str, Tensor] | None = None  # the recurrent weights within `same_dropout`
        units = hidden // 2 if bidirectional else hidden
        self.rnn = _KERNELS[cell](input_size, units, batch_first=True, bidirectional=bidirectional)
        self._initialise(units)

    def _initialise(self, units: int) -> None:
        for name, parameter in self.rnn.named_parameters():
            if name.startswith("bias"):
                nn.init.zeros_(parameter)
                if self.cell == "lstm" and name.startswith("bias_ih"):
                    # An open forget gate lets gradients through from the start (Jozefowicz et al. 2015).
                    parameter.data[units : 2 * units] = 1.0
            else:
                initialise = nn.init.orthogonal_ if name.startswith("weight_hh") else nn.init.xavier_uniform_
                for gate in parameter.data.split(units):
                    initialise(gate)

    def forward(
        self, inputs: Tensor, state: State | None = None, lengths: Tensor | None = None
    ) -> tuple[Tensor, State]:
        """Run the layer over a sequence.

        inputs   [batch, len, input_size]
        state    the initial state, each part [directions, batch, units]; None: zeros
        lengths  int64 [batch], the number of real positions of each row; None: all are real, which is faster
        Returns outputs [batch, len, hidden] (zeros after a row's length) and the state after its last position.
        """
        if lengths is None:
            return self._run(inputs, state)
        packed = pack_padded_sequence(inputs, lengths.cpu(), batch_first=True, enforce_sorted=False)
        packed_outputs, last = self._run(packed, state)
        outputs, _ = pad_packed_sequence(packed_outputs, batch_first=True, total_length=inputs.size(1))
        return outputs, last

    @contextmanager
    def same_dropout(self) -> Iterator[None]:
        """Within the block recurrent dropout is drawn once, since all calls are steps of one sequence."""
        self._fixed = self._dropped()
        try:
            yield
        finally:
            self._fixed = None

    def _dropped(self) -> dict[str, Tensor]:
        """The recurrent weights after dropout, by parameter name; empty without dropout."""
        if not self.training or not self.recurrent_dropout:
            return {}
        return {
            name: functional.dropout(parameter, self.recurrent_dropout)
            for name, parameter in self.rnn.named_parameters()
            if name.startswith("weight_hh")
        }

    def step(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        """One step of every row.

        inputs [batch, beam, input_size], state each [batch, beam, hidden]; returns the same shapes.
        """
        batch, beam, _ = inputs.shape
        rows = tuple(part.reshape(1, batch * beam, -1) for part in state)
        outputs, last = self._run(inputs.reshape(batch * beam, 1, -1), rows)
        return outputs.view(batch, beam, -1), tuple(part.view(batch, beam, -1) for part in last)

    def _run(self, inputs, state: State | None):  # type: ignore[no-untyped-def]  # padded or packed
        hx = state if state is None or self.cell == "lstm" else state[0]
        if dropped := self._dropped() if self._fixed is None else self._fixed:
            outputs, last = torch.func.functional_call(self.rnn, dropped, (inputs, hx))
        else:
            outputs, last = self.rnn(inputs, hx)
        return outputs, last if isinstance(last, tuple) else (last,)
