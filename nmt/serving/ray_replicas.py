"""The API on Ray Serve: replicas with models of their own, on one machine or several, behind this process.

This process has the address, and hands each request on, whole, to a replica with little to do.  Replicas keep nothing
from one request to the next, so that a request whose replica dies is put to another one.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import tempfile
import threading
from collections.abc import AsyncIterator
from dataclasses import asdict, replace
from typing import Any

from starlette.responses import JSONResponse
from starlette.types import Message, Receive, Scope, Send

from nmt.errors import UserError
from nmt.ray_data import ray_on
from nmt.serving.body_limit import MAX_BODY_BYTES
from nmt.serving.http_server import GRACE_SECONDS, check_address, prepared, running
from nmt.serving.settings import Settings

MAX_TRIES = 4  # replicas that a request is put to, one after another
MAX_ONGOING_REQUESTS = 64  # of a replica, which translates them in common batches
TARGET_ONGOING_REQUESTS = 16  # of a replica on average, above which autoscaling adds one
# What of a request goes to a replica: the rest of the scope belongs to the server that received it.
FIELDS = """type asgi http_version method scheme path raw_path query_string root_path headers client
server""".split()


class Replica:
    """The application, in a process of Ray."""

    def __init__(self, settings: dict[str, Any], folder: str) -> None:
        from nmt.serving.app import make_app

        os.chdir(folder)  # paths in the settings may be relative to it
        given = Settings(**settings)
        service, users = prepared(given)
        self.app = make_app(service, given, users)

    async def __call__(self, scope: Scope, body: bytes) -> AsyncIterator[Message]:
        """What the application sends, as it sends it."""
        sent: asyncio.Queue[Message | None] = asyncio.Queue()
        unread = [{"type": "http.request", "body": body}]

        async def receive() -> Message:
            return unread.pop() if unread else await asyncio.Event().wait()  # type: ignore[return-value]

        async def answer() -> None:
            try:
                await self.app(scope, receive, sent.put)
            finally:
                await sent.put(None)

        answering = asyncio.create_task(answer())
        try:
            while (message := await sent.get()) is not None:
                yield message
            await answering
        finally:
            answering.cancel()


class Front:
    """An application that lets replicas answer.  `handle` of the deployment of `Replica` yields what they send."""

    def __init__(self, handle: Any) -> None:
        self.handle = handle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        from ray.exceptions import RayActorError
        from ray.serve.exceptions import RayServeException

        if scope["type"] != "http":
            return
        body, more = bytearray(), True
        while more and len(body) <= MAX_BODY_BYTES:  # the replica refuses what is larger
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        begun = False
        request = {field: scope[field] for field in FIELDS if field in scope}
        for _ in range(MAX_TRIES):
            status: Message | None = None  # held until the body begins: until then another can be asked
            try:
                async for message in self.handle.remote(request, bytes(body)):
                    if message["type"] == "http.response.start":
                        status = message
                        continue
                    if status:
                        await send(status)
                        status, begun = None, True
                    await send(message)
                return
            except (RayActorError, RayServeException):
                if begun:  # the answer has begun; the client sees that its connection ends in the middle
                    raise
        await JSONResponse({"error": "no replica could answer; try again"}, 503)(scope, receive, send)


def serve(settings: Settings, address: str | None, max_workers: int | None) -> None:
    """The API on its address until KeyboardInterrupt or SIGTERM, from `settings.workers` replicas, or with
    `max_workers` from as many as are needed up to that number."""
    check_address(settings.host, settings.port)
    scaling: dict[str, Any] = {"num_replicas": settings.workers}
    if max_workers:
        limits = {"min_replicas": settings.workers, "max_replicas": max_workers}
        scaling = {"autoscaling_config": {**limits, "target_ongoing_requests": TARGET_ONGOING_REQUESTS}}
    with ray_on(address, "ray.serve") as ray, tempfile.TemporaryDirectory(prefix="nmt-serve-") as folder:
        given = asdict(replace(settings, files=folder, secret=secrets.token_hex()))
        options = {"name": "nmt", "max_ongoing_requests": MAX_ONGOING_REQUESTS, **scaling}
        replicas = ray.serve.deployment(Replica, **options).bind(given, os.getcwd())
        ray.serve.start(proxy_location="Disabled")  # this process receives the requests
        try:
            handle = ray.serve.run(replicas, name="nmt", route_prefix=None).options(stream=True)
            # Ray has put a handler of its own there.
            signal.signal(signal.SIGTERM, signal.default_int_handler)
            with running(Front(handle), settings.host, settings.port, GRACE_SECONDS):
                print(f"Ready: {settings.url}", flush=True)
                threading.Event().wait()
        except RuntimeError as error:
            raise UserError(f"the replicas did not start: {error}") from None
        finally:
            ray.serve.shutdown()
