"""JSON routes that clients of LibreTranslate can use as they are; fields, answers, errors and statuses are theirs.

Beyond LibreTranslate's API: `stream` sends a long text sentence by sentence, `glossary` has terms that hold, `doubtful`
asks which words the model was not sure of, and `via` names the languages by way of which a text was translated where
no model is direct.  Where the server asks for a password, `api_key` is
"user:password", or HTTP's basic authentication does.  Files are in `rest_files.py`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from itertools import chain
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Request
from pydantic import BaseModel, Field, field_validator
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response, StreamingResponse

from nmt.documents.document import Encoding, TextDocument
from nmt.documents.formats import SUFFIXES
from nmt.documents.html import passages
from nmt.errors import UserError
from nmt.serving import languages, metrics, suggestions
from nmt.serving.errors import shortened
from nmt.serving.glossaries import MAX_CHARS, MAX_LINES
from nmt.serving.job import Answer, Direction
from nmt.serving.rest_requests import ERRORS, Access, Asked, sent, while_connected
from nmt.serving.service import AUTO, MAX_ALTERNATIVES, TranslationService
from nmt.serving.settings import Settings
from nmt.translation.result import Segment


class WithGlossary(Asked):
    glossary: str = Field(
        "",
        description="terms that hold inside of sentences, one a line: term, tab, translation (at most "
        f"{MAX_LINES} lines and {MAX_CHARS} characters); on the way by another language, terms of that one",
        examples=["invoice\tfactura"],
    )


class ToTranslate(WithGlossary):
    q: str | list[str] = Field(description="a text, or a list of texts", examples=["¿Dónde está la biblioteca?"])
    source: str = Field(description="its language, or auto to have it detected", examples=["es"])
    target: str = Field(examples=["en"])
    format: Literal["text", "html"] = "text"
    alternatives: int = Field(0, ge=0, le=MAX_ALTERNATIVES, description="further translations to give")
    stream: bool = Field(False, description="answer with server-sent events, sentence by sentence")
    doubtful: bool = Field(False, description="tell which words the model was not sure of; format text")


class ToDetect(Asked):
    q: str = Field(examples=["Where is the library?"])

    @field_validator("q", mode="before")
    @classmethod
    def joined(cls, value: Any) -> Any:
        texts = isinstance(value, list) and all(isinstance(one, str) for one in value)
        return " ".join(value) if texts else value


class Suggested(Asked):
    q: str = Field(description="the text")
    s: str = Field(description="a better translation of it")
    source: str
    target: str


class Detected(BaseModel):
    confidence: float = Field(description="percent")
    language: str


class Translated(BaseModel):
    translatedText: str | list[str]
    detectedLanguage: Detected | list[Detected] | None = None
    alternatives: list[str] | list[list[str]] | None = None
    via: list[str] | list[list[str]] | None = Field(None, description="languages between source and target")
    doubtful: list[tuple[int, int]] | list[list[tuple[int, int]]] | None = Field(
        None, description="first character of each doubtful word, and the one after it"
    )


class Language(BaseModel):
    code: str
    name: str
    targets: list[str]


def add_routes(app: FastAPI, service: TranslationService, settings: Settings) -> None:
    """Add the routes to `app`, whose state has the `Access`, before anything is mounted on it."""
    access: Access = app.state.access

    @app.post("/translate", response_model=Translated, openapi_extra=_body(ToTranslate), responses=ERRORS)
    async def translate(request: Request, asked: Annotated[ToTranslate, sent(ToTranslate)]) -> Response:
        """Translate a text, or several."""
        if asked.stream:
            return await _streamed(service, asked)
        return JSONResponse(await while_connected(request, _translated(service, asked)))

    @app.post("/detect", response_model=list[Detected], openapi_extra=_body(ToDetect), responses=ERRORS)
    async def detect(asked: Annotated[ToDetect, sent(ToDetect)]) -> Response:
        """The languages that a text may be in, the likeliest first."""
        service.check([asked.q])
        found = await asyncio.to_thread(service.guess, asked.q)
        guesses = [_percent(guess.language, guess.probability) for guess in found]
        likely = [one for one in guesses if one["confidence"] >= 1]
        return JSONResponse(likely or [_percent(service.first[0], 0)])

    @app.get("/languages", response_model=list[Language], responses=ERRORS)
    async def available(asked: Annotated[Asked, sent(Asked)]) -> Response:
        """The languages that can be translated from, and into which."""
        sources = service.sources()
        return JSONResponse([{**_named(code), "targets": [*service.targets(code), code]} for code in sources])

    @app.get("/frontend/settings")
    async def frontend(asked: Annotated[Asked, sent(Asked)]) -> dict[str, Any]:
        """What a page that uses this server has to know."""
        source, target = service.first
        return {
            "apiKeys": access.users is not None,
            "charLimit": service.max_chars,
            "filesTranslation": bool(settings.files),
            "frontendTimeout": 500,
            "keyRequired": access.users is not None,
            "language": {"source": _named(source), "target": _named(target)},
            "suggestions": settings.suggestions is not None,
            "supportedFilesFormat": list(SUFFIXES) if settings.files else [],
        }

    @app.post("/suggest", openapi_extra=_body(Suggested), responses=ERRORS)
    async def suggest(asked: Annotated[Suggested, sent(Suggested)]) -> dict[str, bool]:
        """Suggest a better translation, which is kept for the next training."""
        if settings.suggestions is None:
            raise HTTPException(403, "Suggestions are disabled on this server.")
        direction = supported(service, asked.source, asked.target)
        service.check([asked.q, asked.s])
        await asyncio.to_thread(suggestions.keep, settings.suggestions, direction, asked.q, asked.s)
        return {"success": True}

    @app.get("/health")
    async def health() -> dict[str, str]:
        """Whether the server runs."""
        return {"status": "ok"}

    @app.get("/metrics", include_in_schema=False)
    async def measured() -> Response:
        return Response(metrics.exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")


async def _translated(service: TranslationService, asked: ToTranslate) -> dict[str, Any]:
    """The answer to POST /translate; it has the form of `q`, a text or a list."""
    several = isinstance(asked.q, list)
    texts = asked.q if isinstance(asked.q, list) else [asked.q]
    service.check(texts)  # before anything is done with so much text
    if asked.doubtful and asked.format != "text":
        raise HTTPException(400, "doubtful: true needs format text")
    # In a thread: a text takes a millisecond, and there may be thousands.
    sources, detected = await asyncio.to_thread(_sources, service, texts, asked)
    groups: dict[str, list[int]] = {}
    for i, source in enumerate(sources):
        groups.setdefault(source, []).append(i)
    answering = (
        _of_one_language(service, [texts[i] for i in group], (source, asked.target), asked)
        for source, group in groups.items()
    )
    # Together, so that one time limit holds for all of them; where one fails, the others end.
    of_groups = [asyncio.ensure_future(one) for one in answering]
    try:
        done = await asyncio.gather(*of_groups)
    finally:
        for one in of_groups:
            one.cancel()
    places = [i for group in groups.values() for i in group]
    by_place = dict(zip(places, chain.from_iterable(done), strict=True))
    in_order = [by_place[i] for i in range(len(texts))]
    answer: dict[str, Any] = {"translatedText": [one.text for one in in_order]}
    if detected:
        answer["detectedLanguage"] = detected
    if asked.alternatives:
        answer["alternatives"] = [one.alternatives for one in in_order]
    if any(one.via for one in in_order):
        answer["via"] = [one.via for one in in_order]
    if asked.doubtful:
        answer["doubtful"] = [one.doubtful for one in in_order]
    return answer if several else {name: values[0] for name, values in answer.items()}


async def _of_one_language(
    service: TranslationService, texts: Sequence[str], direction: Direction, asked: ToTranslate
) -> list[Answer]:
    """An answer for each text."""
    source, target = direction
    if source == target:
        return [Answer(direction, (Segment(text),)) for text in texts]
    metrics.CHARACTERS.labels(source, target).inc(sum(map(len, texts)))
    if asked.format == "text":
        return await service.translate_many(texts, direction, 0, asked.alternatives, asked.glossary)
    # A sentence with tags inside it as a whole, the tags around the words that they belong to.
    pages = [TextDocument(text, Encoding(b"", "utf-8"), passages(text, "q")) for text in texts]
    between = [text for page in pages for text in page.texts]
    answers = await service.translate_many(between, direction, glossary=asked.glossary, labels=True) if between else []
    own, via = iter(answers), answers[0].via if answers else ()
    rendered = [page.rendered([next(own).text for _ in page.texts]) for page in pages]
    return [Answer(direction, (Segment(text),), via=via) for text in rendered]


def _sources(
    service: TranslationService, texts: Sequence[str], asked: ToTranslate
) -> tuple[list[str], list[dict[str, Any]]]:
    """The language of each text, and what is told of its detection.

    HTTPException for a language that is not served, be it named or detected."""
    if asked.source != AUTO:
        supported(service, asked.source, asked.target)
        return [asked.source] * len(texts), []
    detected = []
    for number, text in enumerate(texts):
        guesses = service.guess(text)
        # A text without a letter is in no language; any model copies it as its target writes it.
        language, probability = guesses[0] if guesses else (service.any_source(asked.target), 0.0)
        if language not in service.sources():
            where = f"q[{number}]" if isinstance(asked.q, list) else "q"
            seems = f"{language} is not supported: {where} seems to be in {languages.name(language)[0]}"
            raise HTTPException(400, f"{seems}; give source, one of {', '.join(service.sources())}")
        supported(service, language, asked.target)
        detected.append(_percent(language, probability))
    return [one["language"] for one in detected], detected


def supported(service: TranslationService, source: str, target: str) -> Direction:
    """(source, target), if the one can be translated into the other, or is the same; HTTPException otherwise."""
    known = {*service.sources(), *(end for _, end in service.translators)}
    for code in (source, target):
        if code not in known:
            raise HTTPException(400, f"{shortened(code)} is not supported")
    if source != target and target not in service.targets(source):
        start, end = languages.name(source)[0], languages.name(target)[0]
        said = f"{end} ({target}) is not available as a target language from {start} ({source})"
        raise HTTPException(400, said)
    return source, target


async def _streamed(service: TranslationService, asked: ToTranslate) -> Response:
    """The answer as server-sent events: one for each further piece of the text, and the whole with `done: true`."""
    if not isinstance(asked.q, str) or asked.format != "text":
        raise HTTPException(400, "stream: true needs one text, and format text")
    (source,), detected = await asyncio.to_thread(_sources, service, [asked.q], asked)
    more: dict[str, Any] = {"detectedLanguage": detected[0]} if detected else {}
    if source == asked.target:  # it comes back as it is
        more |= {"doubtful": []} if asked.doubtful else {}
        return _event_stream([_event(done=True, translatedText=asked.q, **more)])
    visitor = object()  # its job ends with it
    begun = await service.start(asked.q, (source, asked.target), visitor, glossary=asked.glossary)
    assert begun is not None
    return _event_stream(_events(service, visitor, begun, more, asked.doubtful))


def _event(**fields: Any) -> str:
    """A server-sent event."""
    return f"data: {json.dumps(fields, ensure_ascii=False)}\n\n"


def _event_stream(events: AsyncGenerator[str, None] | Sequence[str]) -> Response:
    return StreamingResponse(
        events,
        media_type="text/event-stream",
        headers={"cache-control": "no-cache", "x-accel-buffering": "no"},
    )


async def _events(
    service: TranslationService, visitor: object, begun: Answer, more: dict[str, Any], with_doubtful: bool
) -> AsyncGenerator[str, None]:
    sent, answer = 0, begun
    try:
        async with aclosing(service.follow(visitor, begun)) as later:
            if begun.text:
                yield _event(text=begun.text, sentences=begun.done, of=begun.total)
                sent = len(begun.text)
            async for answer in later:
                if len(answer.text) > sent:
                    yield _event(text=answer.text[sent:], sentences=answer.done, of=answer.total)
                    sent = len(answer.text)
        more |= {"via": answer.via} if answer.via else {}
        more |= {"doubtful": answer.doubtful} if with_doubtful else {}
        yield _event(done=True, translatedText=answer.text, **more)
    except UserError as error:
        yield _event(error=str(error))
    finally:
        service.forget(visitor)


def _body(model: type[BaseModel]) -> dict[str, Any]:
    """How the OpenAPI document describes what is sent."""
    schema = {"schema": model.model_json_schema()}
    kinds = ("application/json", "application/x-www-form-urlencoded")
    return {"requestBody": {"content": dict.fromkeys(kinds, schema)}}


def _percent(language: str, probability: float) -> dict[str, Any]:
    return {"confidence": round(100 * probability, 1), "language": language}


def _named(code: str) -> dict[str, str]:
    return {"code": code, "name": languages.name(code)[0]}
