"""8-bit quantization of the products with constant matrices in ONNX graphs, and small storage of other large matrices.

It works on any ONNX model and needs the extra `export`.

It was compared with `onnxruntime.quantization` 1.31.1 on the model es-en of 9 million weights.  The table has the MB of
both graphs (all with `compress`), BLEU and chrF2 on the first 500 lines of two sets, and the processor time of single
sentences and of 500 at once, relative to this module's, on one core with AVX-512 VNNI, in alternating runs.

                                      MB    tatoeba-dev    newstest2011    one   500
    float32                         26.6   57.61  69.74   11.12  38.80   2.75  2.57
    this module                     18.4   57.74  69.72   11.00  38.86   1     1
    quantize_dynamic                17.5   57.67  69.84   11.16  38.82   0.95  1.03
    quantize_dynamic, per channel   17.6   57.35  69.65   11.10  38.82   1.05  1.00
    ... with weights of 7 bits      17.6   57.98  70.02   10.94  38.77   1.05  0.99
    quantize_static, per channel    19.3   57.51  69.72   11.12  38.81   1.16  1.15

The differences in quality are within chance.  So are those in speed, except for static scales, which leave the products
inside scans in float32.  Dynamic scales depend on the whole batch: 5 to 7 of 500 translations, and all scores, differed
between a batch and each sentence alone, while with this module none did.  On processors without VNNI, sums overflow 16
bits in 32 % of the results with scales per channel and in 0.1 % of those with one scale, unless weights have 7 bits.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CONTRIB = "com.microsoft"  # ONNX Runtime's own operators
# Matrices with at least this many columns get one scale if it is accurate enough.  With a scale per column, ONNX
# Runtime makes a list of them at every product, which for few vectors takes a third as long as the product itself.
MIN_COLUMNS_FOR_ONE_SCALE = 4096
# The candidates for the value that one scale maps to 127, as multiples of the median column's, and the greatest ratio
# of the best candidate's squared error to that of scales per column.
ONE_SCALE_CANDIDATES, MAX_ERROR_RATIO = np.linspace(1.0, 3.0, 17, dtype=np.float32), 4.0
MIN_COMPRESSED_VALUES = 10_000  # in a matrix that is stored in 16 bits


def operands(model: onnx.ModelProto) -> list[str]:
    """The names of the vectors that are multiplied with constant matrices; of a concatenation, the names of its parts.
    Those inside scans are left out, since they are states."""
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


def quantize(model: onnx.ModelProto, ranges: Mapping[str, np.ndarray]) -> None:
    """Quantize the products with constant matrices to 8-bit integers.

    A matrix has one scale, or one for each column (`to_integers`).  The scales of the vectors are fixed beforehand, so
    that the sentences of a batch do not influence each other, and no scales are computed while translating.

    ranges  for each of `operands` the largest absolute values, float32 [size]; greater values are clipped.  The states
            inside a scan (`nmt.export.recurrent_scan`) are outputs of tanh and never exceed 1."""
    _Quantizer(model.graph, ranges).rewrite(model.graph)
    model.opset_import.append(helper.make_opsetid(CONTRIB, 1))
    _drop_unused(model.graph)


class _Quantizer:
    """Rewrites the nodes of a graph in order, with 8-bit integers in its products."""

    def __init__(self, graph: onnx.GraphProto, ranges: Mapping[str, np.ndarray]) -> None:
        self.graph, self.ranges, self.joins = graph, dict(ranges), _joins(graph)
        self.constants = {tensor.name: tensor for tensor in graph.initializer}
        self.nodes: list[Any] = []
        self.quantized: set[str] = set()  # vectors; several matrices may be multiplied with the same one
        self._constant("q_step", np.float32(1 / 127))
        self._constant("q_zero", np.uint8(128))

    def rewrite(self, graph: onnx.GraphProto) -> None:
        """Replace the products of a graph and of the scans in it."""
        around, self.nodes = self.nodes, []
        additions = {node.input[0]: node for node in graph.node if node.op_type == "Add"}
        done: set[str] = set()  # outputs of additions that have become the bias of a product
        for node in graph.node:
            if node.output[0] in done:
                continue
            for body in bodies([node]):
                products = [inner for inner in body.node if _is_product(inner, self.constants)]
                rows = {inner.input[0]: self.constants[inner.input[1]].dims[0] for inner in products}
                self.ranges |= {state: np.ones(size, np.float32) for state, size in rows.items()}
                self.rewrite(body)
            if not _is_product(node, self.constants):
                self.nodes.append(node)
                continue
            output, bias = node.output[0], []
            addition = additions.get(output)
            if addition is not None and addition.input[1] in self.constants:
                output, bias = addition.output[0], ["", addition.input[1]]  # "": the matrix has no zero point
                done.add(output)
            self._product(node.input[0], node.input[1], output, bias)
        replace(graph.node, self.nodes)
        self.nodes = around

    def _product(self, vector: str, matrix: str, output: str, bias: list[str]) -> None:
        """Write vector @ matrix + bias."""
        largest = self._vector(vector)
        integers, scale = to_integers(numpy_helper.to_array(self.constants[matrix]) * largest[:, None])
        # The constants are named by the output, because a matrix can be multiplied with several vectors.
        self._constant(f"{output}_matrix", integers)
        self._constant(f"{output}_scale", scale)
        inputs = [f"{vector}_q", f"{output}_matrix", "q_step", f"{output}_scale", "q_zero", *bias]
        self._node("MatMulIntegerToFloat", inputs, output, domain=CONTRIB)

    def _vector(self, vector: str) -> np.ndarray:
        """Write the quantized vector `vector`_q, unless it is already written, and return its range, float32 [size]."""
        if vector in self.joins:
            parts = self.joins[vector]
            largest = np.concatenate([self._vector(part) for part in parts])
            if vector not in self.quantized:
                self._node("Concat", [f"{part}_q" for part in parts], f"{vector}_q", axis=-1)
        else:
            largest = self.ranges[vector]
            if vector not in self.quantized:
                unit = vector
                if (largest != 1).any():
                    unit = f"{vector}_unit"
                    self._constant(f"{vector}_per_range", (1 / largest).astype(np.float32))
                    self._node("Mul", [vector, f"{vector}_per_range"], unit)
                self._node("QuantizeLinear", [unit, "q_step", "q_zero"], f"{vector}_q")
        self.quantized.add(vector)
        return largest

    def _node(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> None:
        self.nodes.append(helper.make_node(operator, inputs, [output], **attributes))

    def _constant(self, name: str, value: Any) -> None:
        self.graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))


def to_integers(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Approximate a matrix float32 [in, out] by integers * scale: int8 [in, out], and float32 [out] or [] (one scale).

    Processors without VNNI add the products of two neighbours in a column in 16 bits.  Two neighbours of the same sign
    add up to at most 128, so that these sums never overflow.

    A matrix of at least `MIN_COLUMNS_FOR_ONE_SCALE` columns has one scale if the error over the whole matrix is small.
    A column of small numbers may then be coarse, but its results are small too (a logit that hardly changes)."""
    pairs = np.pad(matrix, ((0, len(matrix) % 2), (0, 0))).reshape(-1, 2, matrix.shape[1])
    sides = pairs.clip(min=0), pairs.clip(max=0)
    sums = [np.abs(side).sum(axis=1, keepdims=True) + 1e-30 for side in sides]  # of neighbours of one sign
    greatest = np.maximum(*(side.max(axis=(0, 1)) for side in sums))  # [out]

    def rounded(largest: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Squared error, integers and scale, if `largest` becomes 127 and greater values are clipped."""
        cut = sum(side * np.minimum(1, largest / of_both) for side, of_both in zip(sides, sums, strict=True))
        scale = (largest / 127).astype(np.float32)
        integers = np.round(cut / scale)
        return float(np.square(integers * scale - pairs).sum()), integers.astype(np.int8), scale

    error, integers, scale = rounded(greatest)
    if matrix.shape[1] >= MIN_COLUMNS_FOR_ONE_SCALE:
        median = np.median(greatest)
        one = min((rounded(share * median) for share in ONE_SCALE_CANDIDATES), key=lambda found: found[0])
        if one[0] <= MAX_ERROR_RATIO * error:
            _, integers, scale = one
    return integers.reshape(-1, matrix.shape[1])[: len(matrix)], scale


def compress(model: onnx.ModelProto) -> None:
    """Store the matrices that are still float32 in fewer bits: one whose rows are only looked up (an embedding) as int8
    with a scale for each row, others as float16.  ONNX Runtime converts them back when it loads the graph, since
    all that the added nodes read is constant."""
    graph = model.graph
    looked_up = _looked_up(graph)
    nodes: list[Any] = []
    for tensor in list(graph.initializer):
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.ndim < 2 or values.size < MIN_COMPRESSED_VALUES:
            continue
        name, stored = tensor.name, f"{tensor.name}_stored"
        if name in looked_up:
            scale = np.abs(values).max(axis=1, keepdims=True) / 127 + np.float32(1e-30)
            constants = {stored: np.round(values / scale).astype(np.int8), f"{name}_scale": scale}
            nodes.append(helper.make_node("Cast", [stored], [f"{name}_integers"], to=TensorProto.FLOAT))
            nodes.append(helper.make_node("Mul", [f"{name}_integers", f"{name}_scale"], [name]))
        else:
            constants = {stored: values.astype(np.float16)}
            nodes.append(helper.make_node("Cast", [stored], [name], to=TensorProto.FLOAT))
        graph.initializer.extend(numpy_helper.from_array(value, key) for key, value in constants.items())
        graph.initializer.remove(tensor)
    replace(graph.node, [*nodes, *graph.node])


def _looked_up(graph: onnx.GraphProto) -> set[str]:
    """The names of the matrices of which every use takes some of their rows."""
    nodes = [node for part in (graph, *bodies(graph.node)) for node in part.node]
    axes = {id(node): [a.i for a in node.attribute if a.name == "axis"] for node in nodes if node.op_type == "Gather"}
    rows = [node for node in nodes if axes.get(id(node)) in ([], [0])]
    others = {name for node in nodes for name in (node.input[1:] if node in rows else node.input)}
    shapes = {tensor.name: tensor.dims for tensor in graph.initializer}
    return {node.input[0] for node in rows if len(shapes.get(node.input[0], ())) == 2} - others


def replace(items: Any, new: list[Any]) -> None:
    """Replace the nodes (or constants) of a graph by `new`, which may contain some of them."""
    new = [copy.deepcopy(item) for item in new]  # `del` empties the objects that are in the graph
    del items[:]
    items.extend(new)


def bodies(nodes: Iterable[Any]) -> list[Any]:
    """The subgraphs of nodes, which are the bodies of scans."""
    found = (attribute for node in nodes for attribute in node.attribute)
    return [attribute.g for attribute in found if attribute.type == onnx.AttributeProto.GRAPH]


def _is_product(node: Any, constants: Any) -> bool:
    return node.op_type == "MatMul" and node.input[1] in constants and node.input[0] not in constants


def _joins(graph: Any) -> dict[str, list[str]]:
    """The vectors that are concatenations, with the names of their parts."""
    nodes = [node for node in graph.node if node.op_type == "Concat"]
    return {n.output[0]: list(n.input) for n in nodes if helper.get_node_attr_value(n, "axis") == -1}


def _drop_unused(graph: onnx.GraphProto) -> None:
    """Remove the nodes and constants that are no longer used."""
    outputs = {output.name for output in graph.output}
    while True:
        parts = (graph, *bodies(graph.node))
        used = outputs | {name for part in parts for node in part.node for name in node.input}
        kept = [node for node in graph.node if used.intersection(node.output)]
        if len(kept) == len(graph.node):
            break
        replace(graph.node, kept)
    replace(graph.initializer, [tensor for tensor in graph.initializer if tensor.name in used])
