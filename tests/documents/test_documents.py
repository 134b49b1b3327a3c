"""nmt.documents: the same format comes back, and nothing but the texts has changed (.docx: test_docx)."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from nmt.documents.document import Limits
from nmt.documents.formats import PASSAGES, open_document
from nmt.errors import UserError
from tests.support.documents import save, texts_of, translated, written

SRT = (
    "1\n00:00:01,000 --> 00:00:02,500\n<i>Había una vez</i>\nun hombre que\n\n"
    "2\n00:00:03,000 --> 00:00:04,000 X1:10 X2:20\nvivía en el bosque.\n- Hola, <b>amigo</b> mío.\n- {\\an8}Adiós.\n\n"
    "3\n00:01:00,000 --> 00:01:02,000\n\n4\n00:02:00,000 --> 00:02:02,000\n♪ La canción ♪\n"
)
VTT = (
    "WEBVTT - título\nKind: captions\n\nNOTE esto no\nse traduce\n\nSTYLE\n::cue { color: red }\n\n"
    "primera\n00:01.000 --> 00:02.000 align:start position:10%\n<v Ana>Tom &amp; Jerry son <i>muy buenos</i> amigos\n\n"
    "01:00:03.000 --> 01:00:04.000\nque <00:03.500>juegan.\n"
)
PO = (
    "# Comentario\n#, fuzzy\n"
    'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n'
    '"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n'
    '#. del programador\n#: a.c:3\n#, c-format\nmsgid "Hay %d fichero\\n"\nmsgid_plural "Hay %d ficheros\\n"\n'
    'msgstr[0] ""\nmsgstr[1] ""\n\n'
    'msgctxt "menú"\nmsgid "Abrir \\"todo\\""\nmsgstr ""\n\n'
    '#, fuzzy\n#| msgid "Viejo"\nmsgid "Nuevo"\nmsgstr "Old"\n\n'
    'msgid "Hecho"\nmsgstr "Done"\n\n#, fuzzy\n#~ msgid "Obsoleto"\n#~ msgstr "Obsolete"\n\n'
    'msgid ""\n"Una línea\\n"\n"y otra {name}"\nmsgstr ""\n'
)
MD = """\
---
title: No se traduce
---
# Un *título* con `código`

Este es un **perro** negro con un [enlace bonito](http://a.b/c "t") y `code` al final,
que sigue aquí & allí &amp; más \\* fin.  
Otra línea.

Subrayado
=========

- [ ] tarea uno
- item <b>dos</b> ![una foto](x.png) sigue[^1]. <!-- nada -->
  * anidado ***muy* fuerte**

> [!NOTE]
> cita larga
> que sigue

| Columna | Otra |
|:---|---|
| uno \\| dos | **tres** cuatro |

[^1]: Nota al pie.
[^2]: Otra nota.

[ref]: http://x.y "Título"

Ver [ref] o [![logo](l.png)](http://z) ahora. <https://e.org>

```py
codigo = "hola mundo"
```

    código con sangría

<div>
hola
</div>
"""
TXT = "Hola mundo.\n\n  Con sangría\t\n- uno\n- dos tres\n\n> cita\n42\n\x0cFin sin salto"
TSV = 'es\tid\tnota\n"Dijo ""hola"" y se fue"\tab_12\t  con espacios \n42\thttp://x.es\t"suelto\n'
SAMPLES = {".txt": TXT, ".md": MD, ".srt": SRT, ".vtt": VTT, ".tsv": TSV}


@pytest.mark.parametrize("suffix", SAMPLES)
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unchanged_texts_give_the_same_bytes(tmp_path: Path, suffix: str, ending: str, encoding: str) -> None:
    path = save(tmp_path, suffix, SAMPLES[suffix].replace("\n", ending), encoding)
    assert open_document(path).texts
    assert written(path, str) == path.read_bytes()


@pytest.mark.parametrize("suffix", SAMPLES)
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_translation_in_capitals_changes_nothing_but_case(tmp_path: Path, suffix: str, ending: str) -> None:
    """Every kind of markup keeps its place when the words keep theirs; line ends and encoding stay."""
    source = SAMPLES[suffix].replace("\n", ending)
    result = translated(tmp_path, suffix, source)
    assert result != source
    if suffix == ".md":  # a bare & of a text that also has &amp; is escaped; a link's name becomes explicit
        result = result.replace("AQUÍ &amp;", "AQUÍ &").replace("[REF][ref]", "[REF]")
    if suffix == ".vtt":
        assert "&amp;" in result and "<v Ana>" in result
    assert result.casefold() == source.casefold()


def test_what_is_no_text_is_not_offered_for_translation(tmp_path: Path) -> None:
    texts = "\n".join(open_document(save(tmp_path, ".md", MD)).texts)
    for kept in ("http://", "No se traduce", "div", "sangría", "NOTE", "x.png", "[^1]", "<b>", "nada"):
        assert kept not in texts
    texts = "\n".join(texts_of(save(tmp_path, ".vtt", VTT)))
    assert "Tom & Jerry son <1>muy buenos</1> amigos" in texts
    for kept in ("<v", "<i", "NOTE", "traduce", "color", "primera", "00:"):
        assert kept not in texts
    assert open_document(save(tmp_path, ".tsv", TSV)).texts == [
        "es", "id", "nota", 'Dijo "hola" y se fue', "con espacios", '"suelto',
    ]  # fmt: skip


def test_an_empty_file_and_one_without_words_come_back_as_they_are(tmp_path: Path) -> None:
    for suffix in PASSAGES:
        for content in ("", "\n\n"):
            path = save(tmp_path, suffix, content)
            if suffix == ".vtt" and content:
                continue  # has no WEBVTT
            assert open_document(path).texts == []
            assert written(path, str) == content.encode()
    assert translated(tmp_path, ".txt", "42\n\n---\nhttps://a.es\n") == "42\n\n---\nhttps://a.es\n"


def test_other_scripts_and_long_lines_survive(tmp_path: Path) -> None:
    text = "\u202bשלום עולם\u202c 🙂 e\u0301\n" + "palabra " * 50_000 + "\n"
    path = save(tmp_path, ".txt", text)
    assert written(path, str) == path.read_bytes()
    assert translated(tmp_path, ".txt", text) == text.upper()


def test_the_number_of_translations_must_fit(tmp_path: Path) -> None:
    document = open_document(save(tmp_path, ".txt", TXT))
    with pytest.raises(ValueError, match="translations for"):
        document.write(document.texts[1:], tmp_path / "out.txt")
    assert not (tmp_path / "out.txt").exists()


@pytest.mark.parametrize(
    ("suffix", "content", "message"),
    [
        (".txt", b"bien\nmal \xf1\n", "in.txt:2: not UTF-8"),
        (".txt", "hola\n".encode("utf-16-le"), "in.txt:1: has a NUL"),
        (".srt", b"hola\n", r"in.srt:1: expected the times"),
        (".srt", SRT.replace("03,000 -->", "03,000 ->").encode(), "in.srt:7: expected the times"),
        (".srt", b"1\n00:00:01,000 --> 00:00:99,000\nhola\n", "in.srt:2: expected the times"),
        (".vtt", b"hola\n", "in.vtt:1: a .vtt file begins"),
        (".vtt", b"WEBVTT\n\n00:01.000 --> 00:02\nhola\n", "in.vtt:3: expected the times"),
        (".vtt", b"WEBVTT\n\n00:01.000 -> 00:02.000\nhola\n", "in.vtt:3: expected the times"),
        (".po", b'msgid "a"\nmsgstr "b"\nfoo\n', "in.po:3: not a .po file"),
        (".po", b'msgid "a"b"\nmsgstr ""\n', "in.po:1: not a .po file: unescaped"),
        (".po", b'msgid "a"\nmsgstr "b\n', "in.po:2: expected a keyword and a text in quotes"),
        (".po", PO.replace("UTF-8", "ISO-8859-1").encode(), "charset=ISO-8859-1"),
        (
            ".pdf",
            b"%PDF",
            "in.pdf: not a format that can be translated; a PDF is a picture of a text; give what",
        ),
        (".doc", b"", "in.doc: not a format that can be translated; save it as .docx first"),
        (".xyz", b"", "in.xyz: not a format that can be translated; give a file of .txt, .md,"),
    ],
)
def test_a_bad_file_is_refused_with_its_place(tmp_path: Path, suffix: str, content: bytes, message: str) -> None:
    path = tmp_path / f"in{suffix}"
    path.write_bytes(content)
    with pytest.raises(UserError, match=message):
        open_document(path)


def test_a_missing_file_is_refused_by_the_name_it_is_given(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="^letter.txt: cannot read it"):
        open_document(tmp_path / "x.txt", name="letter.txt")


def test_limits_are_kept(tmp_path: Path) -> None:
    path = save(tmp_path, ".txt", "uno\ndos\ntres\n")
    for limits, message in (
        (Limits(file_bytes=12), "larger than the limit"),
        (Limits(texts=2), "3 texts to translate, the limit is 2"),
        (Limits(characters=9), "10 characters to translate, the limit is 9"),
    ):
        with pytest.raises(UserError, match=message):
            open_document(path, limits)
    assert open_document(path, Limits(13, 3, 10)).texts == ["uno", "dos", "tres"]


# Plain text


def test_a_wrapped_paragraph_is_one_text_and_is_wrapped_again(tmp_path: Path) -> None:
    source = (
        "  Esta es una carta que tiene líneas partidas por la\n"
        "  mitad de las frases para que quepan en el ancho de\n"
        "  la página.\n\nOtra cosa.\n"
    )
    document = open_document(save(tmp_path, ".txt", source))
    assert len(document.texts) == 2 and document.texts[0].startswith("Esta es") and "por la mitad" in document.texts[0]
    document.write(["word " * 25, "Other thing."], tmp_path / "out.txt")
    *wrapped, empty, last = (tmp_path / "out.txt").read_text().splitlines()
    assert all(line.startswith("  word") and len(line) <= 52 for line in wrapped)
    assert " ".join(wrapped).split() == ["word"] * 25 and (empty, last) == ("", "Other thing.")


def test_poems_and_lists_are_translated_line_by_line(tmp_path: Path) -> None:
    poem = "Verde que te quiero verde.\nVerde viento. Verdes ramas.\nel barco sobre la mar\n"
    shopping = "una docena de huevos frescos de la granja de mi tía\nuna barra de pan\nun litro de leche entera\n"
    for text in (poem, shopping):
        assert open_document(save(tmp_path, ".txt", text)).texts == text.splitlines()


# Random documents


def test_random_documents_come_back_whole(tmp_path: Path) -> None:
    """Whatever is put together from pieces of each format: unchanged texts give the same bytes, and capitals
    change nothing but case."""
    rng = random.Random(7)
    words = "uno dos árbol ñandú casa verde corre 42 https://a.es/b «sí» ¿qué? fin.".split()

    def sentence() -> str:
        return " ".join(rng.choices(words, k=rng.randint(1, 14)))

    for trial in range(30):
        for suffix, text in _random_documents(rng, sentence).items():
            text = text.replace("\n", rng.choice(["\n", "\r\n"]))
            path = save(tmp_path, suffix, text)
            assert written(path, str) == path.read_bytes(), (trial, suffix, text)
            result = translated(tmp_path, suffix, text).casefold()
            if suffix in (".txt", ".srt", ".vtt"):  # whose lines may be broken elsewhere
                result, text = " ".join(result.split()), " ".join(text.split())
            assert result == text.casefold(), (trial, suffix)


def _random_documents(rng: random.Random, sentence: Callable[[], str]) -> dict[str, str]:
    def some(pieces: Sequence[Callable[[], str]], between: str, most: int = 6) -> str:
        return between.join(rng.choice(pieces)() for _ in range(rng.randint(1, most)))

    def cue(mark: str) -> str:
        tagged = [sentence, lambda: f"<i>{sentence()}</i>", lambda: f"- {sentence()}"]
        return f"00:00:01{mark}000 --> 00:00:02{mark}000\n{some(tagged, chr(10), 3)}\n"

    blocks = [
        sentence,
        lambda: f"# {sentence()}",
        lambda: f"- {sentence()}\n- {sentence()}",
        lambda: f"> {sentence()}",
        lambda: f"```\n{sentence()}\n```",
        lambda: f"<div>\n{sentence()}\n</div>",
        lambda: f"| {sentence()} | {sentence()} |\n|---|---|\n| {sentence()} | {sentence()} |",
    ]
    return {
        ".txt": some([sentence, lambda: "", lambda: f"  {sentence()}"], "\n", 12),
        ".md": some(blocks, "\n\n"),
        ".srt": some([lambda: f"1\n{cue(',')}"], "\n"),
        ".vtt": "WEBVTT\n\n" + some([lambda: cue("."), lambda: f"NOTE {sentence()}\n"], "\n"),
        ".tsv": some([lambda: some([sentence, lambda: "", lambda: "7"], "\t")], "\n"),
    }
