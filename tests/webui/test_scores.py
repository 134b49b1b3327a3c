"""The tab that compares, without a browser: what it shows of a comparison, and a model's translation scored."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("gradio", reason="the page's extra is not installed")

from nmt.evaluation import comparison
from nmt.evaluation.comparison import Corpus, Result, measure
from nmt.serving import scoring
from nmt.serving.service import TranslationService
from nmt.webui.scores import tab as scores_tab
from nmt.webui.scores import views as scores_views
from tests.support.fake_translator import fake_service
from tests.support.test_sets import CORPUS, REFERENCE, A, B


@pytest.fixture(scope="module")
def both() -> Result:
    return measure(CORPUS)


@pytest.fixture
def service() -> Iterator[TranslationService]:
    service = fake_service()
    yield service
    service.close()


def test_words_without_a_counterpart_are_marked_and_the_text_is_escaped() -> None:
    marked = scores_views.marked
    assert marked("a big <cat> sat", ["a <dog> sat"], "mark") == ("a <mark>big</mark> &lt;<mark>cat</mark>&gt; sat")
    assert marked("one two three four", ["one four"], "mark") == "one <mark>two three</mark> four"
    assert marked("same & same", ["same & same"], "mark") == "same &amp; same"
    assert marked("one two three", ["one two", "three"], "u") == "one two three"
    assert marked("", ["x"], "mark") == ""
    endless = "word " * 300
    assert "<mark>" not in scores_views.marked(endless + "<b>", [endless], "mark")


def test_lines_of_one_word_again_and_again_are_shown_in_no_time() -> None:
    once, twice = " ".join(["a"] * 200), " ".join(["a", "b"] * 100)
    repeated = [scores_views.MAX_EQUAL_PAIRS // 22 * "a " + "c", 44 * "a b "]
    lines = [(once, twice), (repeated[0], repeated[1])] * 25
    rows = tuple(
        comparison.Sentence(n, None, reference, (hypothesis,), (0.0,), (0.0,))
        for n, (reference, hypothesis) in enumerate(lines)
    )
    result = replace(measure(Corpus(["a"], [["a"]])), sentences=rows)
    begun = time.process_time()
    scores_views.sentences(result, "number", False, 0)
    assert time.process_time() - begun < 5  # it is a fraction of a second; 42 without a limit


def test_long_sentences_of_different_words_are_marked() -> None:
    long = " ".join(f"w{n}" for n in range(100))
    assert scores_views.marked(long + " new", [long], "mark") == long + " <mark>new</mark>"


def test_the_sentences_can_be_turned_page_by_page(both: Result, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scores_views, "PAGE_SENTENCES", 15)

    def numbers(page: int) -> list[int]:
        shown = scores_views.sentences(both, "number", False, page)
        return [int(number) for number in re.findall(r"Line (\d+)<", shown)]

    assert [*numbers(0), *numbers(1), *numbers(2)] == list(range(1, 41))
    assert numbers(99) == numbers(2) and numbers(-3) == numbers(0)
    assert "31–40 of 40" in scores_views.sentences(both, "number", False, 2)


def test_what_no_button_asks_for_changes_nothing(both: Result) -> None:
    assert scores_tab.turn(both, "number", False, 0) == scores_views.sentences(both, "number", False, 0)
    for order, page in (("name", 0), ("number", "0"), (None, None), ([], 1)):
        assert scores_tab.turn(both, order, False, page) is None
    assert scores_tab.turn(None, "number", False, 0) is None


def test_markup_in_texts_is_shown_not_run() -> None:
    bad = "<img src=x onerror=alert(1)>"
    result = measure(Corpus([bad], [[bad + " x"]], [bad]))
    assert "<img" not in scores_views.sentences(result, "number", False, 0)


def test_figures_are_written_as_each_language_does(both: Result) -> None:
    """Nothing that is read in Spanish has a decimal point, or a comma between thousands."""
    many = replace(both, buckets=[replace(bucket, count=12_000) for bucket in both.buckets])
    shown = (
        scores_views.scores(many)
        + scores_views.precisions(many)
        + scores_views.lengths(many)
        + scores_views.sentences(many, "chrf", True, 0)
    )
    assert 'lang="es">12.000<' in shown and 'lang="en">12,000<' in shown
    assert f'lang="es">{both.rows[0].values[0]:.2f}<'.replace(".", ",") in shown
    spanish = re.sub(r'<span class="nmt-en".*?</span>|<code>.*?</code>|<[^>]+>', " ", shown)
    assert re.findall(r"\d\.\d{1,2}\b|\d,\d{3}\.|\d\.\d{4}", spanish) == []


def test_progress_of_a_test_set_has_a_name_and_is_not_read_out_again_and_again() -> None:
    shown = scores_views.progress(1200, 5000)
    assert "role=" not in shown and "aria-live" not in shown
    assert re.search(r"<label><progress [^>]*></progress> .*1,200 of 5,000 .*1200 de 5000 .*</label>", shown)


def scored(*texts: str) -> scores_tab.Shown:
    return asyncio.run(scores_tab.score(*texts))


def test_texts_of_the_boxes_are_scored_in_another_process(both: Result) -> None:
    source, reference, a, b = ("\n".join(lines) for lines in ([], REFERENCE, A, B))
    shown = scored(source, reference + "\n", a, b)
    assert shown.notice == "" and shown.result is not None
    assert shown.result.rows == both.rows and shown.result.buckets == both.buckets
    assert "A is better" in shown.scores and "A es mejor" in shown.scores
    assert shown.table is not None
    assert Path(shown.table).read_text(encoding="utf-8") == comparison.as_table(shown.result)


def test_the_example_shows_what_the_tab_does() -> None:
    shown = scored(*scoring.read_table(scores_tab.EXAMPLE))
    assert shown.notice == "" and shown.result is not None and len(shown.result.sentences) == 8
    assert "<mark>" in shown.sentences and "too few sentences" in shown.scores


async def translated(
    service: TranslationService, source: str, reference: str, stop: bool = False
) -> list[scores_tab.Translated]:
    shown = []
    async for update in scores_tab.translate(service, "visitor", source, reference, "es-en"):
        shown.append(update)
        if stop:
            service.stop("visitor")
    return shown


def test_a_model_translates_line_by_line_what_is_then_scored(service: TranslationService) -> None:
    *growing, last = asyncio.run(translated(service, "el tren\n\nla biblioteca?\n", "the train\n\nthe library?"))
    assert growing and all(update.running and not update.whole for update in growing)
    assert (last.text, last.running, last.whole) == ("The train\n\nThe library?\n", False, True)
    assert last.file is not None and Path(last.file).read_text(encoding="utf-8") == last.text
    shown = scored("el tren\n\nla biblioteca?", "The train\n\nThe library?", last.text or "", "")
    assert shown.result is not None and shown.result.rows[1].values[0] == pytest.approx(100)


def test_a_translation_that_was_stopped_is_not_scored(service: TranslationService) -> None:
    source = "\n".join(f"slow {n}" for n in range(200))
    last = asyncio.run(translated(service, source, source, stop=True))[-1]
    assert not last.whole and not last.running and last.text is None
    assert "nothing was scored" in last.progress


@pytest.mark.parametrize(
    ("source", "reference", "message"),
    [
        ("", "a", "There is nothing to translate"),
        ("a", "", "There is no reference"),
        ("a\nb", "a", "source 2, reference 1"),
        ("a\n" * 5001, "a\n" * 5001, "5,001 lines to translate; the limit is 5,000"),
        ("crash", "a", "Something went wrong"),
    ],
)
def test_what_cannot_be_translated_is_said(
    service: TranslationService, source: str, reference: str, message: str
) -> None:
    last = asyncio.run(translated(service, source, reference))[-1]
    assert message in last.notice and not last.whole and not last.running


def test_an_upload_fills_its_box_or_is_a_notice(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("uno\n")
    assert scores_tab.upload(scoring.read_text, str(file)) == ("uno\n", "")
    text, notice = scores_tab.upload(scoring.read_table, str(file))
    assert text is None and "line 1, has 1 columns" in notice and "línea 1, tiene 1 columnas" in notice


def test_where_ter_was_left_out_the_page_says_so(both: Result) -> None:
    assert "TER was left out" not in scores_views.scores(both)
    assert "TER was left out" in scores_views.scores(replace(both, rows=both.rows[:2]))


def test_what_cannot_be_compared_is_a_notice_in_both_languages() -> None:
    shown = scored("", "", "a", "")
    assert shown.result is None and shown.scores == ""
    assert "There is no reference" in shown.notice and "Falta la referencia" in shown.notice
