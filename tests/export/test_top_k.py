"""The best logits by way of the best blocks: what one search through everything gives."""

from __future__ import annotations

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from nmt.export.top_k import block_size, search_in_blocks  # noqa: E402


def found(logits: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Values and ids by a graph with a TopK of 2, after `search_in_blocks`."""
    vocab = logits.shape[-1]
    graph = helper.make_graph(
        [helper.make_node("TopK", ["logits", "two"], ["top", "ids"])],
        "best",
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["live", "beam", vocab])],
        [
            helper.make_tensor_value_info(name, kind, ["live", "beam", 2])
            for name, kind in (("top", TensorProto.FLOAT), ("ids", TensorProto.INT64))
        ],
        [numpy_helper.from_array(np.array([2]), "two")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    search_in_blocks(model, vocab)
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    top, ids = session.run(["top", "ids"], {"logits": logits, "count": np.array([count])})
    return top, ids


@pytest.mark.parametrize("vocab", [1, 7, 30, 120, 997])
@pytest.mark.parametrize("count", [1, 5, 40, 997])
@pytest.mark.parametrize("ties", [False, True])
def test_the_best_are_found(vocab: int, count: int, ties: bool) -> None:
    """Few and many, more than there are blocks, all there are; vocabularies that are prime too.  Of equals the lowest
    ids, in order."""
    count = min(count, vocab)
    random = np.random.default_rng(vocab)
    logits = random.integers(0, 4, (3, 2, vocab)) if ties else random.normal(size=(3, 2, vocab))
    logits = logits.astype(np.float32)
    top, ids = found(logits, count)
    order = np.argsort(-logits, axis=-1, kind="stable")[..., :count]
    np.testing.assert_array_equal(ids, order)
    np.testing.assert_array_equal(top, np.take_along_axis(logits, order, -1))


def test_neighbours_may_be_best_together() -> None:
    """All of the best in one block, and in the last one."""
    logits = np.tile(np.arange(36, dtype=np.float32), (1, 1, 1))
    assert found(logits, 4)[1].tolist() == [[[35, 34, 33, 32]]]


def test_what_is_barred_comes_last() -> None:
    logits = np.full((1, 1, 12), -np.inf, np.float32)
    logits[0, 0, 7] = 1.0
    top, ids = found(logits, 3)
    assert ids[0, 0, 0] == 7 and len(set(ids[0, 0].tolist())) == 3
    assert top[0, 0, 1] == -np.inf


@pytest.mark.parametrize(("vocab", "size"), [(8000, 80), (16000, 125), (997, 1), (1, 1), (36, 6)])
def test_blocks_are_about_as_many_as_large(vocab: int, size: int) -> None:
    assert block_size(vocab) == size
