"""Files and links that appear whole or not at all (for folders see tests/checkpoint/test_weights.py)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nmt.files import replace_link, write_file_atomically


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    for content, expected in (("año", "año".encode()), (b"\xff", b"\xff")):
        write_file_atomically(tmp_path / "file", content)
        assert (tmp_path / "file").read_bytes() == expected
    assert os.listdir(tmp_path) == ["file"]


def test_a_file_that_cannot_be_replaced_stays_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_file_atomically(tmp_path / "file", "old")

    def fail(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="full"):
        write_file_atomically(tmp_path / "file", "new")
    assert (tmp_path / "file").read_text() == "old" and os.listdir(tmp_path) == ["file"]


def test_a_link_is_relative_and_replaced(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / "all" / name).mkdir(parents=True)
        replace_link(tmp_path / "best", tmp_path / "all" / name)
    assert os.readlink(tmp_path / "best") == os.path.join("all", "two")
    assert sorted(os.listdir(tmp_path)) == ["all", "best"]
