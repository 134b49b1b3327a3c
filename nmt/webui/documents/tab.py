"""The tab that translates documents: a file in, progress, the same format out.

Files are opened and written by `nmt.serving.documents`, HTML is made in `views.py`.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Hashable
from contextlib import aclosing
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr

from nmt.errors import UserError
from nmt.serving import documents, languages
from nmt.serving.job import Direction
from nmt.serving.messages import catalogue
from nmt.serving.service import TranslationService
from nmt.webui import i18n, markup
from nmt.webui.components import AT_ONCE, PRIVATE, button, download_button, or_skip, owner_of, shown_if_any
from nmt.webui.documents import views
from nmt.webui.glossary import glossary_box
from nmt.webui.language_menus import fitting_target, source_menu, target_menu
from nmt.webui.latest_event import LatestEvents

# What the dialogue offers; a phone's would grey out what it has no type for, .po and .srt among them.
FILTER = """document.addEventListener('click', event => {
  const input = event.target.closest?.('#nmt-document')?.querySelector('input[type=file]');
  if (input && matchMedia('(pointer: fine)').matches) input.accept = '%s';
}, true);"""


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
    if file is None:
        return Shown(i18n.html("documents.hint"))
    try:
        document = await documents.opened(file)
        direction = documents.direction_of(service, document, source, target)
    except UserError as error:
        return Shown(notice=markup.notice(error))
    characters = views.number(sum(map(len, document.texts)))
    name = documents.shown_name(file)
    said = i18n.html("documents.opened", name=name, characters=characters, **_named(direction))
    return Shown(markup.status(said), target=direction[1])


async def translate(
    service: TranslationService,
    owner: Hashable,
    file: str | None,
    source: str,
    target: str,
    folder: Path,
    glossary: str = "",
) -> AsyncGenerator[Shown, None]:
    """What to show while a document is translated; an error becomes a notice, never an exception.

    folder    the translation is written into a new folder in it
    glossary  terms that it holds to, one a line
    """
    if file is None:
        yield Shown(i18n.html("documents.hint"))
        return
    started = time.perf_counter()
    try:
        yield Shown(i18n.html("documents.reading", name=documents.shown_name(file)), running=True)
        document = await documents.opened(file)
        direction = documents.direction_of(service, document, source, target)
        translations: list[str] = []
        total = 0
        async with aclosing(service.document(document.texts, direction, owner, glossary)) as growing:
            async for done, total, translations in growing:  # noqa: B007
                status = markup.progress("translate.progress", done, total)
                yield Shown(status, running=True, target=direction[1])
        if not translations:
            yield stopped()
            return
        name = documents.result_name(file, direction)
        yield Shown(i18n.html("documents.writing", name=name), running=True)
        result = await documents.written(document, translations, folder, name)
    except UserError as error:
        yield Shown(notice=markup.notice(error))
        return
    ready = markup.status(i18n.html("documents.ready", name=name))
    seconds = time.perf_counter() - started
    done_in = i18n.html("documents.done", sentences=views.number(total), seconds=seconds, **_named(direction))
    preview = views.preview(documents.readable(document.texts), documents.readable(translations), direction)
    yield Shown(ready + done_in, preview=preview, result=result, target=direction[1])


def stopped() -> Shown:
    return Shown(markup.status(i18n.html("documents.stopped")))


def _named(direction: Direction) -> dict[str, catalogue.Value]:
    return {"source": languages.name(direction[0]), "target": languages.name(direction[1])}


class Layout:
    """The components from top to bottom, in the state in which the page opens."""

    def __init__(self, service: TranslationService) -> None:
        with gr.Row(elem_classes="nmt-languages"):
            self.source = source_menu(service, "nmt-document-from")
            gr.HTML('<span aria-hidden="true">→</span>', elem_classes="nmt-arrow")
            self.target = target_menu(service, "nmt-document-to")
        # No `file_types`: Gradio's own message for another file is in English only.
        self.file = gr.File(label=i18n.label("documents.file"), height=160, elem_id="nmt-document")
        about = i18n.html(
            "documents.about",
            formats=documents.FORMATS,
            megabytes=documents.LIMITS.file_bytes / 1e6,
            characters=views.number(documents.LIMITS.characters),
        )
        gr.HTML(about, js_on_load=FILTER % documents.FORMATS, elem_classes="nmt-quiet")
        with gr.Accordion(i18n.label("translate.options"), open=False, elem_id="nmt-document-options"):
            self.glossary = glossary_box("nmt-document-glossary")
        with gr.Row(elem_classes="nmt-below", elem_id="nmt-document-row"):
            self.translate = button("documents.translate", "nmt-document-translate", variant="primary", min_width=120)
            self.stop = button("page.stop", "nmt-document-stop", min_width=90, visible=False)
            hint = i18n.html("documents.hint")
            self.status = gr.HTML(hint, elem_id="nmt-document-status", elem_classes="nmt-quiet")
        self.notice = gr.HTML(visible=False, elem_id="nmt-document-notice")
        with gr.Column(visible=False) as self.result:
            self.download = download_button("documents.download", "nmt-document-download", variant="primary")
            self.preview = gr.HTML(elem_id="nmt-document-preview")


def build(service: TranslationService) -> Layout:
    """Lay out the tab inside the current Blocks and wire its events."""
    c = Layout(service)
    outputs = [c.status, c.notice, c.preview, c.download, c.result, c.translate, c.stop, c.target]
    nothing_new = [gr.skip()] * len(outputs)
    folder = Path(c.download.GRADIO_CACHE)
    latest = LatestEvents()

    async def run(file, source, target, glossary, request: gr.Request):  # type: ignore[no-untyped-def]
        owner = owner_of(request, "document")
        with latest.event(owner, file) as event:
            growing = translate(service, owner, file, source, target, folder, glossary or "")
            async with aclosing(latest.follow(owner, event, growing, stopped())) as following:
                async for shown in following:
                    yield nothing_new if shown is None else updates(shown)

    async def uploaded(file, source, target, request: gr.Request) -> list[Any]:  # type: ignore[no-untyped-def]
        owner = owner_of(request, "document")
        if file is not None and file == latest.file(owner):
            return nothing_new  # the button was quicker than this event
        with latest.event(owner) as event:
            service.stop(owner)
            shown = await look(service, file, source, target)
            return updates(shown) if latest.is_last(owner, event) else nothing_new

    async def stop(request: gr.Request) -> None:
        owner = owner_of(request, "document")
        latest.stop(owner)
        service.stop(owner)

    def fitting(source: str, target: str) -> str:
        return fitting_target(service, source, target)

    inputs = [c.file, c.source, c.target]
    c.translate.click(run, [*inputs, c.glossary], outputs, trigger_mode="multiple", **PRIVATE)
    c.file.change(uploaded, inputs, outputs, trigger_mode="multiple", **PRIVATE)  # another document, or none
    c.stop.click(stop, None, None, **AT_ONCE)
    for menu in (c.source, c.target):
        menu.input(fitting, [c.source, c.target], c.target, **PRIVATE)
    return c


def updates(shown: Shown) -> list[Any]:
    return [
        shown.status,
        shown_if_any(shown.notice),
        shown.preview,
        # A value and no update, or Gradio would not know that the file is to be deleted.
        str(shown.result) if shown.result else None,
        gr.update(visible=shown.result is not None),
        gr.update(interactive=not shown.running, variant="secondary" if shown.result else "primary"),
        gr.update(visible=shown.running),
        or_skip(shown.target),
    ]
