"""Integers in graphs: close to the float graph, and blind to what else is in a batch."""

from __future__ import annotations

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from nmt.export.quantization import MIN_COLUMNS_FOR_ONE_SCALE, compress, operands, quantize, to_integers  # noqa: E402


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


def ones(*names: str) -> dict[str, np.ndarray]:
    return {name: np.ones(128, np.float32) for name in names}


def far_at_most(x: np.ndarray, matrix: np.ndarray, largest: np.ndarray) -> np.ndarray:
    """An error of half a step in either factor: 1/254 of a vector's range, and of a matrix's column at most 1/127 of
    its greatest value (what two neighbours may be together)."""
    half = largest / 254, np.abs(matrix * largest[:, None]).max(0) / 127
    unit = (np.abs(x) / largest).sum(-1, keepdims=True)
    return half[0] @ np.abs(matrix) + half[1] * (unit + len(largest) / 254) + 1e-6


def test_products_are_close(matrices: tuple[np.ndarray, np.ndarray]) -> None:
    model, x = two_products(*matrices), inputs(5) * np.linspace(0.1, 10, 128).astype(np.float32)
    largest = np.abs(x).max(axis=(0, 1))
    quantize(model, {"x": largest})
    for found, matrix in zip(run(model, x), matrices, strict=True):
        assert (np.abs(found - x @ matrix) <= far_at_most(x, matrix, largest) * 1.001).all()
        assert np.abs(found - x @ matrix).mean() < 0.03 * np.abs(x @ matrix).mean()


def test_what_is_beyond_a_range_is_cut_off(matrices: tuple[np.ndarray, np.ndarray]) -> None:
    model, x = two_products(*matrices), 3 * inputs(5)
    quantize(model, {"x": np.full(128, 2, np.float32)})
    for found, matrix in zip(run(model, x), matrices, strict=True):
        off = np.abs(found - x.clip(-2, 2) @ matrix)
        assert (off <= far_at_most(x.clip(-2, 2), matrix, np.full(128, 2)) * 1.001 + off.mean() * 3).all()
        assert off.mean() < 0.05 * np.abs(x.clip(-2, 2) @ matrix).mean()


def test_neighbours_change_nothing(matrices: tuple[np.ndarray, np.ndarray]) -> None:
    """Bit for bit, however large they are; a vector of zeros gives zeros."""
    model, x = two_products(*matrices), inputs(40)
    quantize(model, ones("x"))
    x[1] *= 1e4
    x[2] = 0
    together = run(model, x)
    for row in (0, 2, 39):
        for whole, alone in zip(together, run(model, x[row : row + 1]), strict=True):
            np.testing.assert_array_equal(whole[row], alone[0])
    assert not together[0][2].any()


def test_a_product_takes_its_bias_along(matrices: tuple[np.ndarray, np.ndarray]) -> None:
    model, x = two_products(*matrices), np.tanh(inputs(5))
    bias = np.random.default_rng(4).normal(size=256).astype(np.float32)
    model.graph.node[0].output[0] = "product"
    model.graph.node.insert(1, helper.make_node("Add", ["product", "bias"], ["y"]))
    model.graph.initializer.append(numpy_helper.from_array(bias, "bias"))
    exact = run(model, x)
    quantize(model, ones("x"))
    assert [n.op_type for n in model.graph.node] == ["QuantizeLinear", *["MatMulIntegerToFloat"] * 2]
    for found, wanted, matrix in zip(run(model, x), exact, matrices, strict=True):
        assert (np.abs(found - wanted) <= far_at_most(x, matrix, np.ones(128)) * 1.001).all()


def test_joined_vectors_are_quantized_part_by_part(matrices: tuple[np.ndarray, np.ndarray]) -> None:
    """[x; x], of which one half is multiplied by itself too: x becomes integers once."""
    both = np.concatenate([matrices[0], 2 * matrices[0]])
    model, x = two_products(matrices[0], matrices[1]), inputs(5)
    model.graph.node.insert(0, helper.make_node("Concat", ["x", "x"], ["xx"], axis=-1))
    model.graph.node[1].input[0] = "xx"
    model.graph.initializer[0].CopyFrom(numpy_helper.from_array(both, "a"))
    assert operands(model) == ["x"]
    largest = np.full(128, np.abs(x).max())
    quantize(model, {"x": largest})
    assert sum(node.op_type == "QuantizeLinear" for node in model.graph.node) == 1
    found, _ = run(model, x)
    xx = np.concatenate([x, x], axis=-1)
    assert (np.abs(found - xx @ both) <= far_at_most(xx, both, np.tile(largest, 2)) * 1.001).all()


def test_no_processor_overflows(matrices: tuple[np.ndarray, np.ndarray]) -> None:
    """Without VNNI, the products of two neighbours with 8-bit vectors (up to 255) are summed in 16 bits."""
    model = two_products(*matrices)
    quantize(model, ones("x"))
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    assert set(stored) >= {"y_matrix", "z_matrix"} and not {"a", "b"} & set(stored)
    for name in ("y_matrix", "z_matrix"):
        assert stored[name].dtype == np.int8
        first, second = stored[name][0::2].astype(int), stored[name][1::2].astype(int)
        for sign in (1, -1):
            worst = 255 * ((sign * first).clip(0) + (sign * second).clip(0))
            assert 0.9 * 32767 < worst.max() <= 32767  # and no bit is given away


def squared_error(matrix: np.ndarray, integers: np.ndarray, scale: np.ndarray) -> float:
    return float(np.square(integers * scale - matrix).sum())


def many_columns(spread: float) -> np.ndarray:
    random = np.random.default_rng(5)
    sizes = np.exp(random.normal(0, spread, MIN_COLUMNS_FOR_ONE_SCALE))
    return (random.normal(size=(255, MIN_COLUMNS_FOR_ONE_SCALE)) * sizes).astype(np.float32)


def test_many_columns_of_like_size_share_a_scale() -> None:
    matrix = many_columns(spread=0.2)
    integers, scale = to_integers(matrix)
    assert scale.shape == () and scale.dtype == np.float32
    assert integers.shape == matrix.shape and integers.dtype == np.int8
    by_column = [to_integers(half) for half in np.split(matrix, 2, axis=1)]  # too few columns to share
    exact = sum(squared_error(half, *found) for half, found in zip(np.split(matrix, 2, 1), by_column, strict=True))
    assert exact < squared_error(matrix, integers, scale) < 4 * exact
    # The scale is the best there is, or nearly: neither twice nor half of it would do as well.
    for other in (2 * scale, scale / 2):
        rounded = np.round(matrix / other).clip(-64, 64)
        assert squared_error(matrix, rounded, other) > squared_error(matrix, integers, scale)


def test_columns_of_sizes_of_their_own_keep_scales_of_their_own() -> None:
    matrix = many_columns(spread=3)
    integers, scale = to_integers(matrix)
    assert scale.shape == (MIN_COLUMNS_FOR_ONE_SCALE,)
    worst = np.abs(integers * scale - matrix).max(axis=0) / np.abs(matrix).max(axis=0)
    assert worst.max() < 1 / 127  # half a step, of a range that two neighbours share


@pytest.mark.parametrize("columns", [7, MIN_COLUMNS_FOR_ONE_SCALE])
def test_integers_of_neighbours_stay_within_bounds(columns: int) -> None:
    """Whether numbers are cut off (one scale) or not; an odd row has no neighbour."""
    matrix = many_columns(spread=0.1)[:, :columns]
    matrix[4:6, 0] = 2 * matrix.max()  # two large neighbours, in one column
    integers, scale = to_integers(matrix)
    is_cut = np.abs(integers * scale - matrix).max() > 2 * np.max(scale)
    assert is_cut == (scale.shape == ()) == (columns == MIN_COLUMNS_FOR_ONE_SCALE)
    pairs = integers[:254].astype(int).reshape(127, 2, columns)
    assert pairs.clip(min=0).sum(axis=1).max() <= 128 and pairs.clip(max=0).sum(axis=1).min() >= -128


def rows_of(matrix: np.ndarray, axis: int | None, multiplied: bool = False) -> onnx.ModelProto:
    """x -> rows (or columns) 0, 2, 2 of the matrix; multiplied: and x @ matrix"""
    nodes = [helper.make_node("Gather", ["a", "places"], ["y"], **({} if axis is None else {"axis": axis}))]
    nodes += [helper.make_node("MatMul", ["x", "a"], ["z"])] * multiplied
    graph = helper.make_graph(
        nodes,
        "rows",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", "beam", len(matrix)])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None] * size) for name, size in (("y", 2), ("z", 3))][
            : len(nodes)
        ],
        [numpy_helper.from_array(matrix, "a"), numpy_helper.from_array(np.array([0, 2, 2]), "places")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


@pytest.mark.parametrize("axis", [None, 0])
def test_rows_that_are_looked_up_are_stored_in_8_bits_with_scales_of_their_own(axis: int | None) -> None:
    matrix = np.random.default_rng(6).normal(size=(128, 256)).astype(np.float32)
    matrix[2] *= 1000
    matrix[0] = 0
    model = rows_of(matrix, axis)
    compress(model)
    assert len(model.SerializeToString()) < 1.1 * matrix.size
    found = run(model, inputs(1))[0]
    assert not found[0].any()
    off = np.abs(found - matrix[[0, 2, 2]])
    assert off.any() and off.max() <= np.abs(matrix[2]).max() / 254 * 1.001


@pytest.mark.parametrize(("axis", "multiplied"), [(1, False), (0, True)])
def test_matrices_with_other_uses_keep_16_bits(axis: int, multiplied: bool) -> None:
    matrix = np.random.default_rng(6).normal(size=(128, 256)).astype(np.float32)
    model = rows_of(matrix, axis, multiplied)
    compress(model)
    assert len(model.SerializeToString()) > 2 * matrix.size
    wanted = matrix[[0, 2, 2]] if axis == 0 else matrix[:, [0, 2, 2]]
    np.testing.assert_allclose(run(model, inputs(1))[0], wanted, rtol=2**-11 * 1.01)


def test_large_constants_are_stored_small() -> None:
    matrices = (
        np.random.default_rng(3).normal(size=(128, 256)).astype(np.float32),
        np.eye(128, 8, dtype=np.float32),
    )
    model, x = two_products(*matrices), inputs(2)
    before = run(model, x)
    size = len(model.SerializeToString())
    compress(model)
    assert len(model.SerializeToString()) < 0.6 * size
    after = run(model, x)
    np.testing.assert_array_equal(after[1], before[1])  # what is small stays as it is
    off = np.abs(after[0] - before[0])
    assert off.any() and (off <= np.abs(x) @ np.abs(matrices[0]) * 2**-11 * 1.01).all()
