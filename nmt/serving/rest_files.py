"""The two routes for documents: POST /translate_file answers with an address, where GET has the translated file for an
hour."""

from __future__ import annotations

import asyncio
import re
import shutil
import tempfile
import time
from contextlib import aclosing, suppress
from pathlib import Path
from urllib.parse import quote

from fastapi import FastAPI, Request
from pydantic import BaseModel, Field
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, JSONResponse, Response

from nmt.documents.document import Limits
from nmt.documents.formats import SUFFIXES
from nmt.serving import documents
from nmt.serving.guard import DOWNLOAD
from nmt.serving.rest_api import WithGlossary, supported
from nmt.serving.rest_requests import ERRORS, checked, read_fields, while_connected
from nmt.serving.service import AUTO, TranslationService
from nmt.serving.settings import Settings

KEPT_SECONDS = 3600
# The folder that `documents.written` made, and the name in it.
_RESULT = re.compile(r"(document-\w+)\.([^/\\\0]+)")


class File(WithGlossary):
    """What is sent beside the file."""

    source: str = Field(description="its language, or auto")
    target: str


class Link(BaseModel):
    translatedFileUrl: str


FORM = {
    "type": "object",
    "required": ["file", "source", "target"],
    "properties": {
        "file": {"type": "string", "format": "binary"},
        **{name: {"type": "string"} for name in ("source", "target", "glossary", "api_key")},
    },
}


def add_routes(app: FastAPI, service: TranslationService, settings: Settings) -> None:
    """Add the routes to `app`, whose state has the `Access`, before anything is mounted on it."""
    body = {"requestBody": {"content": {"multipart/form-data": {"schema": FORM}}}}

    @app.post("/translate_file", response_model=Link, openapi_extra=body, responses=ERRORS)
    async def translate_file(request: Request) -> Response:
        """Translate a document, its layout untouched."""
        if not settings.files:
            raise HTTPException(403, "Files translation are disabled on this server.")
        fields = await read_fields(request)
        app.state.access.check(request, fields.get("api_key"))
        file = fields.get("file")
        if not isinstance(file, UploadFile):
            raise HTTPException(400, "Invalid request: missing file parameter")
        asked = checked(File, {name: value for name, value in fields.items() if name != "file"})
        if not file.filename:
            raise HTTPException(400, "Invalid request: empty file")
        if Path(file.filename).suffix.lower() not in SUFFIXES:
            raise HTTPException(400, "Invalid request: file format not supported")
        if asked.source != AUTO:
            supported(service, asked.source, asked.target)
        await asyncio.to_thread(delete_old, Path(settings.files))
        name = await while_connected(request, _translated(service, Path(settings.files), file, asked))
        address = f"{str(request.base_url).rstrip('/')}{DOWNLOAD}/{quote(name)}"
        return JSONResponse({"translatedFileUrl": address})

    @app.get(DOWNLOAD + "/{name}", responses=ERRORS)
    async def download_file(request: Request, name: str) -> Response:
        """A translated document."""
        app.state.access.check(request, request.query_params.get("api_key"))
        found = _RESULT.fullmatch(name)
        if not found:
            raise HTTPException(400, "Invalid filename")
        file = Path(settings.files, found[1], found[2])
        if not settings.files or not file.is_file():
            raise HTTPException(404, "there is no such file any more")
        return FileResponse(file, filename=file.name, content_disposition_type="attachment")


async def _translated(service: TranslationService, folder: Path, file: UploadFile, asked: File) -> str:
    """The name of the result for its address."""
    with tempfile.TemporaryDirectory(prefix="upload-", dir=folder) as own:
        uploaded = Path(own, "uploaded" + Path(file.filename or "").suffix.lower())
        content = await file.read(Limits.file_bytes + 1)
        if len(content) > Limits.file_bytes:
            raise HTTPException(413, f"the file is larger than {Limits.file_bytes} bytes")
        await asyncio.to_thread(uploaded.write_bytes, content)
        document = await documents.opened(str(uploaded))
        direction = documents.direction_of(service, document, asked.source, asked.target)
        if direction[1] != asked.target:
            raise HTTPException(400, f"the document is in {asked.target} already")
        async with aclosing(service.document(document.texts, direction, object(), asked.glossary)) as growing:
            translations = [texts async for _, _, texts in growing][-1]
        name = documents.result_name(file.filename or "", direction)
        result = await documents.written(document, translations, folder, name)
        return f"{result.parent.name}.{name}"


def delete_old(folder: Path) -> None:
    """Delete results that are older than `KEPT_SECONDS`."""
    for old in folder.glob("document-*"):
        with suppress(OSError):  # another request deletes it at the same time
            if old.stat().st_mtime < time.time() - KEPT_SECONDS:
                shutil.rmtree(old)
