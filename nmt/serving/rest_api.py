"""JSON routes that clients of LibreTranslate can use as they are: POST /translate, POST /detect, GET /languages.

Fields, answers and status codes are those of LibreTranslate's API (its version 1.6); they stand beside the page, not
in it.  What they lack of the original: files, suggestions, API keys of their own (where the page has a password,
`api_key` is "user:password", or HTTP's basic authentication).
"""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qsl

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse

from nmt.errors import UserError
from nmt.serving import languages
from nmt.serving.errors import PageError
from nmt.serving.job import Direction
from nmt.serving.service import AUTO, TranslationService
from nmt.text.normalization import without_surrogates

MOST_BYTES = 1_000_000  # of a request's body
MARKUP = re.compile(
    r"(<(?:script|style)\b.*?</(?:script|style)\s*>|<!--.*?-->|<[^<>]*>)", re.DOTALL | re.IGNORECASE
)
STATUS = {"page.busy": 429, "page.timeout": 503, "page.failed": 500}  # of errors that are not the client's

Allowed = Callable[[str, str], bool]  # user and password


class Refused(Exception):
    """A request that gets an error with this status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def add_routes(app: FastAPI, service: TranslationService, allowed: Allowed | None = None) -> None:
    """Add the routes to `app`, before the page is mounted on it.  `allowed` None: everybody is."""

    @app.exception_handler(Refused)
    async def refused(request: Request, error: Refused) -> JSONResponse:
        return JSONResponse({"error": str(error)}, error.status)

    @app.post("/translate")
    async def translate(request: Request) -> JSONResponse:
        fields = await _fields(request, allowed)
        try:
            return JSONResponse(await _translated(service, fields))
        except PageError as error:
            raise Refused(STATUS.get(error.key, 400), str(error)) from None
        except UserError as error:
            raise Refused(400, str(error)) from None

    @app.post("/detect")
    async def detect(request: Request) -> JSONResponse:
        fields = await _fields(request, allowed)
        return JSONResponse([_detected(service, _text(fields, "q"))])

    @app.get("/languages")
    async def available(request: Request) -> JSONResponse:
        # Some clients send their key in the body of this GET.
        if await request.body():
            await _fields(request, allowed)
        else:
            _check_password(request, {}, allowed)
        return JSONResponse(
            [
                {"code": code, "name": languages.name(code)[0], "targets": [*service.targets(code), code]}
                for code in service.sources()
            ]
        )


async def _translated(service: TranslationService, fields: dict[str, Any]) -> dict[str, Any]:
    asked = fields.get("q")
    several = isinstance(asked, list)
    texts: list[str] = asked if isinstance(asked, list) else [_text(fields, "q")]
    if not all(isinstance(text, str) for text in texts):
        raise Refused(400, "q has something in it that is not a string")
    source, target = _text(fields, "source"), _text(fields, "target")
    form = fields.get("format", "text")
    if form not in ("text", "html"):
        raise Refused(400, f"format {form!r} is not supported: give text or html")
    wanted = _number(fields.get("alternatives", 0))
    service.check_all(texts)  # before anything is done with so much text
    detected = _detected(service, "\n".join(texts)) if source == AUTO else None
    source = detected["language"] if detected else source
    if source not in service.sources():
        raise Refused(400, f"{source} is not supported")
    if source != target and target not in service.targets(source):
        raise Refused(400, f"{target} is not supported")

    done: Sequence[str] = texts
    others: list[list[str]] = [[] for _ in texts]
    if form == "html" and source != target:
        done = await _html(service, texts, (source, target))
    elif source != target:
        answers = await service.translate_many(texts, (source, target), 0, wanted)
        done, others = [a.text for a in answers], [list(a.alternatives) for a in answers]
    answer: dict[str, Any] = {"translatedText": done if several else done[0]}
    if detected:
        answer["detectedLanguage"] = [detected] * len(texts) if several else detected
    if wanted:
        answer["alternatives"] = others if several else others[0]
    return answer


async def _html(service: TranslationService, texts: Sequence[str], direction: Direction) -> list[str]:
    """What stands between markup is translated; the markup stays where it is."""
    parts = [MARKUP.split(text) for text in texts]  # markup has the odd places
    between = [html.unescape(part) for text in parts for part in text[::2]]
    answers = iter(await service.translate_many(between, direction))
    for text in parts:
        text[::2] = [html.escape(next(answers).text, quote=False) for _ in text[::2]]
    return ["".join(text) for text in parts]


def _detected(service: TranslationService, text: str) -> dict[str, Any]:
    """Confidence in percent, 0 where the text has nothing to go by."""
    if service.identifier is None:
        return {"confidence": 0.0, "language": service.first[0]}
    language, probability = service.identifier.identify(text)
    return {"confidence": round(200 * probability - 100, 1), "language": language}


async def _fields(request: Request, allowed: Allowed | None) -> dict[str, Any]:
    """What was sent as JSON, as a form, or in the address."""
    body = await request.body()
    if len(body) > MOST_BYTES:
        raise Refused(413, f"the request is larger than {MOST_BYTES} bytes")
    fields: Any = dict(request.query_params)
    try:
        kind = request.headers.get("content-type", "")
        if "urlencoded" in kind:
            # Letters that are not escaped, as curl sends them, are UTF-8; Starlette would take them for Latin-1.
            fields.update(parse_qsl(body.decode("utf-8"), keep_blank_values=True))
        elif "form" in kind:
            fields.update(await request.form())
        elif body or not fields:
            fields = {**fields, **json.loads(body)}
        fields = {name: _clean(value) for name, value in fields.items()}
    except (ValueError, TypeError, RecursionError, HTTPException) as error:
        raise Refused(400, f"the request is not a JSON object or a form: {error}") from None
    _check_password(request, fields, allowed)
    return dict(fields)


def _clean(value: Any) -> Any:
    """Without lone surrogates, which JSON can hold and no answer can."""
    if isinstance(value, list):
        return [_clean(one) for one in value]
    return without_surrogates(value) if isinstance(value, str) else value


def _check_password(request: Request, fields: dict[str, Any], allowed: Allowed | None) -> None:
    if allowed is None:
        return
    given = fields.get("api_key") or request.query_params.get("api_key") or _basic(request)
    user, _, password = str(given).partition(":")
    if not allowed(user, password):
        raise Refused(403, "this server needs a user and password: give api_key as user:password")


def _basic(request: Request) -> str:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(encoded, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _text(fields: dict[str, Any], name: str) -> str:
    if name not in fields:
        raise Refused(400, f"Invalid request: missing {name} parameter")
    if not isinstance(fields[name], str):
        raise Refused(400, f"{name} is not a string")
    value: str = fields[name]
    return value


def _number(value: Any) -> int:
    try:
        return int(value or 0)  # a form has it as a string
    except (TypeError, ValueError, OverflowError):
        raise Refused(400, f"alternatives is {value!r}: a whole number is needed") from None
