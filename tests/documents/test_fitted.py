"""What a translation may have that its text has not: line breaks, and a full stop at its end."""

from __future__ import annotations

from pathlib import Path

import pytest

from nmt.documents.document import fitted
from nmt.documents.formats import open_document
from nmt.text.marks import mark

OPEN, CLOSE, CODE = mark("open", 0), mark("close", 0), mark("word", 1)


@pytest.mark.parametrize(
    ("text", "translation", "expected"),
    [
        ("Abrir archivo", "Open file.", "Open file"),
        ("Abrir archivo.", "Open file.", "Open file."),
        ("Abrir archivo:", "Open file.", "Open file."),
        ("¿Abrir?", "Open.", "Open."),
        ("Capítulo 7", "Chapter 7.", "Chapter 7"),
        ("Archivos (todos)", "Files (all).", "Files (all)"),
        (f"El {OPEN}perro{CLOSE}", f"The {OPEN}dog.{CLOSE}", f"The {OPEN}dog{CLOSE}"),
        (f"El {OPEN}perro{CLOSE}.", f"The {OPEN}dog.{CLOSE}", f"The {OPEN}dog.{CLOSE}"),
        (f"Abrir {CODE}", f"Open {CODE}.", f"Open {CODE}"),
        ("Va a EE. UU", "Goes to the U.S.", "Goes to the U.S."),
        ("Con el doctor", "With the Dr.", "With the Dr."),
        ("Y se va", "And leaves...", "And leaves..."),
        ("una línea", "a\n line", "a line"),
        ("dos\nlíneas", "two\nlines.", "two\nlines"),
    ],
)
def test_a_translation_fits_the_place_of_its_text(text: str, translation: str, expected: str) -> None:
    assert fitted(translation, text) == expected


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.po", 'msgid "Open file"\nmsgstr ""\n', '#, fuzzy\nmsgid "Open file"\nmsgstr "Abrir"\n'),
        ("a.md", "# A title\n\nIt works.\n", "# Abrir\n\nAbrir.\n"),
        ("a.html", "<h1>A title</h1><p>It works.</p>", "<h1>Abrir</h1><p>Abrir.</p>"),
        ("a.json", '{"open": "Open file"}', '{"open": "Abrir"}'),
    ],
)
def test_headings_and_labels_get_no_full_stop(tmp_path: Path, name: str, content: str, expected: str) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    document = open_document(tmp_path / name)
    document.write(["Abrir."] * len(document.texts), tmp_path / f"new-{name}")
    assert (tmp_path / f"new-{name}").read_text(encoding="utf-8") == expected
