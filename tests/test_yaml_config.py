"""YAML to dataclass: what the recipes of `nmt` do not use, those of `data_prep` need."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from nmt.errors import UserError
from nmt.yaml_config import YamlMapping


@dataclass(frozen=True)
class Corpus:
    spec: str
    repeat: int = 1
    max_pairs: int | None = None
    sha256: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Recipe:
    pair: str
    sources: tuple[Corpus, ...] = ()
    symbols: tuple[str, ...] = ()


def recipe(text: str) -> Recipe:
    settings = YamlMapping.parse(text, "r.yaml")
    settings.from_text = {Corpus: Corpus}
    return settings.build(Recipe)


def test_lists_of_sections_and_optional_values_are_read() -> None:
    found = recipe(
        "pair: es-en\nsources:\n- a.tsv\n- {spec: b.tsv, max_pairs: 5, sha256: {b.tsv: 0a}}\nsymbols: [<2es>]"
    )
    assert found.sources == (Corpus("a.tsv"), Corpus("b.tsv", max_pairs=5, sha256={"b.tsv": "0a"}))
    assert found.symbols == ("<2es>",)
    assert recipe("pair: es-en\nsources:\n- {spec: a, max_pairs: null}").sources == (Corpus("a"),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sources: []\n", "r.yaml: key 'pair' is missing"),
        ("pair: a\nsources:\n- spec: b\n- repeat: 2\n", "r.yaml:4: key 'sources.1.spec' is missing"),
        ("pair: a\nsources:\n- spce: b\n", "r.yaml:3: unknown key 'sources.0.spce'; did you mean 'spec'?"),
        (
            "pair: a\nsources:\n- spec: b\n  max_pairs: many\n",
            "r.yaml:4: sources.0.max_pairs is 'many', expected int",
        ),
        ("pair: a\nsources: b\n", "r.yaml:2: sources is 'b', expected a list"),
        ("pair: a\nsymbols:\n- b\n- 3\n", "r.yaml:4: symbols.1 is 3, expected str"),
        ("- pair: a\n", "r.yaml: expected a section with keys, found [{'pair': 'a'}]"),
    ],
)
def test_mistakes_in_lists_are_named_with_their_line(text: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        recipe(text)
    assert str(caught.value) == message


def test_a_value_from_a_flag_is_named_by_the_flag() -> None:
    settings = YamlMapping.parse("pair: a\n", "r.yaml")
    settings.put("sources", [{"spec": "b", "repeat": "often"}], "--source b")
    with pytest.raises(UserError, match="^--source b: sources.0.repeat is 'often', expected int"):
        settings.build(Recipe)


def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        YamlMapping.read(tmp_path / "nowhere.yaml")
