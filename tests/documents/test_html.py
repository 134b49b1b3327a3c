"""nmt.documents.html: what is seen or read out is translated, and the page stays what it was."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from nmt.documents import html
from nmt.documents.document import Encoding, TextDocument
from nmt.documents.formats import open_document
from nmt.errors import UserError
from tests.support.documents import by_glossary, save, shout, shown, texts_of, translated, written

PAGE = """\
<!DOCTYPE html>
<html lang="es"><head><meta charset="utf-8"><title>Mi &lt;título&gt;</title>
<meta name="description" content="Una página"><meta name="viewport" content="hola">
<style>p { color: red }</style><script>if (a < b) { alert("<p>hola</p>") }</script></head>
<body class="uno dos">
<!-- nada <p>hola</p> -->
<h1>Un  <em>título</em>
   largo</h1>
<ul><li>Uno</li><li><a href="x.html?a=1&amp;b=2" title="A otra página">Dos <b>perros</b></a></li></ul>
<p>Tiene <code>hola = 1</code> y <br/>otra línea.</p><pre>hola
  <b>hola</b></pre>
<p><img src="a.png" alt="Una foto"> 3 &lt; 4 &amp; más <svg><text>hola</text></svg> cosas</p>
<form><input type="text" placeholder="Su nombre" value="hola"><input type="submit" value="Enviar"></form>
<p class="notranslate">hola <b>hola</b></p><div translate="no"><div>hola</div>hola</div>
<p>El <span translate=no>hola</span> dice {{ hola }}.</p>
</body></html>
"""


def fragment(content: str, translate: Callable[[str], str]) -> str:
    document = TextDocument(content, Encoding(b"", "utf-8"), html.passages(content, "q"))
    return document.rendered([translate(text) for text in document.texts])


def test_texts_are_what_is_seen_and_what_is_read_out(tmp_path: Path) -> None:
    assert texts_of(save(tmp_path, ".html", PAGE)) == [
        "Mi <título>", "Una página", "Un <0>título</0> largo", "Uno", "Dos <1>perros</1>", "A otra página",
        "Tiene {0} y", "otra línea.", "3 < 4 & más <1/> cosas", "Una foto", "Su nombre", "Enviar", "El {0} dice {1}.",
    ]  # fmt: skip


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("suffix", [".html", ".htm", ".xhtml"])
def test_nothing_but_texts_changes(tmp_path: Path, suffix: str, ending: str) -> None:
    page = PAGE.replace("\n", ending)
    path = save(tmp_path, suffix, page)
    assert written(path, str) == path.read_bytes()
    result = translated(tmp_path, suffix, page)
    assert result.count("hola") == page.count("hola") and "PERROS" in result
    assert " ".join(result.split()).casefold() == " ".join(page.split()).casefold()


def test_markup_follows_its_words_and_is_never_lost() -> None:
    said = {"Un <0>gato</0> <1>negro</1> vive <2>aquí.</2>": "<2>Here</2> lives a <1>black</1> <0>cat</0>."}
    source = '<p>Un <i>gato</i> <b>negro</b> vive <a href="/">aquí.</a></p>'
    assert fragment(source, by_glossary(said)) == '<p><a href="/">Here</a> lives a <b>black</b> <i>cat</i>.</p>'
    lost = fragment(source, lambda text: "Here it lives.")  # a translation memory knows no marks
    assert re.sub("<[^>]*>", "", lost) == "Here it lives."
    assert [lost.count(tag) for tag in ("<i>", "</i>", "<b>", "</b>", '<a href="/">', "</a>")] == [1] * 6


def test_a_marked_part_of_a_word_is_its_whole_word() -> None:
    said = {"Mi <0>perro</0> come.": "My <0>dog</0> eats."}
    assert fragment("<p>Mi <b>p</b>erro come.</p>", by_glossary(said)) == "<p>My <b>dog</b> eats.</p>"


@pytest.mark.parametrize(
    "content",
    [
        "uno <b>dos <i>tres</b> cuatro</i> cinco",
        "uno </b> dos <b> tres",
        "1 < 2 uno <3 dos",
        "uno <!-- dos",
        'uno <a href="dos',
        "<p translate='no'>uno <p>dos",
        "<b>uno<div>dos</b></div>",
        "<<p>uno</p>>",
        "<code>uno",
        "<br><img><hr>",
        "uno \0" + "0\0 dos",
    ],
)
def test_broken_markup_comes_back_and_loses_no_word(content: str) -> None:
    assert fragment(content, str) == content
    result = fragment(content, shout)
    for word in ("uno", "dos", "tres", "cuatro", "cinco"):
        assert result.casefold().count(word) == content.count(word)


def test_signs_in_markup_are_no_words() -> None:
    for source in (
        '<h2>Los permisos<span><a href="#p" id="p">#</a></span></h2>',
        "<p>Uno <b>→</b> dos <i>¶</i></p>",
        "<p><b>*</b> Uno <b>&lt;</b> dos</p>",
    ):
        said = {"Los permisos": "The permissions of all", "Uno dos ": "One and two"}
        assert fragment(source, str) == source
        result = fragment(source, lambda text, said=said: said.get(text.strip(), text))  # type: ignore[misc]
        for markup in ('<span><a href="#p" id="p">#</a></span>', "<b>→</b>", "<i>¶</i>", "<b>*</b>"):
            assert (markup in result) == (markup in source)
    assert fragment("<h2>Los permisos<a>#</a></h2>", lambda text: "All of them") == "<h2>All of them<a>#</a></h2>"


def test_code_in_a_link_is_written_once() -> None:
    source = '<p>Ver <a href="x"><code>una.cosa</code> aquí</a> y <code>b c</code></p>'
    document = TextDocument(source, Encoding(b"", "utf-8"), html.passages(source, "q"))
    assert [shown(text) for text in document.texts] == ["Ver <0>{1} aquí</0> y {2}"]
    assert fragment(source, shout) == source.replace("Ver", "VER").replace("aquí", "AQUÍ").replace(" y ", " Y ")


@pytest.mark.parametrize(
    "content",
    [
        '<ul><li translate="no">uno<li>DOS</ul>TRES',
        '<ul><li translate="no">uno</ul>DOS',
        '<ul><li translate="no">uno<ul><li>uno<li>uno</ul>uno<li>DOS</ul>',
        '<p translate="no">uno <b>uno<p>DOS',
        '<p translate="no">uno<div>DOS</div>',
        '<div><p translate="no">uno</div>DOS',
        '<p translate="no">uno<button><p>uno</button>uno<p>DOS',
        "<table><tr><td translate=no>uno<ul><li>uno<td>DOS<tr><td>TRES</table>",
        "<table><tr translate=no><td>uno<td>uno<table><tr><td>uno</table><tr><td>DOS</table>",
        "<table><tr><td translate=no>uno</table>DOS",
        "<dl><dt translate=no>uno<dd>DOS</dl>",
        "<select><option translate=no>uno<option>DOS</select>",
        "<p>DOS <span translate=no>uno</p>TRES",
        "<p>DOS <b translate=no>uno</p>uno</b>",  # formatting goes on
        "<div translate=no>uno</p>uno</ul><p>uno<p>uno</div>DOS",
    ],
)
def test_what_is_not_translated_ends_where_html_ends_it(content: str) -> None:
    assert fragment(content.lower(), shout) == content


def test_a_note_beside_a_word_is_no_part_of_it() -> None:
    source = "<p>EL <ruby>AGUA<rp>(</rp><rt>nota<rp>)</rp></ruby> ES</p>"
    assert fragment(source.replace("EL", "el").replace("AGUA", "agua").replace("ES", "es"), shout) == source


def test_special_characters_of_a_translation_are_escaped() -> None:
    assert fragment('<p title="Un perro">Dos gatos</p>', lambda text: f'{text} <b> & "c"') == (
        '<p title="Un perro &lt;b&gt; &amp; &quot;c&quot;">Dos gatos &lt;b&gt; &amp; "c"</p>'
    )


def test_a_page_comes_back_in_the_encoding_that_it_names(tmp_path: Path) -> None:
    page = '<meta http-equiv="Content-Type" content="text/html; charset=ISO-8859-1"><p>mañana “sí”</p>'
    path = save(tmp_path, ".html", page, "cp1252")
    assert written(path, str) == path.read_bytes()
    result = written(path, lambda text: text.upper() + " \u0142")
    assert result.decode("cp1252") == page.replace("mañana “sí”", "MAÑANA “SÍ” &#322;")
    path = save(tmp_path, ".html", "<p>mañana</p>", "cp1252")  # names none
    assert written(path, str.upper).decode("cp1252") == "<p>MAÑANA</p>"
    with pytest.raises(UserError, match="in.xhtml:1: not UTF-8"):
        open_document(save(tmp_path, ".xhtml", "<p>mañana</p>", "cp1252"))


@pytest.mark.parametrize(
    "hostile", ["<", "<!--", "<a '", '<a "', "<b>", "<svg>", "<pre>", "{{", "<p translate=no>", "&"]
)
def test_pages_made_to_take_long_do_not(hostile: str) -> None:
    started = time.process_time()
    content = "uno " + hostile * (100_000 // len(hostile)) + " dos"
    assert fragment(content, str) == content
    assert time.process_time() - started < 5


def test_html_blocks_of_markdown_are_translated(tmp_path: Path) -> None:
    source = "Uno.\n\n<details>\n<summary>Más <b>cosas</b></summary>\n\nDos.\n\n</details>\n\n<pre>\nhola\n</pre>\n"
    assert texts_of(save(tmp_path, ".md", source)) == ["Uno.", "Más <0>cosas</0>", "Dos."]
    expected = source.replace("Uno", "UNO").replace("Más <b>cosas", "MÁS <b>COSAS").replace("Dos", "DOS")
    assert translated(tmp_path, ".md", source) == expected


@pytest.mark.parametrize("space", ["&nbsp;", "&#160;", "\xa0"])
def test_a_no_break_space_is_written_as_the_page_writes_it(space: str) -> None:
    content = f"<p>Son 20{space}libros.</p>"
    assert fragment(content, str) == content


def test_an_attribute_that_only_ends_like_translate_is_another_one() -> None:
    assert fragment('<p data-translate="no">hola</p>', shout) == '<p data-translate="no">HOLA</p>'
