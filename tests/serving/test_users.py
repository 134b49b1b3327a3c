"""nmt.serving.users: names and passwords are read from a file, and a bad file is refused by its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from nmt.errors import UserError
from nmt.serving.users import is_known, read_users


def test_every_line_is_a_name_and_a_password_which_may_have_a_colon(tmp_path: Path) -> None:
    file = tmp_path / "users.txt"
    file.write_text("\ufeff# visitors\n\nana:secreto:1\n  bo:ñandú  \n", encoding="utf-8")
    users = read_users(file)
    assert users == {"ana": "secreto:1", "bo": "ñandú"}
    assert is_known(users, "ana", "secreto:1") and is_known(users, "bo", "ñandú")
    for user, password in (("ana", "secreto"), ("ana", ""), ("eve", ""), ("eve", "x"), ("ana", "\ud800")):
        assert not is_known(users, user, password)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"ana:x\nbo\n", "users.txt:2: not name:password"),
        (b":x\n", "users.txt:1: not name:password"),
        (b"ana:\n", "users.txt:1: not name:password"),
        (b"# nobody\n", "names nobody"),
        (b"\xff\n", "cannot be read"),
    ],
)
def test_a_bad_file_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "users.txt").write_bytes(content)
    with pytest.raises(UserError, match=message):
        read_users(tmp_path / "users.txt")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="give --auth a text file"):
        read_users(tmp_path / "nowhere.txt")
