"""Noisy copies of training pairs, and that training never learns to write like them."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

datasets = pytest.importorskip("datasets")

from data_prep.cli import main  # noqa: E402
from data_prep.common_items import common_items, replace_items  # noqa: E402
from data_prep.keys import fold  # noqa: E402
from data_prep.lexicon import read_sentences  # noqa: E402
from data_prep.noise import (  # noqa: E402
    PLACEHOLDERS,
    Copy,
    NoiseConfig,
    as_typed,
    joined_pairs,
    load_names,
    lone_word_copies,
    noisy_copies,
    with_other_numbers,
    with_placeholders,
    with_rarer_name,
    with_signs,
    without_accents,
    without_marks,
)
from nmt.config import DataConfig  # noqa: E402
from nmt.errors import UserError  # noqa: E402
from nmt.training.batches import plan_epoch  # noqa: E402
from nmt.training.dataset import Split  # noqa: E402
from tests.support.built_datasets import PAIRS, SIZES, SMALL, build, read_split, write_tsv  # noqa: E402

DRAWS = [random.Random(seed) for seed in range(100)]


def copies(source: str, target: str, **shares: float) -> list[Copy]:
    config = NoiseConfig(**shares)  # type: ignore[arg-type]
    return [copy for copy, _ in noisy_copies([(source, target, "")], config)][1:]


def kinds(source: str, target: str, config: NoiseConfig, word_lists: tuple[str, ...] = ()) -> list[str]:
    return [copy.noise for copy, _ in noisy_copies([(source, target, "phrases")], config, word_lists)]


# ---- typing ----


def test_accents_and_marks_go_and_nothing_else() -> None:
    assert without_accents("¿Dónde está el pingüino, Íñigo?") == "¿Donde esta el pinguino, Inigo?"
    assert without_marks("¿Qué, ya? ¡No, Sr. Gil!") == "Qué, ya? No, Sr. Gil"


def test_a_sentence_is_spoilt_in_each_of_the_ways() -> None:
    ways = {as_typed("¿Quién está ahí?", draw) for draw in DRAWS}
    assert {"quién está ahí", "¿quien esta ahi?", "Quien esta ahi", "¿Quién está ahí?"} <= ways


def test_some_lose_all_marks_but_none_of_a_number_or_an_address() -> None:
    ways = {as_typed("Sí, don't pay 3.50 € (or 1,250) at https://a.es/?x=1, ¿eh?", draw) for draw in DRAWS}
    assert "Sí dont pay 3.50 € or 1,250 at https://a.es/?x=1 eh" in ways
    assert "si dont pay 3.50 € or 1,250 at https://a.es/?x=1 eh" in ways


def test_copies_follow_their_pair_and_say_which_side_is_noisy() -> None:
    pair = Copy("¿Dónde estás?", "Where are you?", "", "")
    rows = [(pair.source, pair.target, "mine")]
    first, *copied = noisy_copies(rows, NoiseConfig(typing=1.0))
    assert first == (pair, "mine") and copied
    for copy, origin in copied:
        same = {"source": copy.target == pair.target, "target": copy.source == pair.source}
        assert same[copy.altered] and sum(same.values()) == 1
        assert (copy.noise, origin) == ("typing", "mine")
    assert list(noisy_copies(rows, NoiseConfig())) == [first]
    assert list(noisy_copies(rows, NoiseConfig(typing=1.0, most_words=1))) == [first]


def test_a_larger_share_adds_copies_and_takes_none_away() -> None:
    def made(share: float) -> set[Copy]:
        return {copy for pair in PAIRS for copy in copies(*pair, typing=share)}

    assert made(0.2) < made(0.5) < made(1.0)


# ---- what both sides share ----


def test_items_are_what_stands_once_on_both_sides() -> None:
    source = "Envíe 20 € y %s a ana@a.es o https://a.es/b?c=1, dijo Tom O'Connor a las 15:30 (A-315, 1.000)."
    target = "Send 20 € and %s to ana@a.es or https://a.es/b?c=1, said Tom O'Connor at 15:30 (A-315, 1,000)."
    found = {item.text: item.kind for item in common_items(source, target)}
    assert found == {
        "20": "number", "15:30": "number", "%s": "placeholder", "A-315": "code", "Tom O'Connor": "name",
        "ana@a.es": "address", "https://a.es/b?c=1": "address"
    }  # fmt: skip
    assert [item.text for item in common_items("5 y 5 y 1 y 16", "5 and 1 and 16")] == ["16"]
    assert [item.text for item in common_items("La casa de Tom.", "Tom's house.")] == ["Tom"]
    assert common_items("Visité Tom Ford", "I saw Tom") == []


def test_items_are_replaced_whatever_their_order() -> None:
    items = common_items("De 7 a 12", "12 from 7")
    assert replace_items("De 7 a 12", "12 from 7", zip(items, ["A", "BCD"], strict=True)) == (
        "De A a BCD",
        "BCD from A",
    )


def test_placeholders_are_different_ones_and_the_same_on_both_sides() -> None:
    source = "Pague 20 € con A-315 o %s en https://a.es a Eva."
    target = "Pay Eva 20 € at https://a.es with A-315 or %s."
    counts = set()
    for draw in DRAWS:
        both = with_placeholders(source, target, draw)
        assert both is not None
        found, there = (sorted(set(PLACEHOLDERS) & set(side)) for side in both)
        assert found == there and both[0].count(found[0]) == both[1].count(found[0]) == 1
        counts.add(len(found))
    assert counts == {1, 2, 3, 4}
    assert with_placeholders("Tom es alto.", "Tom is tall.", DRAWS[0]) is None  # may be any word with a capital


def test_a_name_becomes_another_of_its_kind() -> None:
    names = load_names()
    kinds = {kind: set(listed) for kind, listed in names.items()}
    for draw in DRAWS:
        source, target = with_rarer_name("Tom está cansado.", "Tom is tired.", draw) or ("", "")
        name = target.removesuffix(" is tired.")
        assert name in kinds["m"] and source == f"{name} está cansado."
        source, target = with_rarer_name("Ella es Ana Smith.", "She is Ana Smith.", draw) or ("", "")
        first, last = target.removeprefix("She is ").removesuffix(".").split()
        assert first in kinds["f"] and last in kinds["surname"] and f"{first} {last}" in source
        source, _ = with_rarer_name("Vi a Eva y Tom.", "I saw Eva and Tom.", draw) or ("", "")
        assert not re.search(r" y [IÍHAEOUÁÉÓÚY]", source)
    for pair in (("No, gracias.", "No, thanks."), ("Uso IBM.", "I use IBM."), ("María ríe.", "Mary laughs.")):
        assert with_rarer_name(*pair, DRAWS[0]) is None
    assert not kinds["f"] & kinds["m"] and min(map(len, kinds.values())) > 40


def test_numbers_get_as_many_other_digits_on_both_sides() -> None:
    for draw in DRAWS:
        source, target = with_other_numbers("Son 1 de 8 a 1250.50 €.", "1 of 8 at 1250.50 €.", draw) or (
            "",
            "",
        )
        numbers = re.fullmatch(r"Son 1 de ([2-9]) a ([1-9]\d{3}\.\d\d) €\.", source)
        assert numbers and target == "1 of {} at {} €.".format(*numbers.groups())
        source, _ = with_other_numbers("El 12 de mayo de 1999.", "May 12, 1999.", draw) or ("", "")
        day, year = map(int, re.findall(r"\d+", source))
        assert 10 <= day <= 31 and 1900 <= year <= 2099
    assert copies("Son 1.000.", "It is 1,000.", numbers=1.0) == []


def test_generated_phrases_keep_their_names_and_numbers() -> None:
    pair = "Vi a Eva 12 veces.", "I saw Eva 12 times."
    config = NoiseConfig(names=1.0, numbers=1.0, placeholders=1.0)
    assert kinds(*pair, config) == ["", "placeholders", "names", "numbers"]
    assert kinds(*pair, config, ("phrases",)) == ["", "placeholders"]


def test_signs_stand_at_the_same_place_on_both_sides() -> None:
    made = {with_signs("Vi a Eva.", "I saw Eva.", draw) for draw in DRAWS}
    assert {("# Vi a Eva.", "# I saw Eva."), ("Vi a **Eva**.", "I saw **Eva**.")} <= made
    assert ("Vi a Eva…", "I saw Eva…") in made
    for both in made - {None}:
        signs = [side.replace(words, "") for side, words in zip(both, ("Vi a", "I saw"), strict=True)]
        assert signs[0] == signs[1]
    assert {with_signs("- Sí", "- Yes", draw) for draw in DRAWS} == {None}


# ---- several pairs, and words alone ----


def test_neighbours_of_one_source_are_joined() -> None:
    rows = [
        ("Ven.", "Come.", "a"),
        ("Ven aquí.", "Come.", "a"),
        ("¡Ve!", "Go!", "a"),
        ("¿Qué?", "What?", "a"),
    ]
    rows += [("Sí", "Yes", "a"), ("No.", "No.", "a"), ("Ya.", "Now.", "b")]
    made = [copy for copy, origin in joined_pairs(rows, NoiseConfig(joined=1.0)) if origin == "a"]
    assert ("¡Ve! ¿Qué?", "Go! What?") in [copy[:2] for copy in made] or len(made[2].source.split()) == 3
    assert all("Come. Come." not in copy.target and "Now" not in copy.target for copy in made)
    assert all(copy.altered == "" and "Sí" not in copy.source for copy in made)
    assert list(joined_pairs(rows, NoiseConfig())) == []


def test_a_word_is_written_in_all_its_forms_once() -> None:
    rows = [("casa", "house", "words"), ("Casa", "House", "words"), ("¿qué tal?", "how are you?", "words")]
    made = [copy[:2] for copy, _ in lone_word_copies(rows, NoiseConfig(lone_words=1.0))]
    assert made == [("casa.", "house."), ("Casa.", "House."), ("CASA", "HOUSE")]


# ---- in a build ----

ALL = [f"noise.{kind}=1.0" for kind in ("typing", "placeholders", "names", "numbers", "signs", "joined", "lone_words")]


def test_no_direction_learns_to_write_like_that(tmp_path: Path) -> None:
    arguments = [*SMALL, *SIZES, "--source", write_tsv(tmp_path / "a.tsv"), "--set", "noise.typing=0.5"]
    build(tmp_path / "data", *arguments)
    tidy = {0: {es for es, _ in PAIRS}, 1: {en for _, en in PAIRS}}
    for reverse in (False, True):
        split = Split(tmp_path / "data", "train", reverse=reverse)
        rows = [i for batch in plan_epoch(split, DataConfig(), seed=1, epoch=0) for i in batch]
        texts = [split.text(i) for i in rows]
        assert all(target in tidy[not reverse] for _, target in texts)
        noisy = [source for source, _ in texts if source not in tidy[reverse]]
        assert 0.2 < len(noisy) / len(texts) < 0.5
    for name in ("dev", "test"):
        assert "altered" not in datasets.load_from_disk(str(tmp_path / "data" / name)).column_names


def test_no_copy_reads_like_a_held_out_sentence(tmp_path: Path) -> None:
    """Without its accents a training sentence may be one of the test set, which has none."""
    pairs = [*PAIRS, ("¿Está allí?", "Is he there?")]
    write_tsv(tmp_path / "test.tsv", [("Esta alli", "This one")])
    arguments = [*SMALL, "--dev", "20", "--test-from", f"tsv:{tmp_path / 'test.tsv'}"]
    arguments += ["--source", write_tsv(tmp_path / "a.tsv", pairs), "--set", "noise.typing=1.0"]
    report = build(tmp_path / "data", *arguments, "--set", "noise.seed=6")
    sources = datasets.load_from_disk(str(tmp_path / "data" / "train"))["source"]
    assert "¿Está allí?" in sources  # which differs from the test's sentence
    assert not any(fold(source) == "estaalli" for source in sources)
    assert report["noise"]["like_a_held_out_sentence"] > 0


def test_every_kind_is_counted_and_the_same_in_every_build(tmp_path: Path) -> None:
    shared = [(f"Nadie vio {n} en casa de Eva.", f"Nobody saw {n} at Eva's house.") for n in range(12, 20)]
    lists = write_tsv(tmp_path / "words.tsv", [("casa", "house"), ("perro", "dog")])
    arguments = ["--source", write_tsv(tmp_path / "a.tsv", [*PAIRS, *shared]), *SIZES]
    arguments += ["--source", f"{lists}@train_only=true", *(part for each in ALL for part in ("--set", each))]
    report = build(tmp_path / "one", *arguments)
    build(tmp_path / "two", *arguments, "--num-proc", "2")
    rows = read_split(tmp_path / "one", "train")
    assert rows == read_split(tmp_path / "two", "train")
    for kind, count in report["noise"].items():
        assert kind == "like_a_held_out_sentence" or count == sum(row["noise"] == kind for row in rows) > 0
    assert all(row["noise"] == "typing" for row in rows if row["altered"])
    tidy = {*PAIRS, *shared, ("casa", "house"), ("perro", "dog")}
    assert set(read_sentences(tmp_path / "one")) <= tidy  # word lists are learned from no copies


def test_the_old_name_is_told_the_new_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--source", write_tsv(tmp_path / "a.tsv"), "--set", "careless.share=0.5"]
    build(tmp_path / "data", *arguments, status=1)
    assert "noise.typing" in capsys.readouterr().err
    (tmp_path / "old.yaml").write_text("pair: es-en\ncareless:\n  share: 0.25\n", encoding="utf-8")
    assert main(["build", "--recipe", str(tmp_path / "old.yaml"), "--out", str(tmp_path / "data")]) == 1
    assert "noise.typing" in capsys.readouterr().err


def test_shares_are_shares() -> None:
    with pytest.raises(UserError, match=r"noise\.names is 2"):
        NoiseConfig(names=2.0)
    with pytest.raises(UserError, match="most_words"):
        NoiseConfig(most_words=0)
