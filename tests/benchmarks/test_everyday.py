"""The benchmark of everyday sentences: its tables are sound, and it counts what is right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from benchmarks import everyday
from benchmarks.everyday import (
    COLUMNS,
    ITEMS,
    SENTENCES,
    WORDS,
    count_marks,
    evaluate,
    item_cases,
    item_faults,
    read_table,
    sentence_cases,
    sentence_faults,
    word_cases,
    word_faults,
)
from nmt.errors import UserError
from nmt.translation.result import Translation

DIRECTIONS = [("es", "en"), ("en", "es")]
NAMES = {"es": "spanish", "en": "english"}


class FakeTranslator:
    """Answers every line with what `answer` makes of it."""

    def __init__(self, source: str, target: str, answer: Callable[[str], str]) -> None:
        self.source_language, self.target_language, self.answer = source, target, answer

    def translate_batch(self, lines: Sequence[str], beam: int | None = None) -> list[Translation]:
        assert beam == 5
        return [Translation(self.answer(line), 0.0, [], [], [], None, []) for line in lines]


def answers(source: str, target: str) -> dict[str, str]:
    """A right answer for every line of the three tables."""
    known = {row[NAMES[source]]: row[NAMES[target]] for row in read_table(SENTENCES)}
    for row in read_table(WORDS):
        if row["language"] == source:
            for form in everyday.FORMS.values():
                known.setdefault(form(row["word"]), row["accepted"].split("|")[0])
    return known | {row["sentence"]: row["sentence"] for row in read_table(ITEMS) if row["language"] == source}


def figures(source: str, target: str, answer: Callable[[str], str], show: str | None = None) -> dict[str, Any]:
    fake: Any = FakeTranslator(source, target, answer)
    return evaluate(fake, 5, show)


@pytest.mark.parametrize(("source", "target"), DIRECTIONS)
def test_every_reference_passes_its_own_checks(source: str, target: str) -> None:
    references = {row["id"]: row[NAMES[target]] for row in read_table(SENTENCES)}
    cases = sentence_cases(source, target)
    wrong = {case.name: faults for case in cases if (faults := case.faults(references[case.name]))}
    assert (len(cases), wrong) == (300, {})


@pytest.mark.parametrize(("source", "target"), DIRECTIONS)
def test_no_translation_at_all_passes_no_check(source: str, target: str) -> None:
    cases = [*sentence_cases(source, target), *word_cases(source, target), *item_cases(source)]
    assert [case.name for case in cases if not case.faults("")] == []


def test_no_requirement_has_an_empty_alternative_which_anything_would_meet() -> None:
    for file, columns in COLUMNS.items():
        for row in read_table(file):
            for column in columns:
                if column.startswith("must") or column in ("accepted", "items"):
                    alternatives = row[column].replace(";", "|").split("|")
                    sound = all(wanted and wanted == wanted.strip() for wanted in alternatives)
                    assert sound or (column.startswith("mustnot") and not row[column]), row


def test_the_tables_repeat_nothing_and_are_of_the_size_they_say() -> None:
    sentences, words, items = read_table(SENTENCES), read_table(WORDS), read_table(ITEMS)
    for column in ("id", "spanish", "english"):
        assert len({row[column] for row in sentences}) == 300
    for language in NAMES:
        assert len({row["word"] for row in words if row["language"] == language}) == 300
        assert len({row["sentence"] for row in items if row["language"] == language}) == 200
    assert (len(words), len(items)) == (600, 400)
    kinds = Counter((row["language"], row["kind"]) for row in items)
    assert set(kinds.values()) == {40}  # names, dates, amounts, signs and codes of each language


@pytest.mark.parametrize("language", list(NAMES))
def test_the_sentences_with_items_hold_them_as_they_must_arrive(language: str) -> None:
    assert [case.source for case in item_cases(language) if case.faults(case.source)] == []


@pytest.mark.parametrize(
    ("must", "mustnot", "translation", "faults"),
    [
        ("tax*;rais*|increas*", "", "Taxes will be RAISED", []),
        ("tax*;rais*|increas*", "", "Taxes will fall", ["lacks rais*|increas*"]),
        ("tax", "", "the taxes", ["lacks tax"]),
        ("judge", "", "the judge’s hat", []),
        ("thursday*", "judge|turs*", "The judge on Thursday", ["has judge"]),
        ("thursday", "judge|turs*", "Thursday, Turs", ["has turs*"]),
        ("*n't|not", "", "I don’t know", []),
        ("5|five", "", "5.5 or 15 or 5th", ["lacks 5|five"]),
        ("5|five", "", "It's 5.", []),
        ("5;€", "", "€5", []),
        ("o'connor", "", "Mr O’Connor", []),
        ("yes", "", "yes " * 6, ["far too long"]),
    ],
)
def test_what_a_translation_lacks_and_what_it_must_not_have_is_named(
    must: str, mustnot: str, translation: str, faults: list[str]
) -> None:
    assert sentence_faults("one", must, mustnot, translation) == faults


def test_a_lone_word_counts_whatever_its_article_case_and_mark() -> None:
    assert not word_faults("house|home", "en", "The house.")
    assert not word_faults("walk", "en", "to walk")
    assert not word_faults("casa", "es", "¡La Casa!")
    assert word_faults("house|home", "en", "houses") == ["is not house|home"]
    assert word_faults("walk", "en", "to walk the dog")
    assert word_faults("casa", "es", "the casa")


def test_items_count_only_as_they_are_written() -> None:
    assert item_faults("Nuria;42|42nd;€", "It cost Nuria €42.") == []
    assert item_faults("Nuria;42;€", "It cost nuria 42.50") == ["lacks Nuria", "lacks 42", "lacks €"]
    assert item_faults("A7-4;*", "A7-42 and x") == ["lacks A7-4", "lacks *"]


@pytest.mark.parametrize(("source", "target"), DIRECTIONS)
def test_who_answers_everything_right_has_every_point(source: str, target: str) -> None:
    found = figures(source, target, answers(source, target).__getitem__)
    assert found["direction"] == f"{source}-{target}"
    assert [(found[table]["right"], found[table]["of"]) for table in ("everyday", "words", "copied")] == [
        (300, 300),
        (900, 900),
        (200, 200),
    ]
    assert found["everyday"]["kinds"]["appointment"] == "18 of 18"
    assert found["words"]["kinds"] == dict.fromkeys(everyday.FORMS, "300 of 300")
    assert found["copied"]["kinds"]["sign"] == "40 of 40"


def test_one_wrong_answer_is_counted_and_shown_with_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    right = answers("es", "en")
    found = figures("es", "en", (right | {"El jueves": "the judge", "Perro": "cat"}).__getitem__, "wrong")
    assert (found["everyday"]["right"], found["everyday"]["kinds"]["dates"]) == (299, "17 of 18")
    assert found["words"]["kinds"] == {"as given": "300 of 300", "capitalised": "299 of 300"} | {
        "with a full stop": "300 of 300"
    }
    assert capsys.readouterr().out.splitlines() == [
        "dates-01\tlacks thursday*; has judge*",
        "  El jueves",
        "  the judge",
        "word capitalised\tis not dog",
        "  Perro",
        "  cat",
    ]


def test_all_translations_are_shown_on_demand(capsys: pytest.CaptureFixture[str]) -> None:
    figures("es", "en", answers("es", "en").__getitem__, "all")
    shown = capsys.readouterr().out.splitlines()
    assert len(shown) == 3 * (300 + 900 + 200)
    assert shown[0] == "appointment-01\tright"


def test_a_model_of_other_languages_is_refused_in_a_sentence() -> None:
    with pytest.raises(UserError, match="translates es to pt"):
        figures("es", "pt", str)


def test_a_table_with_a_wrong_row_is_refused_with_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "words.tsv"
    monkeypatch.setitem(COLUMNS, table, ("language", "word", "accepted"))
    table.write_text("language\tword\taccepted\nes\tperro\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"words\.tsv:2: give the columns language, word, accepted"):
        read_table(table)
    table.write_text("word\tlanguage\taccepted\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"words\.tsv:1"):
        read_table(table)


def test_marks_count_on_wrong_and_right_words() -> None:
    """El jueves: "judge" is named as wrong, "morning" stands in a wrong sentence and is asked for by nobody."""
    cases = sentence_cases("es", "en")
    answers = [SimpleNamespace(text=row["english"], doubtful=[(0, 1)]) for row in read_table(SENTENCES)]
    place = next(number for number, case in enumerate(cases) if case.source == "El jueves")
    answers[place] = SimpleNamespace(text="the judge of morning", doubtful=[(4, 9)])
    found: dict[str, str] = count_marks(cases, cast(Any, answers), "en")
    assert found["wrong"] == "1 of 2"
    assert found["right"].startswith("29")  # one for each right sentence that begins with a word
