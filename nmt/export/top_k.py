"""The search for the best logits in an ONNX graph, made faster: first the best blocks of the vocabulary, then the best
of what stands in these.  Works on ONNX models alone, and needs the extra `export`.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from nmt.export.quantization import replace


def ask_for_count(model: Any, vocab: int) -> None:
    """How many of the best logits the graph's TopK gives becomes an input, `count`: int64 [1].

    The n best logits stand in the n blocks whose greatest logits are the n greatest.  To find these blocks, every
    logit is looked at once, which takes no sorting.  Of equal logits the lower ids are found, as by TopK: the blocks
    are put in order."""
    graph = model.graph
    ((place, node),) = ((i, node) for i, node in enumerate(graph.node) if node.op_type == "TopK")
    (logits, _), (top, ids) = node.input, node.output
    size = block_size(vocab)
    nodes: list[Any] = []

    def add(operator: str, *inputs: Any, outputs: str | list[str] = "", **attributes: Any) -> str:
        names = [outputs or f"best_{len(nodes)}"] if isinstance(outputs, str) else outputs
        given = [x if isinstance(x, str) else constant(x) for x in inputs]
        nodes.append(helper.make_node(operator, given, names, **attributes))
        return names[0]

    def constant(value: Any) -> str:
        name = f"best_constant_{len(graph.initializer)}"
        graph.initializer.append(numpy_helper.from_array(np.array(value, np.int64), name))
        return name

    # [live, beam, blocks, size]
    blocks = add("Reshape", logits, [0, 0, vocab // size, size])
    greatest = add("ReduceMax", blocks, [-1], keepdims=0)
    count = add("Min", "count", [vocab // size])
    add("TopK", greatest, count, outputs=["best_greatest", "best_found"])  # [live, beam, count]
    add("TopK", "best_found", count, outputs=["best_blocks", "best_order"], largest=0)
    candidates = add("GatherND", blocks, add("Unsqueeze", "best_blocks", [-1]), batch_dims=2)
    # A candidate is block * size + place, among the best blocks only; its id is the same with the block's number.
    add("TopK", add("Reshape", candidates, [0, 0, -1]), "count", outputs=[top, "best_candidates"])
    block = add("Div", "best_candidates", size)
    number = add("GatherElements", "best_blocks", block, axis=-1)
    skipped = add("Mul", add("Sub", number, block), size)
    add("Add", "best_candidates", skipped, outputs=ids)

    replace(graph.node, [*graph.node[:place], *nodes, *graph.node[place + 1 :]])
    graph.input.append(helper.make_tensor_value_info("count", TensorProto.INT64, [1]))
    for output in graph.output:  # their last size is no longer the example's
        if output.name in (top, ids):
            output.type.tensor_type.shape.dim[-1].Clear()


def block_size(vocab: int) -> int:
    """The divisor of `vocab` nearest to its root.  Of 8,000 logits, blocks of 64 to 100 were searched fastest: smaller
    ones are quicker to go through, but there are more whose greatest logit has to be found."""
    divisors = (size for size in range(1, vocab + 1) if vocab % size == 0)
    return min(divisors, key=lambda size: abs(size - sqrt(vocab)))
