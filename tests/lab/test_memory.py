"""The memory of recurrent layers against torch's own Jacobians and closed forms; clipping; delayed recall."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from nmt import UserError
from nmt.commands.main import main
from nmt.config import Cell
from nmt.lab import clipping, recall
from nmt.lab.gates import Direction
from nmt.lab.memory import jacobian_norms, of_checkpoint, of_fresh_cells
from nmt.network.cells import Weights
from nmt.network.recurrent import RecurrentLayer
from tests.lab.test_inside import checkpoint

CELLS: tuple[Cell, ...] = ("rnn", "gru", "lstm")


def layer_and_inputs(cell: Cell, units: int = 3, length: int = 5) -> tuple[RecurrentLayer, Tensor]:
    torch.manual_seed(5)
    layer = RecurrentLayer(cell, 4, units).double()
    for parameter in layer.parameters():
        parameter.data.add_(torch.randn_like(parameter), alpha=0.3)
    return layer, torch.randn(length, 4, dtype=torch.float64)


def first_state(cell: Cell, units: int = 3) -> tuple[Tensor, ...]:
    return tuple(torch.randn(units, dtype=torch.float64) for _ in range(2 if cell == "lstm" else 1))


@pytest.mark.parametrize("cell", CELLS)
def test_norms_are_those_of_torchs_jacobians_of_the_fused_layer(cell: Cell) -> None:
    """In float64: the state after t inputs by the state after k, for all k and t, each run through torch's kernel."""
    layer, inputs = layer_and_inputs(cell)
    first = first_state(cell)
    found = jacobian_norms(Direction.of(cell, layer, inputs, first), range(len(inputs) + 1))

    def run(flat: Tensor, begin: int, end: int) -> Tensor:
        parts = tuple(part[None, None] for part in flat.split(3))
        if begin == end:
            return flat
        _, last = layer.rnn(inputs[None, begin:end], parts if cell == "lstm" else parts[0])
        return torch.cat([part.flatten() for part in (last if cell == "lstm" else (last,))])

    start = torch.cat(first)
    for k in range(len(inputs) + 1):
        state = run(start, 0, k).detach()
        for t in range(k, len(inputs) + 1):
            jacobian = torch.autograd.functional.jacobian(lambda s, k=k, t=t: run(s, k, t), state)
            expected = torch.linalg.matrix_norm(jacobian) / math.sqrt(len(state))
            assert found[k, t - k].item() == pytest.approx(expected.item(), rel=1e-9)
        assert found[k, len(inputs) + 1 - k :].isnan().all()


@pytest.mark.parametrize("cell", CELLS)
def test_few_random_directions_estimate_without_bias(cell: Cell) -> None:
    layer, inputs = layer_and_inputs(cell, units=8, length=4)
    direction = Direction.of(cell, layer, inputs, first_state(cell, 8))
    exact = jacobian_norms(direction, [0])[0].square()
    guesses = [jacobian_norms(direction, [0], 2, seed)[0].square() for seed in range(100)]
    assert torch.stack(guesses).std(dim=0)[-1] > 0
    torch.testing.assert_close(torch.stack(guesses).mean(dim=0), exact, rtol=0.25, atol=0)


def test_a_linear_scalar_cell_forgets_at_the_power_of_its_weight() -> None:
    """tanh is linear at 0: with no inputs h stays 0, and the derivative over d steps is w to the power d."""
    one, none = torch.ones(1, 1).double(), torch.zeros(1).double()
    weights = Weights(one, 0.9 * one, none, none)
    norms = jacobian_norms(Direction("scalar", "rnn", weights, torch.zeros(50, 1), (none,)), [0])[0]
    torch.testing.assert_close(norms, 0.9 ** torch.arange(51).double())


@pytest.mark.parametrize("cell", CELLS)
def test_a_backward_direction_is_measured_in_its_order_of_reading(cell: Cell) -> None:
    layer, inputs = layer_and_inputs(cell)
    first = first_state(cell)
    forward = Direction.of(cell, layer, inputs, first)
    backward = replace(forward, inputs=inputs.flip(0), backward=True)
    torch.testing.assert_close(jacobian_norms(backward, [1]), jacobian_norms(forward, [1]), equal_nan=True)


def test_a_simple_cell_forgets_sooner_than_open_gates() -> None:
    curves = {curve.cell: curve for curve in of_fresh_cells(CELLS, hidden=16, distance=40, examples=2).curves}
    assert all(curve.norms[0] == pytest.approx(1.0) and len(curve.norms) == 41 for curve in curves.values())
    assert curves["rnn"].norms[40] < 1e-4 < 0.05 < min(curves["gru"].norms[40], curves["lstm"].norms[40])


def test_every_layer_of_a_checkpoint_has_a_curve(reversal_data: Path, tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "model", reversal_data, cell="lstm")
    curves = of_checkpoint(folder, ["uno dos tres", "seis siete"]).curves
    assert [curve.name for curve in curves] == [
        *(f"encoder layer {n} {way}" for n in (1, 2) for way in ("forward", "backward")),
        *(f"decoder layer {n}" for n in (1, 2)),
    ]
    pieces = [4, 3]  # "</s>" too
    assert curves[0].pairs == [sum(max(0, n - max(1, d)) for n in pieces) for d in range(4)]
    assert all(curve.norms[0] == pytest.approx(1.0) for curve in curves)


# Clipping


def test_without_clipping_the_training_explodes_and_with_it_it_learns() -> None:
    result = clipping.run(clipping.ClippingConfig())
    threshold = result.config.threshold
    assert result.without.largest_applied() > 1e6 * threshold and result.without.diverged
    assert result.with_clipping.largest_applied() <= threshold * (1 + 1e-6)
    assert max(norm for norm in result.with_clipping.norms if norm is not None) > threshold
    last = result.with_clipping.last_loss()
    assert last is not None and last < 0.75 * result.guess


def test_both_courses_begin_alike() -> None:
    result = clipping.run(clipping.ClippingConfig(steps=3))
    assert result.without.losses[0] == result.with_clipping.losses[0]
    assert result.without.norms[0] == result.with_clipping.norms[0]


def test_examples_mark_two_numbers_whose_sum_is_asked_for() -> None:
    inputs, sums = clipping.examples(clipping.ClippingConfig())
    numbers, marks = inputs.unbind(-1)
    assert (marks.sum(dim=1) == 2).all() and (marks[:, :5].sum(dim=1) == 1).all()
    torch.testing.assert_close(sums, (numbers * marks).sum(dim=1))


# Delayed recall


def test_gates_remember_where_a_simple_cell_has_forgotten() -> None:
    result = recall.run(recall.QUICK)
    short, long = recall.QUICK.delays
    assert {cell: result.longest(cell) for cell in CELLS} == {"rnn": short, "gru": long, "lstm": long}


def test_the_same_seed_gives_the_same_training() -> None:
    config = replace(recall.QUICK, steps=10)
    torch.manual_seed(1)
    first = recall.train("gru", 3, 7, config)
    torch.manual_seed(2)
    assert recall.train("gru", 3, 7, config) == first != recall.train("gru", 3, 8, config)


def test_only_the_first_step_tells_the_symbol() -> None:
    config = recall.RecallConfig(noise=0.0)
    inputs, symbols = recall.examples(config, 4, 50)
    assert inputs.shape == (50, 5, config.symbols + 1) and (inputs[:, 0, -1] == 1).all()
    assert (inputs[:, 0, :-1].argmax(dim=1) == symbols).all() and (inputs[:, 0, :-1].sum(dim=1) == 1).all()
    assert (inputs[:, 1:] == 0).all()


# The command


def test_memory_command_prints_a_table_and_writes_both_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    data, picture = tmp_path / "memory.json", tmp_path / "memory.svg"
    fresh = ["--cell", "rnn", "--cell", "lstm", "--hidden", "8", "--distance", "12"]
    assert main(["lab", "memory", *fresh, "--json", str(data), "--plot", str(picture)]) == 0
    output = capsys.readouterr().out
    curves = json.loads(data.read_text())["curves"]
    assert [curve["name"] for curve in curves] == ["rnn", "lstm"] and len(curves[0]["norms"]) == 13
    assert f"{curves[1]['norms'][10]:.2g}" in output and picture.read_text().startswith("<?xml")


def test_memory_command_of_a_checkpoint_and_a_file(
    reversal_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = checkpoint(tmp_path / "model", reversal_data)
    (tmp_path / "text").write_text("uno dos tres\n\ncuatro\n", encoding="utf-8")
    assert main(["lab", "memory", "--model", str(folder), "--source", str(tmp_path / "text")]) == 0
    output = capsys.readouterr().out
    assert "es → en model, 2 sentences" in output and "encoder layer 2 backward (lstm)" in output


def test_recall_and_clipping_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    data, picture = tmp_path / "data.json", tmp_path / "picture.png"
    files = ["--json", str(data), "--plot", str(picture)]
    quick = ["--quick", "--cell", "gru", "--delay", "2", "--delay", "0", "--steps", "5"]
    assert main(["lab", "recall", *quick, *files]) == 0
    written = json.loads(data.read_text())
    assert [outcome["delay"] for outcome in written["outcomes"]] == [0, 2] and written["config"]["steps"] == 5
    assert "gru mean" in capsys.readouterr().out and picture.read_bytes().startswith(b"\x89PNG")
    picture.unlink()
    assert main(["lab", "clipping", "--steps", "60", *files]) == 0
    assert "diverged" in capsys.readouterr().out and picture.exists()
    assert None in json.loads(data.read_text())["without"]["losses"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["memory", "--plot", "memory.gif"], "memory.gif: a picture's file name ends in .svg or .png"),
        (["memory", "--json", "nowhere/memory.json"], "nowhere/memory.json: there is no folder nowhere"),
        (["memory", "--model", "nowhere"], "nowhere: no such checkpoint folder"),
        (["clipping", "--threshold", "-1"], "clipping: threshold is -1.0: a number above 0 is needed"),
        (["clipping", "--gain", "nan"], "clipping: gain is nan: a number above 0 is needed"),
    ],
)
def test_mistakes_give_one_clear_message(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lab", *arguments]) == 1
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.startswith(f"nmt: error: {message}")
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nothing"],
        ["memory", "--model", "x", "--cell", "rnn"],
        ["memory", "--source", "x"],
        ["memory", "--hidden", "0"],
        ["recall", "--delay", "-1"],
        ["inside", "--model", "x"],
    ],
)
def test_wrong_usage_exits_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit:
        main(["lab", *arguments])
    assert exit.value.code == 2 and "usage: nmt lab" in capsys.readouterr().err


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(UserError, match="at least 2 are needed to tell apart"):
        recall.RecallConfig(symbols=1)
    with pytest.raises(UserError, match="no cell is called 'mamba'"):
        of_fresh_cells(["mamba"])  # type: ignore[list-item]
    with pytest.raises(UserError, match="distance is 0"):
        of_fresh_cells(["rnn"], distance=0)
