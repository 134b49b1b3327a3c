"""nmt.evaluation.comparison: all figures are sacreBLEU's, also by length and by sentence."""

from __future__ import annotations

import csv
from dataclasses import replace
from typing import Any

import pytest
import sacrebleu
from sacrebleu.metrics import TER

from nmt.evaluation import comparison, metrics
from nmt.evaluation.comparison import Corpus, Result, measure, ordered
from nmt.evaluation.metrics import compare
from tests.support.test_sets import CORPUS, REFERENCE, A, B


@pytest.fixture(scope="module")
def both() -> Result:
    return measure(CORPUS)


@pytest.fixture(scope="module")
def single() -> Result:
    return measure(Corpus(REFERENCE, [B]))


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
        (len(x.split()) * len(r.split())) ** 2 for lines in (A, B) for x, r in zip(lines, REFERENCE, strict=True)
    )
    monkeypatch.setattr(comparison, "MAX_TER_WORK", work)
    assert measure(CORPUS).with_ter
    monkeypatch.setattr(comparison, "MAX_TER_WORK", work - 1)
    result = measure(CORPUS)
    assert [row.metric for row in result.rows] == ["BLEU", "chrF2"] and not result.with_ter


def test_where_ter_runs_out_of_its_time_only_ter_is_left_out(both: Result, monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(*_: Any) -> Any:
        while True:
            pass

    slow = type("SlowTER", (TER,), {"corpus_score": endless, "_extract_corpus_statistics": endless})
    monkeypatch.setattr(comparison, "MAX_TER_SECONDS", 0.05)
    monkeypatch.setitem(metrics.METRICS, "TER", slow)
    assert measure(CORPUS).rows == both.rows[:2]


def test_two_systems_sentences_come_by_difference_and_one_systems_worst_first(both: Result, single: Result) -> None:
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
