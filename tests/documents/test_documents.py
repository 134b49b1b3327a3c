"""nmt.documents: the same format comes back, and nothing but the texts has changed (.docx: test_docx)."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import polib
import pytest

from nmt.documents import po
from nmt.documents.document import Limits
from nmt.documents.formats import PASSAGES, open_document
from nmt.errors import UserError
from nmt.text.protected import protected_items

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


def written(path: Path, translate: Callable[[str], str], name: str = "out") -> bytes:
    document = open_document(path)
    out = path.with_name(name + path.suffix)
    document.write([translate(text) for text in document.texts], out)
    return out.read_bytes()


def shout(text: str) -> str:
    """A translation that is easy to tell: in capitals, but for what a translator must keep."""
    pieces, position = [], 0
    for item in protected_items(text):
        pieces += [text[position : item.start].upper(), item.text]
        position = item.end
    return "".join([*pieces, text[position:].upper()])


def save(folder: Path, suffix: str, text: str, encoding: str = "utf-8") -> Path:
    path = folder / f"in{suffix}"
    path.write_bytes(text.encode(encoding))
    return path


def translated(folder: Path, suffix: str, text: str, translate: Callable[[str], str] = shout) -> str:
    return written(save(folder, suffix, text), translate).decode()


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
    texts = "\n".join(open_document(save(tmp_path, ".vtt", VTT)).texts)
    assert "Tom & Jerry son muy buenos amigos" in texts
    for kept in ("<", "NOTE", "traduce", "color", "primera", "00:"):
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
def test_a_bad_file_is_refused_with_its_place(
    tmp_path: Path, suffix: str, content: bytes, message: str
) -> None:
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
    assert (
        len(document.texts) == 2
        and document.texts[0].startswith("Esta es")
        and "por la mitad" in document.texts[0]
    )
    document.write(["word " * 25, "Other thing."], tmp_path / "out.txt")
    *wrapped, empty, last = (tmp_path / "out.txt").read_text().splitlines()
    assert all(line.startswith("  word") and len(line) <= 52 for line in wrapped)
    assert " ".join(wrapped).split() == ["word"] * 25 and (empty, last) == ("", "Other thing.")


def test_poems_and_lists_are_translated_line_by_line(tmp_path: Path) -> None:
    poem = "Verde que te quiero verde.\nVerde viento. Verdes ramas.\nel barco sobre la mar\n"
    shopping = (
        "una docena de huevos frescos de la granja de mi tía\nuna barra de pan\nun litro de leche entera\n"
    )
    for text in (poem, shopping):
        assert open_document(save(tmp_path, ".txt", text)).texts == text.splitlines()


# Markdown


def test_markup_follows_its_words(tmp_path: Path) -> None:
    glossary = {
        "Tengo un perro negro y un gato.": "I have a black dog and a cat.",
        "perro": "Dog.", "negro": "Black", "gato": "cat",
    }  # fmt: skip
    source = "Tengo un *perro* **negro** y un [gato](g.html).\n"
    result = translated(tmp_path, ".md", source, glossary.__getitem__)
    assert result == "I have a **black** *dog* and a [cat](g.html).\n"


def test_emphasis_that_is_not_found_is_given_up_but_a_link_never(tmp_path: Path) -> None:
    def translate(text: str) -> str:
        return "One two three four five." if text.startswith("Uno") else "zzz"

    result = translated(tmp_path, ".md", "Uno **dos** tres [cuatro](x) cinco ![](i.png).\n", translate)
    assert "**" not in result
    assert result.startswith("One two three [four](x) five")
    assert result.endswith("five ![](i.png).\n")


def test_code_that_the_translation_lost_is_written_anyway(tmp_path: Path) -> None:
    result = translated(tmp_path, ".md", "Escribe `ls -l` ahora mismo.\n", lambda text: "Type it right now.")
    assert result.count("`ls -l`") == 1 and "right now." in result
    result = translated(
        tmp_path, ".md", "Pulsa <kbd>Intro</kbd> ahora[^1].\n", lambda text: "Type it right now."
    )
    assert result.count("<kbd>Intro</kbd>") == 1 and result.endswith(" now[^1].\n")


def test_a_translation_cannot_break_the_structure(tmp_path: Path) -> None:
    for said in ("# no heading", "- no item", "1. no item", "a*b* c_d_ <b>", "[x](y)", "> no | quote", "---"):
        source = "Un párrafo de texto.\n\nOtro.\n"
        result = translated(tmp_path, ".md", source, lambda text, said=said: said)  # type: ignore[misc]
        again = open_document(save(tmp_path, ".md", result))
        assert again.texts in (said.split(" | ") * 2, [], ["Un párrafo de texto.", "Otro."]), result
    result = translated(
        tmp_path, ".md", "| uno | dos |\n|---|---|\n| tres | cuatro |\n", lambda text: "a | b"
    )
    assert open_document(save(tmp_path, ".md", result)).texts == ["a", "b"] * 4


@pytest.mark.parametrize(
    "source",
    [
        "+++\ntitle = 'hola'\n+++\n\nuno\n",
        "export const a = 'hola';\n\nuno\n",
        'uno {{< ref "hola.md" >}} dos <%= hola %> :smile: {#hola}\n',
        "!!! note\n    uno\n",
        "::::tip{title=hola}\nuno\n::::\n",
        "uno $$hola$$ dos $e_hola$ tres\n",
        "[[hola]] uno\n",
        "{: .hola}\n",
    ],
)
def test_templates_formulas_and_code_of_markdown_are_kept(tmp_path: Path, source: str) -> None:
    changed = re.sub("uno|dos|tres", lambda match: match.group().upper(), source)
    assert translated(tmp_path, ".md", source) == changed


def test_prices_are_no_formula(tmp_path: Path) -> None:
    source = "Cuesta $5 o $10 y no $20.\n"
    assert open_document(save(tmp_path, ".md", source)).texts == [source.strip()]


def test_notes_and_definitions_of_markdown_are_translated(tmp_path: Path) -> None:
    source = '??? danger "Mi título"\n    Uno.\n\n    Dos.\n\n:::note\n- tres\n:::\n\nCosa\n:   Explicada\n'
    assert open_document(save(tmp_path, ".md", source)).texts == [
        "Mi título", "Uno.", "Dos.", "tres", "Cosa", "Explicada",
    ]  # fmt: skip
    assert translated(tmp_path, ".md", source) == source.replace("Mi título", "MI TÍTULO").replace(
        "Uno", "UNO"
    ).replace("Dos", "DOS").replace("tres", "TRES").replace("Cosa\n:   Explicada", "COSA\n:   EXPLICADA")


def test_a_row_of_links_is_a_text_for_each(tmp_path: Path) -> None:
    source = "[Inicio](a) · **[La guía](b)** / [El *otro* lado](c)\n"
    texts = open_document(save(tmp_path, ".md", source)).texts
    assert texts == ["Inicio", "La guía", "El otro lado", "otro"]
    assert translated(tmp_path, ".md", source).casefold() == source.casefold()


def test_numbers_marked_inside_or_at_the_end_of_a_word_stay_there(tmp_path: Path) -> None:
    source = "Tiene CO<sub>2</sub> y H<sub>2</sub>O, 10<sup>6</sup> m<sup>2</sup> y **no**ta<sup>1</sup>.\n"
    document = open_document(save(tmp_path, ".md", source))
    assert document.texts[0] == "Tiene CO y H2O, 10 m y nota."
    assert written(save(tmp_path, ".md", source), str).decode() == source
    said = {document.texts[0]: "It has H2O and CO, 10 m and a note.", "nota": "note"}
    result = translated(tmp_path, ".md", source, lambda text: said.get(text, text))
    for piece in ("H<sub>2</sub>O", "CO<sub>2</sub>,", "10<sup>6</sup> m<sup>2</sup>", "note"):
        assert piece in result, result
    assert result.count("<sup>1</sup>") == 1


# Subtitles


def test_a_sentence_over_several_cues_is_one_text_and_is_shared_out(tmp_path: Path) -> None:
    document = open_document(save(tmp_path, ".srt", SRT))
    assert document.texts[:2] == ["Había una vez un hombre que vivía en el bosque.", "Hola, amigo mío."]
    said = ["Once upon a time a man lived in the forest.", "Hello, my friend.", "friend", "Bye.", "The song"]
    document.write(said, tmp_path / "out.srt")
    expected = SRT
    for old, new in (
        ("Había una vez", "Once upon a"),
        ("un hombre que", "time a man"),
        ("vivía en el bosque", "lived in the forest"),
        ("Hola, <b>amigo</b> mío", "Hello, my <b>friend</b>"),
        ("Adiós", "Bye"),
        ("La canción", "The song"),
    ):
        expected = expected.replace(old, new)
    assert (tmp_path / "out.srt").read_text() == expected


def test_no_cue_is_left_empty_and_no_line_blank(tmp_path: Path) -> None:
    result = translated(tmp_path, ".srt", SRT, lambda text: "Yes.")
    cues = [block.splitlines() for block in result.strip().split("\n\n")]
    assert [len(cue) > 2 for cue in cues] == [True, True, False, True]
    assert "<i>Yes.</i>" in result and result.count("-->") == 4


def test_a_line_broken_by_a_backslash_is_one_text_and_is_broken_there_again(tmp_path: Path) -> None:
    source = "1\n00:00:01,000 --> 00:00:02,000\nuna casa\\Nmuy verde\\nque corre\n"
    assert open_document(save(tmp_path, ".srt", source)).texts == ["una casa muy verde que corre"]
    result = translated(tmp_path, ".srt", source, lambda text: "one two three four five six")
    assert result.splitlines()[2] == "one two\\Nthree four\\nfive six"
    assert translated(tmp_path, ".srt", source, lambda text: "one").splitlines()[2] == "one\\N\\n"


@pytest.mark.parametrize(
    ("line", "texts"),
    [
        ("- ¿Vienes? – No.", ["¿Vienes?", "No."]),
        ("Espera. - ¡Ya voy!", ["Espera.", "¡Ya voy!"]),
        (">> Hola. >>> Adiós.", ["Hola.", "Adiós."]),
        ("El uno - el dos.", ["El uno - el dos."]),
        ("Son las 3. - 4 de mayo", ["Son las 3. - 4 de mayo"]),
    ],
)
def test_each_speaker_in_a_line_has_a_text(tmp_path: Path, line: str, texts: list[str]) -> None:
    source = f"1\n00:00:01,000 --> 00:00:02,000\n{line}\n"
    assert open_document(save(tmp_path, ".srt", source)).texts == texts
    assert translated(tmp_path, ".srt", source) == source.upper()


def test_chevrons_may_be_escaped_in_vtt(tmp_path: Path) -> None:
    source = "WEBVTT\n\n00:01.000 --> 00:02.000\n&gt;&gt; Hola &amp; adiós.\n"
    assert open_document(save(tmp_path, ".vtt", source)).texts == ["Hola & adiós."]
    assert "\n&gt;&gt; HOLA &amp; ADIÓS.\n" in translated(tmp_path, ".vtt", source)


def test_subtitles_in_windows_1252_come_back_in_it(tmp_path: Path) -> None:
    source = "1\n00:00:01,000 --> 00:00:02,000\n¿Está «aquí»?\n"
    path = save(tmp_path, ".srt", source, "cp1252")
    assert written(path, str) == path.read_bytes()
    assert written(path, str.upper).decode("cp1252") == source.upper()
    path.write_bytes(path.read_bytes() + b"\x81")
    with pytest.raises(UserError, match="in.srt:3: not UTF-8"):
        open_document(path)


def test_a_line_that_rolls_on_through_captions_is_translated_by_itself(tmp_path: Path) -> None:
    cues = ["uno", "uno\ndos", "dos\ntres"]
    source = "".join(f"{n}\n00:00:0{n},000 --> 00:00:0{n},900\n{cue}\n\n" for n, cue in enumerate(cues))
    assert open_document(save(tmp_path, ".srt", source)).texts == ["uno", "uno", "dos", "dos", "tres"]


# gettext


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


def test_po_changes_no_byte_of_what_it_does_not_translate(tmp_path: Path) -> None:
    source = (
        '# Title\nmsgid ""\nmsgstr ""\n"X: b\\n"\n"A: a\\n"\n\n\n#~ msgid "viejo"\n#~ msgstr "old"\n\n'
        'msgid "no"\nmsgstr "a very long line that nobody has broken and that goes on beyond what gettext writes"\n\n'
        '#: a.c:1\nmsgid "uno"\nmsgstr ""\n#~ msgid "dos"\n#~ msgstr ""\n# fin'
    )
    expected = source.replace(
        '#: a.c:1\nmsgid "uno"\nmsgstr ""', '#: a.c:1\n#, fuzzy\nmsgid "uno"\nmsgstr "UNO"'
    )
    assert translated(tmp_path, ".po", source) == expected


@pytest.mark.parametrize(
    ("text", "offered", "said", "expected"),
    [
        ("&Archivo", "Archivo", "File", "&File"),
        ("Gu_ardar", "Guardar", "Save", "S_ave"),
        ("_Abrir %s", "Abrir %s", "Open %s", "_Open %s"),
        ("Sa&lir", "Salir", "Leave", "&Leave"),
        ("Tom &amp; Ana", "Tom &amp; Ana", "Tom &amp; Ann", "Tom &amp; Ann"),
        ("Uno && dos", "Uno && dos", "One && two", "One && two"),
        ("mi_fichero no está", "mi_fichero no está", "mi_fichero is not there", "mi_fichero is not there"),
    ],
)
def test_po_accelerators_come_before_a_letter_again(
    tmp_path: Path, text: str, offered: str, said: str, expected: str
) -> None:
    source = f'msgid "{text}"\nmsgstr ""\n'
    assert open_document(save(tmp_path, ".po", source)).texts == [offered]
    assert polib.pofile(translated(tmp_path, ".po", source, lambda text: said))[0].msgstr == expected


def test_po_tags_and_links_stay_around_their_words(tmp_path: Path) -> None:
    text = (
        'Lee los <a href=\\"/t\\">términos</a> de **uso** en [casa](https://e.org/a).<br>Adiós <b>Juan</b>|sí'
    )
    source = f'msgid "{text}"\nmsgstr ""\n'
    assert open_document(save(tmp_path, ".po", source)).texts == [
        "Lee los términos de uso en casa.", "términos", "uso", "casa", "Adiós Juan", "Juan", "sí",
    ]  # fmt: skip
    [entry] = polib.pofile(translated(tmp_path, ".po", source))
    assert entry.msgstr.casefold() == entry.msgid.casefold() and entry.msgstr != entry.msgid


def test_po_reads_a_text_with_an_empty_line_between_its_lines(tmp_path: Path) -> None:
    source = 'msgid "uno "\n\n"dos"\nmsgstr ""\n'
    assert open_document(save(tmp_path, ".po", source)).texts == ["uno dos"]
    assert polib.pofile(translated(tmp_path, ".po", source))[0].msgstr == "UNO DOS"


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
