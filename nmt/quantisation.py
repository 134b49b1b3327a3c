"""8-bit integers in exported graphs: for the products of the decoder, and to store what is large.

Works on ONNX models alone, whatever they were made from.  Needs the extra `export`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CONTRIB = "com.microsoft"  # ONNX Runtime's own operators


def quantise(model: onnx.ModelProto, within_one: Callable[[str], bool] = lambda vector: False) -> None:
    """Constant matrices of products as 7-bit integers with a scale a column, the vectors multiplied with them as
    8-bit ones with a scale each, found while they come: what stands beside a sentence in its batch changes
    nothing.  (`onnxruntime.quantization` takes one scale for a whole batch.)

    7 bits, since processors without VNNI add two products in 16 bits: with 8 they would overflow.

    within_one  whether a vector, by name, has no value beyond ±1: then its scale is 1, which is less work"""
    graph = model.graph
    writer = _Writer(graph)
    biases = {node.input[0]: node for node in graph.node if node.op_type == "Add"}
    done: set[str] = set()  # outputs of additions that are part of a product now
    for node in graph.node:
        if node.output[0] in done:
            continue
        if node.op_type != "MatMul" or node.input[1] not in writer.constants:
            writer.nodes.append(node)
            continue
        vector, matrix, output = node.input[0], node.input[1], node.output[0]
        addition = biases.get(output)
        if within_one(vector) and addition is not None and addition.input[1] in writer.constants:
            done.add(addition.output[0])
            writer.product(vector, matrix, addition.output[0], bias=addition.input[1])
        else:
            writer.product(vector, matrix, output, scaled=not within_one(vector))
    _replace(graph.node, writer.nodes)
    model.opset_import.append(helper.make_opsetid(CONTRIB, 1))
    _drop_unused(graph)


class _Writer:
    """Nodes of a graph in order, products among them as those of integers."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self.graph = graph
        self.constants = {tensor.name: tensor for tensor in graph.initializer}
        self.nodes: list[Any] = []
        self.quantised: set[str] = set()  # several matrices may take the same vectors
        graph.initializer.extend(
            [
                _constant("q_axis", np.array([-1])),
                _constant("q_one", np.float32(1 / 127)),
                _constant("q_zero", np.uint8(128)),
                _constant("q_tiny", np.float32(1e-30)),
            ]
        )

    def product(
        self, vector: str, matrix: str, output: str, bias: str | None = None, scaled: bool = False
    ) -> None:
        """vector @ matrix + bias; `scaled`: the vector is divided by its greatest value before, and multiplied
        after."""
        if vector not in self.quantised:
            self.quantised.add(vector)
            self._quantise_vector(vector, scaled)
        integers, scales = _to_integers(numpy_helper.to_array(self.constants[matrix]), axis=0, largest=63)
        self.graph.initializer.extend(
            [_constant(f"{matrix}_q", integers), _constant(f"{matrix}_scale", scales[0])]
        )
        inputs = [f"{vector}_q", f"{matrix}_q", "q_one", f"{matrix}_scale", "q_zero"]
        inputs += [] if bias is None else ["", bias]  # "": the matrix has no zero point
        self._add("MatMulIntegerToFloat", inputs, f"{output}_unit" if scaled else output, CONTRIB)
        if scaled:
            self._add("Mul", [f"{output}_unit", f"{vector}_scale"], output)

    def _quantise_vector(self, vector: str, scaled: bool) -> None:
        unit = vector
        if scaled:
            unit = f"{vector}_unit"
            self._add("Abs", [vector], f"{vector}_abs")
            self._add("ReduceMax", [f"{vector}_abs", "q_axis"], f"{vector}_max", keepdims=1)
            self._add("Max", [f"{vector}_max", "q_tiny"], f"{vector}_scale")  # a vector of zeros stays one
            self._add("Div", [vector, f"{vector}_scale"], unit)
        self._add("QuantizeLinear", [unit, "q_one", "q_zero"], f"{vector}_q")

    def _add(
        self, operator: str, inputs: list[str], output: str, domain: str = "", **attributes: Any
    ) -> None:
        self.nodes.append(helper.make_node(operator, inputs, [output], domain=domain, **attributes))


def compress(model: onnx.ModelProto) -> None:
    """What is still large is stored as 8-bit integers with a scale a row; loading the graph makes floats of it."""
    graph = model.graph
    nodes: list[Any] = []
    for tensor in list(graph.initializer):
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.ndim < 2 or values.size < 10_000:
            continue
        integers, scales = _to_integers(values, axis=-1, largest=127)
        name = tensor.name
        graph.initializer.extend([_constant(f"{name}_stored", integers), _constant(f"{name}_step", scales)])
        nodes.append(helper.make_node("Cast", [f"{name}_stored"], [f"{name}_cast"], to=TensorProto.FLOAT))
        nodes.append(helper.make_node("Mul", [f"{name}_cast", f"{name}_step"], [name]))
        graph.initializer.remove(tensor)
    _replace(graph.node, [*nodes, *graph.node])


def _to_integers(values: np.ndarray, axis: int, largest: int) -> tuple[np.ndarray, np.ndarray]:
    """values ≈ integers * scales, the greatest along `axis` being `largest`; the scales keep that axis."""
    scales = np.maximum(np.abs(values).max(axis=axis, keepdims=True), 1e-30) / largest
    return np.round(values / scales).astype(np.int8), scales.astype(np.float32)


def _constant(name: str, value: Any) -> Any:
    return numpy_helper.from_array(np.asarray(value), name)


def _replace(items: Any, new: list[Any]) -> None:
    new = [copy.deepcopy(item) for item in new]  # clearing would empty those that are in the graph
    del items[:]
    items.extend(new)


def _drop_unused(graph: onnx.GraphProto) -> None:
    used = {name for node in graph.node for name in node.input}
    _replace(graph.initializer, [tensor for tensor in graph.initializer if tensor.name in used])
