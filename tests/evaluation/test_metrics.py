"""nmt.evaluation.metrics: the figures are sacreBLEU's own, and differences are tested honestly."""

from __future__ import annotations

import random

import pytest
import sacrebleu

from nmt.errors import UserError
from nmt.evaluation.metrics import check_line_counts, compare, corpus_scores

REFERENCE = [f"the cat number {n} sat on the mat, and then it left again" for n in range(40)]


def noisy(lines: list[str], share: float, seed: int) -> list[str]:
    """`lines` with about `share` of their words replaced."""
    rng = random.Random(seed)
    return [" ".join("dog" if rng.random() < share else word for word in line.split()) for line in lines]


def test_scores_are_those_of_sacrebleu() -> None:
    hypotheses = noisy(REFERENCE, 0.3, 1)
    scores = corpus_scores(hypotheses, [REFERENCE])
    assert scores.bleu.value == pytest.approx(sacrebleu.corpus_bleu(hypotheses, [REFERENCE]).score)
    assert scores.chrf.value == pytest.approx(sacrebleu.corpus_chrf(hypotheses, [REFERENCE]).score)
    assert scores.ter.value == pytest.approx(sacrebleu.corpus_ter(hypotheses, [REFERENCE]).score)
    assert [score.metric for score in scores] == ["BLEU", "chrF2", "TER"]


def test_signatures_say_how_the_scores_were_made() -> None:
    bleu, chrf, ter = corpus_scores(REFERENCE, [REFERENCE, REFERENCE])
    version = f"version:{sacrebleu.__version__}"
    assert bleu.signature == f"nrefs:2|case:mixed|eff:no|tok:13a|smooth:exp|{version}"
    assert chrf.signature == f"nrefs:2|case:mixed|eff:yes|nc:6|nw:0|space:no|{version}"
    assert ter.signature.startswith("nrefs:2|case:lc|tok:tercom")


def test_perfect_translations_get_perfect_scores() -> None:
    bleu, chrf, ter = corpus_scores(REFERENCE, [REFERENCE])
    assert (bleu.value, chrf.value, ter.value) == pytest.approx((100, 100, 0))


def test_any_of_several_references_may_match() -> None:
    other = noisy(REFERENCE, 1.0, 1)
    mixed = [pair[n % 2] for n, pair in enumerate(zip(REFERENCE, other, strict=True))]
    assert corpus_scores(mixed, [REFERENCE, other]).bleu.value == pytest.approx(100)
    assert corpus_scores(mixed, [REFERENCE]).bleu.value < 60


def test_a_clear_difference_is_significant_and_none_is_not() -> None:
    good, bad = noisy(REFERENCE, 0.1, 1), noisy(REFERENCE, 0.5, 2)
    better = {c.metric: c for c in compare(good, bad, [REFERENCE])}
    assert set(better) == {"BLEU", "chrF2", "TER"}
    for metric, score in zip(("BLEU", "chrF2", "TER"), corpus_scores(good, [REFERENCE]), strict=True):
        assert better[metric].system == pytest.approx(score.value)
        assert better[metric].significant and better[metric].p_value < 0.01
    assert better["BLEU"].baseline == pytest.approx(corpus_scores(bad, [REFERENCE]).bleu.value)
    assert not any(c.significant for c in compare(good, good, [REFERENCE]))
    alike = compare(noisy(REFERENCE, 0.3, 3), noisy(REFERENCE, 0.3, 4), [REFERENCE])
    assert not any(c.significant for c in alike)


def test_comparisons_repeat() -> None:
    one, other = noisy(REFERENCE, 0.2, 1), noisy(REFERENCE, 0.25, 2)
    assert compare(one, other, [REFERENCE], samples=100) == compare(one, other, [REFERENCE], samples=100)
    assert "bs:100|seed:12345" in compare(one, other, [REFERENCE], samples=100)[0].signature


def test_unequal_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="2 hypotheses against \\[3\\]"):
        corpus_scores(["a", "b"], [["a", "b", "c"]])
    with pytest.raises(ValueError, match="nothing to score"):
        corpus_scores([], [[]])
    with pytest.raises(ValueError, match="2 hypotheses"):
        compare(["a", "b"], ["a"], [["a", "b"]])


def test_files_of_unequal_length_are_named() -> None:
    check_line_counts([("h.en", 2), ("r.en", 2)])
    with pytest.raises(UserError, match="h.en has 2 lines, s.en has 3"):
        check_line_counts([("h.en", 2), ("r.en", 2), ("s.en", 3)])
    with pytest.raises(UserError, match="h.en: there are no lines"):
        check_line_counts([("h.en", 0), ("r.en", 0)])


def test_results_print_with_their_signature() -> None:
    bleu = corpus_scores(REFERENCE, [REFERENCE]).bleu
    assert str(bleu) == f"BLEU  100.00  {bleu.signature}"
    comparison = compare(REFERENCE, noisy(REFERENCE, 0.5, 1), [REFERENCE], samples=200)[0]
    assert str(comparison).startswith("BLEU  100.00 ± 0.00  baseline ")
    assert ", significant  nrefs:1|bs:200" in str(comparison)
