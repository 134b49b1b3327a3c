"""An application on an address: uvicorn serves it in a thread of its own."""

from __future__ import annotations

import errno
import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.types import ASGIApp

from nmt.errors import UserError

START_SECONDS = 60.0  # in which it must answer


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
def running(app: ASGIApp, host: str, port: int) -> Iterator[None]:
    """Serve the application while the `with` block runs.  UserError when it does not start."""
    import uvicorn  # here, so that an address can be checked where it is not installed

    server = uvicorn.Server(
        uvicorn.Config(app, host=host, port=port, log_level="warning", timeout_graceful_shutdown=2)
    )
    thread = threading.Thread(target=server.run, name="server", daemon=True)
    thread.start()
    try:
        end = time.monotonic() + START_SECONDS
        while not server.started:
            if not thread.is_alive():
                raise UserError(f"the page did not start on {host} port {port}; is the port taken?")
            if time.monotonic() > end:
                raise UserError(
                    f"the page did not start on {host} port {port} within {START_SECONDS:.0f} seconds"
                )
            time.sleep(0.05)
        yield
    finally:
        # Browsers keep a connection open; that it is cut is nothing to print a traceback for.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        server.should_exit = True
        thread.join(timeout=10)
