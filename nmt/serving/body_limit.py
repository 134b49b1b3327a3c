"""How much may be sent to the server at a time, and how much of it may lie on its disk."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import suppress

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 25_000_000  # of one request: five million characters to score, in any script
MAX_STORED_BYTES = 4_000_000_000  # of all uploads together
MIN_FILE_BYTES = 4096  # that a file takes on the disk at least, its folder included
RECOUNT_SECONDS = 5.0  # after which the stored bytes are counted again
UPLOADS = ("/upload", "/translate_file")  # ends of the addresses that files are sent to


class BodyLimit:
    """Middleware that refuses a request larger than `MAX_BODY_BYTES` while it is being read, with status 413, and an
    upload, with 507, while too much of others' is stored.

    folder  gives the folder of the uploads, which may differ from one moment to the next
    """

    def __init__(self, app: ASGIApp, folder: Callable[[], str]) -> None:
        self.app, self.folder = app, folder
        self.counted_at, self.stored = -RECOUNT_SECONDS, 0  # when the stored bytes were counted, and how many

    async def is_full(self) -> bool:
        """Whether the uploads of all visitors are as much as they may be."""
        if time.monotonic() > self.counted_at + RECOUNT_SECONDS:
            self.counted_at = time.monotonic()
            self.stored = await asyncio.to_thread(stored_bytes, self.folder())
        return self.stored > MAX_STORED_BYTES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        uploads = scope["type"] == "http" and scope["path"].rstrip("/").endswith(UPLOADS)
        if uploads and scope["method"] == "POST" and await self.is_full():
            full = {"error": "the server holds as many files as it may; try again in an hour"}
            await JSONResponse(full, 507)(scope, receive, send)
            return
        read = 0

        async def limited() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > MAX_BODY_BYTES:
                raise HTTPException(413, f"the request is larger than {MAX_BODY_BYTES} bytes")
            return message

        await self.app(scope, limited if scope["type"] == "http" else receive, send)


def stored_bytes(folder: str) -> int:
    """Bytes that all files in the folder take; a file that is deleted meanwhile takes none."""
    size = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                size += max(MIN_FILE_BYTES, os.path.getsize(os.path.join(parent, name)))
    return size
