"""The tab that compares and scores: a test set and one or two translations of it in, figures and sentences out.

The handlers are plain functions of values, so that tests call them without a browser; `build` lays out the
components and wires the handlers to them.  Requests are checked in `nmt/serving/scoring.py`, HTML is made in
`views.py`.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr
from gradio.utils import get_upload_folder

from nmt.errors import UserError
from nmt.evaluation import comparison
from nmt.evaluation.comparison import Result
from nmt.serving import scoring
from nmt.serving.service import TranslationService
from nmt.webui import i18n, language_menus
from nmt.webui.scores import views
from nmt.webui.scores.examples import EXAMPLE
from nmt.webui.translate.views import notice

SCRIPT = Path(__file__).with_name("scores.js")
REMEMBERED = 3600  # seconds that the server keeps a result, to turn its pages
TRANSLATING = 4  # visitors whose test sets are translated at a time


class Shown(NamedTuple):
    """What scoring changes on the page, in the order of its outputs; HTML, but for the last two."""

    notice: str = ""
    status: str = ""
    scores: str = ""
    precisions: str = ""
    lengths: str = ""
    sentences: str = ""
    table: str | None = None  # file
    result: Result | None = None


class Translated(NamedTuple):
    """What translating a test set changes on the page, in the order of its outputs; None: leave it as it is."""

    notice: str = ""
    progress: str = ""
    text: str | None = None  # for the box of system A
    file: str | None = None
    running: bool = False
    whole: bool = False  # and so to be scored


async def score(source: str, reference: str, a: str, b: str) -> Shown:
    """The contents of the four boxes compared; an error becomes a notice, never an exception."""
    try:
        corpus = await asyncio.to_thread(scoring.corpus_of, source, reference, a, b)
        result = await scoring.measured(corpus)
    except UserError as error:
        return Shown(notice=notice(error))
    return await asyncio.to_thread(_shown, result)


def _shown(result: Result) -> Shown:
    return Shown(
        scores=views.scores(result),
        precisions=views.precisions(result),
        lengths=views.lengths(result),
        sentences=views.sentences(result, *comparison.first_order(result), 0),
        table=_file("sentences.tsv", comparison.as_table(result)),
        result=result,
    )


async def translate(
    service: TranslationService, owner: Hashable, source: str, reference: str, direction: str
) -> AsyncIterator[Translated]:
    """The source translated for the box of system A; what it is compared with is checked before."""
    done = total = 0
    texts: list[str] = []
    try:
        lines = await asyncio.to_thread(scoring.to_translate, source, reference)
        yield Translated(progress=views.progress(0, len(lines)), running=True)
        async for done, total, found in service.document(lines, service.find(direction), owner):
            texts = found
            yield Translated(progress=views.progress(done, total), running=True)
    except UserError as error:
        yield Translated(notice=notice(error))
        return
    if done < total:
        yield Translated(progress=views.status(i18n.html("scores.stopped", done=done, total=total)))
        return
    text = "".join(line + "\n" for line in texts)
    said = views.status(i18n.html("scores.translated", total=total))
    yield Translated(progress=said, text=text, file=_file("translation.txt", text), whole=True)


def upload(path: str) -> tuple[str | None, str]:
    """An uploaded file's text for its box, None if there is none, and a notice."""
    try:
        return scoring.read_text(path), ""
    except UserError as error:
        return None, notice(error)


def upload_table(path: str) -> tuple[list[str] | None, str]:
    """As `upload`, for all four boxes."""
    try:
        return scoring.read_table(path), ""
    except UserError as error:
        return None, notice(error)


def turn(result: Result | None, order: Any, descending: Any, page: Any) -> str | None:
    """Another page of the sentences or another order; None for what no button asks for."""
    if result is None or order not in ("chrf", "bleu", "length", "number") or not isinstance(page, int):
        return None
    return views.sentences(result, order, bool(descending), page)


def _file(name: str, text: str) -> str:
    """A file to download, where Gradio keeps those of its own and deletes them after a time."""
    Path(get_upload_folder()).mkdir(parents=True, exist_ok=True)
    path = Path(tempfile.mkdtemp(dir=get_upload_folder())) / name
    path.write_text(text, encoding="utf-8", newline="")
    return str(path)


# --- components -----------------------------------------------------------------------------------------


@dataclass
class Components:
    """Every component of the tab that an event reads or writes."""

    boxes: list[gr.Textbox]  # source, reference, A, B
    uploads: list[gr.UploadButton]
    table_upload: gr.UploadButton
    compare: gr.Button
    example: gr.Button
    clear: gr.Button
    direction: gr.Dropdown
    translate: gr.Button
    stop: gr.Button
    progress: gr.HTML
    translation_file: gr.DownloadButton
    notice: gr.HTML
    status: gr.HTML
    results: gr.Column
    scores: gr.HTML
    precisions: gr.HTML
    lengths: gr.HTML
    sentences: gr.HTML
    table_file: gr.DownloadButton
    result: gr.State
    whole: gr.State


def build(service: TranslationService) -> Components:
    """Lay out the tab inside the current Blocks and wire its events."""
    components = lay_out(service)
    wire(service, components)
    return components


def lay_out(service: TranslationService) -> Components:
    """The components from top to bottom, in the state in which the page opens."""
    script = SCRIPT.read_text(encoding="utf-8")
    gr.Markdown(i18n.label("scores.intro"))
    with gr.Row():
        source, source_upload = _box("source")
        reference, reference_upload = _box("reference")
    with gr.Row():
        a, a_upload = _box("a")
        b, b_upload = _box("b")
    with gr.Row(elem_classes="nmt-score-buttons"):
        compare = _button("compare", "primary")
        example = _button("example")
        table_upload = gr.UploadButton(
            _file_label("upload_table"),
            file_types=[".tsv"],
            scale=0,
            min_width=130,
            elem_id="nmt-score-tsv",
        )
        clear = _button("clear")
    gr.Markdown(i18n.label("scores.upload_table_info"), elem_classes="nmt-remark")
    with gr.Accordion(i18n.label("scores.model"), open=False, elem_id="nmt-score-model"):
        gr.Markdown(i18n.label("scores.model_info"))
        with gr.Row(elem_classes="nmt-score-buttons"):
            direction = gr.Dropdown(
                language_menus.direction_choices(service, "en"),
                value=service.directions()[0],
                label=i18n.label("scores.direction"),
                container=False,
                filterable=False,
                scale=0,
                min_width=220,
                elem_id="nmt-score-direction",
            )
            translate_button = _button("translate", "primary")
            stop = gr.Button(
                i18n.label("page.stop"), scale=0, min_width=90, visible=False, elem_id="nmt-score-stop"
            )
        progress = gr.HTML("", elem_id="nmt-score-progress")
        translation_file = _download("download_translation")
    notice_view = gr.HTML(visible=False, elem_id="nmt-score-notice")
    status = gr.HTML("", elem_id="nmt-score-status")
    with gr.Column(visible=False, elem_id="nmt-score-results") as results:
        scores = gr.HTML("", js_on_load=script, elem_id="nmt-scores")
        with gr.Row():
            with gr.Column(min_width=320):
                precisions = gr.HTML("", elem_id="nmt-precisions")
            with gr.Column(min_width=320):
                lengths = gr.HTML("", elem_id="nmt-lengths")
        sentences = gr.HTML("", js_on_load=script, elem_id="nmt-score-sentences")
        table_file = _download("download_table")
    with gr.Accordion(i18n.label("scores.explain"), open=False, elem_id="nmt-score-explain"):
        gr.Markdown(i18n.label("scores.explanation"))
    return Components(
        boxes=[source, reference, a, b],
        uploads=[source_upload, reference_upload, a_upload, b_upload],
        table_upload=table_upload,
        compare=compare,
        example=example,
        clear=clear,
        direction=direction,
        translate=translate_button,
        stop=stop,
        progress=progress,
        translation_file=translation_file,
        notice=notice_view,
        status=status,
        results=results,
        scores=scores,
        precisions=precisions,
        lengths=lengths,
        sentences=sentences,
        table_file=table_file,
        result=gr.State(None, time_to_live=REMEMBERED),
        whole=gr.State(False),
    )


def wire(service: TranslationService, c: Components) -> None:
    """Which event runs which handler.  All are private: programs call the endpoint `/score` of `gradio_api.py`."""
    private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    shown = [
        c.notice, c.status, c.scores, c.precisions, c.lengths, c.sentences, c.table_file, c.result, c.results,
    ]  # fmt: skip
    turns: dict[str, Any] = {"concurrency_id": scoring.ONE_AT_A_TIME, "concurrency_limit": 1}

    async def run(source, reference, a, b):  # type: ignore[no-untyped-def]
        yield updates(Shown(status=views.status(i18n.html("scores.working"))))
        yield updates(await score(source, reference, a, b))

    async def run_if(whole, *texts):  # type: ignore[no-untyped-def]
        if not whole:
            yield [gr.skip()] * len(shown)
            return
        async for update in run(*texts):
            yield update

    def turned(result, event: gr.EventData):  # type: ignore[no-untyped-def]
        return _or_skip(turn(result, *_sent(event, "order", "descending", "page")))

    c.compare.click(run, c.boxes, shown, **turns, **private)
    c.example.click(lambda: list(EXAMPLE), None, c.boxes, **private).then(
        run, c.boxes, shown, **turns, **private
    )
    c.clear.click(lambda: ["", "", "", "", *updates(Shown())], None, [*c.boxes, *shown], **private)
    _wire_uploads(c, private)
    _wire_translation(service, c, private).then(run_if, [c.whole, *c.boxes], shown, **turns, **private)
    c.sentences.turn(turned, c.result, c.sentences, **turns, **private)


def _wire_uploads(c: Components, private: dict[str, Any]) -> None:
    def taken(path: str) -> list[Any]:
        text, said = upload(path)
        return [_or_skip(text), _notice(said)]

    def table_taken(path: str) -> list[Any]:
        texts, said = upload_table(path)
        return [*(texts or [gr.skip()] * 4), _notice(said)]

    for button, box in zip(c.uploads, c.boxes, strict=True):
        button.upload(taken, button, [box, c.notice], **private)
    c.table_upload.upload(table_taken, c.table_upload, [*c.boxes, c.notice], **private)


def _wire_translation(service: TranslationService, c: Components, private: dict[str, Any]) -> Any:
    """The event whose end may be followed by scoring."""

    async def run(source, reference, direction, request: gr.Request):  # type: ignore[no-untyped-def]
        async for translated in translate(service, _owner(request), source, reference, direction):
            yield translated_updates(translated)

    def stop(request: gr.Request) -> None:
        service.stop(_owner(request))

    c.stop.click(stop, None, None, queue=False, **private)
    return c.translate.click(
        run,
        [c.boxes[0], c.boxes[1], c.direction],
        [c.notice, c.progress, c.boxes[2], c.translation_file, c.stop, c.whole],
        concurrency_id="score-translate",
        concurrency_limit=TRANSLATING,
        **private,
    )


def updates(shown: Shown) -> list[Any]:
    """`Shown` as updates of the components; the results are hidden while there are none."""
    table = gr.update(value=shown.table, visible=shown.table is not None)
    there = gr.update(visible=shown.result is not None)
    return [_notice(shown.notice), *shown[1:6], table, shown.result, there]


def translated_updates(translated: Translated) -> list[Any]:
    file = gr.update(value=translated.file, visible=translated.file is not None)
    running = gr.update(visible=translated.running)
    return [
        _notice(translated.notice), translated.progress, _or_skip(translated.text), file, running, translated.whole
    ]  # fmt: skip


def _box(name: str) -> tuple[gr.Textbox, gr.UploadButton]:
    """A text box and the button that fills it from a file."""
    with gr.Column(min_width=320):
        box = gr.Textbox(
            label=i18n.label(f"scores.{name}"),
            placeholder=i18n.label("scores.placeholder"),
            lines=5,
            max_lines=8,
            elem_id=f"nmt-score-{name}",
        )
        button = gr.UploadButton(
            _file_label("upload"),
            file_types=[".txt"],
            size="sm",
            scale=0,
            min_width=110,
            elem_id=f"nmt-score-{name}-file",
        )
    return box, button


def _button(name: str, variant: Any = "secondary") -> gr.Button:
    return gr.Button(
        i18n.label(f"scores.{name}"),
        variant=variant,
        scale=0,
        min_width=200 if name == "translate" else 110,
        elem_id=f"nmt-score-{name}-button",
    )


def _download(name: str) -> gr.DownloadButton:
    return gr.DownloadButton(
        _file_label(name), visible=False, size="sm", scale=0, elem_id=f"nmt-score-{name}"
    )


def _file_label(name: str) -> Any:
    """These buttons are declared to take a plain string only; the browser says the others as well."""
    return i18n.label(f"scores.{name}")


def _notice(said: str) -> Any:
    return gr.update(value=said, visible=bool(said))


def _or_skip(value: Any) -> Any:
    return gr.skip() if value is None else value


def _owner(request: gr.Request) -> Hashable:
    """Not the visitor's alone: the translating tab's work goes on."""
    return request.session_hash, "scores"


def _sent(event: gr.EventData, *names: str) -> list[Any]:
    """What the browser sent with an event; None for what it left out."""
    data = event._data if isinstance(event._data, dict) else {}
    return [data.get(name) for name in names]
