"""What is done with an uploaded document: it is opened, its language detected, and its translation written.

Translating between the two is `TranslationService.document`; the formats are `nmt.documents`'.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate, takewhile
from pathlib import Path, PureWindowsPath
from typing import TypeVar

from nmt.documents.document import Document, Limits
from nmt.documents.formats import SAVE_AS, SUFFIXES, open_document
from nmt.errors import UserError
from nmt.serving.errors import PageError, failures_logged
from nmt.serving.job import Direction
from nmt.serving.service import TranslationService
from nmt.text.marks import without_marks

MAX_MARKUP_RATIO = 4  # characters of a file for each that may be translated: times, tags, translations, code
LIMITS = Limits(content=MAX_MARKUP_RATIO * Limits.characters)
MAX_IDENTIFIED_CHARS = 2000  # the beginning of a document that tells its language
MAX_NAME_BYTES = 150  # of a result's name; file systems allow 255 for it with what is added
FORMATS = ", ".join(SUFFIXES)

# A large document takes seconds to read: that is done neither on the event loop nor on the threads of everybody else.
_files = ThreadPoolExecutor(2, thread_name_prefix="documents")
T = TypeVar("T")


def shown_name(file: str) -> str:
    """What the visitor called the file: the last part of a path of this system or of Windows."""
    return PureWindowsPath(file).name


def result_name(file: str, direction: Direction) -> str:
    """ "letter.docx" -> "letter.en.docx", "guide.es.md" -> "guide.en.md"; always a name, never a path."""
    name = Path(shown_name(file))
    stem = name.stem.removesuffix(f".{direction[0]}")
    stem = "".join(c for c in stem if c.isprintable() and c not in '<>:"|?*')
    stem = stem.encode("utf-8", "ignore")[:MAX_NAME_BYTES].decode("utf-8", "ignore").strip(" .")
    return f"{stem or 'document'}.{direction[1]}{name.suffix}"


async def opened(file: str) -> Document:
    """PageError for a file that cannot be translated."""
    name = shown_name(file)
    suffix = Path(name).suffix.lower()
    if suffix == ".pdf":
        raise PageError("documents.pdf", name=name)
    if suffix in SAVE_AS:
        raise PageError("documents.save_as", name=name, suffix=SAVE_AS[suffix])
    if suffix not in SUFFIXES:
        raise PageError("documents.bad_format", name=name, formats=FORMATS)
    document = await _off_the_loop(lambda: open_document(file, LIMITS, name))
    if not document.texts:
        raise PageError("documents.no_text", name=name)
    return document


def direction_of(service: TranslationService, document: Document, source: str, target: str) -> Direction:
    """The direction to translate in, by the document's beginning where `source` is `AUTO`."""
    lengths = accumulate(map(len, document.texts))
    count = sum(1 for _ in takewhile(lambda length: length < MAX_IDENTIFIED_CHARS, lengths)) + 1
    beginning = "\n".join(readable(document.texts[:count]))
    return service.resolve(beginning[:MAX_IDENTIFIED_CHARS], source, target)[0]


def readable(texts: Sequence[str]) -> list[str]:
    """Texts as people read them, without the marks for their markup."""
    return [without_marks(text) for text in texts]


async def written(document: Document, translations: Sequence[str], folder: Path, name: str) -> Path:
    """The translated document, written as `name` into a new folder in `folder`, whose name nobody can guess."""

    def write() -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        own = Path(tempfile.mkdtemp(prefix="document-", dir=folder))
        try:
            document.write(translations, own / name)
        except BaseException:
            shutil.rmtree(own, ignore_errors=True)
            raise
        return own / name

    return await _off_the_loop(write)


async def _off_the_loop(work: Callable[[], T]) -> T:
    """PageError for a failure of any kind."""
    with failures_logged("a document"):
        try:
            return await asyncio.get_running_loop().run_in_executor(_files, work)
        except UserError as error:  # whose message is in English
            raise PageError("documents.bad_file", reason=str(error)) from None
