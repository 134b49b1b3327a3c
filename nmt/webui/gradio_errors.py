"""Makes Gradio answer nonsense with the right status, and log one line with little of what was sent.

By itself it repeats all that was sent, answers 500 for an event that does not exist, and prints a traceback for inputs
that do not fit an event, as often as anybody likes.
"""

from __future__ import annotations

import logging
import sys
from types import SimpleNamespace
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from gradio import queueing, route_utils, routes
from gradio.route_utils import FnIndexInferError
from httpx import InvalidURL
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from nmt.serving.errors import one_line, shortened

logger = logging.getLogger(__name__)


def answer_briefly(mounted: FastAPI) -> None:
    """Give Gradio's application its handlers of errors; for all of the process, log a line for each traceback."""
    mounted.add_exception_handler(RequestValidationError, _wrong)
    mounted.add_exception_handler(HTTPException, _refused)
    # What Gradio raises for numbers, names and addresses that it does not know.
    for kind in (KeyError, FnIndexInferError, InvalidURL, UnicodeError):
        mounted.add_exception_handler(kind, _unknown)
    briefly: Any = SimpleNamespace(print_exc=_log)
    for module in (queueing, routes, route_utils):
        vars(module)["traceback"] = briefly


async def _wrong(request: Request, error: Any) -> Response:
    first = error.errors()[0]
    place = ".".join(map(str, first["loc"]))
    return JSONResponse({"detail": shortened(f"{place}: {first['msg']}")}, 422)


async def _refused(request: Request, error: Any) -> Response:
    detail = shortened(error.detail) if isinstance(error.detail, str) else error.detail
    return JSONResponse({"detail": detail}, error.status_code, error.headers)


async def _unknown(request: Request, error: Any) -> Response:
    return JSONResponse({"detail": "there is no such thing here"}, 404)


def _log() -> None:
    error = sys.exc_info()[1]
    assert error is not None
    logger.error(one_line(error))
