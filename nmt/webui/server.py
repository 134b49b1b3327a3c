"""The page and the JSON routes as one application, and what Gradio is kept from doing for strangers."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import gradio as gr
from fastapi import FastAPI, Response
from gradio import processing_utils
from gradio.exceptions import InvalidPathError

from nmt.serving import app as serving_app
from nmt.serving import http_server
from nmt.serving.guard import USER
from nmt.serving.service import TranslationService
from nmt.serving.settings import Settings
from nmt.webui import i18n
from nmt.webui.gradio_errors import answer_briefly
from nmt.webui.gradio_sessions import keep_less_of_visitors, mounted_page
from nmt.webui.page import UPLOAD_SECONDS, build_page
from nmt.webui.theme import ICON, STYLE_SHEETS, theme

if TYPE_CHECKING:
    from nmt.serving.training_jobs import Trainings

MAX_UPLOAD = "10mb"  # one file
MAX_SESSIONS = 300  # of visitors that are remembered; Gradio keeps some 0.3 MB for each
UNGUARDED = Settings(allowed_host=("*",))
FOLDER_PREFIX = "nmt-page-"  # of the name of the folder for uploads; the process's number follows


@contextmanager
def served(
    service: TranslationService,
    settings: Settings,
    users: Mapping[str, str] | None = None,
    trainings: Trainings | None = None,
) -> Iterator[None]:
    """Serve while the `with` block runs; afterwards the service and the trainings are closed.

    users      names and passwords; None: everybody may come in
    trainings  where visitors may train; None: nowhere
    UserError when nothing can listen on host and port.
    """
    delete_abandoned_uploads()
    with tempfile.TemporaryDirectory(prefix=f"{FOLDER_PREFIX}{os.getpid()}-") as uploads:
        os.environ["GRADIO_TEMP_DIR"] = uploads  # nothing that was uploaded outlives the program
        settings = replace(settings, files=uploads, secret=secrets.token_hex())
        app = make_app(service, users, trainings, settings)
        try:
            with http_server.running(app, settings.host, settings.port):
                yield
        finally:
            service.close()
            if trainings is not None:
                trainings.close()


def make_app(
    service: TranslationService,
    users: Mapping[str, str] | None = None,
    trainings: Trainings | None = None,
    settings: Settings = UNGUARDED,
) -> FastAPI:
    """The application of `nmt.serving.app`, with the page at /."""
    app = serving_app.make_app(service, settings, users)

    @app.get("/pwa_icon/{size}", include_in_schema=False)
    async def no_icon(size: str) -> Response:  # Gradio would fail to make a bitmap of our drawing
        return Response(status_code=404)

    page = build_page(service, trainings)
    page.state_session_capacity = MAX_SESSIONS
    # Only Gradio's own `launch` says so.  Without it any file of the server could be named as one's upload.
    page.has_launched = True
    # It would also fetch, whole and of any size, what somebody names by an address.
    processing_utils.async_ssrf_protected_download = _fetch_nothing
    gr.mount_gradio_app(
        app,
        page,
        path="/",
        auth_dependency=None if users is None else lambda request: request.scope.get(USER),
        ssr_mode=False,
        mcp_server=False,
        enable_monitoring=False,
        run_history=False,
        footer_links=["api", "settings"],
        show_error=True,
        max_file_size=MAX_UPLOAD,
        i18n=i18n.I18N,
        theme=theme(),
        favicon_path=str(ICON),
        css_paths=STYLE_SHEETS,
    )
    keep_less_of_visitors(app, page)
    answer_briefly(mounted_page(app))
    return app


async def _fetch_nothing(url: str, cache_dir: str) -> NoReturn:
    raise InvalidPathError(f"{url}: it was not uploaded by a user.")


def delete_abandoned_uploads() -> None:
    """Delete the uploads of servers that were killed, and so could not do it themselves."""
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDER_PREFIX}*"):
        number = folder.name.removeprefix(FOLDER_PREFIX).partition("-")[0]
        with suppress(OSError):
            # An old one: in another container that sees this folder, processes have other numbers.
            old = time.time() - folder.stat().st_mtime > UPLOAD_SECONDS
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
