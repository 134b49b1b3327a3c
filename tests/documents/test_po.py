"""nmt.documents.po: what is missing is filled in and marked; nothing else changes, and no placeholder is lost."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import polib
import pytest

from nmt.documents import po
from nmt.documents.formats import open_document
from tests.documents.test_documents import PO
from tests.support.documents import save, texts_of, translated


def test_po_fills_what_is_missing_marks_it_and_leaves_the_rest(tmp_path: Path) -> None:
    result = translated(tmp_path, ".po", PO)
    before, after = polib.pofile(PO), polib.pofile(result)
    assert result.startswith(PO[: PO.index("#. del")])
    for old, new in zip(before, after, strict=True):
        assert (old.msgid, old.msgctxt, old.comment, old.occurrences) == (
            new.msgid, new.msgctxt, new.comment, new.occurrences,
        )  # fmt: skip
        if old.msgid == "Hecho" or old.obsolete:
            assert (new.msgstr, new.flags) == (old.msgstr, old.flags)
        else:
            assert new.fuzzy and set(old.flags) <= set(new.flags)
    plural = after.find("Hay %d fichero\n")
    assert plural and plural.msgstr_plural == {0: "HAY %d FICHERO\n", 1: "HAY %d FICHEROS\n"}
    assert [e.msgstr for e in after if e.msgid.startswith("Una")] == ["UNA LÍNEA\nY OTRA {name}"]
    if shutil.which("msgfmt"):
        path = save(tmp_path, ".po", result)
        subprocess.run(["msgfmt", "--check-format", "--use-fuzzy", "-o", "/dev/null", path], check=True)


def test_po_keeps_its_line_ends(tmp_path: Path) -> None:
    result = translated(tmp_path, ".po", PO.replace("\n", "\r\n"))
    assert result.replace("\r\n", "\n") == translated(tmp_path, ".po", PO)
    assert result.count("\n") == result.count("\r\n")


def test_po_is_left_alone_once_it_is_complete(tmp_path: Path) -> None:
    complete = 'msgid "Hecho"\nmsgstr "Done"\n\nmsgid "%s"\nmsgstr ""\n'
    assert open_document(save(tmp_path, ".po", complete)).texts == []
    assert translated(tmp_path, ".po", complete) == complete


def test_po_keeps_an_entry_without_translation_rather_than_lose_a_placeholder(tmp_path: Path) -> None:
    source = 'msgid ""\nmsgstr ""\n\n# Uno\n#, c-format\nmsgid "%s tiene %d años"\nmsgstr ""\n\n# fin\n'
    noted = source.replace("# Uno\n", f"# Uno\n# {po.NOTE}\n")
    for said in ("he is %d", "%d years has %s", ""):
        assert translated(tmp_path, ".po", source, lambda text, said=said: said) == noted  # type: ignore[misc]
        assert translated(tmp_path, ".po", noted, lambda text, said=said: said) == noted  # type: ignore[misc]


@pytest.mark.parametrize(
    ("said", "kept"),
    [("%2 of %1 <b>files</b>", True), ("%1 of %n <b>files</b>", False), ("%1 of %2 files", False)],
)
def test_po_knows_placeholders_of_qt_and_tags(tmp_path: Path, said: str, kept: bool) -> None:
    source = 'msgid "%1 de %2 <b>ficheros</b>"\nmsgstr ""\n'
    assert (polib.pofile(translated(tmp_path, ".po", source, lambda text: said))[0].msgstr == said) == kept


def test_po_changes_no_byte_of_what_it_does_not_translate(tmp_path: Path) -> None:
    source = (
        '# Title\nmsgid ""\nmsgstr ""\n"X: b\\n"\n"A: a\\n"\n\n\n#~ msgid "viejo"\n#~ msgstr "old"\n\n'
        'msgid "no"\nmsgstr "a very long line that nobody has broken and that goes on beyond what gettext writes"\n\n'
        '#: a.c:1\nmsgid "uno"\nmsgstr ""\n#~ msgid "dos"\n#~ msgstr ""\n# fin'
    )
    expected = source.replace('#: a.c:1\nmsgid "uno"\nmsgstr ""', '#: a.c:1\n#, fuzzy\nmsgid "uno"\nmsgstr "UNO"')
    assert translated(tmp_path, ".po", source) == expected


def test_po_tags_and_links_stay_around_their_words(tmp_path: Path) -> None:
    text = 'Lee los <a href=\\"/t\\">términos</a> de **uso** en [casa](https://e.org/a).<br>Adiós <b>Juan</b>|sí'
    source = f'msgid "{text}"\nmsgstr ""\n'
    assert texts_of(save(tmp_path, ".po", source))[0].startswith('Lee los <a href="/t">términos</a> de <0>uso</0>')
    [entry] = polib.pofile(translated(tmp_path, ".po", source))
    assert entry.msgstr.casefold() == entry.msgid.casefold() and entry.msgstr != entry.msgid


def test_po_reads_a_text_with_an_empty_line_between_its_lines(tmp_path: Path) -> None:
    source = 'msgid "uno "\n\n"dos"\nmsgstr ""\n'
    assert open_document(save(tmp_path, ".po", source)).texts == ["uno dos"]
    assert polib.pofile(translated(tmp_path, ".po", source))[0].msgstr == "UNO DOS"
