"""The tab that compares and scores: a test set and one or two translations of it in, figures and sentences out.

Requests are checked in `nmt.serving.scoring`, HTML is made in `views.py`.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Hashable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import gradio as gr
from gradio.utils import get_upload_folder

from nmt.errors import UserError
from nmt.evaluation import comparison
from nmt.evaluation.comparison import Result
from nmt.serving import scoring
from nmt.serving.service import TranslationService
from nmt.webui import i18n, markup
from nmt.webui.components import (
    AT_ONCE,
    COPY_SCRIPT,
    PRIVATE,
    button,
    download_button,
    or_skip,
    owner_of,
    sent,
    shown_if_any,
    upload_button,
)
from nmt.webui.language_menus import direction_menu
from nmt.webui.scores import views

SCRIPT = Path(__file__).with_name("scores.js")
# Eight sentences and two systems that err differently: A leaves out and mistakes words; B is fluent but free, and once
# translates nothing at all.
EXAMPLE = Path(__file__).with_name("example.tsv")
KEPT_SECONDS = 3600  # that the server keeps a result, to turn its pages
MAX_TRANSLATING = 4  # visitors whose test sets are translated at once
IN_TURN: dict[str, Any] = {"concurrency_id": scoring.QUEUE, "concurrency_limit": 1}  # settings of an event

T = TypeVar("T")


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
    """What translating a test set changes on the page, in the order of its outputs."""

    notice: str = ""
    progress: str = ""
    text: str | None = None  # for the box of system A; None: leave it as it is
    file: str | None = None
    running: bool = False
    whole: bool = False  # and so to be scored


async def score(*boxes: str) -> Shown:
    """The contents of the four boxes compared; an error becomes a notice, never an exception."""
    try:
        corpus = await asyncio.to_thread(scoring.corpus_of, *boxes)
        result = await scoring.measured(corpus)
    except UserError as error:
        return Shown(notice=markup.notice(error))
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
        async for done, total, texts in service.document(lines, service.find(direction), owner):  # noqa: B007
            yield Translated(progress=views.progress(done, total), running=True)
    except UserError as error:
        yield Translated(notice=markup.notice(error))
        return
    if done < total:
        yield Translated(progress=markup.status(i18n.html("scores.stopped", done=done, total=total)))
        return
    text = "".join(line + "\n" for line in texts)
    said = markup.status(i18n.html("scores.translated", total=total))
    yield Translated(progress=said, text=text, file=_file("translation.txt", text), whole=True)


def upload(read: Callable[[str], T], path: str) -> tuple[T | None, str]:
    """What `scoring.read_text` or `read_table` finds in an uploaded file, None if nothing, and a notice."""
    try:
        return read(path), ""
    except UserError as error:
        return None, markup.notice(error)


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


class Layout:
    """The components from top to bottom, in the state in which the page opens."""

    def __init__(self, service: TranslationService) -> None:
        script = COPY_SCRIPT + SCRIPT.read_text(encoding="utf-8")
        self.boxes: list[gr.Textbox] = []  # as `scoring.COLUMNS`
        self.uploads: list[gr.UploadButton] = []  # one for each box
        gr.Markdown(i18n.label("scores.intro"))
        for names in (scoring.COLUMNS[:2], scoring.COLUMNS[2:]):
            with gr.Row():
                for name in names:
                    self._lay_out_box(name)
        with gr.Row(elem_classes="nmt-score-buttons"):
            self.compare = _button("compare", variant="primary")
            self.example = _button("example")
            self.table_upload = upload_button(
                "scores.upload_table", "nmt-score-tsv", file_types=[".tsv"], min_width=130
            )
            self.clear = _button("clear")
        gr.Markdown(i18n.label("scores.upload_table_info"), elem_classes="nmt-remark")
        with gr.Accordion(i18n.label("scores.model"), open=False, elem_id="nmt-score-model"):
            gr.Markdown(i18n.label("scores.model_info"))
            with gr.Row(elem_classes="nmt-score-buttons"):
                self.direction = direction_menu(
                    service, "scores.direction", "nmt-score-direction", container=False, scale=0
                )
                self.translate = _button("translate", variant="primary", min_width=200)
                self.stop = button("page.stop", "nmt-score-stop", min_width=90, visible=False)
            self.progress = gr.HTML("", elem_id="nmt-score-progress")
            self.translation_file = _download("download_translation")
        self.notice = gr.HTML(visible=False, elem_id="nmt-score-notice")
        self.status = gr.HTML("", elem_id="nmt-score-status")
        with gr.Column(visible=False, elem_id="nmt-score-results") as self.results:
            self.scores = gr.HTML("", js_on_load=script, elem_id="nmt-scores")
            with gr.Row():
                with gr.Column(min_width=320):
                    self.precisions = gr.HTML("", elem_id="nmt-precisions")
                with gr.Column(min_width=320):
                    self.lengths = gr.HTML("", elem_id="nmt-lengths")
            self.sentences = gr.HTML("", js_on_load=script, elem_id="nmt-score-sentences")
            self.table_file = _download("download_table")
        with gr.Accordion(i18n.label("scores.explain"), open=False, elem_id="nmt-score-explain"):
            gr.Markdown(i18n.label("scores.explanation"))
        self.result = gr.State(None, time_to_live=KEPT_SECONDS)
        self.whole = gr.State(False)  # whether a test set was translated whole, and so is to be scored

    def _lay_out_box(self, name: str) -> None:
        """A text box and the button that fills it from a file."""
        with gr.Column(min_width=320):
            box = gr.Textbox(
                label=i18n.label(f"scores.{name}"),
                placeholder=i18n.label("scores.placeholder"),
                lines=5,
                max_lines=8,
                elem_id=f"nmt-score-{name}",
            )
            self.boxes.append(box)
            elem_id = f"nmt-score-{name}-file"
            self.uploads.append(upload_button("scores.upload", elem_id, file_types=[".txt"], size="sm", min_width=110))


def _button(name: str, **settings: Any) -> gr.Button:
    return button(f"scores.{name}", f"nmt-score-{name}-button", **{"min_width": 110, **settings})


def _download(name: str) -> gr.DownloadButton:
    return download_button(f"scores.{name}", f"nmt-score-{name}", visible=False, size="sm", scale=0)


def build(service: TranslationService) -> Layout:
    """Lay out the tab inside the current Blocks and wire its events."""
    c = Layout(service)
    shown = [
        c.notice, c.status, c.scores, c.precisions, c.lengths, c.sentences, c.table_file, c.result, c.results,
    ]  # fmt: skip

    async def run(source, reference, a, b):  # type: ignore[no-untyped-def]
        yield updates(Shown(status=markup.status(i18n.html("scores.working"))))
        yield updates(await score(source, reference, a, b))

    async def run_if(whole, source, reference, a, b):  # type: ignore[no-untyped-def]
        if not whole:
            yield [gr.skip()] * len(shown)
            return
        async for update in run(source, reference, a, b):
            yield update

    def turned(result, event: gr.EventData):  # type: ignore[no-untyped-def]
        return or_skip(turn(result, *sent(event, "order", "descending", "page")))

    scoring_event: dict[str, Any] = {"fn": run, "inputs": c.boxes, "outputs": shown, **IN_TURN, **PRIVATE}
    c.compare.click(**scoring_event)
    c.example.click(lambda: scoring.read_table(EXAMPLE), None, c.boxes, **PRIVATE).then(**scoring_event)
    c.clear.click(lambda: ["", "", "", "", *updates(Shown())], None, [*c.boxes, *shown], **PRIVATE)
    _wire_uploads(c)
    translating = _wire_translation(service, c)
    translating.then(run_if, [c.whole, *c.boxes], shown, **IN_TURN, **PRIVATE)
    c.sentences.turn(turned, c.result, c.sentences, **IN_TURN, **PRIVATE)
    return c


def _wire_uploads(c: Layout) -> None:
    def taken(path: str) -> list[Any]:
        text, notice = upload(scoring.read_text, path)
        return [or_skip(text), shown_if_any(notice)]

    def table_taken(path: str) -> list[Any]:
        texts, notice = upload(scoring.read_table, path)
        return [*(texts or [gr.skip()] * len(c.boxes)), shown_if_any(notice)]

    for upload_file, box in zip(c.uploads, c.boxes, strict=True):
        upload_file.upload(taken, upload_file, [box, c.notice], **PRIVATE)
    c.table_upload.upload(table_taken, c.table_upload, [*c.boxes, c.notice], **PRIVATE)


def _wire_translation(service: TranslationService, c: Layout) -> Any:
    """The event whose end may be followed by scoring."""

    async def run(source, reference, direction, request: gr.Request):  # type: ignore[no-untyped-def]
        async for translated in translate(service, owner_of(request, "scores"), source, reference, direction):
            yield translated_updates(translated)

    def stop(request: gr.Request) -> None:
        service.stop(owner_of(request, "scores"))

    c.stop.click(stop, None, None, **AT_ONCE)
    return c.translate.click(
        run,
        [c.boxes[0], c.boxes[1], c.direction],
        [c.notice, c.progress, c.boxes[2], c.translation_file, c.stop, c.whole],
        concurrency_id="score-translate",
        concurrency_limit=MAX_TRANSLATING,
        **PRIVATE,
    )


def updates(shown: Shown) -> list[Any]:
    """`Shown` as updates of the components; the results are hidden while there are none."""
    there = gr.update(visible=shown.result is not None)
    return [shown_if_any(shown.notice), *shown[1:6], shown_if_any(shown.table), shown.result, there]


def translated_updates(translated: Translated) -> list[Any]:
    notice, progress, text, file, running, whole = translated
    return [
        shown_if_any(notice), progress, or_skip(text), shown_if_any(file), gr.update(visible=running), whole
    ]  # fmt: skip
