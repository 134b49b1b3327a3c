"""The whole way, from command line to dataset folder, and what is promised about the folder."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
import yaml

datasets = pytest.importorskip("datasets")
pytest.importorskip("lingua")

import data_prep  # noqa: E402
from data_prep.cli import main  # noqa: E402
from data_prep.keys import fold  # noqa: E402
from data_prep.recipe import dump_recipe, load_recipe, make_recipe  # noqa: E402
from nmt.text.tokenizer import load_tokenizers  # noqa: E402

RECIPES = Path(data_prep.__file__).parent / "recipes"

SUBJECTS = {"El niño": "The boy", "La pingüina": "The penguin", "Mi tío": "My uncle", "Nadie": "Nobody"}
VERBS = {"comió": "ate", "vendió": "sold", "perdió": "lost", "pintó": "painted"}
OBJECTS = {
    "la manzana": "the apple",
    "el camión": "the truck",
    "una canción": "a song",
    "su árbol": "his tree",
}
TIMES = {"ayer": "yesterday", "en mayo": "in May", "según él": "they say", "¡por fin!": "at last!"}
PAIRS = [
    tuple(" ".join(words) for words in zip(*choice, strict=True))
    for choice in itertools.product(*(words.items() for words in (SUBJECTS, VERBS, OBJECTS, TIMES)))
]
SMALL = [
    "--pair",
    "es-en",
    "--vocab-size",
    "310",
    "--num-proc",
    "1",
    "--set",
    "cleaning.language_filter=false",
]
SIZES = ["--dev", "20", "--test", "30"]
BPE = ["--subwords", "bpe", "--vocab-size", "340"]  # to be had from any text, while unigram has narrow bounds


def write_tsv(path: Path, pairs: list[tuple[str, str]] = PAIRS) -> str:
    path.write_text("".join(f"{es}\t{en}\n" for es, en in pairs), encoding="utf-8")
    return f"tsv:{path}"


def build(out: Path, *arguments: object, status: int = 0) -> dict:
    """Runs the command in this process; returns the folder's report if it should succeed."""
    assert main(["build", *SMALL, "--out", str(out), *map(str, arguments)]) == status
    return json.loads((out / "report.json").read_text()) if status == 0 else {}


def read_split(folder: Path, name: str) -> list[dict]:
    """As the trainer reads it: with pyarrow alone, by state.json."""
    files = json.loads((folder / name / "state.json").read_text())["_data_files"]
    tables = [pa.ipc.open_stream(str(folder / name / file["filename"])).read_all() for file in files]
    return pa.concat_tables(tables).to_pylist()


def sentences(folder: Path, name: str) -> tuple[set[str], set[str]]:
    rows = read_split(folder, name)
    return {fold(row["source"]) for row in rows}, {fold(row["target"]) for row in rows}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A dataset folder from a plain corpus, for the tests that only look at one."""
    work = tmp_path_factory.mktemp("data")
    build(work / "set", "--source", write_tsv(work / "corpus.tsv") + "@licence=CC0", *SIZES)
    return work / "set"


# ---- what lies in the folder ----


def test_folder_holds_what_the_design_says(folder):
    assert {path.name for path in folder.iterdir()} == {
        "train",
        "dev",
        "test",
        "joint.spm",
        "report.json",
        "data.yaml",
    }
    row = read_split(folder, "train")[0]
    assert set(row) == {"source", "target", "origin", "source_ids", "target_ids"}
    assert (row["source"], row["target"]) in PAIRS and row["origin"] == "corpus"
    assert len(datasets.load_from_disk(str(folder / "dev"))) == 20


def test_ids_are_int32_and_those_of_the_tokenizer_without_bos_and_eos(folder):
    source, target = load_tokenizers(folder)
    for row in read_split(folder, "test"):
        assert row["source_ids"] == source.encode(row["source"])
        assert target.decode(row["target_ids"]) == row["target"]
    schema = datasets.load_from_disk(str(folder / "train")).data.schema
    assert schema.field("source_ids").type == pa.list_(pa.int32())


def test_every_pair_is_in_exactly_one_split(folder):
    rows = [
        (row["source"], row["target"])
        for name in ("train", "dev", "test")
        for row in read_split(folder, name)
    ]
    assert sorted(rows) == sorted(PAIRS)
    assert [len(read_split(folder, name)) for name in ("train", "dev", "test")] == [len(PAIRS) - 50, 20, 30]


def test_separate_models(tmp_path):
    build(
        tmp_path / "set",
        "--source",
        write_tsv(tmp_path / "a.tsv"),
        "--separate",
        *SIZES,
        *BPE,
    )
    source, target = load_tokenizers(tmp_path / "set")
    assert (tmp_path / "set" / "source.spm").exists() and source.serialized != target.serialized
    row = read_split(tmp_path / "set", "train")[0]
    assert (row["source_ids"], row["target_ids"]) == (
        source.encode(row["source"]),
        target.encode(row["target"]),
    )


def test_subword_models_of_another_folder(tmp_path, capsys):
    """Joint or separate, and the right way round in a set of the other direction."""
    corpus, joint, separate = write_tsv(tmp_path / "a.tsv"), tmp_path / "joint", tmp_path / "separate"
    build(joint, "--source", corpus, *SIZES, *BPE)
    build(separate, "--source", corpus, "--separate", *SIZES, *BPE)
    fewer = write_tsv(tmp_path / "b.tsv", PAIRS[:60])

    def reuse(name: str, folder: Path, *more: object, pair: str = "es-en", status: int = 0) -> None:
        arguments = ["--pair", pair, "--num-proc", "1", "--set", "cleaning.language_filter=false", *more]
        specs = ["--source", f"{fewer}:es=0,en=1", "--subwords-from", folder, "--out", tmp_path / name]
        assert main(["build", *map(str, [*specs, *arguments])]) == status

    reuse("1", joint)
    report = json.loads((tmp_path / "1" / "report.json").read_text())
    assert (tmp_path / "1" / "joint.spm").read_bytes() == (joint / "joint.spm").read_bytes()
    assert report["subwords"] == {"reused": str(joint)}
    reuse("2", separate)
    reuse("3", separate, pair="en-es")
    source, target = load_tokenizers(separate)
    assert [t.serialized for t in load_tokenizers(tmp_path / "2")] == [source.serialized, target.serialized]
    assert [t.serialized for t in load_tokenizers(tmp_path / "3")] == [target.serialized, source.serialized]
    row = read_split(tmp_path / "3", "train")[0]
    assert row["source_ids"] == target.encode(row["source"])
    reuse("4", tmp_path, status=1)
    assert "source.spm: No such file" in capsys.readouterr().err
    (tmp_path / "run" / "best").mkdir(parents=True)
    (tmp_path / "run" / "best" / "joint.spm").write_bytes((joint / "joint.spm").read_bytes())
    reuse("5", tmp_path / "run")
    reuse("6", joint, "--separate", status=1)
    assert "takes a model as it is" in capsys.readouterr().err
    (joint / "joint.spm").write_bytes((separate / "source.spm").read_bytes())
    assert main(["build", "--recipe", str(tmp_path / "1" / "data.yaml"), "--out", str(tmp_path / "7")]) == 1
    assert "its subword model has changed" in capsys.readouterr().err
    (joint / "joint.spm").write_bytes(b"no model at all")
    reuse("4", joint, status=1)
    assert "joint.spm: not a SentencePiece model" in capsys.readouterr().err


def test_first_language_of_the_pair_is_the_source(tmp_path):
    spec = write_tsv(tmp_path / "a.tsv") + ":es=0,en=1"
    build(tmp_path / "set", "--pair", "en-es", "--source", spec, *SIZES)
    row = read_split(tmp_path / "set", "train")[0]
    assert (row["target"], row["source"]) in PAIRS


def test_repeat_cap_and_train_only(tmp_path):
    often, capped = (
        write_tsv(tmp_path / "often.tsv", PAIRS[:60]),
        write_tsv(tmp_path / "capped.tsv", PAIRS[60:]),
    )
    sources = ["--source", f"{often}@repeat=3,train_only=true", "--source", f"{capped}@max_pairs=100"]
    report = build(tmp_path / "set", *sources, "--dev", 10, "--test", 10)
    origins = [row["origin"] for row in read_split(tmp_path / "set", "train")]
    assert origins.count("often") == 180 and origins.count("capped") == 80
    assert report["train_rows"] == 260 and report["splits"]["train"]["pairs"] == 140
    assert report["cleaning"]["removed"]["over_cap"] == len(PAIRS) - 160
    assert {row["origin"] for row in read_split(tmp_path / "set", "dev")} == {"capped"}


@pytest.mark.parametrize("list_first", [False, True])
def test_a_list_for_training_only_is_compared_letter_by_letter_and_with_itself_only(list_first, tmp_path):
    """Of "hola" and "Hola" ordinary sources keep one: a slip.  A list means both, and what the texts have too."""
    words = [("hola", "hello"), ("Hola", "Hello"), ("hola", "hello"), PAIRS[2]]
    text = str(write_tsv(tmp_path / "text.tsv", [*PAIRS, (PAIRS[4][0].upper(), PAIRS[4][1])]))
    for settings, kept in (("@name=words,train_only=true", 3), ("@name=words", 1)):
        sources = [text, f"{write_tsv(tmp_path / 'words.tsv', words)}{settings}"]
        given = [part for source in sources[:: -1 if list_first else 1] for part in ("--source", source)]
        report = build(tmp_path / str(kept), *given, "--dev", 0, "--test", 0)
        rows = [row for row in read_split(tmp_path / str(kept), "train") if row["origin"] == "words"]
        if kept == 3:
            assert sorted((row["source"], row["target"]) for row in rows) == sorted(words[1:])
        assert report["cleaning"]["removed"]["duplicate"] == 1 + 4 - kept


# ---- promises about leaks ----


def test_splits_share_no_sentence(tmp_path):
    """On pairs of which many share a side: several translations, other case and punctuation."""
    pairs = [(f"¡Frase {i // 3}!", f"Sentence number {i}.") for i in range(150)]
    pairs += [(f"frase suelta {i}", f"SENTENCE NUMBER {i}") for i in range(0, 150, 2)]
    build(tmp_path / "set", "--source", write_tsv(tmp_path / "a.tsv", PAIRS + pairs), *SIZES, *BPE)
    splits = [sentences(tmp_path / "set", name) for name in ("train", "dev", "test")]
    for one, other in itertools.combinations(splits, 2):
        assert not one[0] & other[0] and not one[1] & other[1]


@pytest.mark.parametrize("markup", [False, True])
def test_excluded_test_is_touched_by_no_split(markup, tmp_path):
    held = [
        (PAIRS[3][0].upper() + "??", "Something else"),
        ("Otra cosa", f"<b>{PAIRS[7][1]}</b>" if markup else PAIRS[7][1]),
    ]
    exclude = write_tsv(tmp_path / "held.tsv", held)
    report = build(
        tmp_path / "set", "--source", write_tsv(tmp_path / "a.tsv"), "--exclude-test", exclude, *SIZES
    )
    sources, targets = (
        set.union(*sides)
        for sides in zip(*(sentences(tmp_path / "set", n) for n in ("train", "dev", "test")), strict=True)
    )
    assert fold(PAIRS[3][0]) not in sources and fold(PAIRS[7][1]) not in targets
    assert report["cleaning"]["removed"]["touches_excluded"] == 2
    assert report["decontamination"][0] | {"set": "held", "pairs_touching": 2} == report["decontamination"][0]


def test_given_dev_and_test_are_used_as_they_are_and_touched_by_no_other(tmp_path):
    test = [(PAIRS[0][0], "An other translation <b>here</b>"), ("1984", "1984")]
    dev = [PAIRS[1], PAIRS[1], ("Uno nuevo", "New")]
    excluded = write_tsv(tmp_path / "dev.tsv", [PAIRS[5]])  # its name is no matter
    dev_from = [
        "--dev-from",
        write_tsv(tmp_path / "given.tsv", [*dev, PAIRS[5], PAIRS[0], ("Más", "An other TRANSLATION, here!")]),
    ]
    test_from = ["--test-from", write_tsv(tmp_path / "test.tsv", test)]
    corpus = write_tsv(tmp_path / "a.tsv")
    report = build(tmp_path / "set", "--source", corpus, *dev_from, *test_from, "--exclude-test", excluded)
    folder = tmp_path / "set"
    assert [(row["source"], row["target"]) for row in read_split(folder, "test")] == test
    # Gone: PAIRS[5], excluded; PAIRS[0] and "Más", which touch test. Twice the same pair is the user's choice.
    assert [(row["source"], row["target"]) for row in read_split(folder, "dev")] == dev
    assert len(read_split(folder, "train")) == len(PAIRS) - 3
    removed = report["cleaning"]["removed"]
    assert [removed[f"touches_{name}"] for name in ("excluded", "test", "dev")] == [1, 1, 1]


def test_shortage_of_separable_pairs_is_a_warning(tmp_path, capsys):
    pairs = PAIRS + [("Siempre igual", f"Never the same, {i}") for i in range(300)]
    corpus = write_tsv(tmp_path / "a.tsv", pairs)
    report = build(tmp_path / "set", "--source", corpus, "--dev", 280, "--test", 0, *BPE, "--vocab-size", 320)
    assert [report["splits"][name]["pairs"] for name in ("train", "dev", "test")] == [300, 256, 0]
    assert report["warnings"][0].startswith("dev has 256 pairs instead of 280")
    assert "warning: dev has 256 pairs" in capsys.readouterr().err


# ---- the report ----


def test_report_names_every_filter_and_its_counts_add_up(tmp_path, capsys):
    corpus = tmp_path / "a.tsv"
    write_tsv(corpus, PAIRS + [PAIRS[0], ("Tom", "Tom"), ("Да, конечно", "Yes, of course"), ("12", "12 o")])
    corpus.write_text(corpus.read_text() + "a line without a tab\n\n")
    other = write_tsv(
        tmp_path / "b.tsv", [(PAIRS[1][0].upper(), PAIRS[1][1]), ("El perro\u00a0 ladra", "The dog barks")]
    )
    report = build(
        tmp_path / "set", "--source", f"tsv:{corpus}", "--source", other, "--on-bad-line", "skip", *SIZES
    )

    cleaning = report["cleaning"]
    expected = {
        "duplicate": 2,
        "identical": 1,
        "wrong_script": 1,
        "no_letters": 1,
        "bad_line": 1,
        "blank_line": 1,
    }
    assert {name: count for name, count in cleaning["removed"].items() if count} == expected
    assert cleaning["removed"]["too_long"] == 0  # named although it found nothing
    assert cleaning["normalised"]["white_space"] == 1
    assert cleaning["read"] == len(PAIRS) + 8 == cleaning["kept"] + sum(cleaning["removed"].values())
    for source in report["sources"]:
        assert source["read"] == source["kept"] + sum(source["removed"].values())
    assert cleaning["kept"] == sum(split["pairs"] for split in report["splits"].values())
    assert report["sources"][0]["bad_lines"][0].startswith(f"{corpus}:{len(PAIRS) + 5}: 1 columns")

    assert main(["report", str(tmp_path / "set")]) == 0
    printed = capsys.readouterr()
    for output in (printed.out, printed.err):
        assert "removed: duplicate" in output and "changed: white_space" in output and "train es" in output


def test_report_measures_the_splits(folder):
    report = json.loads((folder / "report.json").read_text())
    rows = read_split(folder, "train")
    described = report["splits"]["train"]["source"]
    assert described["words"] == sum(len(row["source"].split()) for row in rows)
    assert described["pieces"] == sum(len(row["source_ids"]) for row in rows)
    assert described["pieces_per_sentence"]["max"] == max(len(row["source_ids"]) for row in rows)
    assert described["unknown_pieces"] == 0 and described["vocabulary"] == 310
    assert report["sources"][0]["licence"] == "CC0"


def test_language_filter_counts_and_can_be_switched_off(tmp_path):
    swapped = (
        "My neighbour's dog barks all night and does not let me sleep.",
        "El perro de mi vecina ladra toda la noche.",
    )
    corpus = write_tsv(tmp_path / "a.tsv", [*PAIRS, swapped])
    judged = build(tmp_path / "on", "--source", corpus, "--set", "cleaning.language_filter=true")
    assert judged["cleaning"]["removed"]["wrong_language"] == 1
    skipped = build(tmp_path / "off", "--source", corpus, "--no-language-filter")
    assert skipped["cleaning"]["removed"]["wrong_language"] == 0


# ---- recipes ----


def test_same_input_gives_the_same_ids_however_many_processes(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("data_prep.tables.SMALL", 100)
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
    assert (
        f"{tmp_path / 'a.tsv'}: has changed since the recipe recorded its sha256" in capsys.readouterr().err
    )


def test_flags_go_on_top_of_a_recipe(folder, tmp_path):
    build(
        tmp_path / "set", "--recipe", folder / "data.yaml", "--test", "5", "--set", "subwords.model_type=bpe"
    )
    recipe = yaml.safe_load((tmp_path / "set" / "data.yaml").read_text())
    assert recipe["splits"] == {"dev": 20, "test": 5, "seed": 1} and recipe["subwords"]["model_type"] == "bpe"


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.yaml")), ids=lambda path: path.stem)
def test_packaged_recipe_is_valid(path):
    recipe = make_recipe(load_recipe(path), str(path))
    assert dump_recipe(make_recipe(yaml.safe_load(dump_recipe(recipe)), "again")) == dump_recipe(recipe)


WRONG_RECIPES = {
    "unknown key": ({"cleaning": {"max_word": 3}}, "cleaning: unknown key 'max_word'; known: strip_markup"),
    "wrong type": ({"cleaning": {"max_words": "many"}}, "max_words: expected int, found 'many'"),
    "no source": ({"sources": []}, "no source given"),
    "sources are no list": ({"sources": "tsv:a"}, "sources: expected a list"),
    "bad pair": ({"pair": "spanish"}, "write two language codes"),
    "bad setting": ({"sources": ["tsv:a@repeat=0"]}, "repeat and max_pairs must be at least 1"),
    "bad spec": ({"sources": [{"spec": "doc:a"}]}, "must begin with one of tsv:"),
    "negative size": ({"splits": {"dev": -1}}, "cannot be negative"),
    "no YAML in a setting": ({"sources": ["tsv:a@repeat=["]}, "repeat: '[' is not a YAML value"),
    "bounds crossed": ({"cleaning": {"min_words": 9, "max_words": 8}}, "min_words is 9 and max_words 8"),
    "ratio below 1": ({"cleaning": {"max_length_ratio": 0.5}}, "take 1 or more"),
    "ratio no number": ({"cleaning": {"max_length_ratio": float("nan")}}, "take 1 or more"),
    "share above 1": ({"cleaning": {"min_script_share": 50}}, "take a share from 0 to 1"),
    "no mapping": (["pair"], "a recipe is a YAML mapping"),
}


@pytest.mark.parametrize("settings, message", WRONG_RECIPES.values(), ids=list(WRONG_RECIPES))
def test_wrong_recipe_is_refused_with_the_key(settings, message, tmp_path, capsys):
    path = tmp_path / "r.yaml"
    if isinstance(settings, dict):
        settings = {"pair": "es-en", "sources": ["tsv:a"], **settings}
    path.write_text(yaml.safe_dump(settings))
    assert main(["build", "--recipe", str(path), "--out", str(tmp_path / "set")]) == 1
    assert message in capsys.readouterr().err


# ---- the output folder, whole or not at all ----


def test_existing_folder_is_replaced_only_by_force(tmp_path, capsys):
    corpus, out = write_tsv(tmp_path / "a.tsv"), tmp_path / "set"
    out.mkdir()
    build(out, "--source", corpus, *SIZES)  # an empty folder is no obstacle
    (out / "note.txt").write_text("mine")
    build(out, "--source", corpus, *SIZES, status=1)
    assert "exists and is not empty" in capsys.readouterr().err and (out / "note.txt").exists()
    build(out, "--source", corpus, *SIZES, "--force")
    assert not (out / "note.txt").exists() and sorted(path.name for path in tmp_path.iterdir()) == [
        "a.tsv",
        "set",
    ]


def test_force_deletes_no_folder_of_another_kind(tmp_path, capsys):
    corpus, out = write_tsv(tmp_path / "a.tsv"), tmp_path / "thesis"
    out.mkdir()
    (out / "chapter.tex").write_text("years of work")
    build(out, "--source", corpus, "--force", status=1)
    assert "not a dataset folder" in capsys.readouterr().err and (out / "chapter.tex").exists()


@pytest.mark.parametrize("error, status", [(KeyboardInterrupt, 130), (OSError("No space left"), 1)])
def test_broken_off_build_leaves_the_old_folder_and_nothing_else(
    error, status, tmp_path, monkeypatch, capsys
):
    corpus, out = write_tsv(tmp_path / "a.tsv"), tmp_path / "set"
    build(out, "--source", corpus, *SIZES)
    before = read_split(out, "train")

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("data_prep.report.describe_split", fail)
    build(out, "--source", corpus, *SIZES, "--force", status=status)
    assert read_split(out, "train") == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tsv", "set"]
    assert "Traceback" not in capsys.readouterr().err


def test_user_error_is_one_line_with_file_and_line(tmp_path, capsys):
    corpus = tmp_path / "a.tsv"
    corpus.write_text("hola\thello\nadiós\n")
    build(tmp_path / "set", "--source", f"tsv:{corpus}", status=1)
    assert capsys.readouterr().err.splitlines()[-1].startswith(f"error: {corpus}:2: 1 columns instead of 2")
    assert not (tmp_path / "set").exists()


def test_report_of_something_else(tmp_path, capsys):
    assert main(["report", str(tmp_path)]) == 1
    assert "no dataset folder" in capsys.readouterr().err
    for content in ("{", "[]", '{"sources": 3}'):
        (tmp_path / "report.json").write_text(content)
        assert main(["report", str(tmp_path)]) == 1
        assert "report.json: not the report of a dataset folder" in capsys.readouterr().err


def test_a_value_that_is_no_yaml(tmp_path, capsys):
    for value in ("[", "2024-13-45"):
        assert main(["build", "--set", f"pair={value}", "--out", str(tmp_path / "set")]) == 1
        assert capsys.readouterr().err == f"error: --set pair: {value!r} is not a YAML value\n"


def test_names_and_licences_are_not_markup(tmp_path, capsys):
    source = f"{write_tsv(tmp_path / 'a.tsv')}@name=[/b],licence=CC [b]"
    build(tmp_path / "set", "--source", source, *SIZES)
    assert main(["report", str(tmp_path / "set")]) == 0
    assert "[/b]" in (shown := capsys.readouterr().out) and "CC [b]" in shown


def test_a_missing_package_is_named_with_its_remedy(tmp_path):
    (tmp_path / "lxml.py").write_text("raise ModuleNotFoundError(\"No module named 'lxml'\", name='lxml')")
    done = subprocess.run(
        [sys.executable, "-m", "data_prep", "--help"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), os.getcwd()])},
    )
    assert done.returncode == 1
    assert done.stderr == (
        "error: the package lxml is missing; install the extra `data`: pip install -e '.[data]' -c constraints.txt\n"
    )


# ---- as a user runs it ----

OFFLINE = """
import socket, sys
def refuse(*arguments):
    raise SystemExit("the net was used: " + repr(arguments))
socket.getaddrinfo = socket.socket.connect = refuse
import data_prep  # noqa: E402
from data_prep.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_command_builds_from_the_hub_form_without_the_net(tmp_path):
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    rows = [{"translation": {"es": es, "en": en}} for es, en in PAIRS]
    (corpus / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    environment["HF_HOME"] = str(tmp_path / "hub")
    command = [
        sys.executable,
        "-c",
        OFFLINE,
        "build",
        *SMALL,
        *SIZES,
        "--source",
        f"hf:{corpus}",
        "--out",
        "set",
    ]
    environment["PYTHONPATH"] = str(Path(__file__).parents[2])
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "" and "Traceback" not in done.stderr
    rows = [row for name in ("train", "dev", "test") for row in read_split(tmp_path / "set", name)]
    assert sorted((row["source"], row["target"]) for row in rows) == sorted(PAIRS)


def test_wrong_usage_exits_with_2():
    with pytest.raises(SystemExit) as exit_:
        main(["build", "--vocab-size", "many", "--out", "x"])
    assert exit_.value.code == 2
