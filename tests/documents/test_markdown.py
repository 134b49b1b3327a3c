"""nmt.documents.markdown: blocks and inline markup stay, and what is read is translated."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nmt.documents.formats import open_document
from tests.support.documents import by_glossary, save, texts_of, translated, written


def test_markup_follows_its_words(tmp_path: Path) -> None:
    glossary = {
        "Tengo un <0>perro</0> <1>negro</1> y un <2>gato</2>.": "I have a <1>black</1> <0>dog</0> and a <2>cat</2>."
    }
    source = "Tengo un *perro* **negro** y un [gato](g.html).\n"
    result = translated(tmp_path, ".md", source, by_glossary(glossary))
    assert result == "I have a **black** *dog* and a [cat](g.html).\n"


def test_emphasis_and_links_that_are_not_found_go_to_the_words_at_their_place(tmp_path: Path) -> None:
    source = "Uno **dos** tres [cuatro](x) cinco ![](i.png).\n"
    result = translated(tmp_path, ".md", source, lambda text: "One two three four five.")
    assert result == "One **two** three [four](x) five ![](i.png).\n"


def test_code_that_the_translation_lost_is_written_anyway(tmp_path: Path) -> None:
    result = translated(tmp_path, ".md", "Escribe `ls -l` ahora mismo.\n", lambda text: "Type it right now.")
    assert result.count("`ls -l`") == 1 and "right now." in result
    result = translated(tmp_path, ".md", "Pulsa <kbd>Intro</kbd> ahora[^1].\n", lambda text: "Type it right now.")
    assert result.count("<kbd>Intro</kbd>") == 1 and result.endswith(" now[^1].\n")


def test_a_translation_cannot_break_the_structure(tmp_path: Path) -> None:
    for said in ("# no heading", "- no item", "1. no item", "a*b* c_d_ <b>", "[x](y)", "> no | quote", "---"):
        source = "Un párrafo de texto.\n\nOtro.\n"
        result = translated(tmp_path, ".md", source, lambda text, said=said: said)  # type: ignore[misc]
        again = open_document(save(tmp_path, ".md", result))
        assert again.texts in (said.split(" | ") * 2, [], ["Un párrafo de texto.", "Otro."]), result
    result = translated(tmp_path, ".md", "| uno | dos |\n|---|---|\n| tres | cuatro |\n", lambda text: "a | b")
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
    assert texts_of(save(tmp_path, ".md", source)) == ["Inicio", "La guía", "El <4>otro</4> lado"]
    assert translated(tmp_path, ".md", source).casefold() == source.casefold()


def test_numbers_marked_inside_or_at_the_end_of_a_word_stay_there(tmp_path: Path) -> None:
    source = "Tiene CO<sub>2</sub> y H<sub>2</sub>O, 10<sup>6</sup> m<sup>2</sup> y **no**ta<sup>1</sup>.\n"
    path = save(tmp_path, ".md", source)
    text = "Tiene CO<1/> y H{3}O, 10<5/> m{7} y <8>nota</8><10/>."
    assert texts_of(path) == [text]
    assert written(path, str).decode() == source
    said = {text: "It has H{3}O and CO<1/>, 10<5/> m{7} and a <8>note</8><10/>."}
    result = translated(tmp_path, ".md", source, by_glossary(said))
    for piece in (
        "H<sub>2</sub>O",
        "CO<sub>2</sub>,",
        "10<sup>6</sup> m<sup>2</sup>",
        "**note**<sup>1</sup>",
    ):
        assert piece in result, result
