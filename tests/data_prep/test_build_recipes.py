"""Recipes of datasets: the same one builds the same folder again, a wrong one is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

datasets = pytest.importorskip("datasets")
pytest.importorskip("lingua")

import data_prep  # noqa: E402
from data_prep.cli import main  # noqa: E402
from data_prep.recipe import dump_recipe, make_recipe  # noqa: E402
from nmt.yaml_config import YamlMapping  # noqa: E402
from tests.support.built_datasets import PAIRS, SIZES, build, read_split, write_tsv  # noqa: E402

RECIPES = Path(data_prep.__file__).parent / "recipes"


def test_same_input_gives_the_same_ids_however_many_processes(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("data_prep.engines.MIN_PARALLEL_ROWS", 100)
    monkeypatch.setattr("data_prep.shards.SHARD_ROWS", 60)
    build(tmp_path / "set", "--source", f"tsv:{folder.parent / 'corpus.tsv'}", *SIZES, "--num-proc", "2")
    for name in ("train", "dev", "test"):
        assert read_split(tmp_path / "set", name) == read_split(folder, name)


def test_recipe_of_a_folder_builds_it_again(folder, tmp_path):
    assert (
        main(
            [
                "build",
                "--recipe",
                str(folder / "data.yaml"),
                "--out",
                str(tmp_path / "again"),
                "--num-proc",
                "1",
            ]
        )
        == 0
    )
    assert read_split(tmp_path / "again", "train") == read_split(folder, "train")
    assert (tmp_path / "again" / "data.yaml").read_text() == (folder / "data.yaml").read_text()


def test_recipe_refuses_a_file_that_has_changed(tmp_path, capsys):
    corpus = write_tsv(tmp_path / "a.tsv")
    build(tmp_path / "set", "--source", corpus, *SIZES)
    write_tsv(tmp_path / "a.tsv", PAIRS[1:])
    build(tmp_path / "again", "--recipe", tmp_path / "set" / "data.yaml", status=1)
    assert f"{tmp_path / 'a.tsv'}: has changed since the recipe recorded its sha256" in capsys.readouterr().err


def test_flags_go_on_top_of_a_recipe(folder, tmp_path):
    build(tmp_path / "set", "--recipe", folder / "data.yaml", "--test", "5", "--set", "subwords.model_type=bpe")
    recipe = yaml.safe_load((tmp_path / "set" / "data.yaml").read_text())
    assert recipe["splits"] == {"dev": 20, "test": 5, "seed": 1} and recipe["subwords"]["model_type"] == "bpe"


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.yaml")), ids=lambda path: path.stem)
def test_packaged_recipe_is_valid(path):
    recipe = make_recipe(YamlMapping.read(path))
    assert dump_recipe(make_recipe(YamlMapping.parse(dump_recipe(recipe), "again"))) == dump_recipe(recipe)


WRONG_RECIPES = {
    "unknown key": (
        {"cleaning": {"max_word": 3}},
        ":2: unknown key 'cleaning.max_word'; did you mean 'max_words'?",
    ),
    "wrong type": ({"cleaning": {"max_words": "many"}}, "max_words is 'many', expected int"),
    "no source": ({"sources": []}, "no source given"),
    "sources are no list": ({"sources": "tsv:a"}, "sources is 'tsv:a', expected a list"),
    "bad pair": ({"pair": "spanish"}, "write two language codes"),
    "bad setting": ({"sources": ["tsv:a@repeat=0"]}, "repeat must be from 1 to 1000"),
    "a disk full of copies": ({"sources": ["tsv:a@repeat=999999999"]}, "repeat must be from 1 to 1000"),
    "no such kind": ({"subwords": {"model_type": "word"}}, "expected one of: unigram, bpe, char"),
    "bad spec": ({"sources": [{"spec": "doc:a"}]}, "must begin with one of tsv:"),
    "negative size": ({"splits": {"dev": -1}}, "cannot be negative"),
    "no YAML in a setting": ({"sources": ["tsv:a@repeat=["]}, "repeat: '[' is not a YAML value"),
    "bounds crossed": ({"cleaning": {"min_words": 9, "max_words": 8}}, "min_words is 9 and max_words 8"),
    "ratio below 1": ({"cleaning": {"max_length_ratio": 0.5}}, "take 1 or more"),
    "ratio no number": ({"cleaning": {"max_length_ratio": float("nan")}}, "expected a finite number"),
    "share above 1": ({"cleaning": {"min_script_share": 50}}, "take a share from 0 to 1"),
    "no mapping": (["pair"], "a recipe is a YAML mapping"),
    "an old section": ({"careless": {"share": 0.1}}, "is now 'noise'"),
}


@pytest.mark.parametrize("settings, message", WRONG_RECIPES.values(), ids=list(WRONG_RECIPES))
def test_wrong_recipe_is_refused_with_the_key(settings, message, tmp_path, capsys):
    path = tmp_path / "r.yaml"
    if isinstance(settings, dict):
        settings = {"pair": "es-en", "sources": ["tsv:a"], **settings}
    path.write_text(yaml.safe_dump(settings))
    assert main(["build", "--recipe", str(path), "--out", str(tmp_path / "set")]) == 1
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("spec", ["zip:a", "tsv:", "tsv:a:es=0,en", "tsv:a@repeat=0"])
def test_wrong_source_is_named_once(spec, tmp_path, capsys):
    assert main(["build", "--pair", "es-en", "--source", spec, "--out", str(tmp_path / "set")]) == 1
    assert capsys.readouterr().err.count(f"{spec!r}") == 1
