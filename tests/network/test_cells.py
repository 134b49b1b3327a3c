"""The equations against torch's modules, ONNX's reference, and the papers written out; forward and backward."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from nmt.network.cells import STEPS, Trace, Weights, gru_step, lstm_step, run
from nmt.network.recurrent import State, states_of

INPUT, HIDDEN, BATCH, LENGTH = 5, 4, 3, 9
CELLS: dict[str, Callable[..., nn.RNNCellBase]] = {
    "rnn": nn.RNNCell,
    "lstm": nn.LSTMCell,
    "gru": nn.GRUCell,
}
KERNELS: dict[str, Callable[..., nn.RNNBase]] = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
GRUS = list(itertools.product((True, False), repeat=2))  # reset_after, update_keeps
close = partial(torch.testing.assert_close, atol=1e-10, rtol=1e-10)


@pytest.fixture(autouse=True)
def double_precision():  # type: ignore[no-untyped-def]
    torch.manual_seed(0)
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def beginning(cell: str) -> tuple[Tensor, State]:
    """Random inputs and a random first state, that gradients are wanted of."""
    first = tuple(
        torch.randn(BATCH, HIDDEN, requires_grad=True)
        for _ in range(states_of(cell))  # type: ignore[arg-type]
    )
    return torch.randn(BATCH, LENGTH, INPUT, requires_grad=True), first


def gradients(outputs: Tensor, last: State, by: list[Tensor]) -> tuple[Tensor, ...]:
    """Of a sum in which every number counts otherwise."""
    parts = (outputs, *last)
    random = torch.Generator().manual_seed(5)
    total = sum((part * torch.randn(part.shape, generator=random)).sum() for part in parts)
    return torch.autograd.grad(total, by)  # type: ignore[arg-type]


def assert_same(ours: tuple[Tensor, State], theirs: tuple[Tensor, State], by: list[Tensor]) -> None:
    """Outputs, last states, and the gradients by all of `by`."""
    close(ours, theirs)
    close(gradients(*ours, by), gradients(*theirs, by))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("cell", CELLS)
def test_steps_are_those_of_torchs_cells(cell: str, bias: bool) -> None:
    module = CELLS[cell](INPUT, HIDDEN, bias=bias)
    inputs, first = beginning(cell)
    state, outputs = first, []
    for x in inputs.unbind(1):
        after = module(x, state if cell == "lstm" else state[0])
        state = after if cell == "lstm" else (after,)
        outputs.append(state[0])
    ours = run(STEPS[cell], inputs, first, Weights.of(module))  # type: ignore[index]
    by = [inputs, *first, *module.parameters()]
    assert len(by) == 1 + len(first) + (4 if bias else 2)
    assert_same((ours.outputs, ours.states[-1]), (torch.stack(outputs, 1), state), by)


@pytest.mark.parametrize("cell", KERNELS)
def test_layers_in_both_directions_are_torchs_fused_ones(cell: str) -> None:
    """Two bidirectional layers, put together from one trace for each layer and direction."""
    module = KERNELS[cell](INPUT, HIDDEN, num_layers=2, bidirectional=True, batch_first=True)
    inputs = torch.randn(BATCH, LENGTH, INPUT, requires_grad=True)
    first = tuple(
        torch.randn(4, BATCH, HIDDEN, requires_grad=True)
        for _ in range(states_of(cell))  # type: ignore[arg-type]
    )
    outputs, last = module(inputs, first if cell == "lstm" else first[0])

    below, ends = inputs, []
    for layer in range(2):
        traces = [
            run(
                STEPS[cell],  # type: ignore[index]
                below,
                tuple(part[2 * layer + backward] for part in first),
                Weights.of(module, layer, bool(backward)),
                bool(backward),
            )
            for backward in (0, 1)
        ]
        below = torch.cat([trace.outputs for trace in traces], dim=-1)
        ends += [trace.states[-1] for trace in traces]
    ours = tuple(torch.stack(parts) for parts in zip(*ends, strict=True))
    theirs = last if cell == "lstm" else (last,)
    assert_same((below, ours), (outputs, theirs), [inputs, *first, *module.parameters()])


def gru_of_the_paper(
    x: np.ndarray, h: np.ndarray, module: nn.GRUCell, reset_after: bool, update_keeps: bool
) -> np.ndarray:
    """One unit of one row after the other, from Cho et al. 2014, eqs. 5-8, with biases."""
    w_r, w_z, w_h = module.weight_ih.detach().numpy().reshape(3, HIDDEN, INPUT)
    u_r, u_z, u_h = module.weight_hh.detach().numpy().reshape(3, HIDDEN, HIDDEN)
    b_r, b_z, b_h = module.bias_ih.detach().numpy().reshape(3, HIDDEN)
    d_r, d_z, d_h = module.bias_hh.detach().numpy().reshape(3, HIDDEN)

    def logistic(a: float) -> float:
        return 1 / (1 + np.exp(-a))

    after = np.empty_like(h)
    for row in range(len(x)):
        r = [logistic(w_r[j] @ x[row] + b_r[j] + u_r[j] @ h[row] + d_r[j]) for j in range(HIDDEN)]
        for j in range(HIDDEN):
            z = logistic(w_z[j] @ x[row] + b_z[j] + u_z[j] @ h[row] + d_z[j])
            recurrent = r[j] * (u_h[j] @ h[row] + d_h[j]) if reset_after else u_h[j] @ (r * h[row]) + d_h[j]
            candidate = np.tanh(w_h[j] @ x[row] + b_h[j] + recurrent)
            stays = z if update_keeps else 1 - z
            after[row, j] = stays * h[row, j] + (1 - stays) * candidate
    return after


@pytest.mark.parametrize("reset_after,update_keeps", GRUS)
def test_every_convention_of_the_gru_is_what_its_paper_says(reset_after: bool, update_keeps: bool) -> None:
    module = nn.GRUCell(INPUT, HIDDEN)
    inputs, first = beginning("gru")
    step = partial(gru_step, reset_after=reset_after, update_keeps=update_keeps)
    trace = run(step, inputs, first, Weights.of(module))
    h = first[0].detach().numpy()
    for x, state in zip(inputs.unbind(1), trace.states[1:], strict=True):
        h = gru_of_the_paper(x.detach().numpy(), h, module, reset_after, update_keeps)
        np.testing.assert_allclose(state[0].detach().numpy(), h, atol=1e-10, rtol=1e-10)


@pytest.mark.parametrize("reset_after", [True, False])
def test_both_places_of_the_reset_gate_are_onnxs(reset_after: bool) -> None:
    """The interchange format has both, and another library a reference of it."""
    onnx = pytest.importorskip("onnx")
    reference = pytest.importorskip("onnx.reference")
    module = nn.GRUCell(INPUT, HIDDEN)
    inputs, first = beginning("gru")
    node = onnx.helper.make_node(
        "GRU", ["x", "w", "u", "b", "", "h"], ["outputs"], hidden_size=HIDDEN, linear_before_reset=reset_after
    )
    infos = [onnx.helper.make_tensor_value_info(n, onnx.TensorProto.DOUBLE, None) for n in "xwubh"]
    output = onnx.helper.make_tensor_value_info("outputs", onnx.TensorProto.DOUBLE, None)
    graph = onnx.helper.make_graph([node], "gru", infos, [output])

    def in_order(parameter: Tensor) -> Tensor:
        """Torch's r, z, h as ONNX's z, r, h, of one direction."""
        r, z, h = parameter.detach().chunk(3)
        return torch.cat([z, r, h])[None]

    biases = torch.cat([in_order(module.bias_ih), in_order(module.bias_hh)], dim=1)
    feeds = {
        "x": inputs.transpose(0, 1),
        "w": in_order(module.weight_ih),
        "u": in_order(module.weight_hh),
        "b": biases,
        "h": first[0][None],
    }
    (theirs,) = reference.ReferenceEvaluator(onnx.helper.make_model(graph)).run(
        None, {name: tensor.detach().numpy() for name, tensor in feeds.items()}
    )
    ours = run(partial(gru_step, reset_after=reset_after), inputs, first, Weights.of(module))
    close(ours.outputs, torch.from_numpy(theirs[:, 0]).transpose(0, 1))


@pytest.mark.parametrize("reset_after", [True, False])
def test_negated_update_weights_turn_one_update_convention_into_the_other(reset_after: bool) -> None:
    inputs, first = beginning("gru")
    weights = Weights.of(nn.GRUCell(INPUT, HIDDEN))
    negated = Weights(*(torch.cat([part[:4], -part[4:8], part[8:]]) for part in weights))
    keeps = run(partial(gru_step, reset_after=reset_after), inputs, first, weights)
    replaces = run(partial(gru_step, reset_after=reset_after, update_keeps=False), inputs, first, negated)
    close(replaces.outputs, keeps.outputs)
    close(replaces.gates["update"], 1 - keeps.gates["update"])
    other = run(partial(gru_step, reset_after=reset_after, update_keeps=False), inputs, first, weights)
    assert (other.outputs - keeps.outputs).abs().max() > 0.01


@pytest.mark.parametrize("reset_after,update_keeps", GRUS)
def test_gradients_of_every_gru_are_finite_differences(reset_after: bool, update_keeps: bool) -> None:
    step = partial(gru_step, reset_after=reset_after, update_keeps=update_keeps)

    def outputs(inputs: Tensor, first: Tensor, *weights: Tensor) -> Tensor:
        return run(step, inputs, (first,), Weights(*weights)).outputs

    inputs, first = beginning("gru")
    assert torch.autograd.gradcheck(outputs, (inputs, *first, *Weights.of(nn.GRUCell(INPUT, HIDDEN))))


def test_the_place_of_the_reset_gate_matters_only_where_it_closes() -> None:
    """With r = 1 (a large bias) both are one cell; otherwise not."""
    inputs, first = beginning("gru")
    weights = Weights.of(nn.GRUCell(INPUT, HIDDEN))
    open_gate = weights._replace(input_bias=weights.input_bias + torch.tensor([60.0] * 4 + [0.0] * 8))
    for used, differ in ((weights, True), (open_gate, False)):
        before, after = (
            run(partial(gru_step, reset_after=place), inputs, first, used).outputs for place in (False, True)
        )
        assert ((before - after).abs().max() > 1e-3) == differ


def lstm_from_gates(before: State, gates: dict[str, Tensor]) -> State:
    c = gates["forget"] * before[1] + gates["input"] * gates["candidate"]
    return gates["output"] * torch.tanh(c), c


def gru_from_gates(before: State, gates: dict[str, Tensor]) -> State:
    return (gates["update"] * before[0] + (1 - gates["update"]) * gates["candidate"],)


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize(
    "cell,from_gates,names",
    [
        ("rnn", None, []),
        ("lstm", lstm_from_gates, ["input", "forget", "candidate", "output"]),
        ("gru", gru_from_gates, ["reset", "update", "candidate"]),
    ],
)
def test_gates_are_those_that_made_the_state(
    cell: str,
    from_gates: Callable[[State, dict[str, Tensor]], State] | None,
    names: list[str],
    backward: bool,
) -> None:
    inputs, first = beginning(cell)
    trace: Trace = run(
        STEPS[cell],  # type: ignore[index]
        inputs,
        first,
        Weights.of(CELLS[cell](INPUT, HIDDEN)),
        backward,
    )
    assert list(trace.gates) == names
    assert len(trace.states) == LENGTH + 1
    for name, activations in trace.gates.items():
        assert activations.shape == (BATCH, LENGTH, HIDDEN)
        assert activations.min() > (-1 if name == "candidate" else 0) and activations.max() < 1
    for number, (before, after) in enumerate(itertools.pairwise(trace.states)):
        position = LENGTH - 1 - number if backward else number
        close(trace.outputs[:, position], after[0])
        if from_gates:
            close(from_gates(before, {n: a[:, position] for n, a in trace.gates.items()}), after)


def test_a_state_can_be_differentiated_by_an_earlier_one() -> None:
    """What the memory plot is made of; by the chain rule, step by step."""
    inputs, first = beginning("gru")
    weights = Weights.of(nn.GRUCell(INPUT, HIDDEN))
    trace = run(gru_step, inputs, first, weights)

    def jacobian(later: int, earlier: int) -> Tensor:
        h = trace.states[later][0]
        rows = [
            torch.autograd.grad(h[0, unit], trace.states[earlier][0], retain_graph=True)[0][0] for unit in range(HIDDEN)
        ]
        return torch.stack(rows)

    close(jacobian(5, 2), jacobian(5, 4) @ jacobian(4, 3) @ jacobian(3, 2))


def test_one_step_of_a_batch_is_that_of_each_row() -> None:
    weights = Weights.of(nn.LSTMCell(INPUT, HIDDEN))
    inputs, first = beginning("lstm")
    whole = lstm_step(inputs[:, 0], first, weights)
    for row in range(BATCH):
        alone = lstm_step(inputs[row, 0], tuple(part[row] for part in first), weights)
        close(alone.state, tuple(part[row] for part in whole.state))


@pytest.mark.parametrize(
    "module",
    [nn.RNN(2, 3, nonlinearity="relu"), nn.LSTM(2, 3, proj_size=2), nn.RNNCell(2, 3, nonlinearity="relu")],
)
def test_modules_with_other_equations_are_refused(module: nn.RNNBase | nn.RNNCellBase) -> None:
    with pytest.raises(ValueError, match="tanh and without projections"):
        Weights.of(module)
