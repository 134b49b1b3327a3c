"""Word lists learned from parallel sentences."""

from __future__ import annotations

import shutil
from collections import defaultdict
from pathlib import Path

import pytest

datasets = pytest.importorskip("datasets")

from data_prep.cli import main  # noqa: E402
from data_prep.lexicon import lines_of, model_1, word_pairs, words_of  # noqa: E402
from tests.support.built_datasets import SIZES, build, write_tsv  # noqa: E402

HOUSE = [("la casa", "the house"), ("la casa verde", "the green house"), ("la puerta", "the door")]
HOUSES = [*HOUSE, ("una puerta verde", "a green door"), ("una casa", "a house")]


def plain_model_1(pairs: list[tuple[list[int], list[int]]], rounds: int) -> dict[tuple[int, int], float]:
    """Brown et al. 1993, section 4.1, as it is written: one expected count after another."""
    likelihood: dict[tuple[int, int], float] = defaultdict(lambda: 1.0)
    for _ in range(rounds):
        counts: dict[tuple[int, int], float] = defaultdict(float)
        totals: dict[int, float] = defaultdict(float)
        for source, target in pairs:
            for t in target:
                every = sum(likelihood[s, t] for s in [0, *source])
                for s in [0, *source]:
                    counts[s, t] += likelihood[s, t] / every
                    totals[s] += likelihood[s, t] / every
        likelihood = defaultdict(float, {pair: count / totals[pair[0]] for pair, count in counts.items()})
    return dict(likelihood)


def test_model_1_agrees_with_the_equations() -> None:
    pairs = [([1, 2], [1, 2]), ([1, 2, 3], [1, 3, 2]), ([1, 4, 4], [1, 4]), ([5], []), ([], [2, 2])]
    learned = model_1(pairs, rounds=4)
    got = {(s, t): v for s, t, v in zip(learned.source, learned.target, learned.value, strict=True)}
    assert got == pytest.approx(plain_model_1(pairs, 4), abs=1e-12)


def test_words_choose_each_other() -> None:
    found = dict(word_pairs(HOUSES, times=1))
    assert found == {"la": "the", "casa": "house", "verde": "green", "puerta": "door", "una": "a"}
    assert "una" not in dict(word_pairs(HOUSES, times=3))
    assert word_pairs([("1999", "!")]) == []


def test_forms_that_divide_one_counterpart_stay_outside() -> None:
    forms = {"yo": ("comí", "I"), "tú": ("comiste", "you"), "él": ("comió", "he"), "ella": ("comía", "she")}
    eaten = [(f"{who} {verb} pan", f"{name} ate bread") for who, (verb, name) in forms.items()]
    found = dict(
        word_pairs([*eaten, ("pan", "bread"), ("yo", "I"), ("tú", "you"), ("él", "he"), ("ella", "she")], times=1)
    )
    assert found["pan"] == "bread" and found["tú"] == "you"
    assert not {"comí", "comiste", "comió", "comía"} & set(found)


def test_names_keep_their_capital_wherever_they_stand() -> None:
    met = [
        ("Londres es gris", "London is grey"),
        ("Vi Londres", "I saw London"),
        ("Hoy es gris", "It is grey"),
    ]
    met += [("El perro", "The dog"), ("Perro", "Dog"), ("Yo y Londres", "Me and London")]
    found = dict(word_pairs(met, times=1))
    assert (found["Londres"], found["perro"]) == ("London", "dog")
    assert lines_of([("Londres", "London"), ("lunes", "Monday")]) == [
        "Londres\tLondon", "lunes\tMonday", "Lunes\tMonday"
    ]  # fmt: skip


def test_words_are_letters_in_lower_case() -> None:
    assert words_of("¡El tío-abuelo de O'Neil, 42 años!") == ["el", "tío-abuelo", "de", "o'neil", "años"]


def test_lines_have_both_cases_and_no_names() -> None:
    chosen = [("tom", "tom"), ("perro", "dog"), ("gracias", "thank")]
    assert lines_of(chosen, known={"gracias"}) == ["perro\tdog", "Perro\tDog"]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("words")
    toms = [(f"Tom {word}", f"Tom {word}") for word in ("uno", "dos", "tres")]
    sources = ["--source", write_tsv(folder / "pairs.tsv"), "--source", write_tsv(folder / "toms.tsv", toms)]
    build(folder / "set", *sources, *SIZES, "--set", "noise.typing=0.5")
    return folder / "set"


def test_the_command_writes_a_list_that_build_reads(dataset: Path, tmp_path: Path) -> None:
    out = tmp_path / "lists" / "words.tsv"
    assert main(["words", str(dataset), "--out", str(out)]) == 0
    lines = out.read_text(encoding="utf-8").splitlines()
    assert {"ayer\tyesterday", "Ayer\tYesterday", "vendió\tsold", "manzana\tapple"} <= set(lines)
    assert not any("tom" in line.lower() for line in lines)
    assert not any(line.startswith("vendio\t") for line in lines)  # a noisy copy's
    report = build(tmp_path / "more", "--source", write_tsv(tmp_path / "p.tsv"), "--source", f"tsv:{out}", *SIZES)
    assert report["sources"][1]["kept"] > 10


def test_what_is_known_and_whole_sources_are_left_out(dataset: Path, tmp_path: Path) -> None:
    known, out = tmp_path / "known.tsv", tmp_path / "words.tsv"
    known.write_text("Ayer\tyesterday\n", encoding="utf-8")
    assert main(["words", str(dataset), "--out", str(out), "--known", str(known)]) == 0
    assert "ayer" not in out.read_text(encoding="utf-8") and "manzana" in out.read_text(encoding="utf-8")
    assert (
        main(
            [
                "words",
                str(dataset),
                "--out",
                str(tmp_path / "none.tsv"),
                "--without",
                "p*",
                "--without",
                "toms",
            ]
        )
        == 1
    )


def test_mistakes_get_a_line(dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "words.tsv"
    assert main(["words", str(tmp_path / "nowhere"), "--out", str(out)]) == 1
    assert "no dataset folder" in capsys.readouterr().err
    assert main(["words", str(dataset), "--out", str(out), "--times", "999"]) == 1
    assert "no word is sure enough" in capsys.readouterr().err and not out.exists()
    assert main(["words", str(dataset), "--out", str(out), "--least", "7"]) == 1
    assert main(["words", str(dataset), "--out", str(tmp_path / "words.tsv.gz")]) == 1
    assert "name it .tsv" in capsys.readouterr().err
    damaged = tmp_path / "damaged"
    shutil.copytree(dataset, damaged)
    next((damaged / "train").glob("*.arrow")).write_bytes(b"no arrow")
    assert main(["words", str(damaged), "--out", str(out)]) == 1
    assert "build it again" in capsys.readouterr().err
    out.write_text("mine", encoding="utf-8")
    assert main(["words", str(dataset), "--out", str(out)]) == 1
    assert "--force" in capsys.readouterr().err and out.read_text(encoding="utf-8") == "mine"
