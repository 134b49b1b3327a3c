"""Who may come in: names and passwords from a file."""

from __future__ import annotations

from collections.abc import Mapping
from hmac import compare_digest
from pathlib import Path

from nmt.errors import UserError


def read_users(file: Path) -> dict[str, str]:
    """Passwords by name, from lines "name:password"; empty lines and lines that begin with # are skipped.

    UserError for a file that cannot be read, for a line of another form, and for a file without anybody.
    """
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{file}: cannot be read ({error}); give --auth a text file") from None
    users: dict[str, str] = {}
    for number, line in enumerate(map(str.strip, lines), start=1):
        if not line or line.startswith("#"):
            continue
        name, _, password = line.partition(":")
        if not name or not password:
            raise UserError(f"{file}:{number}: not name:password")
        users[name] = password
    if not users:
        raise UserError(f"{file}: names nobody; write a line name:password for each visitor")
    return users


def is_known(users: Mapping[str, str], user: str, password: str) -> bool:
    """Whether this is the user's password; the time that it takes does not tell how much of it was right."""
    known = users.get(user)
    given = password.encode("utf-8", "replace")
    return compare_digest((known or "").encode(), given) and known is not None
