"""The cell-state update of the LSTM and the GRU: the equations that give the next state from the gates.

Everything that runs a cell step by step shares them: the readable equations (`nmt.network.cells`), the exported graphs
(`nmt.export.recurrent_scan`) and the language identifier, which runs on NumPy (`nmt.language_id.identifier`).
Therefore they work on arrays of either library, and this module imports neither.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Array = TypeVar("Array")  # torch.Tensor or numpy.ndarray, [..., hidden]


def lstm_state(i: Array, f: Array, g: Array, o: Array, c: Array, tanh: Callable[[Array], Array]) -> tuple[Array, Array]:
    """The new state and memory cell of an LSTM.

    c' = f ⊙ c + i ⊙ g
    h' = o ⊙ tanh(c')

    i, f, o [..., hidden] are the activations of the input, forget and output gate, g the candidate, and c the memory
    cell before the step.
    """
    cell = f * c + i * g  # type: ignore[operator]  # arrays of either library multiply
    return o * tanh(cell), cell  # type: ignore[operator]


def gru_state(
    r: Array,
    z: Array,
    candidate_input: Array,
    candidate_state: Array,
    h: Array,
    tanh: Callable[[Array], Array],
) -> tuple[Array, Array]:
    """The new state and the candidate of a GRU.

    h~ = tanh(candidate_input + r ⊙ candidate_state)
    h' = h~ + z ⊙ (h − h~), which is z ⊙ h + (1 − z) ⊙ h~ with one product, as torch's kernels compute it

    r and z [..., hidden] are the activations of the reset and update gate, candidate_input is W_h x + b_h,
    candidate_state is U_h h + d_h, and h the state before the step.
    """
    candidate = tanh(candidate_input + r * candidate_state)  # type: ignore[operator]
    return candidate + z * (h - candidate), candidate  # type: ignore[operator]
