"""Two-stage top-k in an ONNX graph: first the best blocks of the vocabulary, then the best logits in these blocks.

Needs the extra `export`.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

from onnx import TensorProto, helper

from nmt.export.new_nodes import NewNodes
from nmt.export.quantization import replace


def search_in_blocks(model: Any, vocab: int) -> None:
    """Replace the graph's TopK over logits [live, beam, vocab] by a two-stage top-k, whose number of results is a new
    input of the graph, `count`: int64 [1].

    The n largest logits are in the n blocks with the largest maxima.  Finding these blocks reads every logit once and
    sorts few numbers.  The blocks are sorted by index, so that of equal logits those with lower ids are found, as by
    TopK."""
    graph = model.graph
    ((place, node),) = ((i, node) for i, node in enumerate(graph.node) if node.op_type == "TopK")
    (logits, _), (top, ids) = node.input, node.output
    size = block_size(vocab)
    new = NewNodes(graph, "top_k")
    add = new.add

    blocks = add("Reshape", logits, [0, 0, vocab // size, size])
    largest = add("ReduceMax", blocks, [-1], keepdims=0)  # [live, beam, blocks]
    count = add("Min", "count", [vocab // size])
    add("TopK", largest, count, outputs=("top_k_largest", "top_k_found"))
    # The indices of the best blocks in order, [live, beam, count].
    add("TopK", "top_k_found", count, outputs=("top_k_blocks", "top_k_order"), largest=0)
    candidates = add("GatherND", blocks, add("Unsqueeze", "top_k_blocks", [-1]), batch_dims=2)
    # A candidate's index is i * size + place, where i counts the best blocks only; in its id, i is the block's index.
    add("TopK", add("Reshape", candidates, [0, 0, -1]), "count", outputs=(top, "top_k_candidates"))
    block = add("Div", "top_k_candidates", size)
    number = add("GatherElements", "top_k_blocks", block, axis=-1)
    skipped = add("Mul", add("Sub", number, block), size)
    add("Add", "top_k_candidates", skipped, outputs=(ids,))

    replace(graph.node, [*graph.node[:place], *new.nodes, *graph.node[place + 1 :]])
    graph.input.append(helper.make_tensor_value_info("count", TensorProto.INT64, [1]))
    for output in graph.output:  # the last size is no longer constant
        if output.name in (top, ids):
            output.type.tensor_type.shape.dim[-1].Clear()


def block_size(vocab: int) -> int:
    """The divisor of `vocab` nearest to its square root.  For 8,000 logits, blocks of 64 to 100 were fastest; smaller
    blocks are searched faster, but there are more of them to compare."""
    divisors = (size for size in range(1, vocab + 1) if vocab % size == 0)
    return min(divisors, key=lambda size: abs(size - sqrt(vocab)))
