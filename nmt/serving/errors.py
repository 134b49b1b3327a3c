"""The error that tells a visitor what cannot be done, in either language."""

from __future__ import annotations

from pathlib import Path

from nmt.errors import UserError
from nmt.serving.messages import catalogue

MAX_ECHO = 200  # characters of what somebody sent that a message repeats


def shortened(text: str) -> str:
    """The text, cut to what a message may repeat."""
    return text if len(text) <= MAX_ECHO else text[: MAX_ECHO - 1] + "…"


def one_line(error: BaseException) -> str:
    """An exception that nobody expected, for the log: its kind, what it says, and where it was raised."""
    place, trace = "?", error.__traceback__
    while trace:
        place, trace = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}", trace.tb_next
    return f"{type(error).__name__}: {shortened(' '.join(str(error)[:10_000].split()))} ({place})"


class PageError(UserError):
    """A message of the catalogue, by its key and values; as a plain exception it is said in English."""

    def __init__(self, key: str, /, **values: catalogue.Value) -> None:
        values = {
            name: shortened(value) if isinstance(value, str) else value for name, value in values.items()
        }
        super().__init__(catalogue.say("en", key, **values))
        self.key, self.values = key, values
