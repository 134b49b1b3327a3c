"""Checks names and passwords from a file, signs the cookies of those who logged in, and locks out who guesses."""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import time
from collections.abc import Mapping
from pathlib import Path

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.exceptions import HTTPException

from nmt.errors import UserError
from nmt.serving.errors import shortened

COOKIE = "nmt-user"
COOKIE_SECONDS = 30 * 24 * 3600
LOCK_MINUTES = 5
# Wrong passwords within these minutes, after which an address or a name is refused until they have passed.  A name
# takes more of them: otherwise anybody could lock somebody out from one address.
WRONG = {
    "address": RateLimitItemPerMinute(10, LOCK_MINUTES),
    "name": RateLimitItemPerMinute(30, LOCK_MINUTES),
}

logger = logging.getLogger(__name__)


class Users:
    """passwords  by name
    secret     signs cookies; whoever changes a password ends the logins made with it
    """

    def __init__(self, passwords: Mapping[str, str], secret: str) -> None:
        self._passwords, self._secret = passwords, secret.encode()
        self._wrong = MovingWindowRateLimiter(MemoryStorage())

    def check(self, user: str, password: str, address: str) -> bool:
        """Whether this is the user's password.  HTTPException, whatever the password, after too many wrong ones."""
        keys = {"address": address, "name": shortened(user)}
        for kind, key in keys.items():
            if not self._wrong.test(WRONG[kind], kind, key):
                logger.warning("locked out: %s %r", kind, key)
                wait = {"retry-after": str(60 * LOCK_MINUTES)}
                raise HTTPException(429, "too many wrong passwords: try again in some minutes", wait)
        if is_known(self._passwords, user, password):
            return True
        for kind, key in keys.items():
            self._wrong.hit(WRONG[kind], kind, key)
        logger.warning("wrong password for %r from %s", keys["name"], address)
        return False

    def check_basic(self, header: str, address: str) -> str | None:
        """The user of an Authorization header; None if there is none or it is wrong."""
        scheme, _, encoded = header.partition(" ")
        try:
            given = base64.b64decode(encoded, validate=True).decode() if scheme.lower() == "basic" else ""
        except ValueError:  # no base64, or no text
            return None
        user, _, password = given.partition(":")
        return user if given and self.check(user, password, address) else None

    def cookie(self, user: str) -> str:
        """What the browser of somebody who logged in keeps."""
        name, until = base64.urlsafe_b64encode(user.encode()).decode(), int(time.time()) + COOKIE_SECONDS
        return f"{name}.{until}.{self._signature(user, until)}"

    def of_cookie(self, cookie: str) -> str | None:
        """Whose cookie it is; None if it is nobody's."""
        try:
            name, until, signature = cookie.split(".")
            user = base64.urlsafe_b64decode(name).decode()
            signed = hmac.compare_digest(signature, self._signature(user, int(until)))
            valid = signed and int(until) > time.time()
        except (ValueError, TypeError):
            return None
        return user if valid and user in self._passwords else None

    def _signature(self, user: str, until: int) -> str:
        said = repr((user, until, self._passwords.get(user)))
        return hmac.new(self._secret, said.encode(), hashlib.sha256).hexdigest()


def read_users(file: str | Path) -> dict[str, str]:
    """Passwords by name, from lines "name:password"; empty lines and lines that begin with # are skipped.

    UserError for a file that cannot be read, for a line of another form, and for a file without anybody.
    """
    try:
        lines = Path(file).read_text(encoding="utf-8-sig").splitlines()
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
    return hmac.compare_digest((known or "").encode(), given) and known is not None
