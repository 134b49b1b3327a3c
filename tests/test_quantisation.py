"""Integers in graphs: close to the float graph, and blind to what else is in a batch."""

from __future__ import annotations

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from nmt.quantisation import compress, quantise  # noqa: E402


def two_products(first: np.ndarray, second: np.ndarray) -> onnx.ModelProto:
    """x -> x @ first, x @ second"""
    nodes = [helper.make_node("MatMul", ["x", "a"], ["y"]), helper.make_node("MatMul", ["x", "b"], ["z"])]
    graph = helper.make_graph(
        nodes,
        "products",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", "beam", first.shape[0]])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None] * 3) for name in "yz"],
        [numpy_helper.from_array(first, "a"), numpy_helper.from_array(second, "b")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def run(model: onnx.ModelProto, x: np.ndarray) -> list[np.ndarray]:
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})


@pytest.fixture
def matrices() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(1)
    first, second = random.normal(size=(128, 256)), random.normal(size=(128, 96))
    first[:, 0] *= 1000  # a column of its own size takes no precision from the others
    first[:, 1] = 0
    return first.astype(np.float32), second.astype(np.float32)


def inputs(rows: int) -> np.ndarray:
    return np.random.default_rng(2).normal(size=(rows, 3, 128)).astype(np.float32)


def test_products_are_close(matrices: tuple[np.ndarray, np.ndarray]) -> None:
    """7 and 8 bits: an error of half a step in either factor, 1/126 and 1/254 of the greatest value."""
    model, x = two_products(*matrices), inputs(5)
    quantise(model)
    for found, matrix in zip(run(model, x), matrices, strict=True):
        steps = np.abs(x).max(-1, keepdims=True) / 254, np.abs(matrix).max(0) / 126
        bound = steps[0] * np.abs(matrix).sum(0) + steps[1] * (np.abs(x) + steps[0]).sum(-1, keepdims=True)
        assert (np.abs(found - x @ matrix) <= bound * 1.001 + 1e-6).all()
        assert np.abs(found - x @ matrix).mean() < 0.02 * np.abs(x @ matrix).mean()


def test_neighbours_change_nothing(matrices: tuple[np.ndarray, np.ndarray]) -> None:
    """Bit for bit, however large they are; a vector of zeros gives zeros."""
    model, x = two_products(*matrices), inputs(40)
    quantise(model)
    x[1] *= 1e4
    x[2] = 0
    together = run(model, x)
    for row in (0, 2, 39):
        for whole, alone in zip(together, run(model, x[row : row + 1]), strict=True):
            np.testing.assert_array_equal(whole[row], alone[0])
    assert not together[0][2].any()


def test_vectors_within_one_need_no_scale(matrices: tuple[np.ndarray, np.ndarray]) -> None:
    """Their product takes the bias along; both are as close as a step of 1/127 allows."""
    model, x = two_products(*matrices), np.tanh(inputs(5))
    bias = np.random.default_rng(4).normal(size=256).astype(np.float32)
    model.graph.node[0].output[0] = "product"
    model.graph.node.insert(1, helper.make_node("Add", ["product", "bias"], ["y"]))
    model.graph.initializer.append(numpy_helper.from_array(bias, "bias"))
    exact = run(model, x)
    quantise(model, lambda vector: vector == "x")
    assert [n.op_type for n in model.graph.node] == ["QuantizeLinear", *["MatMulIntegerToFloat"] * 2]
    for found, wanted, matrix in zip(run(model, x), exact, matrices, strict=True):
        steps = 1 / 254, np.abs(matrix).max(0) / 126
        bound = steps[0] * np.abs(matrix).sum(0) + steps[1] * (np.abs(x) + steps[0]).sum(-1, keepdims=True)
        assert (np.abs(found - wanted) <= bound * 1.001 + 1e-6).all()


def test_no_processor_overflows(matrices: tuple[np.ndarray, np.ndarray]) -> None:
    """Without VNNI, two products of 8 bits are summed in 16: the matrices must leave room for that."""
    model = two_products(*matrices)
    quantise(model)
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    assert set(stored) >= {"a_q", "b_q"} and not {"a", "b"} & set(stored)
    for name in ("a_q", "b_q"):
        assert stored[name].dtype == np.int8
        assert 2 * 255 * int(np.abs(stored[name].astype(int)).max()) <= 32767


def test_large_constants_are_stored_small() -> None:
    matrices = (
        np.random.default_rng(3).normal(size=(128, 256)).astype(np.float32),
        np.eye(128, 8, dtype=np.float32),
    )
    model, x = two_products(*matrices), inputs(2)
    before = run(model, x)
    size = len(model.SerializeToString())
    compress(model)
    assert len(model.SerializeToString()) < size / 3
    after = run(model, x)
    np.testing.assert_array_equal(after[1], before[1])  # what is small stays as it is
    half_steps = np.abs(matrices[0]).max(1) / 127 / 2
    off = np.abs(after[0] - before[0])
    assert off.any() and (off <= (np.abs(x) * half_steps).sum(-1, keepdims=True) * 1.001).all()
