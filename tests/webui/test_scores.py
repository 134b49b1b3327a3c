"""The tab that compares and the endpoint `/score`: their figures are sacreBLEU's, and bad requests get a message."""

from __future__ import annotations

import asyncio
import csv
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sacrebleu

pytest.importorskip("gradio", reason="the page's extra is not installed")

from gradio_client import Client
from gradio_client.exceptions import AppError

from nmt.evaluation import comparison, metrics
from nmt.evaluation.comparison import Corpus, Result, measure, ordered
from nmt.evaluation.metrics import compare
from nmt.serving import scoring, subprocess_call
from nmt.serving.errors import PageError
from nmt.serving.messages import catalogue
from nmt.serving.messages import scores as score_messages
from nmt.serving.service import TranslationService
from nmt.webui import gradio_api, language_menus
from nmt.webui.scores import tab as scores_tab
from nmt.webui.scores import views as scores_views
from tests.support.fake_translator import fake_service, served_page
from tests.support.pretended_trainings import wait_for

VOCABULARY = "the cat sat on a mat while two dogs ran over that old hill and nobody saw them again".split()


def sentences(count: int, seed: int, longest: int = 50) -> list[str]:
    rng = random.Random(seed)
    return [" ".join(rng.choices(VOCABULARY, k=rng.randint(1, longest))) + "." for _ in range(count)]


def noisy(lines: list[str], share: float, seed: int) -> list[str]:
    """`lines` with about `share` of their words replaced."""
    rng = random.Random(seed)
    return [" ".join("fish" if rng.random() < share else word for word in line.split()) for line in lines]


REFERENCE = sentences(40, 1)
A, B = noisy(REFERENCE, 0.2, 2), noisy(REFERENCE, 0.5, 3)
CORPUS = Corpus(REFERENCE, [A, B], [line.upper() for line in REFERENCE])


@pytest.fixture(scope="module")
def both() -> Result:
    return measure(CORPUS)


@pytest.fixture(scope="module")
def single() -> Result:
    return measure(Corpus(REFERENCE, [B]))


@pytest.fixture
def service() -> Iterator[TranslationService]:
    service = fake_service()
    yield service
    service.close()


# --- figures --------------------------------------------------------------------------------------------


def test_scores_of_the_corpus_are_those_of_sacrebleu(both: Result, single: Result) -> None:
    functions = [sacrebleu.corpus_bleu, sacrebleu.corpus_chrf, sacrebleu.corpus_ter]
    expected = [[function(lines, [REFERENCE]).score for lines in (A, B)] for function in functions]
    assert [row.metric for row in both.rows] == ["BLEU", "chrF2", "TER"]
    assert [list(row.values) for row in both.rows] == [pytest.approx(values) for values in expected]
    assert [row.values for row in single.rows] == [pytest.approx((values[1],)) for values in expected]


def test_significance_and_signatures_are_those_of_the_scorer(both: Result, single: Result) -> None:
    expected = compare(A, B, [REFERENCE])
    assert [(row.p_value, row.signature) for row in both.rows] == [(c.p_value, c.signature) for c in expected]
    assert [row.verdict for row in both.rows] == ["a", "a", "a"]  # also for TER, of which A has less
    swapped = measure(replace(CORPUS, systems=[B, A]))
    assert [row.verdict for row in swapped.rows] == ["b", "b", "b"]
    assert [row.verdict for row in single.rows] == [None] * 3
    assert single.rows[0].signature.startswith("nrefs:1|case:mixed|eff:no|tok:13a")


def test_equal_systems_do_not_differ_and_few_sentences_prove_nothing() -> None:
    assert {row.verdict for row in measure(Corpus(REFERENCE, [A, A])).rows} == {"none"}
    few = measure(Corpus(REFERENCE[:5], [A[:5], B[:5]]))
    assert {row.verdict for row in few.rows} == {"few"}


def test_scores_of_a_sentence_are_those_of_sacrebleu(both: Result) -> None:
    for i, sentence in enumerate(both.sentences):
        assert (sentence.number, sentence.source) == (i + 1, REFERENCE[i].upper())
        assert (sentence.reference, sentence.hypotheses) == (REFERENCE[i], (A[i], B[i]))
        bleu = [sacrebleu.sentence_bleu(line, [REFERENCE[i]]).score for line in (A[i], B[i])]
        chrf = [sacrebleu.sentence_chrf(line, [REFERENCE[i]]).score for line in (A[i], B[i])]
        assert (list(sentence.bleu), list(sentence.chrf)) == (pytest.approx(bleu), pytest.approx(chrf))


def test_precisions_and_brevity_penalty_are_those_of_bleu() -> None:
    short = [" ".join(line.split()[:-1]) for line in A]
    result = measure(Corpus(REFERENCE, [A, short]))
    for lines, found in zip((A, short), result.precisions, strict=True):
        bleu = sacrebleu.corpus_bleu(lines, [REFERENCE])
        assert list(found.precisions) == pytest.approx(bleu.precisions)
        assert found.brevity_penalty == pytest.approx(bleu.bp)
        assert found.length_ratio == pytest.approx(bleu.sys_len / bleu.ref_len)
    assert result.precisions[0].brevity_penalty > result.precisions[1].brevity_penalty


def test_each_sentence_is_in_the_bucket_of_its_length_and_scored_there(both: Result) -> None:
    assert sum(bucket.count for bucket in both.buckets) == len(REFERENCE)
    assert len(both.buckets) > 4 and both.buckets[-1].most is None
    for bucket in both.buckets:
        most = bucket.most if bucket.most is not None else 10**9
        members = [i for i in range(len(REFERENCE)) if bucket.least <= len(REFERENCE[i].split()) <= most]
        references = [[REFERENCE[i] for i in members]]
        assert bucket.count == len(members) > 0
        for system, lines in enumerate((A, B)):
            hypotheses = [lines[i] for i in members]
            chrf = sacrebleu.corpus_chrf(hypotheses, references).score
            assert bucket.chrf[system] == pytest.approx(chrf)
            if bucket.least > 5:
                bleu = sacrebleu.corpus_bleu(hypotheses, references).score
                assert bucket.bleu[system] == pytest.approx(bleu)


def test_bleu_of_sentences_too_short_for_4_grams_is_not_nought() -> None:
    lines = ["thank you", "good night"]
    assert sacrebleu.corpus_bleu(lines, [lines]).score == 0
    assert measure(Corpus(lines, [lines])).buckets[0].bleu == pytest.approx((100,))


def test_empty_lines_are_scored_like_any_other() -> None:
    references, hypotheses = ["a cat", "", "a dog"], ["", "a mouse", "a dog"]
    result = measure(Corpus(references, [hypotheses]))
    assert result.rows[0].values[0] == pytest.approx(sacrebleu.corpus_bleu(hypotheses, [references]).score)
    assert [sentence.bleu[0] for sentence in result.sentences] == pytest.approx([0, 0, 100], abs=1e-6)
    assert result.buckets[0].count == 3


def test_ter_is_left_out_where_it_would_take_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    work = sum(
        (len(x.split()) * len(r.split())) ** 2
        for lines in (A, B)
        for x, r in zip(lines, REFERENCE, strict=True)
    )
    monkeypatch.setattr(comparison, "TER_WORK", work)
    assert measure(CORPUS).with_ter
    monkeypatch.setattr(comparison, "TER_WORK", work - 1)
    result = measure(CORPUS)
    assert [row.metric for row in result.rows] == ["BLEU", "chrF2"] and not result.with_ter
    assert "TER was left out" in scores_views.scores(result)


def test_where_ter_runs_out_of_its_time_only_ter_is_left_out(
    both: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    def endless(*_: Any) -> Any:
        while True:
            pass

    monkeypatch.setattr(comparison, "TER_SECONDS", 0.05)
    monkeypatch.setattr(metrics.METRICS["TER"], "corpus_score", endless)
    monkeypatch.setattr(metrics.METRICS["TER"], "_extract_corpus_statistics", endless)
    assert measure(CORPUS).rows == both.rows[:2]


# --- order and table ------------------------------------------------------------------------------------


def test_two_systems_sentences_come_by_difference_and_one_systems_worst_first(
    both: Result, single: Result
) -> None:
    ahead = [s.chrf[0] - s.chrf[1] for s in ordered(both, *comparison.first_order(both))]
    assert ahead == sorted(ahead, reverse=True) and ahead[0] > 0 > ahead[-1]
    own = [s.chrf[0] for s in ordered(single, *comparison.first_order(single))]
    assert own == sorted(own)
    by_bleu = [s.bleu[0] - s.bleu[1] for s in ordered(both, "bleu", False)]
    assert by_bleu == sorted(by_bleu)
    lengths = [len(s.reference.split()) for s in ordered(both, "length", True)]
    assert lengths == sorted(lengths, reverse=True)
    assert [s.number for s in ordered(both, "number", False)] == list(range(1, 41))


def test_the_table_has_every_sentence_and_survives_tabs_in_texts() -> None:
    result = measure(Corpus(['a\tcat "sat"', "dogs"], [["a cat", "dogs"], ["", "cats"]]))
    first, *rows = csv.reader(comparison.as_table(result).splitlines(), "excel-tab", quoting=csv.QUOTE_NONE)
    table = {row[0]: dict(zip(first, row, strict=True)) for row in rows}
    assert set(table) == {"1", "2"}
    assert (table["1"]["reference"], table["1"]["A"], table["1"]["B"]) == ('a cat "sat"', "a cat", "")
    assert table["2"]["chrF2 A"] == "100.00"
    expected = result.sentences[0].chrf[0] - result.sentences[0].chrf[1]
    assert float(table["1"]["chrF2 A-B"]) == pytest.approx(expected, abs=0.005)


# --- what the page shows --------------------------------------------------------------------------------


def test_words_without_a_counterpart_are_marked_and_the_text_is_escaped() -> None:
    marked = scores_views.marked
    assert marked("a big <cat> sat", ["a <dog> sat"], "mark") == (
        "a <mark>big</mark> &lt;<mark>cat</mark>&gt; sat"
    )
    assert marked("one two three four", ["one four"], "mark") == "one <mark>two three</mark> four"
    assert marked("same & same", ["same & same"], "mark") == "same &amp; same"
    assert marked("one two three", ["one two", "three"], "u") == "one two three"
    assert marked("", ["x"], "mark") == ""
    endless = "word " * 300
    assert "<mark>" not in scores_views.marked(endless + "<b>", [endless], "mark")


def test_lines_of_one_word_again_and_again_are_shown_in_no_time() -> None:
    once, twice = " ".join(["a"] * 200), " ".join(["a", "b"] * 100)
    repeated = [scores_views.MOST_EQUAL // 22 * "a " + "c", 44 * "a b "]
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
    monkeypatch.setattr(scores_views, "PAGE", 15)

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


# --- requests -------------------------------------------------------------------------------------------


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
    shown = scored(*scores_tab.EXAMPLE)
    assert shown.notice == "" and shown.result is not None and len(shown.result.sentences) == 8
    assert "<mark>" in shown.sentences and "too few sentences" in shown.scores


@pytest.mark.parametrize(
    ("texts", "english", "spanish"),
    [
        (("", "a\nb", "a\nb\nc", "a"), "reference 2, system A 3, system B 1", "referencia 2, sistema A 3, sistema B 1"),
        (("x", "a\nb", "a\nb", ""), "source 1, reference 2, system A 2", "original 1, referencia 2, sistema A 2"),
        (("", "", "a", ""), "There is no reference", "Falta la referencia"),
        (("", "\n\n", "a\nb", ""), "There is no reference", "Falta la referencia"),
        (("", "a", "", ""), "There is nothing to score", "No hay nada que evaluar"),
        (("", "a", "x" * 10_001, ""), "Line 1 (system A) has 10,001 characters", "La línea 1 (sistema A)"),
        (("", "a\n" * 10_001, "b\n" * 10_001, ""), "10,001 lines; the limit is 10,000", "10.001 líneas"),
        (("", "a\n" * 12_000, "b", ""), "reference 12,000, system A 1.", "referencia 12.000, sistema A 1."),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_said_in_both_languages(
    texts: tuple[str, ...], english: str, spanish: str
) -> None:
    shown = scored(*texts)
    assert shown.result is None and shown.scores == ""
    assert english in shown.notice and spanish in shown.notice


def test_texts_may_be_as_long_as_the_limit_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "MAX_CHARS", 20)
    assert scoring.corpus_of("", "1234567890", "1234567890", "").systems == [["1234567890"]]
    with pytest.raises(PageError, match="21 characters together; the limit is 20"):
        scoring.corpus_of("", "1234567890", "1234567890x", "")


def test_lines_end_with_line_feeds_alone_or_after_carriage_returns() -> None:
    assert scoring.lines_of("a\r\nb\u2028c\n\n") == ["a", "b\u2028c", ""]
    assert scoring.lines_of("") == []


def test_an_uploaded_file_keeps_its_lines(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes("\ufeffuno\r\ndos\rtres\n\nseñal".encode())
    text, notice = scores_tab.upload(str(file))
    assert (text, notice) == ("uno\ndos tres\n\nseñal\n", "")
    assert text is not None and scoring.lines_of(text) == ["uno", "dos tres", "", "señal"]


def test_a_file_that_is_no_text_is_named_without_its_folder(tmp_path: Path) -> None:
    file = tmp_path / "picture.txt"
    file.write_bytes(b"fine\n\xff\xfe\n")
    text, notice = scores_tab.upload(str(file))
    assert text is None and "picture.txt:2: not UTF-8" in notice
    assert str(tmp_path) not in notice


def test_a_file_may_be_as_large_as_the_limit_and_no_larger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "MAX_BYTES", 10)
    file = tmp_path / "a.txt"
    file.write_text("0123456789")
    assert scores_tab.upload(str(file)) == ("0123456789\n", "")
    file.write_text("0123456789x")
    assert "a.txt is larger than" in scores_tab.upload(str(file))[1]


def test_a_table_fills_the_boxes_from_the_left(tmp_path: Path) -> None:
    file = tmp_path / "set.tsv"
    file.write_text("uno\tone\ndos\ttwo\n")
    assert scores_tab.upload_table(str(file)) == (["uno\ndos\n", "one\ntwo\n", "", ""], "")
    file.write_text("uno\tone\tan\tun\n")
    assert scores_tab.upload_table(str(file)) == (["uno\n", "one\n", "an\n", "un\n"], "")
    for text, message in (
        ("a\tb\nc\n", "line 2, has 1 columns and the first line 2"),
        ("a\n", "line 1, has 1 columns"),
        ("a\tb\tc\td\te\n", "line 1, has 5 columns"),
        ("", "set.tsv is empty"),
    ):
        file.write_text(text)
        texts, notice = scores_tab.upload_table(str(file))
        assert texts is None and message in notice


# --- a model of the page --------------------------------------------------------------------------------


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
    *growing, last = asyncio.run(
        translated(service, "el tren\n\nla biblioteca?\n", "the train\n\nthe library?")
    )
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


def test_the_directions_are_named_in_the_visitors_language(service: TranslationService) -> None:
    assert language_menus.direction_choices(service, "en")[0] == ("Spanish → English", "es-en")
    assert language_menus.direction_choices(service, "es")[1] == ("Inglés → Español", "en-es")


def test_a_comparison_that_takes_too_long_or_fails_gets_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "SECONDS", 0.0)
    assert "was stopped" in scored("", "a", "a", "").notice
    monkeypatch.undo()

    def fail(*_: Any, **__: Any) -> Any:
        raise subprocess_call.Failed("a traceback that is nobody's business")

    monkeypatch.setattr(subprocess_call, "run", fail)
    notice = scored("", "a", "a", "").notice
    assert "Something went wrong" in notice and "traceback" not in notice


def sleep_apart(file: str) -> None:
    """Says that it began, and goes on for long."""
    Path(file).write_text(str(os.getpid()))
    time.sleep(600)


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{process}/stat")  # one that nobody has waited for yet has ended, too
    return not (stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z")


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_the_other_process_ends_with_its_parent_and_does_not_hold_it_up(
    tmp_path: Path, number: signal.Signals
) -> None:
    code = """
import asyncio, sys, threading
from nmt.serving import subprocess_call
from tests.webui.test_scores import sleep_apart
serve = lambda: asyncio.run(subprocess_call.waiting(sleep_apart, sys.argv[1], seconds=600))
threading.Thread(target=serve, daemon=True).start()  # as the server's
threading.Event().wait()
"""
    file = tmp_path / "began"
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(file)], env=environment, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(lambda: file.exists() and file.read_text() != "", "the other process")
        child = int(file.read_text())
        assert is_alive(child)
        parent.send_signal(number)
        parent.wait(60)
    finally:
        parent.kill()
        parent.wait()
    wait_for(lambda: not is_alive(child), "its end")


# --- words ----------------------------------------------------------------------------------------------


def test_every_word_of_the_tab_is_used() -> None:
    files = [
        *Path(scores_tab.__file__).parent.glob("*.py"),
        scoring.__file__,
        comparison.__file__,
        gradio_api.__file__,
    ]
    sources = "".join(Path(file).read_text(encoding="utf-8") for file in files)
    made = ("verdict_", "box_", "by_", "row_")  # their keys are put together
    for key, (english, spanish) in score_messages.WORDS.items():
        assert english.strip() and spanish.strip()
        assert re.search(rf"[\"'](scores\.)?{key}[\"']", sources) or key.startswith(made), key


# --- endpoint -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with served_page(max_chars=200) as address:
        yield Client(address, verbose=False)


def test_the_endpoint_gives_sacrebleus_figures_and_signatures(client: Client) -> None:
    found = client.predict(A, REFERENCE, api_name="/score")
    assert found["BLEU"] == pytest.approx(sacrebleu.corpus_bleu(A, [REFERENCE]).score)
    assert found["chrF2"] == pytest.approx(sacrebleu.corpus_chrf(A, [REFERENCE]).score)
    assert found["TER"] == pytest.approx(sacrebleu.corpus_ter(A, [REFERENCE]).score)
    assert set(found["signatures"]) == {"BLEU", "chrF2", "TER"}
    assert found["signatures"]["BLEU"].endswith(f"version:{sacrebleu.__version__}")


@pytest.mark.parametrize(
    ("hypotheses", "references", "message"),
    [
        (["a"], ["a", "b"], "references 2, hypotheses 1"),
        ([], [], "references is empty"),
        ("a", ["a"], "hypotheses is not a list of strings"),
        ([1], ["a"], "hypotheses is not a list of strings"),
        (["a"], None, "references is not a list of strings"),
        (["x" * 10_001], ["a"], "10,001 characters; the limit is 10,000"),
    ],
)
def test_the_endpoint_refuses_bad_requests_with_a_message(
    client: Client, hypotheses: Any, references: Any, message: str
) -> None:
    with pytest.raises(AppError, match=message):
        client.predict(hypotheses, references, api_name="/score")


def test_the_endpoint_is_documented_and_the_tabs_events_are_private(client: Client) -> None:
    named = client.view_api(return_format="dict")["named_endpoints"]  # type: ignore[index]
    assert [p["parameter_name"] for p in named["/score"]["parameters"]] == ["hypotheses", "references"]
    assert not any("upload" in name or "turn" in name for name in named)


def test_every_word_of_the_tab_is_there_in_both_languages_with_the_same_values() -> None:
    fields = re.compile(r"{(\w+)")
    for key, (english, spanish) in catalogue.WORDS.items():
        assert english and spanish
        assert set(fields.findall(english)) == set(fields.findall(spanish)), key
