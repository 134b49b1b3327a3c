"""What is promised about a dataset folder: its contents, no leaks between its splits, its report."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pyarrow as pa
import pytest

datasets = pytest.importorskip("datasets")
pytest.importorskip("lingua")

from data_prep.cli import main  # noqa: E402
from data_prep.keys import fold  # noqa: E402
from nmt.text.tokenizer import load_tokenizers  # noqa: E402
from tests.support.built_datasets import BPE, PAIRS, SIZES, build, read_split, sentences, write_tsv  # noqa: E402

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
    rows = [(row["source"], row["target"]) for name in ("train", "dev", "test") for row in read_split(folder, name)]
    assert sorted(rows) == sorted(PAIRS)
    assert [len(read_split(folder, name)) for name in ("train", "dev", "test")] == [len(PAIRS) - 50, 20, 30]


def test_separate_models(tmp_path):
    build(tmp_path / "set", "--source", write_tsv(tmp_path / "a.tsv"), "--separate", *SIZES, *BPE)
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
    report = build(tmp_path / "set", "--source", write_tsv(tmp_path / "a.tsv"), "--exclude-test", exclude, *SIZES)
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
    report = build(tmp_path / "set", "--source", f"tsv:{corpus}", "--source", other, "--on-bad-line", "skip", *SIZES)

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
