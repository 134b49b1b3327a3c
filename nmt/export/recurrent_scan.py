"""Recurrent nodes of an ONNX graph (RNN, LSTM, GRU) as scans over products and element-wise operations.

ONNX Runtime's recurrent nodes stay float32.  The products of a scan are products like all others, which
`nmt.export.quantization` makes 8-bit ones.  Works on ONNX models alone, and needs the extra `export`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from nmt.export.quantization import replace

GATES = {"RNN": "n", "GRU": "zrn", "LSTM": "iofg"}  # in ONNX's order
STATES = {"RNN": "h", "GRU": "h", "LSTM": "hc"}


def unroll(model: onnx.ModelProto) -> None:
    """Every recurrent node becomes a scan for each of its directions.

    The outputs are the node's, but for padding: where those are zero, the states go on here.  Needs nodes as
    `nmt.export.onnx_export` writes them: with constant weights, biases, lengths, no initial state, the reset gate of
    a GRU behind the product, and an LSTM's last cell not asked for."""
    graph = model.graph
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    read = {name for node in graph.node for name in node.input} | {out.name for out in graph.output}
    nodes: list[Any] = []
    for node in graph.node:
        if node.op_type in GATES:
            wants_last = bool(read.intersection(node.output[1:2]))
            _write_layer(_Writer(graph, nodes, node.output[0]), node, constants, wants_last)
        else:
            nodes.append(node)
    replace(graph.node, nodes)


class _Writer:
    """Adds nodes to a list, and constants to a graph, under names that begin alike."""

    def __init__(self, graph: onnx.GraphProto, nodes: list[Any], name: str) -> None:
        self.graph, self.nodes, self.name = graph, nodes, name

    def node(self, operator: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """Adds a node; the name of its (first) output."""
        output = output or f"{self.name}_{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def constant(self, value: Any, name: str) -> str:
        name = f"{self.name}_{name}"
        self.graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name


def _write_layer(write: _Writer, node: Any, constants: dict[str, np.ndarray], wants_last: bool) -> None:
    """inputs [len, batch, size] -> states [len, directions, batch, units], and the last of each sentence
    [directions, batch, units]"""
    kind, inputs, units = node.op_type, node.input[0], constants[node.input[2]].shape[-1]
    lengths = write.node("Cast", node.input[4], to=TensorProto.INT64)
    batch = write.node("Shape", inputs, start=1, end=2)
    shape = write.node("Concat", batch, write.constant(np.array([units]), "units"), axis=0)
    zeros = write.node("ConstantOfShape", shape)  # [batch, units]

    def reverse(sequence: str) -> str:
        """Each sentence back to front; its padding stays behind it."""
        return write.node("ReverseSequence", sequence, lengths, batch_axis=1, time_axis=0)

    # Of each direction [len, batch, units], as it is read and back to front.
    read, reversed_ = [], []
    for direction, weights in enumerate(zip(*(constants[name] for name in node.input[1:4]), strict=True)):
        scan = _Writer(write.graph, write.nodes, f"{write.name}_{'fb'[direction]}")
        read.append(_write_scan(scan, kind, weights, reverse(inputs) if direction else inputs, zeros))
        reversed_.append(reverse(read[-1]) if direction or wants_last else "")
    axis, start = write.constant(np.array([1]), "axis"), write.constant(np.array([0]), "start")
    sides = [write.node("Unsqueeze", states, axis) for states in (read[0], *reversed_[1:])]
    write.node("Concat", *sides, output=node.output[0], axis=1)
    if wants_last:  # back to front they come first
        ends = [write.node("Gather", states, start, axis=0) for states in reversed_]  # each [1, batch, units]
        write.node("Concat", *ends, output=node.output[1], axis=0)


def _write_scan(write: _Writer, kind: str, weights: tuple[np.ndarray, ...], inputs: str, zeros: str) -> str:
    """One direction over inputs [len, batch, size], in the order of reading: its states [len, batch, units].

    weights: W [gates * units, size], U [gates * units, units], biases [2 * gates * units], those of W first"""
    gates, units = GATES[kind], weights[1].shape[-1]
    of_input, of_state = (dict(zip(gates, np.split(w, len(gates)), strict=True)) for w in weights[:2])
    biases, own = (dict(zip(gates, np.split(b, len(gates)), strict=True)) for b in np.split(weights[2], 2))
    for gate in gates:
        if (kind, gate) != ("GRU", "n"):  # whose reset gate acts on U h + d alone
            biases[gate] = biases[gate] + own.pop(gate)
    given = []
    for gate in gates:
        product = write.node("MatMul", inputs, write.constant(of_input[gate].T, f"w_{gate}"))
        given.append(write.node("Add", product, write.constant(biases[gate], f"b_{gate}")))

    body = _Writer(write.graph, [], f"{write.name}_body")
    before = [f"{body.name}_{state}" for state in STATES[kind]]
    at = {gate: f"{body.name}_{gate}" for gate in gates}  # W x + b at one position

    def recur(gate: str) -> str:
        product = body.node("MatMul", before[0], body.constant(of_state[gate].T, f"u_{gate}"))
        return body.node("Add", product, body.constant(own[gate], f"d_{gate}")) if gate in own else product

    def total(gate: str, function: str) -> str:
        return body.node(function, body.node("Add", recur(gate), at[gate]))

    if kind == "RNN":
        after = [total("n", "Tanh")]
    elif kind == "GRU":
        update, reset = total("z", "Sigmoid"), total("r", "Sigmoid")
        new = body.node("Tanh", body.node("Add", body.node("Mul", reset, recur("n")), at["n"]))
        kept = body.node("Mul", update, body.node("Sub", before[0], new))
        after = [body.node("Add", kept, new)]
    else:
        let_in, output, forget = (total(gate, "Sigmoid") for gate in "iof")
        kept = body.node("Mul", forget, before[1])
        cell = body.node("Add", kept, body.node("Mul", let_in, total("g", "Tanh")))
        after = [body.node("Mul", output, body.node("Tanh", cell)), cell]
    shown = body.node("Identity", after[0])

    states, ends = f"{write.name}_states", [f"{write.name}_end_{state}" for state in STATES[kind]]
    graph = helper.make_graph(
        body.nodes, body.name, _rows([*before, *at.values()], units), _rows([*after, shown], units)
    )
    write.nodes.append(
        helper.make_node(
            "Scan", [*[zeros] * len(before), *given], [*ends, states], body=graph, num_scan_inputs=len(given)
        )
    )
    return states


def _rows(names: list[str], units: int) -> list[Any]:
    return [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, units]) for name in names]
