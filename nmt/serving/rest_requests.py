"""Reads and checks what programs send to the REST routes, and describes the errors that all of these answer.

Who may ask is known to the guard, or told by the field `api_key`: both are asked in `Access.check`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException

from nmt.serving.errors import shortened
from nmt.serving.guard import USER, Limiter, address_of
from nmt.serving.users import Users
from nmt.text.normalization import without_surrogates

MAX_BODY_BYTES = 1_000_000

T = TypeVar("T")
M = TypeVar("M", bound="Asked")


class Asked(BaseModel):
    """What a client sends, as JSON, as a form, or in the address; null and "" mean that a field is missing."""

    model_config = ConfigDict(extra="ignore")
    api_key: str | None = Field(None, description="user:password, where the server asks for it")


class Access:
    """Who may use the routes: whoever the guard knows already, or whose `api_key` says so."""

    def __init__(self, users: Users | None, limiter: Limiter) -> None:
        self.users, self.limiter = users, limiter

    def check(self, request: Request, api_key: object) -> None:
        if self.users is not None and request.scope.get(USER) is None:
            name, _, password = str(api_key or "").partition(":")
            if not api_key or not self.users.check(name, password, address_of(request.scope)):
                raise HTTPException(403, "Invalid API key: this server needs user:password")
            self.limiter.count("user", name)


def sent(model: type[M]) -> Any:
    """Make the dependency that reads and checks what a client sent, and whether the client may ask."""

    async def read(request: Request) -> M:
        fields = await read_fields(request)
        request.app.state.access.check(request, fields.get("api_key"))
        return checked(model, fields)

    return Depends(read)


def checked(model: type[M], fields: dict[str, Any]) -> M:
    """HTTPException, in one sentence, for fields that are missing or of another kind."""
    try:
        there = {name: value for name, value in fields.items() if value not in (None, "", [])}
        return model.model_validate(there)
    except ValidationError as error:
        first = error.errors()[0]
        name, value = str(first["loc"][0]), shortened(str(first.get("input")))
        if first["type"] == "missing":
            raise HTTPException(400, f"Invalid request: missing {name} parameter") from None
        if name == "format":
            raise HTTPException(400, f"{value} format is not supported") from None
        raise HTTPException(400, f"Invalid request: {name}: {first['msg']}") from None


async def read_fields(request: Request, max_bytes: int = MAX_BODY_BYTES) -> dict[str, Any]:
    """The fields of a request's address, and of its body if it has one: JSON, or a form of either kind."""
    fields: dict[str, Any] = dict(request.query_params)
    kind = request.headers.get("content-type", "")
    try:
        if "multipart" in kind:
            fields |= _grouped((await request.form(max_files=1, max_fields=1000)).multi_items())
        elif body := await _read(request, max_bytes):
            # Letters that are not escaped, as curl sends them, are UTF-8; Starlette would take them for Latin-1.
            form = "urlencoded" in kind
            fields |= _grouped(parse_qsl(body.decode(), True)) if form else {**json.loads(body)}
        return {name: _without_surrogates(value) for name, value in fields.items()}
    except (ValueError, TypeError, RecursionError):
        said = "Invalid JSON format: the request is not a JSON object or a form"
        raise HTTPException(400, said) from None


async def _read(request: Request, max_bytes: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            raise HTTPException(413, f"the request is larger than {max_bytes} bytes")
    return bytes(body)


def _grouped(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Fields by name; one that is there several times is a list."""
    found: dict[str, list[Any]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return {name: values if len(values) > 1 else values[0] for name, values in found.items()}


def _without_surrogates(value: Any) -> Any:
    """The value without lone surrogates, which JSON can hold and no answer can."""
    if isinstance(value, list):
        return [_without_surrogates(one) for one in value]
    return without_surrogates(value) if isinstance(value, str) else value


async def while_connected(request: Request, work: Awaitable[T]) -> T:
    """Return the result of the work, which is cancelled when the client hangs up."""

    async def hung_up() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(hung_up())
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise HTTPException(499, "the client has gone")
        return working.result()
    finally:
        leaving.cancel()
        if not working.done():
            working.cancel()
            with suppress(asyncio.CancelledError):
                await working


class Failure(BaseModel):
    error: str


ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"model": Failure, "description": "The request is wrong"},
    403: {"model": Failure, "description": "No password, a wrong one, or not on this server"},
    429: {"model": Failure, "description": "Too many requests"},
    500: {"model": Failure, "description": "The translation failed"},
}
