"""Recurrent nodes as scans: what ONNX Runtime's own nodes give, in float32 and nearly so in 8 bits."""

from __future__ import annotations

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from nmt.export.quantization import quantise  # noqa: E402
from nmt.export.recurrent_scan import GATES, unroll  # noqa: E402

SIZE, UNITS = 12, 8
LENGTHS = np.array([5, 2, 1], np.int32)


def recurrent(kind: str, directions: int, with_last: bool) -> onnx.ModelProto:
    """x [len, batch, size], lengths -> what the node gives, as `nmt.export.onnx_export` writes it."""
    random = np.random.default_rng(len(kind) + directions)
    rows = len(GATES[kind]) * UNITS
    shapes = {"w": (directions, rows, SIZE), "u": (directions, rows, UNITS), "b": (directions, 2 * rows)}
    options = {"linear_before_reset": 1} if kind == "GRU" else {}
    outputs = ["y", "last"] if with_last else ["y"]
    node = helper.make_node(
        kind,
        ["x", "w", "u", "b", "lengths"],
        outputs,
        hidden_size=UNITS,
        direction="bidirectional" if directions == 2 else "forward",
        **options,
    )
    graph = helper.make_graph(
        [node],
        "recurrent",
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, ["len", "batch", SIZE]),
            helper.make_tensor_value_info("lengths", TensorProto.INT32, ["batch"]),
        ],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, [None] * axes)
            for name, axes in zip(outputs, (4, 3), strict=False)
        ],
        [
            numpy_helper.from_array(random.normal(0, 0.5, shape).astype(np.float32), name)
            for name, shape in shapes.items()
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def run(model: onnx.ModelProto) -> list[np.ndarray]:
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    x = np.random.default_rng(3).uniform(-1, 1, (5, len(LENGTHS), SIZE)).astype(np.float32)
    y, *last = session.run(None, {"x": x, "lengths": LENGTHS})
    real = np.arange(5)[:, None] < LENGTHS  # [len, batch]
    return [np.where(real[:, None, :, None], y, 0), *last]


@pytest.mark.parametrize("kind", GATES)
@pytest.mark.parametrize("directions", [1, 2])
@pytest.mark.parametrize("with_last", [False, True])
def test_a_scan_is_the_node(kind: str, directions: int, with_last: bool) -> None:
    """Sentences of unlike length, every real position and the last states."""
    model = recurrent(kind, directions, with_last)
    expected = run(model)
    unroll(model)
    assert {node.op_type for node in model.graph.node}.isdisjoint(GATES)
    for one, other in zip(expected, run(model), strict=True):
        np.testing.assert_allclose(other, one, atol=1e-6)


@pytest.mark.parametrize("kind", GATES)
def test_its_products_are_made_of_integers(kind: str) -> None:
    model = recurrent(kind, 2, with_last=True)
    expected = run(model)
    unroll(model)
    inputs = {node.input[0] for node in model.graph.node if node.op_type == "MatMul"}
    quantise(model, {name: np.ones(SIZE, np.float32) for name in inputs})
    bodies = [
        attribute.g for node in model.graph.node for attribute in node.attribute if attribute.HasField("g")
    ]
    assert len(bodies) == 2
    for graph in (model.graph, *bodies):
        kinds = [node.op_type for node in graph.node]
        assert "MatMul" not in kinds and "MatMulIntegerToFloat" in kinds
    for one, other in zip(expected, run(model), strict=True):
        assert 0 < np.abs(other - one).max() < 0.05
