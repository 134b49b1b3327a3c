"""BLEU, chrF2 and TER of a corpus, and significance tests of two systems, computed by sacreBLEU.

Every score has sacreBLEU's signature (Post 2018, "A Call for Clarity in Reporting BLEU Scores"), so that others can
reproduce it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple, cast

from sacrebleu.metrics.base import Metric
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.metrics.ter import TER
from sacrebleu.significance import PairedTest, Result

from nmt.errors import UserError

SIGNIFICANCE_LEVEL = 0.05  # a difference with a smaller p-value is called significant
# With sacreBLEU's default settings.
METRICS: dict[str, type[Metric]] = {"BLEU": BLEU, "chrF2": CHRF, "TER": TER}


@dataclass(frozen=True)
class Score:
    """One metric over a corpus."""

    metric: str  # "BLEU", "chrF2" or "TER"; for TER lower is better
    value: float  # in percent
    signature: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.metric:<5} {self.value:6.2f}  {self.signature}"


class Scores(NamedTuple):
    bleu: Score
    chrf: Score
    ter: Score


@dataclass(frozen=True)
class Comparison:
    """One metric of a system and a baseline, compared by paired bootstrap resampling (Koehn 2004, "Statistical
    significance tests for machine translation evaluation")."""

    metric: str
    system: float
    baseline: float
    p_value: float  # the probability of a difference at least this large if the systems are equally good
    interval: float  # half the width of the system's 95 % confidence interval
    signature: str

    @property
    def significant(self) -> bool:
        return self.p_value < SIGNIFICANCE_LEVEL

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "significant": self.significant}

    def __str__(self) -> str:
        verdict = "significant" if self.significant else "not significant"
        return (
            f"{self.metric:<5} {self.system:6.2f} ± {self.interval:.2f}  baseline {self.baseline:6.2f}  "
            f"{self.system - self.baseline:+.2f}, p = {self.p_value:.4f}, {verdict}  {self.signature}"
        )


def corpus_scores(hypotheses: Sequence[str], references: Sequence[Sequence[str]]) -> Scores:
    """Score one hypothesis a line against one or more reference translations of the corpus.

    references  each a list of as many lines as `hypotheses`
    ValueError if the numbers of lines differ or are 0."""
    return Scores(*(corpus_score(name, hypotheses, references) for name in METRICS))


def corpus_score(name: str, hypotheses: Sequence[str], references: Sequence[Sequence[str]]) -> Score:
    """One metric alone, since TER takes many times as long as the others; errors as of `corpus_scores`."""
    _check_lengths(hypotheses, references)
    metric = METRICS[name]()
    value = metric.corpus_score(hypotheses, references).score
    return Score(name, float(value), str(metric.get_signature()))


def compare(
    hypotheses: Sequence[str],
    baseline: Sequence[str],
    references: Sequence[Sequence[str]],
    samples: int = 1000,
    names: Sequence[str] = tuple(METRICS),
) -> list[Comparison]:
    """Compare two systems' hypotheses for one corpus, metric by metric.

    samples  the number of resamples of the corpus; their seed is fixed (environment variable SACREBLEU_SEED), so that
             results are reproducible
    names    of the metrics
    Errors as of `corpus_scores`."""
    _check_lengths(hypotheses, [*references, baseline])
    systems = [("baseline", baseline), ("system", hypotheses)]
    metrics = {name: METRICS[name]() for name in names}
    signatures, results = PairedTest(systems, metrics, references, test_type="bs", n_samples=samples)()
    comparisons = []
    for name, signature in signatures.items():
        base, system = cast(list[Result], results[name])  # in the order of `systems`
        assert system.p_value is not None and system.ci is not None  # the bootstrap test gives both
        # For two equal systems no resamples differ, and sacreBLEU gives the smallest p-value.
        p_value = 1.0 if system.score == base.score else float(system.p_value)
        figures = (float(system.score), float(base.score), p_value, float(system.ci))
        comparisons.append(Comparison(name, *figures, str(signature)))
    return comparisons


def check_line_counts(files: Sequence[tuple[str | Path, int]]) -> None:
    """UserError unless all files, given with their numbers of lines, have the same number of lines, at least 1."""
    first, count = files[0]
    if count == 0:
        raise UserError(f"{first}: there are no lines to score")
    for other, lines in files[1:]:
        if lines != count:
            raise UserError(f"{first} has {count} lines, {other} has {lines}: they must correspond line by line")


def _check_lengths(hypotheses: Sequence[str], others: Sequence[Sequence[str]]) -> None:
    if not hypotheses or not others:
        raise ValueError("there is nothing to score")
    if any(len(other) != len(hypotheses) for other in others):
        raise ValueError(f"{len(hypotheses)} hypotheses against {[len(other) for other in others]} lines")
