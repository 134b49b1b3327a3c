"""`nmt translate-file` with the models that ship: a small document of every format, from end to end."""

from __future__ import annotations

import re
from pathlib import Path

import docx
import polib
import pytest

from nmt.commands.main import main

MODEL = str(Path(__file__).resolve().parents[2] / "checkpoints" / "es-en")
TEXTS = {
    ".txt": ("Gracias.\r\n\r\n  Tengo dos perros.\r\n", [".\r\n\r\n  ", "two dogs"]),
    ".md": (
        "# La casa\n\nTengo **dos perros** y `code` en [la casa](http://x.es).\n",
        ["# The house\n\n", "**two dogs**", "`code`", "](http://x.es)"],
    ),
    ".srt": ("1\n00:00:01,000 --> 00:00:02,000\n<i>Tengo dos perros.</i>\n", [",000\n<i>", "two dogs.</i>"]),
    ".vtt": ("WEBVTT\n\n00:01.000 --> 00:02.000\nTengo dos perros.\n", ["WEBVTT\n\n00:01.000 --> ", "two dogs"]),
    ".po": ('msgid "Tengo %d perros.\\n"\nmsgstr ""\n', ['#, fuzzy\nmsgid "Tengo', "%d", "dogs", '\\n"\n']),
    ".html": (
        '<p title="Mi casa">Tengo <b>dos perros</b>.</p>\n',
        ['<p title="My house">', "<b>two dogs</b>", "</p>\n"],
    ),
    ".tsv": ("id\ttexto\na_1\tTengo dos perros.\n", ["\na_1\t", "two dogs"]),
}  # fmt: skip


@pytest.mark.parametrize("suffix", TEXTS)
def test_a_document_comes_back_translated(tmp_path: Path, suffix: str) -> None:
    content, expected = TEXTS[suffix]
    source, out = tmp_path / f"in{suffix}", tmp_path / f"out{suffix}"
    source.write_bytes(content.encode())
    assert main(["translate-file", str(source), str(out), "--model", MODEL]) == 0
    result = out.read_bytes().decode()
    for piece in expected:
        assert piece in result, result
    assert sorted(tmp_path.iterdir()) == sorted([source, out])  # nothing half-written is left
    if suffix == ".po":
        assert polib.pofile(result)[0].fuzzy


def test_a_word_document_comes_back_translated(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_paragraph("Tengo ").add_run("dos perros").bold = True
    document.save(str(tmp_path / "in.docx"))
    paths = [str(tmp_path / "in.docx"), str(tmp_path / "out.docx")]
    assert main(["translate-file", *paths, "--model", MODEL]) == 0
    runs = docx.Document(paths[1]).paragraphs[0].runs
    assert "two dogs" in "".join(run.text for run in runs)
    assert all("dogs" not in run.text or run.bold for run in runs)


def test_wrong_files_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "in.txt"
    source.write_bytes(b"hola\n")
    assert main(["translate-file", str(source), str(source), "--model", MODEL]) == 1
    assert main(["translate-file", str(source), str(tmp_path / "no" / "out.txt"), "--model", MODEL]) == 1
    assert main(["translate-file", str(tmp_path / "no.txt"), str(tmp_path / "out.txt"), "--model", MODEL]) == 1
    with pytest.raises(SystemExit, match="2"):
        main(["translate-file", str(source), str(tmp_path / "out.md"), "--model", MODEL])
    errors = capsys.readouterr().err
    for message in ("is the document itself", "there is no folder", "cannot read it", "same suffix"):
        assert message in errors
    assert source.read_bytes() == b"hola\n"


def test_a_pdf_is_refused_with_advice_whatever_it_is_to_become(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for out in ("out.pdf", "out.docx"):
        assert main(["translate-file", str(tmp_path / "in.pdf"), str(tmp_path / out), "--model", MODEL]) == 1
        assert "in.pdf: not a format that can be translated; a PDF is a picture" in capsys.readouterr().err


def test_a_folder_is_translated_as_a_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = tmp_path / "es", tmp_path / "en"
    (source / "sub").mkdir(parents=True)
    (source / "a.md").write_text("# La casa\n")
    (source / "sub" / "b.TXT").write_text("Gracias.\n")
    (source / "sub" / "c.png").write_bytes(b"\x00hola")
    assert main(["translate-file", str(source), str(out), "--model", MODEL]) == 0
    assert (out / "a.md").read_text() == "# The house\n"
    assert "Thank" in (out / "sub" / "b.TXT").read_text()
    assert (out / "sub" / "c.png").read_bytes() == b"\x00hola"
    (source / "bad.json").write_text("{")
    assert main(["translate-file", str(source), str(out), "--model", MODEL]) == 1
    errors = capsys.readouterr().err
    assert "bad.json:1: not JSON" in errors and "1 of its documents could not be translated" in errors
    assert (out / "sub" / "b.TXT").exists() and not (out / "bad.json").exists()


def test_folders_that_cannot_be_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "es"
    source.mkdir()
    (tmp_path / "a.txt").write_text("Gracias.\n")
    for out, message in (
        (source, "one folder is in the other"),
        (source / "en", "one folder is in the other"),
        (tmp_path, "one folder is in the other"),
        (tmp_path / "a.txt", "is a file, and IN is a folder"),
        (tmp_path / "en", "no document in it"),
    ):
        assert main(["translate-file", str(source), str(out), "--model", MODEL]) == 1
        assert message in capsys.readouterr().err
    assert not (tmp_path / "en").exists()


def test_what_is_in_the_memory_is_taken_from_it_and_what_is_like_it_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    memory = tmp_path / "done.tmx"
    unit = '<tu><tuv xml:lang="es-ES"><seg>{}</seg></tuv><tuv xml:lang="en"><seg>{}</seg></tuv></tu>'
    units = unit.format("El  perro <ph>b</ph>duerme.", "DOG SLEEPS") + unit.format("La gata negra come.", "CAT EATS")
    memory.write_text(f'<!DOCTYPE tmx SYSTEM "tmx14.dtd"><tmx><body>{units}</body></tmx>')
    source, out = tmp_path / "a.txt", tmp_path / "b.txt"
    source.write_text("El perro duerme.\nLa gata negra come ya.\nGracias.\n")
    given = ["--model", MODEL, "--memory", str(memory)]
    assert main(["translate-file", str(source), str(out), *given]) == 0
    first, second, third = out.read_text().splitlines()
    assert first == "DOG SLEEPS" and "eats" in second and "Thank" in third
    said = capsys.readouterr()
    assert "3 texts translated, 1 of them from the memory" in said.out
    assert "'La gata negra come ya.' is to 9" in said.err and "'CAT EATS'" in said.err and "Gracias" not in said.err
    bold = tmp_path / "a.md"
    bold.write_text("El **perro** duerme.\n")
    assert main(["translate-file", str(bold), str(tmp_path / "b.md"), *given]) == 0
    assert re.fullmatch(r"\*\*DOG\*\* SLEEPS\n|DOG \*\*SLEEPS\*\*\n", (tmp_path / "b.md").read_text())
    capsys.readouterr()
    for content, message in (("<tmx>", "not well-formed TMX"), ("<tmx/>", "no entry in both es and en")):
        memory.write_text(content)
        assert main(["translate-file", str(source), str(out), *given]) == 1
        assert message in capsys.readouterr().err
