"""8-bit integers in exported graphs: for products with constant matrices, and to store what is large.

Works on ONNX models alone, whatever they were made from.  Needs the extra `export`.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CONTRIB = "com.microsoft"  # ONNX Runtime's own operators
# From so many columns on, one scale for all: at every product ONNX Runtime makes a list of the scales by column, which
# takes as long as a third of the product itself where the vectors are few.
MANY_COLUMNS = 4096
# The number that becomes 127 then: parts of what it would be in the median column, of which the best is taken, if its
# squared error is at most so many times that of a scale for each column.
ONE_FOR_ALL, ONE_IS_ENOUGH = np.linspace(1.0, 3.0, 17, dtype=np.float32), 4.0


def operands(model: onnx.ModelProto) -> list[str]:
    """The vectors that are multiplied with constant matrices, or the parts that such a vector is joined from; but
    for those inside a scan, which are states."""
    graph = model.graph
    constants, joins = {tensor.name for tensor in graph.initializer}, _joins(graph)
    found: dict[str, None] = {}  # in order

    def add(vector: str) -> None:
        if vector in joins:
            for part in joins[vector]:
                add(part)
        else:
            found[vector] = None

    for node in graph.node:
        if _is_product(node, constants):
            add(node.input[0])
    return list(found)


def quantise(model: onnx.ModelProto, bounds: Mapping[str, np.ndarray]) -> None:
    """Constant matrices of products as 8-bit integers with a scale a column (or one, see `to_integers`), the vectors
    multiplied with them as 8-bit ones whose steps are fixed beforehand: what stands beside a sentence in its batch
    changes nothing, and nothing is to be found out while translating.

    Processors without VNNI add the products of two neighbours in 16 bits.  So that these never overflow, two
    neighbouring weights of one sign add up to 128 at most.

    bounds  of every operand the greatest absolute value that counts, float32 [size]; what is beyond it is cut off.
            The states inside a scan (`nmt.export.recurrent_scan`) come out of tanh and never exceed 1.
    """
    graph = model.graph
    _Writer(graph, bounds).rewrite(graph)
    model.opset_import.append(helper.make_opsetid(CONTRIB, 1))
    _drop_unused(graph)


class _Writer:
    """Nodes of a graph in order, products among them as those of integers."""

    def __init__(self, graph: onnx.GraphProto, bounds: Mapping[str, np.ndarray]) -> None:
        self.graph, self.bounds, self.joins = graph, dict(bounds), _joins(graph)
        self.constants = {tensor.name: tensor for tensor in graph.initializer}
        self.nodes: list[Any] = []
        self.quantised: set[str] = set()  # several matrices may take the same vectors
        self._constant("q_step", np.float32(1 / 127))
        self._constant("q_zero", np.uint8(128))

    def rewrite(self, graph: onnx.GraphProto) -> None:
        """The products of a graph, and of the scans in it."""
        around, self.nodes = self.nodes, []
        additions = {node.input[0]: node for node in graph.node if node.op_type == "Add"}
        done: set[str] = set()  # outputs of additions that are part of a product now
        for node in graph.node:
            if node.output[0] in done:
                continue
            for body in _bodies(node):
                self.bounds |= {
                    n.input[0]: self._ones(n) for n in body.node if _is_product(n, self.constants)
                }
                self.rewrite(body)
            if not _is_product(node, self.constants):
                self.nodes.append(node)
                continue
            vector, matrix, output = node.input[0], node.input[1], node.output[0]
            addition = additions.get(output)
            if addition is not None and addition.input[1] in self.constants:
                done.add(addition.output[0])
                self.product(vector, matrix, addition.output[0], bias=addition.input[1])
            else:
                self.product(vector, matrix, output)
        replace(graph.node, self.nodes)
        self.nodes = around

    def _ones(self, product: Any) -> np.ndarray:
        return np.ones(self.constants[product.input[1]].dims[0], np.float32)

    def product(self, vector: str, matrix: str, output: str, bias: str | None = None) -> None:
        """vector @ matrix + bias"""
        bound = self._quantise_vector(vector)
        assert bound.ndim == 1
        integers, scale = to_integers(numpy_helper.to_array(self.constants[matrix]) * bound[:, None])
        # By its output, for one matrix may come after different vectors.
        self._constant(f"{output}_matrix", integers)
        self._constant(f"{output}_scale", scale)
        inputs = [f"{vector}_q", f"{output}_matrix", "q_step", f"{output}_scale", "q_zero"]
        inputs += [] if bias is None else ["", bias]  # "": the matrix has no zero point
        self._add("MatMulIntegerToFloat", inputs, output, CONTRIB)

    def _quantise_vector(self, vector: str) -> np.ndarray:
        """Writes `vector`_q, the vector in steps of its bounds / 127, and returns the bounds."""
        if vector in self.joins:
            parts = self.joins[vector]
            bound = np.concatenate([self._quantise_vector(part) for part in parts])
            if vector not in self.quantised:
                self._add("Concat", [f"{part}_q" for part in parts], f"{vector}_q", axis=-1)
        else:
            bound = self.bounds[vector]
            if vector not in self.quantised:
                unit = vector
                if (bound != 1).any():
                    unit = f"{vector}_unit"
                    self._constant(f"{vector}_per_bound", (1 / bound).astype(np.float32))
                    self._add("Mul", [vector, f"{vector}_per_bound"], unit)
                self._add("QuantizeLinear", [unit, "q_step", "q_zero"], f"{vector}_q")
        self.quantised.add(vector)
        return bound

    def _add(
        self, operator: str, inputs: list[str], output: str, domain: str = "", **attributes: Any
    ) -> None:
        self.nodes.append(helper.make_node(operator, inputs, [output], domain=domain, **attributes))

    def _constant(self, name: str, value: Any) -> None:
        self.graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))


def _is_product(node: Any, constants: Any) -> bool:
    return node.op_type == "MatMul" and node.input[1] in constants and node.input[0] not in constants


def _bodies(node: Any) -> list[Any]:
    return [attribute.g for attribute in node.attribute if attribute.type == onnx.AttributeProto.GRAPH]


def _read(graph: Any) -> Iterator[str]:
    """What the nodes of a graph read, and those of the graphs inside it."""
    for node in graph.node:
        yield from node.input
        for body in _bodies(node):
            yield from _read(body)


def _joins(graph: Any) -> dict[str, list[str]]:
    """Vectors that are others side by side."""
    nodes = [node for node in graph.node if node.op_type == "Concat"]
    return {n.output[0]: list(n.input) for n in nodes if helper.get_node_attr_value(n, "axis") == -1}


def compress(model: onnx.ModelProto) -> None:
    """What is still large is stored in 16 bits; loading the graph makes float32 of it."""
    graph = model.graph
    nodes: list[Any] = []
    for tensor in list(graph.initializer):
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.ndim < 2 or values.size < 10_000:
            continue
        stored = f"{tensor.name}_stored"
        graph.initializer.append(numpy_helper.from_array(values.astype(np.float16), stored))
        nodes.append(helper.make_node("Cast", [stored], [tensor.name], to=TensorProto.FLOAT))
        graph.initializer.remove(tensor)
    replace(graph.node, [*nodes, *graph.node])


def to_integers(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A matrix [in, out] ≈ integers * scale, int8 and float32; no two neighbours of one sign in a column exceed 128.

    The scale is one number for a matrix of `MANY_COLUMNS` if that loses little, else one for each column, [out].  What
    is lost is counted over the whole matrix: a column of small numbers may become coarse, but what it is multiplied
    to is small as well (a logit that hardly changes)."""
    pairs = np.pad(matrix, ((0, len(matrix) % 2), (0, 0))).reshape(-1, 2, matrix.shape[1])
    sides = pairs.clip(min=0), pairs.clip(max=0)
    sums = [np.abs(side).sum(axis=1, keepdims=True) + 1e-30 for side in sides]  # of neighbours of one sign
    greatest = np.maximum(*(side.max(axis=(0, 1)) for side in sums))  # [out]

    def rounded(largest: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Squared error, integers and scale, where `largest` becomes 127 and what is beyond it is cut off."""
        cut = sum(side * np.minimum(1, largest / of_both) for side, of_both in zip(sides, sums, strict=True))
        scale = (largest / 127).astype(np.float32)
        integers = np.round(cut / scale)
        return float(np.square(integers * scale - pairs).sum()), integers.astype(np.int8), scale

    error, integers, scale = rounded(greatest)
    if matrix.shape[1] >= MANY_COLUMNS:
        one = min((rounded(part * np.median(greatest)) for part in ONE_FOR_ALL), key=lambda found: found[0])
        if one[0] <= ONE_IS_ENOUGH * error:
            _, integers, scale = one
    return integers.reshape(-1, matrix.shape[1])[: len(matrix)], scale


def replace(items: Any, new: list[Any]) -> None:
    """The nodes (or constants) of a graph become these, some of which may be in it."""
    new = [copy.deepcopy(item) for item in new]  # clearing would empty those that are in the graph
    del items[:]
    items.extend(new)


def _drop_unused(graph: onnx.GraphProto) -> None:
    """Nodes and constants that nothing reads any more."""
    outputs = {output.name for output in graph.output}
    while True:
        used = outputs | set(_read(graph))
        kept = [node for node in graph.node if used.intersection(node.output)]
        if len(kept) == len(graph.node):
            break
        replace(graph.node, kept)
    replace(graph.initializer, [tensor for tensor in graph.initializer if tensor.name in used])
