"""The tab that translates documents: a file in, progress, the same format out.

The handlers are plain functions of values, so that tests call them without a browser; `build` lays out the
components and wires the handlers to them.  The formats are `nmt.documents`, HTML is made in `views.py`.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import tempfile
import time
from collections.abc import AsyncGenerator, Callable, Hashable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from itertools import accumulate, takewhile
from pathlib import Path, PureWindowsPath
from typing import Any, NamedTuple, TypeVar

import gradio as gr

from nmt.documents.document import Document, Limits
from nmt.documents.formats import SUFFIXES, open_document
from nmt.errors import UserError
from nmt.serving import languages
from nmt.serving.errors import PageError
from nmt.serving.job import Direction
from nmt.serving.messages import catalogue
from nmt.serving.service import TranslationService
from nmt.webui import i18n
from nmt.webui.documents import views
from nmt.webui.language_menus import fitting_target, language_box, opening, source_choices, target_choices
from nmt.webui.translate import views as translation_views

# A file may have so many times the characters that may be translated: times, tags, translations, code.
MARKUP = 4
LIMITS = Limits(content=MARKUP * Limits.characters)
SAMPLE = 2000  # characters by which the language is found out
LONGEST_NAME = 150  # bytes; file systems allow 255 for it with what is added
FORMATS = ", ".join(SUFFIXES)

# A large document takes seconds to read: not on the event loop, and not on all threads that others wait for.
_files = ThreadPoolExecutor(2, thread_name_prefix="documents")
logger = logging.getLogger(__name__)
T = TypeVar("T")


class Shown(NamedTuple):
    """What the tab shows, in the order of its outputs."""

    status: str = ""  # HTML, as the next two
    notice: str = ""
    preview: str = ""
    result: Path | None = None
    running: bool = False
    target: str | None = None  # language; None: as it is


async def look(service: TranslationService, file: str | None, source: str, target: str) -> Shown:
    """What there is to translate in a file that has just been uploaded, or what is wrong with it."""
    try:
        if file is None:
            return _nothing()
        document = await _opened(file)
        direction = _direction(service, document.texts, source, target)
        return Shown(
            views.said(
                "documents.opened",
                name=_name(file),
                characters=views.number(sum(map(len, document.texts))),
                **_named(direction),
            ),
            target=direction[1],
        )
    except UserError as error:
        return Shown(notice=translation_views.notice(error))


async def translate(
    service: TranslationService, owner: Hashable, file: str | None, source: str, target: str, folder: Path
) -> AsyncGenerator[Shown, None]:
    """What to show while a document is translated; an error becomes a notice, never an exception.

    folder  the translation is written into a new folder in it
    """
    if file is None:
        yield _nothing()
        return
    started = time.perf_counter()
    try:
        yield Shown(i18n.html("documents.reading", name=_name(file)), running=True)
        document = await _opened(file)
        direction = _direction(service, document.texts, source, target)
        translations: list[str] = []
        total = 0
        async with aclosing(service.document(document.texts, direction, owner)) as growing:
            async for done, total, translations in growing:  # noqa: B007
                status = translation_views.progress(done, total)
                yield Shown(status, running=True, target=direction[1])
        if not translations:
            yield stopped()
            return
        name = result_name(file, direction)
        yield Shown(i18n.html("documents.writing", name=name), running=True)
        result = await _off_the_loop(lambda: _written(document, translations, folder, name))
        values = {
            "sentences": views.number(total),
            "seconds": time.perf_counter() - started,
            **_named(direction),
        }
        yield Shown(
            f"{views.said('documents.ready', name=name)}{i18n.html('documents.done', **values)}",
            preview=views.preview(document.texts, translations, direction),
            result=result,
            target=direction[1],
        )
    except UserError as error:
        yield Shown(notice=translation_views.notice(error))


def stopped() -> Shown:
    return Shown(views.said("documents.stopped"))


def result_name(file: str, direction: Direction) -> str:
    """ "letter.docx" -> "letter.en.docx", "guide.es.md" -> "guide.en.md"; a name and never a path."""
    name = Path(_name(file))
    stem = "".join(
        c for c in name.stem.removesuffix(f".{direction[0]}") if c.isprintable() and c not in '<>:"|?*'
    )
    stem = stem.encode("utf-8", "ignore")[:LONGEST_NAME].decode("utf-8", "ignore").strip(" .")
    return f"{stem or 'document'}.{direction[1]}{name.suffix}"


def _name(file: str) -> str:
    """The last part of a path of this system or of Windows, which is what the visitor called it."""
    return PureWindowsPath(file).name


def _direction(service: TranslationService, texts: Sequence[str], source: str, target: str) -> Direction:
    lengths = accumulate(map(len, texts))
    count = sum(1 for _ in takewhile(lambda length: length < SAMPLE, lengths)) + 1
    return service.resolve("\n".join(texts[:count])[:SAMPLE], source, target)[0]


async def _opened(file: str) -> Document:
    """UserError for a file that cannot be translated."""
    name = _name(file)
    if Path(name).suffix.lower() not in SUFFIXES:
        raise PageError("documents.bad_format", name=name, formats=FORMATS)
    document = await _off_the_loop(lambda: open_document(file, LIMITS, name))
    if not document.texts:
        raise PageError("documents.no_text", name=name)
    return document


def _written(document: Document, translations: Sequence[str], folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    own = Path(tempfile.mkdtemp(prefix="document-", dir=folder))  # whose name nobody else can guess
    try:
        document.write(translations, own / name)
    except BaseException:
        shutil.rmtree(own, ignore_errors=True)
        raise
    return own / name


async def _off_the_loop(work: Callable[[], T]) -> T:
    """UserError for a failure of any kind."""
    try:
        return await asyncio.get_running_loop().run_in_executor(_files, work)
    except UserError as error:  # which are in English
        raise PageError("documents.bad_file", reason=str(error)) from None
    except Exception:
        logger.exception("a document failed")
        raise PageError("page.failed") from None


def _named(direction: Direction) -> dict[str, catalogue.Value]:
    return {"source": languages.name(direction[0]), "target": languages.name(direction[1])}


def _nothing() -> Shown:
    return Shown(i18n.html("documents.hint"))


@dataclass(eq=False)
class Event:
    """Something that a visitor asked for."""

    file: str | None  # the document that it translates
    stopped: bool = False


class Latest:
    """Which of a visitor's events may change what the tab shows: the last one.

    Gradio's own way to end an event (`cancels`) now and then leaves the word "Error" on the page (seen in 6.31).
    """

    def __init__(self) -> None:
        self._events: dict[Hashable, Event] = {}

    def file(self, owner: Hashable) -> str | None:
        """The document that the visitor's last event translates, while it does."""
        event = self._events.get(owner)
        return event.file if event else None

    def is_last(self, owner: Hashable, event: Event) -> bool:
        return self._events.get(owner) is event

    def stop(self, owner: Hashable) -> None:
        """The last event is to say itself that it was stopped: what another one says could be overtaken on its way to
        the browser by what this one said before."""
        if event := self._events.get(owner):
            event.stopped = True

    async def follow(
        self, owner: Hashable, event: Event, growing: AsyncGenerator[Shown, None]
    ) -> AsyncGenerator[Shown | None, None]:
        """What the event may show of what it makes; at last None, nothing new, where another event took its place:
        Gradio sends the last update once more when an event ends."""
        async with aclosing(growing):
            async for shown in growing:
                if not self.is_last(owner, event):
                    break
                was_stopped = event.stopped  # a stop that comes during the `yield` has not been told yet
                yield stopped() if was_stopped else shown
                if was_stopped:
                    break
        if not self.is_last(owner, event):
            yield None

    @contextmanager
    def event(self, owner: Hashable, file: str | None = None) -> Iterator[Event]:
        """From now on this is the visitor's last event, until it ends or another one begins."""
        mine = self._events[owner] = Event(file)
        try:
            yield mine
        finally:
            if self._events.get(owner) is mine:
                del self._events[owner]


@dataclass
class Components:
    """Every component of the tab that an event reads or writes."""

    source: gr.Dropdown
    target: gr.Dropdown
    file: gr.File
    translate: gr.Button
    stop: gr.Button
    status: gr.HTML
    notice: gr.HTML
    result: gr.Column
    download: gr.DownloadButton
    preview: gr.HTML


def build(service: TranslationService) -> Components:
    """Lay out the tab inside the current Blocks and wire its events."""
    components = lay_out(service)
    wire(service, components)
    return components


def lay_out(service: TranslationService) -> Components:
    """The components from top to bottom, in the state in which the page opens."""
    source, target = opening(service)
    with gr.Row(elem_classes="nmt-languages"):
        source_box = language_box("from", source_choices(service, "en"), source, "nmt-document-from")
        gr.HTML('<span aria-hidden="true">→</span>', elem_classes="nmt-arrow")
        target_box = language_box("to", target_choices(service, source, "en"), target, "nmt-document-to")
    # No `file_types`: phones grey out what they have no type for, .po and .srt among them, and Gradio's own message
    # for another file is in English only.
    file = gr.File(label=i18n.label("documents.file"), height=160, elem_id="nmt-document")
    gr.HTML(
        i18n.html(
            "documents.about",
            formats=FORMATS,
            megabytes=LIMITS.file_bytes / 1e6,
            characters=views.number(LIMITS.characters),
        ),
        elem_classes="nmt-quiet",
    )
    with gr.Row(elem_classes="nmt-below", elem_id="nmt-document-row"):
        translate_button = gr.Button(
            i18n.label("documents.translate"),
            variant="primary",
            scale=0,
            min_width=120,
            elem_id="nmt-document-translate",
        )
        stop = gr.Button(
            i18n.label("page.stop"), scale=0, min_width=90, visible=False, elem_id="nmt-document-stop"
        )
        status = gr.HTML(i18n.html("documents.hint"), elem_id="nmt-document-status", elem_classes="nmt-quiet")
    notice = gr.HTML(visible=False, elem_id="nmt-document-notice")
    with gr.Column(visible=False) as result:
        download: Any = gr.DownloadButton(
            i18n.label("documents.download"),  # type: ignore[arg-type]
            variant="primary",
            elem_id="nmt-document-download",
        )
        preview = gr.HTML(elem_id="nmt-document-preview")
    return Components(
        source_box, target_box, file, translate_button, stop, status, notice, result, download, preview
    )


def wire(service: TranslationService, c: Components) -> None:
    """Which event runs which handler."""
    outputs = [c.status, c.notice, c.preview, c.download, c.result, c.translate, c.stop, c.target]
    private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    folder = Path(c.download.GRADIO_CACHE)

    nothing_new = [gr.skip()] * len(outputs)
    latest = Latest()

    async def run(file, source, target, request: gr.Request):  # type: ignore[no-untyped-def]
        owner = _owner(request)
        with latest.event(owner, file) as event:
            growing = translate(service, owner, file, source, target, folder)
            async with aclosing(latest.follow(owner, event, growing)) as following:
                async for shown in following:
                    yield nothing_new if shown is None else updates(shown)

    async def uploaded(file, source, target, request: gr.Request) -> list[Any]:  # type: ignore[no-untyped-def]
        owner = _owner(request)
        if file is not None and file == latest.file(owner):
            return nothing_new  # the button was quicker than this event
        with latest.event(owner) as event:
            service.stop(owner)
            shown = await look(service, file, source, target)
            return updates(shown) if latest.is_last(owner, event) else nothing_new

    async def stop(request: gr.Request) -> None:
        owner = _owner(request)
        latest.stop(owner)
        service.stop(owner)

    def turned(source: str, target: str) -> str:
        return fitting_target(service, source, target)

    inputs = [c.file, c.source, c.target]
    c.translate.click(run, inputs, outputs, trigger_mode="multiple", **private)
    c.file.change(uploaded, inputs, outputs, trigger_mode="multiple", **private)  # another document, or none
    c.stop.click(stop, None, None, queue=False, **private)
    for menu in (c.source, c.target):
        menu.input(turned, [c.source, c.target], c.target, **private)


def updates(shown: Shown) -> list[Any]:
    """`Shown` as updates of the components."""
    return [
        shown.status,
        gr.update(value=shown.notice, visible=bool(shown.notice)),
        shown.preview,
        # A value and no update, or Gradio would not know that the file is to be deleted.
        str(shown.result) if shown.result else None,
        gr.update(visible=shown.result is not None),
        gr.update(interactive=not shown.running),
        gr.update(visible=shown.running),
        gr.skip() if shown.target is None else shown.target,
    ]


def _owner(request: gr.Request) -> Hashable:
    """Not the one under which the visitor's typed text is translated: neither stops the other."""
    return "document", request.session_hash
