"""The equations of the simple RNN, the LSTM and the GRU, one step at a time, for reading and for diagnostics.

Training and translating use torch's fused kernels (`nmt.network.recurrent`).  These functions take the same weights
(`Weights.of`), give the same results, and also return the activation of every gate, which the kernels do not return.
Each is differentiable with respect to every tensor argument.

In the equations x is the input, h the state before the step and h' after it, σ the logistic function, and ⊙ the
elementwise product.  Names in Spanish: state, estado; gate, puerta (or compuerta); cell, celda.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from nmt.config import Cell
from nmt.network.recurrent import State
from nmt.network.state_update import gru_state, lstm_state


class Weights(NamedTuple):
    """The weights of one layer in one direction.  The rows of the gates are in torch's order, for an LSTM input,
    forget, candidate, output, for a GRU reset, update, candidate; a simple RNN has one block of rows."""

    input: Tensor  # W [gates * hidden, input_size]
    recurrent: Tensor  # U [gates * hidden, hidden]
    input_bias: Tensor  # b [gates * hidden]
    recurrent_bias: Tensor  # d [gates * hidden]; not added to b because the GRU's reset gate multiplies it

    @classmethod
    def of(cls, module: nn.RNNBase | nn.RNNCellBase, layer: int = 0, backward: bool = False) -> Weights:
        """The weights of a torch cell, or of layer `layer` (0 is the bottom) of a torch RNN in one direction.

        They are not copied, so that gradients reach the module's parameters.  Raises ValueError for modules that
        these equations do not describe, those with ReLU and LSTMs with projections."""
        if getattr(module, "nonlinearity", "tanh") != "tanh" or getattr(module, "proj_size", 0):
            raise ValueError(f"{module}: a module with tanh and without projections is needed")
        suffix = "" if isinstance(module, nn.RNNCellBase) else f"_l{layer}{'_reverse' * backward}"
        weight, recurrent = getattr(module, f"weight_ih{suffix}"), getattr(module, f"weight_hh{suffix}")
        if not module.bias:
            return cls(weight, recurrent, weight.new_zeros(len(weight)), weight.new_zeros(len(weight)))
        return cls(weight, recurrent, getattr(module, f"bias_ih{suffix}"), getattr(module, f"bias_hh{suffix}"))


class Step(NamedTuple):
    """The result of one step."""

    state: State  # (h',) or, of an LSTM, (h', c'); each [..., hidden]
    gates: dict[str, Tensor]  # name -> activation [..., hidden]; a simple RNN has none


class Trace(NamedTuple):
    """The states, outputs and gates of a layer over a sequence."""

    states: list[State]  # in the order of reading; len + 1, since the initial state is the first
    outputs: Tensor  # [batch, len, hidden], h' at every position, in the order of the inputs
    gates: dict[str, Tensor]  # name -> activations [batch, len, hidden], in the order of the inputs


# x [..., input_size], each part of the state [..., hidden] -> one step
CellStep = Callable[[Tensor, State, Weights], Step]


def rnn_step(x: Tensor, state: State, weights: Weights) -> Step:
    """The simple (Elman) RNN, red recurrente simple (Elman 1990; Graves 2013, arXiv:1308.0850, eq. 1).

    h' = tanh(W x + b + U h + d)

    x [..., input_size]; state (h,) [..., hidden]
    """
    of_input, of_state = _maps(x, state[0], weights)
    return Step((torch.tanh(of_input + of_state),), {})


def lstm_step(x: Tensor, state: State, weights: Weights) -> Step:
    """Long short-term memory, memoria larga a corto plazo (Hochreiter & Schmidhuber 1997; the forget gate: Gers et
    al. 2000; Graves 2013, arXiv:1308.0850, eqs. 7–11, here as in torch without the "peepholes" from the cell).

    i  = σ(W_i x + b_i + U_i h + d_i)     input      puerta de entrada: how much of the candidate is let in
    f  = σ(W_f x + b_f + U_f h + d_f)     forget     puerta de olvido: how much of the cell is kept
    g  = tanh(W_g x + b_g + U_g h + d_g)  candidate  candidato: what might be let in
    o  = σ(W_o x + b_o + U_o h + d_o)     output     puerta de salida: how much of the cell is shown
    c' = f ⊙ c + i ⊙ g                               celda de memoria: a sum, through which gradients last
    h' = o ⊙ tanh(c')                                estado oculto

    x [..., input_size]; state (h, c), each [..., hidden]
    """
    h, c = state
    of_input, of_state = _maps(x, h, weights)
    i, f, g, o = (of_input + of_state).chunk(4, dim=-1)
    i, f, g, o = torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)
    return Step(lstm_state(i, f, g, o, c, torch.tanh), {"input": i, "forget": f, "candidate": g, "output": o})


def gru_step(x: Tensor, state: State, weights: Weights, *, reset_after: bool = True, update_keeps: bool = True) -> Step:
    """The gated recurrent unit, unidad recurrente con puertas (Cho et al. 2014, arXiv:1406.1078v3, eqs. 5–8).

    r  = σ(W_r x + b_r + U_r h + d_r)            reset      puerta de reinicio: how much the candidate sees of h
    z  = σ(W_z x + b_z + U_z h + d_z)            update     puerta de actualización: how much of h stays (or goes)
    h~ = tanh(W_h x + b_h + r ⊙ (U_h h + d_h))   candidate  candidato: what h' would be with nothing kept
    h' = z ⊙ h + (1 − z) ⊙ h~                               estado oculto

    Papers and programs differ in two places.  The equations above, which are the default, are those of torch and cuDNN.
    reset_after   True: the reset gate acts after the recurrent product, as above (1406.1078v1), so that all
                  products can be one.  False: before it, h~ = tanh(W_h x + b_h + U_h (r ⊙ h) + d_h) (1406.1078v3,
                  eq. 8; Chung et al. 2014, arXiv:1412.3555, section 3.2; Bahdanau et al. 2015, appendix A.1.1).
                  No choice of weights turns one into the other.
    update_keeps  True: z is the share of h that stays, as above (1406.1078v3, eq. 7).  False: the share that is
                  replaced, h' = (1 − z) ⊙ h + z ⊙ h~ (Chung et al. and Bahdanau et al., and most of the
                  literature since).  They are one cell: 1 − σ(a) = σ(−a), so negate W_z, U_z, b_z and d_z.

    x [..., input_size]; state (h,) [..., hidden]
    """
    (h,) = state
    of_input, of_state = _maps(x, h, weights)
    (r_x, z_x, g_x), (r_h, z_h, g_h) = of_input.chunk(3, dim=-1), of_state.chunk(3, dim=-1)
    r, z = torch.sigmoid(r_x + r_h), torch.sigmoid(z_x + z_h)
    reset, keep = r, z if update_keeps else 1 - z
    if not reset_after:
        recurrent, bias = weights.recurrent.chunk(3)[2], weights.recurrent_bias.chunk(3)[2]
        reset, g_h = torch.ones_like(r), nn.functional.linear(r * h, recurrent, bias)
    after, candidate = gru_state(reset, keep, g_x, g_h, h, torch.tanh)
    return Step((after,), {"reset": r, "update": z, "candidate": candidate})


STEPS: dict[Cell, CellStep] = {"rnn": rnn_step, "lstm": lstm_step, "gru": gru_step}


def run(step: CellStep, inputs: Tensor, first: State, weights: Weights, backward: bool = False) -> Trace:
    """Run a cell over a sequence, step by step.

    step      one of `STEPS`, or functools.partial(gru_step, reset_after=False)
    inputs    [batch, len, input_size], without padding; len is at least 1
    first     the state before the first step, each part [batch, hidden]
    backward  begin at the end, as the backward direction of a bidirectional layer does

    Each state is a tensor of its own, so that a later state can be differentiated with respect to an earlier one.
    """
    steps: list[Step] = []
    for x in inputs.unbind(1)[::-1] if backward else inputs.unbind(1):
        steps.append(step(x, steps[-1].state if steps else first, weights))
    states = [first, *(done.state for done in steps)]
    in_order = steps[::-1] if backward else steps
    outputs = torch.stack([done.state[0] for done in in_order], dim=1)
    gates = {name: torch.stack([done.gates[name] for done in in_order], dim=1) for name in steps[0].gates}
    return Trace(states, outputs, gates)


def _maps(x: Tensor, h: Tensor, weights: Weights) -> tuple[Tensor, Tensor]:
    """W x + b and U h + d of all gates, [..., gates * hidden] each."""
    return (
        nn.functional.linear(x, weights.input, weights.input_bias),
        nn.functional.linear(h, weights.recurrent, weights.recurrent_bias),
    )
