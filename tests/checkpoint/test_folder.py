"""A training run's checkpoint folders, found in order."""

from __future__ import annotations

from pathlib import Path

from nmt.checkpoint.folder import run_checkpoints


def test_checkpoints_are_in_order_of_their_steps(tmp_path: Path) -> None:
    """Also where the number of one has more digits; other folders and files beside them are none."""
    names = [
        "step-10000000",
        "step-9999000",
        "step-0000500",
        "best-of-all",
        "step-1.bak",
        ".step-0000400.partial",
    ]
    for name in names:
        (tmp_path / "checkpoints" / name).mkdir(parents=True)
    found = [path.name for path in run_checkpoints(tmp_path)]
    assert found == ["step-0000500", "step-9999000", "step-10000000"]
