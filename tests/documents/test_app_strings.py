"""nmt.documents of applications' texts: values change, nothing else; a program can read what comes out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from nmt.documents.formats import open_document
from nmt.errors import UserError
from tests.support.documents import save, shout, translated, written

JSON = (
    '{\n  "menu": {"file": "Abrir el fichero", "n": 3, "ok": true, "id": "a_1", "url": "https://e.org/a"},\n'
    '  "list": ["uno", "Hola \\"tú\\"\\n{name}", "es-ES", "#aa00ff"],\t"uno dos": "%d perros"\n}\n'
)
YAML = """\
# Un comentario
es: &base
  saludo: Hola a todos   # otro
  nota: 'No es ''así'''
  doble: "Dos\\tcosas {name}"
  "clave con hola": uno
  número: 42
  "texto": "42 años"
  lista: [uno, "dos", tres]
  bloque: |
    Primera línea
    Segunda línea

  plegado: >-
    Una frase
    partida

    y otra
  código: |
    si:
      no
otro: *base
texto: &t !!str Hola
mismo: *t
---
- fin
"""
PROPERTIES = (
    "# Un comentario = no\n! otro\ntitulo = Mi programa\nruta.uno: Abrir \\\n    el fichero\n"
    "vacio=\nsolo\nesp\\ acio  Hola a todos\nnum={0} perros no son ''{1}''\nuni=ma\\u00f1ana\n"
)
STRINGS = (
    '/* Un comentario "a" = "hola"; */\n"titulo" = "Mi \\"programa\\"\\n%@";\n// otro\nclave.uno = "Hola";\n'
    '"a" =\n  "uno";\n'
)
SAMPLES = {".json": JSON, ".yaml": YAML, ".yml": YAML, ".properties": PROPERTIES, ".strings": STRINGS}


@pytest.mark.parametrize("suffix", SAMPLES)
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unchanged_texts_give_the_same_bytes(tmp_path: Path, suffix: str, ending: str, encoding: str) -> None:
    path = save(tmp_path, suffix, SAMPLES[suffix].replace("\n", ending), encoding)
    assert open_document(path).texts
    assert written(path, str) == path.read_bytes()


@pytest.mark.parametrize("suffix", SAMPLES)
def test_translation_in_capitals_changes_nothing_but_values(tmp_path: Path, suffix: str) -> None:
    result = translated(tmp_path, suffix, SAMPLES[suffix])
    for kept in (
        "comentario",
        "titulo",
        "clave",
        "otro",
        "menu",
        "{name}",
        "{0}",
        "%@",
        "%d",
        "a_1",
        "es-ES",
    ):
        assert result.count(kept) == SAMPLES[suffix].count(kept)
    assert " ".join(result.split()).casefold().replace('"42 años"', "") != SAMPLES[suffix]


def test_json_can_be_read_with_its_translations(tmp_path: Path) -> None:
    assert json.loads(translated(tmp_path, ".json", JSON)) == {
        "menu": {"file": "ABRIR EL FICHERO", "n": 3, "ok": True, "id": "a_1", "url": "https://e.org/a"},
        "list": ["UNO", 'HOLA "TÚ"\n{name}', "es-ES", "#aa00ff"],
        "uno dos": "%d PERROS",
    }
    source = '{"a": "ma\\u00f1ana"}'  # in ASCII, so it comes back in ASCII
    assert translated(tmp_path, ".json", source) == '{"a": "MA\\u00d1ANA"}'


def test_yaml_can_be_read_with_its_translations(tmp_path: Path) -> None:
    result = translated(tmp_path, ".yaml", YAML, lambda text: shout(text).replace("HOLA", "#: - HOLA"))
    base, end = yaml.safe_load_all(result)
    assert base["otro"] == base["es"] and base["mismo"] == base["texto"] == "#: - HOLA" and end == ["FIN"]
    assert base["es"] == {
        "saludo": "#: - HOLA A TODOS", "nota": "NO ES 'ASÍ'", "doble": "DOS\tCOSAS {name}", "clave con hola": "UNO",
        "número": 42, "texto": "42 AÑOS", "lista": ["UNO", "DOS", "TRES"],
        "bloque": "PRIMERA LÍNEA\nSEGUNDA LÍNEA\n", "plegado": "UNA FRASE PARTIDA\nY OTRA", "código": "si:\n  no\n",
    }  # fmt: skip
    for line in (
        "  nota: 'NO ES ''ASÍ'''\n",
        '  lista: [UNO, "DOS", TRES]\n',
        "# Un comentario\n",
        "  bloque: |\n    P",
    ):
        assert line in result


def test_yaml_values_that_would_mean_something_else_are_quoted(tmp_path: Path) -> None:
    for said in ("yes", "42", "a: b", "- a", "[x", "a #b", "*a", "null", "'a", "a, b", "a\nb", "é: ü", " a"):
        result = translated(tmp_path, ".yaml", "a: uno\nb: [uno]\n", lambda text, said=said: said)  # type: ignore[misc]
        flat = " ".join(said.split("\n")).strip()
        assert yaml.safe_load(result) == {"a": flat, "b": [flat]}


def test_properties_are_read_over_lines_and_written_in_one(tmp_path: Path) -> None:
    assert open_document(save(tmp_path, ".properties", PROPERTIES)).texts == [
        "Mi programa", "Abrir el fichero", "Hola a todos", "{0} perros no son '{1}'", "mañana",
    ]  # fmt: skip
    result = translated(tmp_path, ".properties", PROPERTIES)
    assert "ruta.uno: ABRIR EL FICHERO\nvacio=\nsolo\nesp\\ acio  HOLA A TODOS\n" in result
    assert "num={0} PERROS NO SON ''{1}''\nuni=MA\\u00d1ANA\n" in result


def test_apples_strings_are_escaped_again(tmp_path: Path) -> None:
    result = translated(tmp_path, ".strings", STRINGS)
    assert '"titulo" = "MI \\"PROGRAMA\\"\\n%@";\n' in result and 'clave.uno = "HOLA";' in result


def test_a_value_stays_rather_than_lose_a_placeholder(tmp_path: Path) -> None:
    source = '{"a": "%s tiene {n} años"}'
    assert translated(tmp_path, ".json", source, lambda text: "he is {n}") == source
    assert translated(tmp_path, ".json", source, lambda text: "%s is {n}") == '{"a": "%s is {n}"}'


def test_arms_of_plurals_and_choices_are_translated_and_their_syntax_kept(tmp_path: Path) -> None:
    value = "Tiene {n, plural, =0 {ningún perro} one {# perro} other {# perros de {dueño}}}."
    source = json.dumps({"a": value}, ensure_ascii=False)
    assert open_document(save(tmp_path, ".json", source)).texts == [value]
    assert json.loads(translated(tmp_path, ".json", source))["a"] == (
        "TIENE {n, plural, =0 {NINGÚN PERRO} one {# PERRO} other {# PERROS DE {dueño}}}."
    )
    nested = "{g, select, male {{n, plural, one {Él} other {Ellos}}} other {Ella}}"
    assert json.loads(translated(tmp_path, ".json", json.dumps({"a": nested})))["a"] == (
        "{g, select, male {{n, plural, one {ÉL} other {ELLOS}}} other {ELLA}}"
    )


@pytest.mark.parametrize(
    ("suffix", "content", "message"),
    [
        (".json", '{"a": 1,\n "b" 2}', "in.json:2: not JSON"),
        (".json", "[" * 100_000, "in.json: has too many lists"),
        (".yaml", "a: b\nc: [d\n", r"in.yaml:\d: not YAML"),
        (".yaml", "a: b\x07\n", "in.yaml: not YAML"),
        (".strings", '"a" = "b";\n"c" = \n', "in.strings:2: expected"),
    ],
)
def test_a_broken_file_is_refused_with_its_line(tmp_path: Path, suffix: str, content: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        open_document(save(tmp_path, suffix, content))


def test_a_yaml_file_of_aliases_of_aliases_is_read_at_once(tmp_path: Path) -> None:
    lines = ["a0: &a0 [hola]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    assert open_document(save(tmp_path, ".yaml", "\n".join(lines))).texts == ["hola"]
