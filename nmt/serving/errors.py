"""The error that tells a visitor what cannot be done, in either language, and how errors are told to programs."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from nmt.errors import UserError
from nmt.serving.messages import catalogue

MAX_ECHO = 200  # characters of what somebody sent that a message repeats

logger = logging.getLogger(__name__)


def shortened(text: str) -> str:
    """The text, cut to what a message may repeat."""
    return text if len(text) <= MAX_ECHO else text[: MAX_ECHO - 1] + "…"


def one_line(error: BaseException) -> str:
    """An exception that nobody expected, for the log: its kind, what it says, and where it was raised."""
    place, trace = "?", error.__traceback__
    while trace:
        place, trace = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}", trace.tb_next
    return f"{type(error).__name__}: {shortened(' '.join(str(error)[:10_000].split()))} ({place})"


def answer_to(error: HTTPException) -> JSONResponse:
    """What the client of a request that was refused gets."""
    return JSONResponse({"error": shortened(str(error.detail))}, error.status_code, error.headers)


class PageError(UserError):
    """A message of the catalogue, by its key and values; as a plain exception it is said in English."""

    def __init__(self, key: str, /, **values: catalogue.Value) -> None:
        values = {name: shortened(one) if isinstance(one, str) else one for name, one in values.items()}
        super().__init__(catalogue.say("en", key, **values))
        self.key, self.values = key, values


@contextmanager
def failures_logged(work: str) -> Iterator[None]:
    """What is nobody's mistake goes into the log, and the visitor is only told that something failed."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        logger.error("%s failed", work, exc_info=error)
        raise PageError("page.failed") from None
