"""8-bit integers in exported graphs: for the products of the decoder, and to store what is large.

Works on ONNX models alone, whatever they were made from.  Needs the extra `export`.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def quantise(model: onnx.ModelProto) -> None:
    """Constant matrices of products as 7-bit integers with a scale a column, the vectors multiplied with them as
    8-bit ones with a scale each, found while they come: what stands beside a sentence in its batch changes
    nothing.  (`onnxruntime.quantization` takes one scale for a whole batch.)

    7 bits, since processors without VNNI add two products in 16 bits: with 8 they would overflow."""
    graph, contrib = model.graph, "com.microsoft"
    constants = {tensor.name: tensor for tensor in graph.initializer}
    graph.initializer.extend([_constant("q_axis", np.array([-1])), _constant("q_one", np.float32(1 / 127)),
                              _constant("q_zero", np.uint8(128)), _constant("q_tiny", np.float32(1e-30))])  # fmt: skip
    nodes: list[Any] = []
    vectors: set[str] = set()  # already quantised: several matrices may take the same ones

    def add(operator: str, inputs: list[str], output: str, domain: str = "", **attributes: Any) -> None:
        nodes.append(helper.make_node(operator, inputs, [output], domain=domain, **attributes))

    for node in graph.node:
        if node.op_type != "MatMul" or node.input[1] not in constants:
            nodes.append(node)
            continue
        vector, matrix, output = node.input[0], node.input[1], node.output[0]
        if vector not in vectors:
            vectors.add(vector)
            add("Abs", [vector], f"{vector}_abs")
            add("ReduceMax", [f"{vector}_abs", "q_axis"], f"{vector}_max", keepdims=1)
            add("Max", [f"{vector}_max", "q_tiny"], f"{vector}_scale")  # a vector of zeros stays one
            add("Div", [vector, f"{vector}_scale"], f"{vector}_unit")
            add("QuantizeLinear", [f"{vector}_unit", "q_one", "q_zero"], f"{vector}_q")
        integers, scales = _to_integers(numpy_helper.to_array(constants[matrix]), axis=0, largest=63)
        graph.initializer.extend(
            [_constant(f"{matrix}_q", integers), _constant(f"{matrix}_scale", scales[0])]
        )
        product = [f"{vector}_q", f"{matrix}_q", "q_one", f"{matrix}_scale", "q_zero"]
        add("MatMulIntegerToFloat", product, f"{output}_unit", contrib)
        add("Mul", [f"{output}_unit", f"{vector}_scale"], output)
    _replace(graph.node, nodes)
    model.opset_import.append(helper.make_opsetid(contrib, 1))
    _drop_unused(graph)


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
