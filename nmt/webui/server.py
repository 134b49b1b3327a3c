"""The page and the JSON routes on one port: FastAPI holds both, uvicorn serves them in a thread of its own."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from hmac import compare_digest
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import gradio as gr
import uvicorn
from fastapi import FastAPI, HTTPException
from gradio import processing_utils
from gradio.exceptions import InvalidPathError
from gradio.utils import get_upload_folder
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nmt.errors import UserError
from nmt.serving import rest_api
from nmt.serving.service import TranslationService
from nmt.webui import i18n
from nmt.webui.gradio_sessions import keep_less_of_visitors
from nmt.webui.page import UPLOADS_LAST, build_page
from nmt.webui.theme import ICON, STYLE_SHEETS, theme

if TYPE_CHECKING:
    from nmt.serving.training_jobs import Trainings

MOST_UPLOADED = "10mb"  # one file
MOST_SENT = 25_000_000  # bytes of one request: five million characters to score, in any script
MOST_KEPT = 4_000_000_000  # bytes of all that lies in the temporary folder
LEAST_KEPT = 4096  # bytes that a file takes at least, and its folder with it
COUNTED = 5.0  # seconds for which what lies there is not counted again
SESSIONS = 300  # of visitors that are remembered; Gradio keeps some 0.3 MB for each
STARTING = 60.0  # seconds
FOLDER = "nmt-page-"  # what the temporary folder's name begins with; the process's number follows


@contextmanager
def served(
    service: TranslationService,
    host: str,
    port: int,
    users: Mapping[str, str] | None = None,
    trainings: Trainings | None = None,
) -> Iterator[None]:
    """Serve while the `with` block runs.

    users      names and passwords; None: everybody may come in
    trainings  where visitors may train; None: nowhere
    UserError when nothing can listen on host and port.
    """
    _clear_what_was_left()
    with tempfile.TemporaryDirectory(prefix=f"{FOLDER}{os.getpid()}-") as uploads:
        os.environ["GRADIO_TEMP_DIR"] = uploads  # nothing that was uploaded outlives the program
        app = make_app(service, users, trainings)
        server = uvicorn.Server(
            uvicorn.Config(app, host=host, port=port, log_level="warning", timeout_graceful_shutdown=2)
        )
        thread = threading.Thread(target=server.run, name="server", daemon=True)
        thread.start()
        try:
            _wait_for(server, thread, host, port)
            yield
        finally:
            # Browsers keep a connection open; that it is cut is nothing to print a traceback for.
            logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
            server.should_exit = True
            thread.join(timeout=10)
            service.close()
            if trainings is not None:
                trainings.close()


def make_app(
    service: TranslationService,
    users: Mapping[str, str] | None = None,
    trainings: Trainings | None = None,
) -> FastAPI:
    """The page at / and the routes of `nmt.serving.rest_api` beside it."""
    allowed = None if users is None else lambda user, password: _matches(users, user, password)
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(BodyLimit)
    rest_api.add_routes(app, service, allowed)
    page = build_page(service, trainings)
    page.state_session_capacity = SESSIONS
    # Only Gradio's own `launch` says so.  Without it any file of the server could be named as one's upload.
    page.has_launched = True
    # It would also fetch, whole and of any size, what somebody names by an address.
    processing_utils.async_ssrf_protected_download = _fetch_nothing
    gr.mount_gradio_app(
        app,
        page,
        path="/",
        auth=allowed,
        ssr_mode=False,
        mcp_server=False,
        enable_monitoring=False,
        run_history=False,
        footer_links=["api", "settings"],
        show_error=True,
        max_file_size=MOST_UPLOADED,
        i18n=i18n.I18N,
        theme=theme(),
        favicon_path=str(ICON),
        css_paths=STYLE_SHEETS,
    )
    keep_less_of_visitors(app, page)
    return app


class BodyLimit:
    """Refuses a request larger than `MOST_SENT` while it is being read, for Gradio limits files only; and an upload
    where too much of others' lies already."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.counted, self.kept = -COUNTED, 0  # when, and how many bytes there were

    async def is_full(self) -> bool:
        """Whether the uploads of all visitors are as much as they may be."""
        if time.monotonic() > self.counted + COUNTED:
            self.counted = time.monotonic()
            self.kept = await asyncio.to_thread(_size, get_upload_folder())
        return self.kept > MOST_KEPT

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        uploads = scope["type"] == "http" and scope["path"].rstrip("/").endswith("/upload")
        if uploads and scope["method"] == "POST" and await self.is_full():
            full = {"error": "the server holds as many files as it may; try again in an hour"}
            await JSONResponse(full, 507)(scope, receive, send)
            return
        read = 0

        async def limited() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > MOST_SENT:
                raise HTTPException(413, f"the request is larger than {MOST_SENT} bytes")
            return message

        await self.app(scope, limited if scope["type"] == "http" else receive, send)


def _size(folder: str) -> int:
    """Bytes that all files in it take; those that are deleted meanwhile count for nothing."""
    size = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                size += max(LEAST_KEPT, os.path.getsize(os.path.join(parent, name)))
    return size


async def _fetch_nothing(url: str, cache_dir: str) -> NoReturn:
    raise InvalidPathError(f"{url}: it was not uploaded by a user.")


def _clear_what_was_left() -> None:
    """Delete the uploads of servers that were killed, and so could not do it themselves."""
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDER}*"):
        number = folder.name.removeprefix(FOLDER).partition("-")[0]
        with suppress(OSError):
            # An old one: in another container that sees this folder, processes have other numbers.
            old = time.time() - folder.stat().st_mtime > UPLOADS_LAST
            if old and number.isdecimal() and not _is_running(int(number)):
                shutil.rmtree(folder, ignore_errors=True)


def _is_running(process: int) -> bool:
    if os.name == "nt":  # there a signal would end it
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # somebody else's, or no process's number
        return True
    return True


def read_users(file: Path) -> dict[str, str]:
    """Names and passwords, a line "name:password" for each; empty lines and those that begin with # count for
    nothing.  UserError for what cannot be read or is no such line."""
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


def _matches(users: Mapping[str, str], user: str, password: str) -> bool:
    """In a time that does not tell how much of the password was right."""
    known = users.get(user)
    given = password.encode("utf-8", "replace")
    return compare_digest((known or "").encode(), given) and known is not None


def _wait_for(server: uvicorn.Server, thread: threading.Thread, host: str, port: int) -> None:
    waited = threading.Event()
    for _ in range(int(STARTING / 0.05)):
        if server.started:
            return
        if not thread.is_alive():
            raise UserError(f"the page did not start on {host} port {port}; is the port taken?")
        waited.wait(0.05)
    raise UserError(f"the page did not start on {host} port {port} within {STARTING:.0f} seconds")
