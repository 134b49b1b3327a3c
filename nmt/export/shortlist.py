"""A shortlist of the target vocabulary for each sentence, in the graphs of a model.

The output layer multiplies with a row for every piece of the vocabulary, though a sentence's translation needs few of
them.  With a shortlist (Jean et al. 2015, "On Using Very Large Target Vocabulary for Neural Machine Translation",
section 3.3) a search scores only the frequent pieces, the pieces that a lexical table has for those of the source
(`nmt.export.lexical_table`), and these themselves, since names are copied.  The encoder's graph makes the list and
gathers its rows of the output layer for the whole batch; the decoder's graph reads them as inputs.  What a sentence may
not use, but another one of its batch brought, has the logit -inf, so that a row's result depends on that row alone.

Needs the extra `export`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from nmt.export.lexical_table import Pairs, learn_table
from nmt.export.new_nodes import NewNodes
from nmt.export.quantization import replace
from nmt.text.tokenizer import EOS, PAD

TRANSLATIONS = 100  # pieces on the list for each source piece
FREQUENT = 1500  # pieces on every list
PAIRS_TO_COUNT = 50_000  # whose target pieces are counted


def add_shortlist(encoder: Any, decoder: Any, table: np.ndarray, always: np.ndarray) -> None:
    """Change both graphs, which are quantized already.

    table   int64 [source_vocab, n]: the target pieces of each source piece; -1 where there are fewer
    always  bool [target_vocab]: the pieces of every list

    The encoder gets the input `whole_vocabulary`, uint8 [1]: 1 puts every piece on the list.  The decoder's logits are
    then those of `candidates`, int64 [n], and its `ids` are still ids of the vocabulary."""
    layer = _read_output_layer(decoder.graph)
    _gather_in_encoder(encoder.graph, table, always, layer)


def learn_shortlist(
    read: Callable[[np.ndarray], Pairs], pairs: int, source_vocab: int, target_vocab: int, joint: bool
) -> tuple[np.ndarray, np.ndarray]:
    """`table` and `always` of `add_shortlist` from pairs of sentences; read and pairs as of `learn_table`.

    joint  both sides have one vocabulary, so that each piece may bring itself"""
    table = learn_table(read, pairs, source_vocab, target_vocab, TRANSLATIONS)
    if joint:
        table = np.hstack((np.arange(source_vocab)[:, None], table))
    counts = np.zeros(target_vocab, np.int64)
    for _, target in read(np.arange(min(pairs, PAIRS_TO_COUNT))):
        np.add.at(counts, target, 1)
    always = np.zeros(target_vocab, bool)
    always[np.argsort(-counts, kind="stable")[:FREQUENT]] = True
    always[EOS] = True
    return table, always


def _read_output_layer(graph: Any) -> dict[str, np.ndarray]:
    """Make the constants of the output layer inputs of the decoder's graph, and return them: `output_matrix`
    [hidden, vocab], `output_bias` [vocab] and, if every column has its own, `output_scale` [vocab]."""
    nodes = list(graph.node)
    products = [(i, node) for i, node in enumerate(nodes) if node.op_type == "MatMulIntegerToFloat"]
    place, product = next((i, node) for i, node in products if "logits" in node.output)
    constants = {tensor.name: tensor for tensor in graph.initializer}
    at = {1: "output_matrix", 3: "output_scale", 6: "output_bias"}
    values = {name: numpy_helper.to_array(constants[product.input[i]]) for i, name in at.items()}
    if not values["output_scale"].ndim:
        del values["output_scale"], at[3]
    for i, name in at.items():
        graph.initializer.remove(constants[product.input[i]])
        product.input[i] = name

    new = NewNodes(graph, "shortlist")
    product.output[0] = "logits_of_all"
    never = np.array(-np.inf, np.float32)
    here = new.add("Unsqueeze", "allowed", np.array([1]))
    new.add("Where", here, "logits_of_all", never, outputs=("logits",))
    replace(graph.node, [*nodes[: place + 1], *new.nodes, *nodes[place + 1 :]])
    for node in graph.node:  # TopK finds places in the list
        node.input[:] = ["places" if name == "ids" else name for name in node.input]
        if node.op_type == "TopK":
            node.input[1], node.output[1] = "count", "places"
    graph.node.append(helper.make_node("Gather", ["candidates", "places"], ["ids"]))

    kinds = {"candidates": TensorProto.INT64, "allowed": TensorProto.BOOL}
    shapes: dict[str, list[Any]] = {
        "candidates": ["n"],
        "allowed": ["batch", "n"],
        "output_matrix": [len(values["output_matrix"]), "n"],
    }
    for name in ("candidates", "allowed", *values):
        kind = kinds.get(name) or helper.np_dtype_to_tensor_dtype(values[name].dtype)
        graph.input.append(helper.make_tensor_value_info(name, kind, shapes.get(name, ["n"])))
    graph.input.append(helper.make_tensor_value_info("count", TensorProto.INT64, [1]))
    for output in graph.output:
        if output.name in ("logits", "top", "ids"):  # the last size is no longer constant
            output.type.tensor_type.shape.dim[-1].Clear()
    return values


def _gather_in_encoder(graph: Any, table: np.ndarray, always: np.ndarray, layer: dict[str, np.ndarray]) -> None:
    """Let the encoder's graph compute what `_read_output_layer` made inputs of the decoder's."""
    vocab, new = len(always), NewNodes(graph, "shortlist")
    everywhere = int(np.flatnonzero(always)[0])  # stands for an empty place of the table
    rows = np.where(table < 0, everywhere, table)
    rows[PAD] = everywhere  # else padding would bring pieces
    rows = rows.astype(np.uint16 if vocab <= 2**16 else np.int32)

    # 1 for each piece on the list of each sentence: uint8 [batch, vocab]
    found = new.add("Cast", new.add("Gather", rows, "source"), to=TensorProto.INT64)  # [batch, src_len, n]
    found = new.add("Reshape", found, np.array([0, -1]))
    batch = new.add("Shape", "source", start=0, end=1)
    shape = new.add("Concat", batch, np.array([vocab]), axis=0)
    nothing = new.add("Expand", always.astype(np.uint8)[None], shape)
    ones = new.add("Expand", np.ones((1, 1), np.uint8), new.add("Shape", found))
    listed = new.add("ScatterElements", nothing, found, ones, axis=1)
    listed = new.add("Max", listed, "whole_vocabulary")

    # The pieces on any list, and their rows of the output layer
    of_any = new.add("ReduceMax", listed, np.array([0]), keepdims=0)
    new.add("Reshape", new.add("NonZero", of_any), np.array([-1]), outputs=("candidates",))
    allowed = new.add("Gather", listed, "candidates", axis=1)
    new.add("Cast", allowed, outputs=("allowed",), to=TensorProto.BOOL)
    for name, values in layer.items():
        if values.ndim > 1:  # a piece's row lies in one place
            gathered = new.add("Gather", np.ascontiguousarray(values.T), "candidates")
            new.add("Transpose", gathered, outputs=(name,))
        else:
            new.add("Gather", values, "candidates", outputs=(name,))

    graph.node.extend(new.nodes)
    graph.input.append(helper.make_tensor_value_info("whole_vocabulary", TensorProto.UINT8, [1]))
    for name in ("candidates", "allowed", *layer):
        graph.output.append(helper.make_empty_tensor_value_info(name))
