"""A faster search for the largest logits in an ONNX graph: first the best blocks of the vocabulary, then the best in
these blocks.  This works on ONNX models alone, and needs the extra `export`.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from nmt.export.quantization import replace


def search_in_blocks(model: Any, vocab: int) -> None:
    """Replace the graph's TopK over logits [live, beam, vocab] by a search in blocks, whose number of results is a new
    input of the graph, `count`: int64 [1].

    The n largest logits stand in the n blocks whose largest logits are the n largest.  Finding these blocks looks at
    every logit once and sorts few numbers.  Of equal logits those with the lower ids are found, as by TopK, for the
    blocks are put in order."""
    graph = model.graph
    ((place, node),) = ((i, node) for i, node in enumerate(graph.node) if node.op_type == "TopK")
    (logits, _), (top, ids) = node.input, node.output
    size = block_size(vocab)
    nodes: list[Any] = []

    def add(operator: str, *inputs: Any, outputs: tuple[str, ...] = (), **attributes: Any) -> str:
        """Add a node, whose inputs are names or constants; the name of its first output."""
        names = outputs or (f"top_k_{len(nodes)}",)
        given = [x if isinstance(x, str) else constant(x) for x in inputs]
        nodes.append(helper.make_node(operator, given, names, **attributes))
        return names[0]

    def constant(value: Any) -> str:
        name = f"top_k_constant_{len(graph.initializer)}"
        graph.initializer.append(numpy_helper.from_array(np.array(value, np.int64), name))
        return name

    blocks = add("Reshape", logits, [0, 0, vocab // size, size])
    largest = add("ReduceMax", blocks, [-1], keepdims=0)  # [live, beam, blocks]
    count = add("Min", "count", [vocab // size])
    add("TopK", largest, count, outputs=("top_k_largest", "top_k_found"))
    add(
        "TopK", "top_k_found", count, outputs=("top_k_blocks", "top_k_order"), largest=0
    )  # [live, beam, count]
    candidates = add("GatherND", blocks, add("Unsqueeze", "top_k_blocks", [-1]), batch_dims=2)
    # A candidate is block * size + place, among the best blocks only; its id is the same with the block's number.
    add("TopK", add("Reshape", candidates, [0, 0, -1]), "count", outputs=(top, "top_k_candidates"))
    block = add("Div", "top_k_candidates", size)
    number = add("GatherElements", "top_k_blocks", block, axis=-1)
    skipped = add("Mul", add("Sub", number, block), size)
    add("Add", "top_k_candidates", skipped, outputs=(ids,))

    replace(graph.node, [*graph.node[:place], *nodes, *graph.node[place + 1 :]])
    graph.input.append(helper.make_tensor_value_info("count", TensorProto.INT64, [1]))
    for output in graph.output:  # their last size is no longer the example's
        if output.name in (top, ids):
            output.type.tensor_type.shape.dim[-1].Clear()


def block_size(vocab: int) -> int:
    """The divisor of `vocab` nearest to its root.  Among 8,000 logits, blocks of 64 to 100 were searched fastest:
    smaller ones are searched sooner, but more blocks have to be compared."""
    divisors = (size for size in range(1, vocab + 1) if vocab % size == 0)
    return min(divisors, key=lambda size: abs(size - sqrt(vocab)))
