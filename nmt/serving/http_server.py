"""Serves an application on an address, by uvicorn in a thread of this process or in several processes."""

from __future__ import annotations

import errno
import json
import logging
import os
import secrets
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.types import ASGIApp

from nmt.errors import UserError
from nmt.serving.settings import Settings

if TYPE_CHECKING:
    from nmt.serving.service import TranslationService

START_SECONDS = 60.0  # in which it must answer
GRACE_SECONDS = 30  # that running requests may take when the server ends
# Header lines and the address together.  h11 refuses more; httptools, which parses faster, knows no limit: 90 MB of
# one header hold everybody up for seconds.  A translation takes a hundred times what the parser saves.
MAX_HEADER_BYTES = 65_536
SWITCH_SECONDS = 0.0005  # for which a thread may keep the interpreter
SETTINGS = "NMT_SERVE"  # in the environment of a worker
# Where workers keep the numbers of `metrics.py`; set before they import it.
SHARED_METRICS = "PROMETHEUS_MULTIPROC_DIR"


def check_address(host: str, port: int) -> None:
    """UserError when nothing can listen on `host` and `port`; cheap enough to ask before a model is loaded."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise UserError(f"port {port} is taken by another program; choose another with --port") from None
        raise UserError(f"cannot listen on {host} port {port}: {error.strerror}") from None


@contextmanager
def running(app: ASGIApp, host: str, port: int, grace: int = 2) -> Iterator[None]:
    """Serve the application while the `with` block runs.  UserError when it does not start.

    grace  seconds that running requests may take at the end; browsers keep the page's connections open for ever
    """
    import uvicorn  # here, so that an address can be checked where it is not installed

    server = uvicorn.Server(uvicorn.Config(app, **_options(host, port, grace)))
    thread = threading.Thread(target=server.run, name="server", daemon=True)
    thread.start()
    try:
        end = time.monotonic() + START_SECONDS
        while not server.started:
            if not thread.is_alive():
                raise UserError(f"the page did not start on {host} port {port}; is the port taken?")
            if time.monotonic() > end:
                within = f"within {START_SECONDS:.0f} seconds"
                raise UserError(f"the page did not start on {host} port {port} {within}")
            time.sleep(0.05)
        yield
    finally:
        # Browsers keep a connection open; that it is cut is nothing to print a traceback for.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        server.should_exit = True
        thread.join(timeout=grace + 8)


def serve(settings: Settings) -> None:
    """The API on its address until KeyboardInterrupt or SIGTERM; running requests are finished."""
    check_address(settings.host, settings.port)
    with tempfile.TemporaryDirectory(prefix="nmt-serve-") as folder:
        settings = replace(settings, files=folder, secret=secrets.token_hex())
        if settings.workers > 1:
            _several(settings, folder)
            return
        service, users = prepared(settings)
        from nmt.serving.app import make_app

        try:
            with running(make_app(service, settings, users), settings.host, settings.port, GRACE_SECONDS):
                print(f"Ready: {settings.url}", flush=True)
                threading.Event().wait()
        finally:
            service.close()


def _several(settings: Settings, folder: str) -> None:
    """Each worker has models of its own, and counts requests and wrong passwords for itself."""
    import uvicorn

    # What cannot be served is told once, here: a worker that does not start would be started again without end.
    prepared(settings)[0].close()
    os.environ[SHARED_METRICS] = tempfile.mkdtemp(prefix="metrics-", dir=folder)
    os.environ[SETTINGS] = json.dumps(asdict(settings))
    print(f"Starting {settings.workers} processes: {settings.url}", flush=True)
    options = _options(settings.host, settings.port, GRACE_SECONDS)
    uvicorn.run(f"{__name__}:worker", factory=True, workers=settings.workers, **options)


def worker() -> ASGIApp:
    """Make the application of one of several processes, from the settings that the parent left in the environment."""
    from nmt.serving.app import make_app

    settings = Settings(**json.loads(os.environ[SETTINGS]))
    service, users = prepared(settings)
    return make_app(service, settings, users)


def prepared(settings: Settings) -> tuple[TranslationService, dict[str, str] | None]:
    """Load the models and users of a server, and set up its log on standard error."""
    from nmt.serving import detection, models

    detector = detection.loading()
    translators, identifier = models.load_translators([*map(Path, settings.model)]), models.load_identifier()
    from nmt.serving.service import TranslationService
    from nmt.serving.users import read_users

    # Searches give the interpreter up at every step and want it back at once, not after 5 ms of a busy server.
    sys.setswitchinterval(SWITCH_SECONDS)
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    logging.getLogger("nmt.requests").setLevel(logging.INFO)
    users = read_users(settings.auth) if settings.auth else None
    service = TranslationService(translators, settings.max_chars, identifier, settings.timeout)
    detector.join()
    return service, users


def _options(host: str, port: int, grace: int) -> dict[str, Any]:
    """Return the options that both ways to run uvicorn share.  The guard, not uvicorn, reads forwarded headers."""
    return {
        "host": host,
        "port": port,
        "http": "nmt.serving.header_timeout:HeaderTimeout",
        "h11_max_incomplete_event_size": MAX_HEADER_BYTES,
        "ws": "none",
        "log_level": "warning",
        "access_log": False,
        "proxy_headers": False,
        "server_header": False,
        "timeout_graceful_shutdown": grace,
    }
