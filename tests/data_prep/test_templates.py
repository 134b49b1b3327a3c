"""Generated phrases: the same for the same seed, whole, and right on both sides."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

pytest.importorskip("datasets")

from data_prep.cli import main  # noqa: E402
from data_prep.noise import PLACEHOLDERS, load_names  # noqa: E402
from data_prep.template_slots import SLOTS  # noqa: E402
from data_prep.templates import Carrier, agreeing, fill, load_carriers, phrases  # noqa: E402
from nmt.errors import UserError  # noqa: E402

MANY = phrases(3000)


def test_the_same_seed_gives_the_same_phrases() -> None:
    assert phrases(300, seed=3) == phrases(300, seed=3) != phrases(300, seed=4)
    assert MANY[:300] == phrases(300) and len(set(MANY)) == 3000


def test_digits_codes_and_placeholders_stand_on_both_sides() -> None:
    for spanish, english in MANY:
        assert sorted(re.findall(r"\d+", spanish)) == sorted(re.findall(r"\d+", english)), (spanish, english)
        for pattern in (
            r"https?://[^\s\"]*\w",
            r"[\w.]+@[\w.]*\w",
            r"[%$]?[({]+\w+[)}]+",
            r"[€$£¥%°#©®✓→]",
            r"\w+_\w+",
        ):
            assert sorted(re.findall(pattern, spanish)) == sorted(re.findall(pattern, english)), (
                spanish,
                english,
            )
        for symbol in PLACEHOLDERS:
            assert spanish.count(symbol) == english.count(symbol)


def test_no_slot_stays_empty_and_both_sides_have_the_same_ones() -> None:
    carriers = load_carriers()
    assert len(carriers) >= 300 and len({carrier.section for carrier in carriers}) > 8
    for carrier in carriers:
        spanish, english = (re.findall(r"\[\^?([a-z_]+)(\d?)\]", side) for side in (carrier.spanish, carrier.english))
        assert sorted(spanish) == sorted(english) and {kind for kind, _ in spanish} <= SLOTS.keys(), carrier
        assert carrier.spanish == carrier.spanish.strip() and carrier.english == carrier.english.strip()
    assert not any("[" in side or "]" in side for pair in MANY for side in pair)


def test_gender_agrees_with_the_name() -> None:
    names = load_names()
    women, men = ({*names[kind], *names[f"known_{kind}"]} for kind in "fm")
    seen = 0
    for spanish, english in MANY:
        if match := re.fullmatch(r"(Querid|Estimad|Bienvenid)([oa]),? ([\w-]+)[:.,]?", spanish):
            assert match.group(3) in (women if match.group(2) == "a" else men)
            assert english.startswith(("Dear", "Welcome"))
            seen += 1
        if match := re.match(r"(\w+) está (casad|cansad|content)([oa])\b", spanish):
            assert match.group(1) in (women if match.group(3) == "a" else men)
            seen += 1
    assert seen > 30


def test_small_words_agree_with_their_neighbours() -> None:
    assert agreeing("Ana y Irene o Óscar") == "Ana e Irene u Óscar"
    assert agreeing("y Ian") == "y Ian" and agreeing("y hielo") == "y hielo"
    assert agreeing("Vi a el señor de el hotel; de él.") == "Vi al señor del hotel; de él."


def test_all_dates_of_a_phrase_have_one_style() -> None:
    carrier = Carrier("travel", "Del [date] al [date2].", "From [date] to [date2].")
    made = {re.sub(r"\d+", "5", fill(carrier, random.Random(seed))[1]) for seed in range(200)}
    assert all(text.startswith("From 5") == bool(re.search(r"to 5", text)) for text in made)
    assert len({text.startswith("From 5") for text in made}) == 2


def test_bare_phrases_are_written_in_four_ways() -> None:
    carrier = Carrier("bare", "en [month]", "in [month]")
    made = {fill(carrier, random.Random(seed)) for seed in range(300)}
    assert {
        ("en mayo", "in May"),
        ("En mayo", "In May"),
        ("en mayo.", "in May."),
        ("En mayo.", "In May."),
    } <= made
    carrier = Carrier("bare", "hace [few] días", "[few] days ago")
    assert all("Days" not in fill(carrier, random.Random(seed))[1] for seed in range(50))


def test_the_command_writes_a_list(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "lists" / "phrases.tsv"
    arguments = ["phrases", "--count", "50", "--out", str(out)]
    assert main([*arguments, "--pair", "es-en"]) == 0
    lines = out.read_text(encoding="utf-8").splitlines()
    assert lines == [f"{spanish}\t{english}" for spanish, english in phrases(50)]
    assert main(arguments) == 1 and "--force" in capsys.readouterr().err
    assert main([*arguments, "--pair", "en-es", "--force"]) == 0
    assert out.read_text(encoding="utf-8").splitlines()[0].split("\t") == lines[0].split("\t")[::-1]
    assert main([*arguments, "--pair", "es-fr", "--force"]) == 1
    assert main(["phrases", "--count", "0", "--out", str(tmp_path / "none.tsv")]) == 1


def test_too_many_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data_prep.templates.load_carriers", lambda: [Carrier("x", "Hola.", "Hello.")])
    assert phrases(1) == [("Hola.", "Hello.")]
    with pytest.raises(UserError, match="only 1 different"):
        phrases(2)
