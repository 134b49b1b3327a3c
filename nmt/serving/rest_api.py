"""JSON routes that clients of LibreTranslate can use as they are: POST /translate, POST /detect, GET /languages.

Fields, answers and status codes are those of LibreTranslate's API, version 1.6.  What they lack of it: files,
suggestions, and API keys of their own (where the server asks for a password, `api_key` is "user:password", or HTTP's
basic authentication does).
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

MAX_BODY_BYTES = 1_000_000
MARKUP = re.compile(
    r"(<(?:script|style)\b.*?</(?:script|style)\s*>|<!--.*?-->|<[^<>]*>)", re.DOTALL | re.IGNORECASE
)
STATUS = {"page.busy": 429, "page.timeout": 503, "page.failed": 500}  # of errors that are not the client's

Allowed = Callable[[str, str], bool]  # whether these are a user and the user's password
Fields = dict[str, Any]


class Refused(Exception):
    """A request is answered with an error of this status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def add_routes(app: FastAPI, service: TranslationService, allowed: Allowed | None = None) -> None:
    """Add the routes to `app`, before anything is mounted on it.  `allowed` None: everybody may ask."""

    @app.exception_handler(Refused)
    async def refused(request: Request, error: Refused) -> JSONResponse:
        return JSONResponse({"error": str(error)}, error.status)

    @app.post("/translate")
    async def translate(request: Request) -> JSONResponse:
        fields = await _read_fields(request, allowed)
        try:
            return JSONResponse(await _translate(service, fields))
        except PageError as error:
            raise Refused(STATUS.get(error.key, 400), str(error)) from None
        except UserError as error:
            raise Refused(400, str(error)) from None

    @app.post("/detect")
    async def detect(request: Request) -> JSONResponse:
        fields = await _read_fields(request, allowed)
        return JSONResponse([_detect(service, _text(fields, "q"))])

    @app.get("/languages")
    async def available(request: Request) -> JSONResponse:
        if await request.body():  # some clients send their key in the body of this GET
            await _read_fields(request, allowed)
        else:
            _check_password(request, {}, allowed)
        return JSONResponse(
            [
                {"code": code, "name": languages.name(code)[0], "targets": [*service.targets(code), code]}
                for code in service.sources()
            ]
        )


async def _translate(service: TranslationService, fields: Fields) -> Fields:
    """The answer to POST /translate; `q` is a text or a list of texts, and the answer has the same form."""
    several = isinstance(fields.get("q"), list)
    texts: list[str] = fields["q"] if several else [_text(fields, "q")]
    if not all(isinstance(text, str) for text in texts):
        raise Refused(400, "q has something in it that is not a string")
    source, target = _text(fields, "source"), _text(fields, "target")
    form = fields.get("format", "text")
    if form not in ("text", "html"):
        raise Refused(400, f"format {form!r} is not supported: give text or html")
    wanted = _number_of_alternatives(fields)
    service.check(texts)  # before anything is done with so much text
    detected = _detect(service, "\n".join(texts)) if source == AUTO else None
    source = detected["language"] if detected else source
    if source not in service.sources():
        raise Refused(400, f"{source} is not supported")
    if source != target and target not in service.targets(source):
        raise Refused(400, f"{target} is not supported")

    translations: Sequence[str] = texts
    alternatives: list[list[str]] = [[] for _ in texts]
    if form == "html" and source != target:
        translations = await _translate_html(service, texts, (source, target))
    elif source != target:
        answers = await service.translate_many(texts, (source, target), 0, wanted)
        translations = [answer.text for answer in answers]
        alternatives = [list(answer.alternatives) for answer in answers]
    answer: Fields = {"translatedText": translations if several else translations[0]}
    if detected:
        answer["detectedLanguage"] = [detected] * len(texts) if several else detected
    if wanted:
        answer["alternatives"] = alternatives if several else alternatives[0]
    return answer


async def _translate_html(
    service: TranslationService, texts: Sequence[str], direction: Direction
) -> list[str]:
    """Translate what stands between the markup, which stays where it is."""
    parts = [MARKUP.split(text) for text in texts]  # markup has the odd places
    between = [html.unescape(part) for text in parts for part in text[::2]]
    answers = iter(await service.translate_many(between, direction))
    for text in parts:
        text[::2] = [html.escape(next(answers).text, quote=False) for _ in text[::2]]
    return ["".join(text) for text in parts]


def _detect(service: TranslationService, text: str) -> Fields:
    """The likelier language, with a confidence in percent; it is 0 where nothing in the text speaks for either."""
    if service.identifier is None:
        return {"confidence": 0.0, "language": service.first[0]}
    language, probability = service.identifier.identify(text)
    return {"confidence": round(200 * probability - 100, 1), "language": language}


async def _read_fields(request: Request, allowed: Allowed | None) -> Fields:
    """What was sent as JSON, as a form, or in the address, by somebody who may ask."""
    body = await request.body()
    if len(body) > MAX_BODY_BYTES:
        raise Refused(413, f"the request is larger than {MAX_BODY_BYTES} bytes")
    fields: Fields = dict(request.query_params)
    try:
        kind = request.headers.get("content-type", "")
        if "urlencoded" in kind:
            # Letters that are not escaped, as curl sends them, are UTF-8; Starlette would take them for Latin-1.
            fields.update(parse_qsl(body.decode("utf-8"), keep_blank_values=True))
        elif "form" in kind:
            fields.update(await request.form())
        elif body or not fields:
            fields = {**fields, **json.loads(body)}
        fields = {name: _without_surrogates(value) for name, value in fields.items()}
    except (ValueError, TypeError, RecursionError, HTTPException) as error:
        raise Refused(400, f"the request is not a JSON object or a form: {error}") from None
    _check_password(request, fields, allowed)
    return fields


def _without_surrogates(value: Any) -> Any:
    """The value without lone surrogates, which JSON can hold and no answer can."""
    if isinstance(value, list):
        return [_without_surrogates(one) for one in value]
    return without_surrogates(value) if isinstance(value, str) else value


def _check_password(request: Request, fields: Fields, allowed: Allowed | None) -> None:
    if allowed is None:
        return
    given = fields.get("api_key") or request.query_params.get("api_key") or _basic_credentials(request)
    user, _, password = str(given).partition(":")
    if not allowed(user, password):
        raise Refused(403, "this server needs a user and password: give api_key as user:password")


def _basic_credentials(request: Request) -> str:
    """ "user:password" of HTTP's basic authentication; "" if there is none."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    try:
        return base64.b64decode(encoded, validate=True).decode("utf-8") if scheme.lower() == "basic" else ""
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _text(fields: Fields, name: str) -> str:
    if name not in fields:
        raise Refused(400, f"Invalid request: missing {name} parameter")
    value = fields[name]
    if not isinstance(value, str):
        raise Refused(400, f"{name} is not a string")
    return value


def _number_of_alternatives(fields: Fields) -> int:
    value = fields.get("alternatives", 0)
    try:
        return int(value or 0)  # a form has it as a string
    except (TypeError, ValueError, OverflowError):
        raise Refused(400, f"alternatives is {value!r}: a whole number is needed") from None
