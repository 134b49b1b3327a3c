"""nmt.documents.xliff: what lacks a target gets one with its inline elements, and nothing else changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from nmt.documents.document import Limits
from nmt.documents.formats import open_document
from nmt.errors import UserError
from tests.support.documents import save, shout, texts_of, written

OLD = """<?xml version="1.0" encoding="UTF-8"?>
<xliff xmlns="urn:oasis:names:tc:xliff:document:1.2" version="1.2">
  <file original="a" source-language="es" target-language="en" datatype="plaintext"><body>
    <trans-unit id="1">
      <source>Tengo <g id="1" ctype="bold">dos perros</g> y <x id="2"/>%s.</source>
      <note>hola</note>
    </trans-unit>
    <trans-unit id="2"><source>Hecho</source><target state="translated">Done</target></trans-unit>
    <trans-unit id="3" translate="no"><source>hola</source></trans-unit>
    <trans-unit id="4"><source>Nuevo &amp; bueno</source><target state="new">Nuevo</target></trans-unit>
    <trans-unit id="5"><source>La <bpt id="1">&lt;b&gt;</bpt>casa<ept id="1">&lt;/b&gt;</ept> azul</source>
      <target/><alt-trans><source>hola</source><target>hi</target></alt-trans></trans-unit>
    <group translate="no"><trans-unit id="6"><source>hola</source></trans-unit></group>
    <trans-unit id="7"><source>El <mrk mtype="protected">hola</mrk> vive</source></trans-unit>
  </body></file>
</xliff>
"""
NEW = """<?xml version='1.0' encoding='UTF-8'?>
<xliff xmlns="urn:oasis:names:tc:xliff:document:2.0" version="2.0" srcLang="es" trgLang="en">
  <file id="f"><unit id="1">
    <segment><source>Tengo <pc id="1">dos perros</pc> y <ph id="2"/>más.</source></segment>
    <segment state="final"><source>Hecho</source><target>Done</target></segment>
  </unit><unit id="2" translate="no"><segment><source>hola</source></segment></unit></file>
</xliff>
"""


def targets(path: Path) -> list[Any]:
    return [target for target in etree.parse(str(path)).iter("{*}target")]


def inside(element: Any) -> str:
    raw = etree.tostring(element, encoding="unicode", with_tail=False)
    return raw[raw.index(">") + 1 : raw.rindex("<")].replace(f' xmlns="{etree.QName(element).namespace}"', "")


def test_units_without_a_target_of_xliff_1_get_one(tmp_path: Path) -> None:
    path = save(tmp_path, ".xlf", OLD)
    assert texts_of(path) == [
        "Tengo <0>dos perros</0> y <1/>%s.", "Nuevo & bueno", "La <0>casa</0> azul", "El {0} vive",
    ]  # fmt: skip
    written(path, shout)
    found = targets(tmp_path / "out.xlf")
    assert [inside(target) for target in found] == [
        'TENGO <g id="1" ctype="bold">DOS PERROS</g> Y <x id="2"/>%s.', "Done", "NUEVO &amp; BUENO",
        'LA <bpt id="1">&lt;b&gt;</bpt>CASA<ept id="1">&lt;/b&gt;</ept> AZUL', "hi",
        'EL <mrk mtype="protected">hola</mrk> VIVE',
    ]  # fmt: skip
    states = [target.get("state") for target in found]
    review = "needs-review-translation"
    assert states == [review, "translated", review, review, None, review]
    before, after = (etree.parse(str(tmp_path / name)) for name in ("in.xlf", "out.xlf"))
    for tree in (before, after):
        etree.strip_elements(tree, "{*}target", with_tail=False)
    assert "".join(etree.tostring(before, encoding="unicode").split()) == "".join(
        etree.tostring(after, encoding="unicode").split()
    )


def test_segments_of_xliff_2_get_a_target_and_their_state(tmp_path: Path) -> None:
    path = save(tmp_path, ".xliff", NEW)
    written(path, shout)
    first, done = targets(tmp_path / "out.xliff")
    assert inside(first) == 'TENGO <pc id="1">DOS PERROS</pc> Y <ph id="2"/>MÁS.' and done.text == "Done"
    assert [one.getparent().get("state") for one in (first, done)] == ["translated", "final"]


def test_a_unit_stays_without_target_rather_than_lose_a_placeholder(tmp_path: Path) -> None:
    written(save(tmp_path, ".xlf", OLD), lambda text: text.replace("%s", ""))
    assert len(targets(tmp_path / "out.xlf")) == len(targets(tmp_path / "in.xlf")) + 1


def test_elements_that_cross_each_other_come_through(tmp_path: Path) -> None:
    source = '<bpt id="1">a</bpt>uno <bpt id="2">b</bpt>dos<ept id="1">c</ept> tres<ept id="2">d</ept> cinco'
    unit = f"<trans-unit id='1'><source>{source}</source></trans-unit>"
    path = save(tmp_path, ".xlf", f"<xliff version='1.2'>{unit}</xliff>")
    written(path, shout)
    assert inside(targets(tmp_path / "out.xlf")[0]).casefold() == source


def test_a_file_that_is_complete_comes_back_as_it_is(tmp_path: Path) -> None:
    complete = NEW.replace('<ph id="2"/>más.</source>', '<ph id="2"/>más.</source><target>I</target>')
    path = save(tmp_path, ".xliff", complete)
    assert written(path, str.upper) == path.read_bytes()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("<html/>", "in.xlf: not a file of XLIFF"),
        ("", "in.xlf:1: not well-formed XML"),
        (OLD.replace("</body>", ""), r"in.xlf:\d+: not well-formed XML"),
        (OLD.replace("<xliff", '<!DOCTYPE x [<!ENTITY a "b">]><xliff'), "in.xlf: has a document type"),
    ],
)
def test_what_is_no_xliff_is_refused(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        open_document(save(tmp_path, ".xlf", content))


def test_limits_are_kept(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="4 texts to translate, the limit is 2"):
        open_document(save(tmp_path, ".xlf", OLD), Limits(texts=2))
    with pytest.raises(UserError, match="characters with its markup, the limit is 100"):
        open_document(save(tmp_path, ".xlf", OLD), Limits(content=100))
