"""nmt.serving.training_log: the curves of a training, whatever became of it."""

from __future__ import annotations

from pathlib import Path

from nmt.serving.training_log import MAX_POINTS, read_log, tail, thinned
from tests.support.pretended_trainings import write_log


def test_a_step_that_was_done_twice_is_in_the_curve_once(tmp_path: Path) -> None:
    """Killed after step 40, resumed from step 20."""
    entries = [{"kind": "train", "step": step, "loss": 5.0} for step in (10, 20, 30, 40)]
    entries += [{"kind": "dev", "step": 40, "loss": 4.0, "bleu": 9.0}]
    entries += [{"kind": "train", "step": step, "loss": 3.0} for step in (30, 40, 50)]
    log = read_log(write_log(tmp_path / "log.jsonl", entries, rest='{"kind": "train", "st'))
    assert log.curve("train", "loss") == [(10, 5.0), (20, 5.0), (30, 3.0), (40, 3.0), (50, 3.0)]
    assert log.curve("dev", "bleu") == [(40, 9.0)]
    assert (log.step, log.best) == (50, 9.0)


def test_a_curve_has_few_points_its_ends_among_them_and_no_holes(tmp_path: Path) -> None:
    entries = [{"kind": "train", "step": step, "loss": float(step)} for step in range(1, 20_001)]
    entries[100]["loss"] = float("nan")
    curve = read_log(write_log(tmp_path / "log.jsonl", entries)).curve("train", "loss")
    assert len(curve) == MAX_POINTS == 500
    assert curve[0] == (1, 1.0) and curve[-1] == (20_000, 20_000.0)
    gaps = [later - earlier for (earlier, _), (later, _) in zip(curve, curve[1:], strict=False)]
    assert min(gaps) >= 40 and max(gaps) <= 42
    assert thinned([1, 2, 3], 500) == [1, 2, 3]


def test_the_best_score_is_the_best_of_all_also_of_those_the_curve_leaves_out(tmp_path: Path) -> None:
    entries = [{"kind": "dev", "step": step, "bleu": 10.0} for step in range(1, 1302)]
    entries[1]["bleu"] = 30.0
    log = read_log(write_log(tmp_path / "log.jsonl", entries))
    assert max(value for _, value in log.curve("dev", "bleu")) == 10.0
    assert log.best == 30.0


def test_the_time_left_is_in_proportion_to_what_is_done(tmp_path: Path) -> None:
    assert read_log(tmp_path / "none").seconds_left is None
    entries = [{"kind": "train", "step": 10, "loss": 1.0, "done": 0.25, "seconds": 30.0}]
    assert read_log(write_log(tmp_path / "log.jsonl", entries)).seconds_left == 90.0


def test_of_a_long_output_only_the_end_is_read(tmp_path: Path) -> None:
    file = tmp_path / "output.txt"
    file.write_text("".join(f"línea {number}\n" for number in range(100_000)), encoding="utf-8")
    assert tail(file, lines=2) == "línea 99998\nlínea 99999"
    assert tail(tmp_path / "none") == ""
