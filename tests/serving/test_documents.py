"""nmt.serving.documents: names of results, uploads that cannot be opened, results that nobody else can guess."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from nmt.serving import documents
from nmt.serving.documents import result_name
from nmt.serving.errors import PageError
from tests.support.fake_translator import fake_service

ES_EN = ("es", "en")


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("/tmp/x/letter.docx", "letter.en.docx"),
        ("/tmp/x/guía.es.md", "guía.en.md"),
        ("/tmp/x/es.md", "es.en.md"),
        ("/tmp/x/A.TXT", "A.en.TXT"),
        ("../../x.txt", "x.en.txt"),
        ("..\\..\\x.txt", "x.en.txt"),
        ("C:\\temp\\x.txt", "x.en.txt"),
        ("/tmp/..txt", "document.en.txt"),
        ("/tmp/ .txt", "document.en.txt"),
        ("/tmp/a\u202egnp\n\0.txt", "agnp.en.txt"),
        ('/tmp/a"<b>|.txt', "ab.en.txt"),
        ("/tmp/.hidden.txt", "hidden.en.txt"),
    ],
)
def test_the_result_is_named_after_the_upload_and_is_never_a_path(file: str, name: str) -> None:
    assert result_name(file, ES_EN) == name


@pytest.mark.parametrize("letter", ["a", "ñ", "語", "😀"])
def test_a_long_name_still_fits_a_file_system(tmp_path: Path, letter: str) -> None:
    name = result_name(f"{letter * 200}.docx", ES_EN)
    assert name.endswith(".en.docx") and name.startswith(letter * 30)
    (tmp_path / f".{name}.partial").touch()


def test_a_document_is_opened_its_language_found_and_its_translation_written(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("the train\n\nleaves\n")
    service = fake_service()

    async def written() -> Path:
        document = await documents.opened(str(file))
        assert documents.direction_of(service, document, "auto", "en") == ("en", "es")
        assert documents.direction_of(service, document, "es", "en") == ES_EN
        return await documents.written(document, ["uno", "dos"], tmp_path / "results", "b.txt")

    result = asyncio.run(written())
    service.close()
    assert result.name == "b.txt" and result.read_text() == "uno\n\ndos\n"
    assert os.stat(result.parent).st_mode & 0o077 == 0  # nobody else on the server reads it


def test_a_file_that_cannot_be_translated_is_refused_by_the_visitors_name_for_it(tmp_path: Path) -> None:
    for name, content, key in (
        ("a.png", "x", "documents.bad_format"),
        ("a.PDF", "%PDF", "documents.pdf"),
        ("a.ods", "x", "documents.save_as"),
        ("a.txt", "12\n", "documents.no_text"),
        ("a.srt", "no times\n", "documents.bad_file"),
    ):
        (tmp_path / name).write_text(content)
        with pytest.raises(PageError, match=name) as raised:
            asyncio.run(documents.opened(str(tmp_path / name)))
        assert raised.value.key == key and str(tmp_path) not in str(raised.value)
