"""nmt.documents of Word files: python-docx, which knows nothing of our code, makes them and reads what comes out."""

from __future__ import annotations

import random
import re
import zipfile
from pathlib import Path
from typing import Any

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from nmt.documents.document import Limits
from nmt.documents.formats import open_document
from nmt.errors import UserError
from nmt.text.marks import without_marks
from tests.support.documents import by_glossary, texts_of, written

LINK = "<w:hyperlink {ns}><w:r><w:t>{text}</w:t></w:r></w:hyperlink>"
INSERTED = '<w:ins {ns} w:id="1" w:author="A"><w:r><w:t xml:space="preserve">{text}</w:t></w:r></w:ins>'
PAGE = (
    '<w:p {ns}><w:r><w:t xml:space="preserve">Página </w:t></w:r><w:r><w:fldChar w:fldCharType="begin"/></w:r>'
    '<w:r><w:instrText> PAGE </w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>'
    '<w:r><w:t>tres</w:t></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>'
    '<w:r><w:t xml:space="preserve"> de este libro</w:t></w:r></w:p>'
)
BOX = (
    "<w:p {ns}><w:r><w:t>Antes</w:t></w:r><w:r><w:pict><w:txbxContent><w:p><w:r><w:t>Dentro de la caja</w:t>"
    "</w:r></w:p>"
    "</w:txbxContent></w:pict></w:r><w:r><w:t xml:space='preserve'>"
    " y después</w:t></w:r><w:del><w:r><w:delText>borrado</w:delText></w:r></w:del></w:p>"
)


def element(xml: str, **values: str) -> Any:
    return parse_xml(xml.format(ns=nsdecls("w"), **values))


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    document = docx.Document()
    document.add_heading("Mi título", 1)
    paragraph = document.add_paragraph("Este es un ")
    paragraph.add_run("perro negro").bold = True
    paragraph.add_run(" que corre por el ")
    paragraph.add_run("parque").italic = True
    paragraph.add_run(".\tDespués\nsalto")
    paragraph = document.add_paragraph("Ver el ", style="List Bullet")
    paragraph._p.append(element(LINK, text="enlace"))
    paragraph.add_run(" y más.")
    body = document.element.body
    body.insert(len(body) - 1, element(PAGE))
    body.insert(len(body) - 1, element(BOX))
    table = document.add_table(1, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "Celda uno", "42"
    document.sections[0].header.paragraphs[0].text = "Cabecera"
    document.sections[0].footer.paragraphs[0].text = "Pie"
    path = tmp_path / "in.docx"
    document.save(str(path))
    return path


def paragraphs(path: Path) -> list[str]:
    return [paragraph.text for paragraph in docx.Document(str(path)).paragraphs]


def parts(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def replaced(path: Path, part: str, old: bytes, new: bytes) -> Path:
    """A copy of a document with something else in one of its parts."""
    out = path.with_name("changed.docx")
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts(path).items():
            assert name != part or old in data
            archive.writestr(name, data.replace(old, new, 1) if name == part else data)
    return out


def test_unchanged_texts_give_the_same_bytes(sample: Path) -> None:
    assert written(sample, str) == sample.read_bytes()


def test_texts_are_found_everywhere_in_reading_order(sample: Path) -> None:
    assert texts_of(sample) == [
        "Mi título",
        "Este es un <1>perro negro</1> que corre por el <3>parque</3>.", "Después", "salto",
        "Ver el <1>enlace</1> y más.",
        "Página {1} de este libro",
        "Antes<1/> y después", "Dentro de la caja",
        "Celda uno", "Cabecera", "Pie",
    ]  # fmt: skip


def test_only_texts_change(sample: Path) -> None:
    """In capitals, but for the computed field, the XML is the same but for the case of its texts."""
    written(sample, lambda text: text.upper().replace("TRES", "tres"))
    before, after = parts(sample), parts(sample.with_name("out.docx"))
    assert list(before) == list(after)
    changed = {name for name in before if before[name] != after[name]}
    assert {name.rstrip("0123456789.xml") for name in changed} == {
        "word/document",
        "word/header",
        "word/footer",
    }
    for name in changed:
        old, new = (
            re.sub(r' xml:space="preserve"|<\?xml[^>]*>\s*', "", data[name].decode()) for data in (before, after)
        )
        assert re.sub(r"(?<=<w:t>)[^<]*", "", new) == re.sub(r"(?<=<w:t>)[^<]*", "", old)
        assert new.casefold() == old.casefold()
        assert "borrado" in new or name != "word/document.xml"


def test_formatting_follows_its_words(sample: Path) -> None:
    glossary = {
        "Este es un <1>perro negro</1> que corre por el <3>parque</3>.":
            "This is a <1>black dog</1> running in the <3>park</3>.",
        "Ver el <1>enlace</1> y más.": "See more and the <1>link</1>.",
        "Página {1} de este libro": "Page {1} of this book", "Antes<1/> y después": "Before<1/> and after",
    }  # fmt: skip
    written(sample, by_glossary(glossary))
    out = docx.Document(str(sample.with_name("out.docx")))
    runs = [(run.text, run.bold, run.italic) for run in out.paragraphs[1].runs]
    assert runs[:4] == [
        ("This is a ", None, None), ("black dog", True, None), (" running in the ", None, None), ("park", None, True),
    ]  # fmt: skip
    assert out.paragraphs[1].text == "This is a black dog running in the park.\tDespués\nsalto"
    assert out.paragraphs[2].text == "See more and the link."
    assert out.paragraphs[2].hyperlinks[0].text == "link"
    assert [run.text for run in out.paragraphs[3].runs] == ["Page ", "", "", "", "tres", "", " of this book"]
    assert out.paragraphs[2].style is not None and out.paragraphs[2].style.name == "List Bullet"


def test_runs_change_places_with_their_words(sample: Path) -> None:
    said = {
        "Este es un <1>perro negro</1> que corre por el <3>parque</3>.": "In the <3>park</3> runs a <1>black dog</1>."
    }
    written(sample, by_glossary(said))
    runs = docx.Document(str(sample.with_name("out.docx"))).paragraphs[1].runs[:4]
    assert [(run.text, run.bold, run.italic) for run in runs] == [
        ("In the ", None, None), ("park", None, True), (" runs a ", None, None), ("black dog", True, None),
    ]  # fmt: skip


def test_a_translation_without_marks_loses_no_formatting_no_text_and_no_link(sample: Path) -> None:
    said = {
        "Este es un <1>perro negro</1> que corre por el <3>parque</3>.": "One two three.",
        "Ver el <1>enlace</1> y más.": "One two three four.",
        "Página {1} de este libro": "A page of a book",
    }
    written(sample, by_glossary(said))
    out = docx.Document(str(sample.with_name("out.docx")))
    assert out.paragraphs[1].text.split("\t")[0] == "One two three."
    assert all(run.text for run in out.paragraphs[1].runs if run.bold or run.italic)
    assert out.paragraphs[2].text == "One two three four." and out.paragraphs[2].hyperlinks[0].text.strip()
    words = out.paragraphs[3].text.split()
    assert sorted(words) == sorted("A page of a book tres".split())


def test_no_text_is_ever_lost(tmp_path: Path) -> None:
    """Random runs and random translations: every paragraph says exactly what its translation says."""
    rng = random.Random(3)
    words = "uno dos árbol ñandú casa verde, corre. ¿qué?".split()
    document = docx.Document()
    for _ in range(150):
        paragraph = document.add_paragraph()
        for _ in range(rng.randint(1, 7)):
            text = " ".join(rng.choices(words, k=rng.randint(1, 4))) + rng.choice(["", " "])
            if rng.random() < 0.2:
                paragraph._p.append(element(LINK, text=text))
            else:
                run = paragraph.add_run(text)
                run.bold, run.italic = rng.random() < 0.3, rng.random() < 0.2
    path = tmp_path / "in.docx"
    document.save(str(path))

    opened = open_document(path)
    said = [
        " ".join(rng.sample(text.split(), len(text.split())))[: rng.randint(1, 90)].strip() for text in opened.texts
    ]
    opened.write(said, tmp_path / "out.docx")
    for new, after in zip(said, paragraphs(tmp_path / "out.docx"), strict=True):
        assert "".join(after.split()) == "".join(without_marks(new).split())


def test_what_is_tracked_as_inserted_stays_so(tmp_path: Path) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("Es ")
    paragraph._p.append(element(INSERTED, text="muy "))
    paragraph.add_run("bueno.")
    paragraph = document.add_paragraph()
    for text in ("Todo ", "es nuevo."):
        paragraph._p.append(element(INSERTED, text=text))
    path = tmp_path / "in.docx"
    document.save(str(path))
    said = {
        "Es <1>muy </1>bueno.": "It is <1>very</1> good.",
        "<0>Todo </0>es nuevo.": "<0>All</0> of it is new.",
    }
    written(path, by_glossary(said))
    first, second = docx.Document(str(tmp_path / "out.docx")).paragraphs
    texts = ["".join(node.text for node in first._p.iter() if node.tag.endswith("}t")) for first in (first, second)]
    assert texts == ["It is very good.", "All of it is new."]
    inserted = ["".join(p._p.xpath("./w:ins//w:t/text()")) for p in (first, second)]
    assert [text.strip() for text in inserted] == ["very", texts[1]]
    assert len(second._p.xpath("./w:ins")) == 2


def test_raised_and_lowered_numbers_stay_at_their_words(tmp_path: Path) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("Son 10")
    paragraph.add_run("6").font.superscript = True
    paragraph.add_run(" gotas de H")
    paragraph.add_run("2").font.subscript = True
    paragraph.add_run("O.")
    path = tmp_path / "in.docx"
    document.save(str(path))
    assert texts_of(path) == ["Son 10<1/> gotas de H{3}O."]
    written(path, by_glossary({"Son 10<1/> gotas de H{3}O.": "There are 10<1/> drops of H{3}O."}))
    runs = docx.Document(str(tmp_path / "out.docx")).paragraphs[0].runs
    assert [run.text for run in runs] == ["There are 10", "6", " drops of H", "2", "O."]


def test_hostile_archives_are_refused(sample: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="in.docx: unpacks to .* bytes, the limit is 10,000"):
        open_document(sample, Limits(unpacked_bytes=10_000))
    with pytest.raises(UserError, match="in.docx: unpacks to .* files, the limit is 3"):
        open_document(sample, Limits(entries=3))
    with pytest.raises(UserError, match="bytes of text, the limit is 3,000"):
        open_document(sample, Limits(xml_bytes=3_000))
    bomb = tmp_path / "bomb.docx"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b" " * 101_000_000)
    assert bomb.stat().st_size < 200_000
    with pytest.raises(UserError, match="bomb.docx: unpacks to 101,000,000 bytes"):
        open_document(bomb)


def test_document_types_are_refused(sample: Path) -> None:
    """Billion laughs, and a file of the server."""
    laughs = '<!DOCTYPE x [<!ENTITY a "ja"><!ENTITY b "&a;&a;&a;&a;">]>'
    outside = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
    for doctype in (laughs, outside):
        path = replaced(sample, "word/document.xml", b"<w:document", doctype.encode() + b"<w:document")
        with pytest.raises(UserError, match="word/document.xml: has a document type"):
            open_document(path)
        text = parts(sample)["word/document.xml"].decode().partition("?>")[2]
        hidden = f'<?xml version="1.0" encoding="UTF-16"?>{doctype}{text}'.encode("utf-16")
        path = replaced(sample, "word/document.xml", parts(sample)["word/document.xml"], hidden)
        with pytest.raises(UserError, match="word/document.xml: has a document type"):
            open_document(path)


def test_damaged_files_are_refused(sample: Path, tmp_path: Path) -> None:
    path = tmp_path / "bad.docx"
    good = sample.read_bytes()
    for content, message in (
        (b"", "not a Word document"),
        (b"hola", "not a Word document"),
        (good[:-2000], "not a Word document"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), "has a password"),
    ):
        path.write_bytes(content)
        with pytest.raises(UserError, match=f"bad.docx: {message}"):
            open_document(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("hola.txt", "hola")
    with pytest.raises(UserError, match="no Word document"):
        open_document(path)
    broken = replaced(sample, "word/document.xml", b"</w:body>", b"")
    with pytest.raises(UserError, match=r"word/document.xml:\d+: not well-formed XML"):
        open_document(broken)
    sheet = replaced(sample, "[Content_Types].xml", b"wordprocessingml.document.main", b"spreadsheetml.sheet.main")
    with pytest.raises(UserError, match="an Office file, but no Word document"):
        open_document(sheet)


def test_macros_and_unknown_parts_are_carried_along(sample: Path) -> None:
    path = sample.with_name("more.docx")
    path.write_bytes(sample.read_bytes())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("word/vbaProject.bin", b"\x00macro")
    written(path, str.upper)
    assert parts(path.with_name("out.docx"))["word/vbaProject.bin"] == b"\x00macro"


def test_characters_that_xml_has_not_are_left_out(sample: Path) -> None:
    written(sample, lambda text: text + "\x00\x0b\ufffe fin\notra")
    assert paragraphs(sample.with_name("out.docx"))[0] == "Mi título fin otra"


def test_characters_of_private_use_stay_and_the_rest_is_translated(tmp_path: Path) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("un \U000ff001 perro \ue000 ")
    paragraph.add_run("negro \U000ff301").bold = True
    document.save(str(tmp_path / "in.docx"))
    written(tmp_path / "in.docx", str.upper)
    runs = docx.Document(str(tmp_path / "out.docx")).paragraphs[0].runs
    assert [run.text for run in runs] == ["UN \U000ff001 PERRO \ue000 ", "NEGRO \U000ff301"]
