"""nmt.documents of presentations, workbooks, OpenDocument texts and books.  python-pptx and openpyxl, which know
nothing of our code, make and read the first two."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import openpyxl
import pptx
import pytest
import xlsxwriter
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.worksheet.table import Table
from pptx.util import Inches

from nmt.documents.document import Limits
from nmt.documents.formats import open_document
from nmt.errors import UserError
from tests.support.documents import shout, texts_of, written

ODT_CONTENT = """<?xml version="1.0" encoding="UTF-8"?>
<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" xmlns:fo="urn:fo"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:draw="urn:draw" xmlns:xlink="urn:xlink"
 xmlns:o="http://openoffice.org/2009/office">
<office:automatic-styles>
<style:style style:name="T1"><style:text-properties fo:font-weight="bold"/></style:style>
<style:style style:name="T2"><style:text-properties o:rsid="0012"/></style:style>
<style:style style:name="T3"><style:text-properties style:text-position="super 58%"/></style:style>
</office:automatic-styles>
<office:body><office:text>
<text:tracked-changes><text:changed-region><text:deletion><text:p>hola borrado</text:p></text:deletion>
</text:changed-region></text:tracked-changes>
<text:h>Mi título</text:h>
<text:p>Un <text:span text:style-name="T1">perro negro</text:span> que
<text:span text:style-name="T2">co</text:span>rre<text:note text:id="n"><text:note-citation>1</text:note-citation>
<text:note-body><text:p>Una nota</text:p></text:note-body></text:note>
 por 40 m<text:span text:style-name="T3">2</text:span>.<text:tab/>Más<text:line-break/>texto</text:p>
<text:p>Página <text:page-number>tres</text:page-number> de
<text:a xlink:href="http://e.org">este libro</text:a></text:p>
<text:p><draw:frame><draw:text-box><text:p>En la caja</text:p></draw:text-box></draw:frame></text:p>
<text:p>Visto<office:annotation><text:p>hola comentario</text:p></office:annotation> y hecho</text:p>
</office:text></office:body></office:document-content>"""
ODT_STYLES = ODT_CONTENT[: ODT_CONTENT.index("<office:body>")] + (
    "<office:master-styles><text:p>La cabecera</text:p></office:master-styles></office:document-content>"
)
CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OEBPS/content.opf"/></rootfiles></container>'
)
OPF = (
    '<package xmlns="http://www.idpf.org/2007/opf"><metadata><title>hola</title></metadata><manifest>'
    '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>'
    '<item id="b" href="dos%20tres.xhtml" media-type="application/xhtml+xml"/>'
    '<item id="a" href="uno.xhtml" media-type="application/xhtml+xml"/>'
    '<item id="c" href="a.css" media-type="text/css"/></manifest>'
    '<spine><itemref idref="a"/><itemref idref="b"/></spine></package>'
)
PAGE = (
    '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE html [<!ENTITY x "hola">]>\n'
    '<html xmlns="http://www.w3.org/1999/xhtml"><head><title>{0}</title></head><body>'
    "<p>{0} <i>gatos</i>&#160;y</p></body></html>"
)
NCX = "<ncx><navMap><navPoint><navLabel><text>Primera parte</text></navLabel></navPoint></navMap></ncx>"


def archive(path: Path, files: dict[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in files.items():
            new.writestr(name, content, zipfile.ZIP_STORED if name == "mimetype" else None)
    return path


def parts(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


@pytest.fixture
def slides(tmp_path: Path) -> Path:
    show = pptx.Presentation()
    slide = show.slides.add_slide(show.slide_layouts[1])
    slide.shapes.title.text = "Mi título"
    paragraph = slide.placeholders[1].text_frame.paragraphs[0]
    for text, bold in (("Un ", None), ("perro negro", True), (" que corre.", None)):
        run = paragraph.add_run()
        run.text, run.font.bold = text, bold
    link = slide.placeholders[1].text_frame.add_paragraph().add_run()
    link.text, link.hyperlink.address = "El enlace", "http://e.org"
    table = slide.shapes.add_table(1, 2, Inches(1), Inches(4), Inches(4), Inches(1)).table
    table.cell(0, 0).text, table.cell(0, 1).text = "Celda\vuno", "42"
    slide.notes_slide.notes_text_frame.text = "Las notas"
    path = tmp_path / "in.pptx"
    show.save(str(path))
    return path


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Hoja"
    for row in (["Nombre", "Cosas"], ["Un perro", 42], ["a_1", "=CONCAT(A2)"], [" Dos\nlíneas", "Un perro"]):
        sheet.append(row)
    sheet["A5"] = CellRichText("Vive aquí un ", TextBlock(InlineFont(b=True), "gato negro"), " más")
    sheet.add_table(Table(displayName="T", ref="A1:B2"))
    path = tmp_path / "in.xlsx"
    book.save(str(path))
    return path


@pytest.fixture
def odt(tmp_path: Path) -> Path:
    files = {
        "mimetype": "application/vnd.oasis.opendocument.text", "content.xml": ODT_CONTENT, "styles.xml": ODT_STYLES,
        "Pictures/a.png": b"\x00hola", "META-INF/manifest.xml": "<manifest/>",
    }  # fmt: skip
    return archive(tmp_path / "in.odt", files)


@pytest.fixture
def book(tmp_path: Path) -> Path:
    files = {
        "mimetype": "application/epub+zip", "META-INF/container.xml": CONTAINER, "OEBPS/content.opf": OPF,
        "OEBPS/toc.ncx": NCX, "OEBPS/uno.xhtml": PAGE.format("Uno"), "OEBPS/dos tres.xhtml": PAGE.format("Dos"),
        "OEBPS/a.css": "hola",
    }  # fmt: skip
    return archive(tmp_path / "in.epub", files)


def test_unchanged_texts_give_the_same_bytes(slides: Path, workbook: Path, odt: Path, book: Path) -> None:
    for path in (slides, workbook, odt, book):
        assert open_document(path).texts
        assert written(path, str) == path.read_bytes()


def test_all_texts_are_found(slides: Path, workbook: Path, odt: Path, book: Path) -> None:
    assert texts_of(slides) == [
        "Mi título", "Un <1>perro negro</1> que corre.", "El enlace", "Celda", "uno", "Las notas",
    ]  # fmt: skip
    assert texts_of(workbook) == [
        "Un perro", "Dos\nlíneas", "Un perro", "Vive aquí un <1>gato negro</1> más",
    ]  # fmt: skip
    assert texts_of(odt) == [
        "Mi título", "Un <1>perro negro</1> que corre<3/> por 40 m<5/>.", "Más", "texto", "Una nota",
        "Página {1} de <3>este libro</3>", "En la caja", "Visto<1/> y hecho", "La cabecera",
    ]  # fmt: skip
    assert texts_of(book) == [
        "Uno", "Uno <0>gatos</0>\xa0y", "Dos", "Dos <0>gatos</0>\xa0y", "Primera parte",
    ]  # fmt: skip


def test_slides_can_be_read_with_their_translations(slides: Path) -> None:
    written(slides, shout)
    out = slides.with_name("out.pptx")
    slide = pptx.Presentation(str(out)).slides[0]
    body = slide.placeholders[1].text_frame.paragraphs
    assert [(run.text, run.font.bold) for run in body[0].runs] == [
        ("UN ", None), ("PERRO NEGRO", True), (" QUE CORRE.", None),
    ]  # fmt: skip
    assert (body[1].runs[0].text, body[1].runs[0].hyperlink.address) == ("EL ENLACE", "http://e.org")
    assert slide.notes_slide.notes_text_frame.text == "LAS NOTAS" and slide.shapes.title.text == "MI TÍTULO"
    changed = [name for name, data in parts(slides).items() if parts(out)[name] != data]
    assert changed == ["ppt/slides/slide1.xml", "ppt/notesSlides/notesSlide1.xml"]


def test_workbooks_can_be_read_with_their_translations(workbook: Path) -> None:
    written(workbook, shout)
    out = workbook.with_name("out.xlsx")
    sheet = openpyxl.load_workbook(str(out), rich_text=True)["Hoja"]
    assert [[cell.value for cell in row] for row in sheet["A1:B4"]] == [
        ["Nombre", "Cosas"], ["UN PERRO", 42], ["a_1", "=CONCAT(A2)"], [" DOS\nLÍNEAS", "UN PERRO"],
    ]  # fmt: skip
    rich = sheet["A5"].value
    assert str(rich) == "VIVE AQUÍ UN GATO NEGRO MÁS" and rich[1].text == "GATO NEGRO" and rich[1].font.b
    changed = [name for name, data in parts(workbook).items() if parts(out)[name] != data]
    assert changed == ["xl/worksheets/sheet1.xml"]


def test_strings_that_cells_share_and_text_boxes_are_translated(tmp_path: Path) -> None:
    path = tmp_path / "in.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        bold = book.add_format({"bold": True})
        sheet.write_column(0, 0, ["Uno", "Dos", "Uno", " tres", 4])
        sheet.write_rich_string(0, 1, "Vive aquí un ", bold, "gato", " más")
        sheet.insert_textbox(5, 5, "En la caja")
    assert texts_of(path) == ["Uno", "Dos", "tres", "Vive aquí un <1>gato</1> más", "En la caja"]
    written(path, shout)
    out = tmp_path / "out.xlsx"
    rows = list(openpyxl.load_workbook(str(out)).active.values)
    assert [row[0] for row in rows] == ["UNO", "DOS", "UNO", " TRES", 4]
    assert rows[0][1] == "VIVE AQUÍ UN GATO MÁS" and b"EN LA CAJA" in parts(out)["xl/drawings/drawing1.xml"]


def test_opendocument_keeps_everything_but_its_texts(odt: Path) -> None:
    written(odt, lambda text: shout(text).replace("TRES", "tres"))
    before, after = parts(odt), parts(odt.with_name("out.odt"))
    assert list(before) == list(after)
    content = after["content.xml"].decode()
    assert re.findall("<[^>]*>", content)[2:] == re.findall("<[^>]*>", ODT_CONTENT)[2:]
    said = ["".join(re.sub("<[^>]*>", " ", text).split()) for text in (content, ODT_CONTENT)]
    assert said[0] != said[1] and said[0].casefold() == said[1].casefold()
    for piece in (
        "hola borrado",
        "hola comentario",
        ">tres<",
        "PERRO NEGRO</text:span>",
        "UNA NOTA",
        ">ESTE LIBRO<",
    ):
        assert piece in content
    assert "LA CABECERA" in after["styles.xml"].decode()
    with zipfile.ZipFile(odt.with_name("out.odt")) as opened:
        assert opened.infolist()[0].filename == "mimetype" and opened.infolist()[0].compress_type == 0


def test_books_keep_everything_but_their_texts(book: Path) -> None:
    written(book, shout)
    before, after = parts(book), parts(book.with_name("out.epub"))
    assert [name for name in before if before[name] != after[name]] == [
        "OEBPS/toc.ncx", "OEBPS/uno.xhtml", "OEBPS/dos tres.xhtml",
    ]  # fmt: skip
    for name in before:
        assert after[name].lower() == before[name].replace("í".encode(), "í".encode()).lower()


def test_hostile_and_foreign_archives_are_refused(slides: Path, workbook: Path, odt: Path, book: Path) -> None:
    for path in (slides, workbook, odt, book):
        for limits, message in (
            (Limits(unpacked_bytes=500), "unpacks to .* bytes, the limit is 500"),
            (Limits(entries=2), "unpacks to .* files, the limit is 2"),
            (Limits(xml_bytes=100), "bytes of text, the limit is 100"),
        ):
            with pytest.raises(UserError, match=message):
                open_document(path, limits)
        good = path.read_bytes()
        path.write_bytes(good[:-300])
        with pytest.raises(UserError, match="or damaged"):
            open_document(path)
        archive(path, {"hola.txt": "hola", "[Content_Types].xml": "<Types/>"})
        with pytest.raises(UserError, match=f"but no .*; give a {path.suffix} file"):
            open_document(path)


def test_entities_are_refused(odt: Path, slides: Path) -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "hola">]>'
    archive(odt, {**parts(odt), "content.xml": ODT_CONTENT.replace("<office:doc", f"{bomb}<office:doc", 1)})
    with pytest.raises(UserError, match="content.xml: has a document type"):
        open_document(odt)
    slide = parts(slides)["ppt/slides/slide1.xml"].replace(b"<p:sld ", bomb.encode() + b"<p:sld ", 1)
    archive(slides, {**parts(slides), "ppt/slides/slide1.xml": slide})
    with pytest.raises(UserError, match="slide1.xml: has a document type"):
        open_document(slides)


def test_locked_documents_are_refused(odt: Path, book: Path) -> None:
    archive(odt, {**parts(odt), "META-INF/manifest.xml": "<m><encryption-data/></m>"})
    with pytest.raises(UserError, match="in.odt: has a password"):
        open_document(odt)
    lock = '<encryption><CipherReference URI="OEBPS/uno.xhtml"/></encryption>'
    archive(book, {**parts(book), "META-INF/encryption.xml": lock})
    with pytest.raises(UserError, match="in.epub: is protected against copying"):
        open_document(book)
