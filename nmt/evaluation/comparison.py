"""Scores of one or two systems on a test set: over the whole set, by sentence length, by n-gram, and by sentence.

All scores are sacreBLEU's; those over the whole set are computed in `metrics.py`.  This module imports nothing heavy,
because the page runs it in a process of its own.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import pairwise
from math import inf
from typing import Any, Literal, TypeVar

from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from nmt.evaluation import metrics

T = TypeVar("T")

MIN_SENTENCES = 30  # with fewer, a p-value of resampling is not reliable
BUCKET_WORDS = (5, 10, 15, 20, 30, 40)  # of the longest reference in each bucket except the last
# The maximum of the sum over lines of (words of hypothesis × words of reference)².  TER tries many shifts of groups of
# words in a long line and computes an edit distance for each; this much takes about a minute.
MAX_TER_WORK = 10_000_000_000
MAX_TER_SECONDS = 90  # after which TER is left out, on operating systems with alarm signals
MAX_RESAMPLES, MAX_RESAMPLED_LINES = 1000, 4_000_000  # all lines of all resamples are held in memory


@dataclass(frozen=True)
class Corpus:
    """The texts to compare; all have the same number of lines, at least one."""

    references: Sequence[str]
    systems: Sequence[Sequence[str]]  # A, or A and B
    sources: Sequence[str] | None = None


@dataclass(frozen=True)
class Row:
    """One metric over the whole corpus."""

    metric: str  # as in `nmt.evaluation.metrics.METRICS`
    values: tuple[float, ...]  # of each system, in percent
    signature: str
    sentences: int
    p_value: float | None = None  # of two systems

    @property
    def difference(self) -> float | None:
        return self.values[0] - self.values[1] if len(self.values) == 2 else None

    @property
    def verdict(self) -> Literal["few", "none", "a", "b"] | None:
        """Which of two systems is better: "none" if the difference is not significant, "few" if there are too few
        sentences to tell, None for a single system."""
        if self.p_value is None or self.difference is None:
            return None
        if self.sentences < MIN_SENTENCES:
            return "few"
        if self.p_value >= metrics.SIGNIFICANCE_LEVEL:
            return "none"
        return "a" if (self.difference > 0) != (self.metric == "TER") else "b"


@dataclass(frozen=True)
class Precision:
    """The factors of one system's BLEU (Papineni et al. 2002, section 2.3)."""

    precisions: tuple[float, ...]  # of 1-grams to 4-grams, in percent
    brevity_penalty: float  # 1 where the translation is as long as the reference or longer
    length_ratio: float  # tokens of the translation / of the reference


@dataclass(frozen=True)
class Bucket:
    """The sentences whose references have `least` to `most` words; `most` is None in the last bucket."""

    least: int
    most: int | None
    count: int
    bleu: tuple[float, ...]  # of each system, over the bucket as a corpus
    chrf: tuple[float, ...]


@dataclass(frozen=True)
class Sentence:
    """One line of the corpus with the scores of each system."""

    number: int  # from 1
    source: str | None
    reference: str
    hypotheses: tuple[str, ...]
    bleu: tuple[float, ...]  # of each system; as sacreBLEU's sentence_bleu and sentence_chrf
    chrf: tuple[float, ...]


@dataclass(frozen=True)
class Result:
    """All results of `measure`."""

    rows: tuple[Row, ...]  # BLEU, chrF2 and, unless it was left out, TER
    precisions: tuple[Precision, ...]
    buckets: tuple[Bucket, ...]
    sentences: tuple[Sentence, ...]  # in the order of the corpus

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Result:
        """The Result of the plain data that `measure_plain` returned, in which JSON may have made lists of tuples."""

        def made(kind: type[T], name: str) -> tuple[T, ...]:
            return tuple(
                kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()}) for fields in plain[name]
            )

        precisions, buckets = made(Precision, "precisions"), made(Bucket, "buckets")
        return cls(made(Row, "rows"), precisions, buckets, made(Sentence, "sentences"))

    @property
    def systems(self) -> int:
        return len(self.precisions)

    @property
    def with_ter(self) -> bool:
        return any(row.metric == "TER" for row in self.rows)


Order = Literal["chrf", "bleu", "length", "number"]


def measure(corpus: Corpus) -> Result:
    """Score the systems of a corpus; ValueError if its texts have different numbers of lines."""
    return Result(_rows(corpus), _precisions(corpus), _buckets(corpus), _sentences(corpus))


def measure_plain(corpus: dict[str, Any]) -> dict[str, Any]:
    """`measure` with plain data: takes the fields of a Corpus, returns those of a Result (`Result.from_plain`)."""
    return asdict(measure(Corpus(**corpus)))


def ordered(result: Result, order: Order, descending: bool) -> list[Sentence]:
    """The sentences sorted by the difference of A's and B's scores (of a single system, by its score), by length, or by
    number.  The sort is stable."""

    def score(values: tuple[float, ...]) -> float:
        return values[0] - values[1] if len(values) == 2 else values[0]

    keys: dict[Order, Callable[[Sentence], float]] = {
        "chrf": lambda s: score(s.chrf),
        "bleu": lambda s: score(s.bleu),
        "length": lambda s: len(s.reference.split()),
        "number": lambda s: s.number,
    }
    return sorted(result.sentences, key=keys[order], reverse=descending)


def first_order(result: Result) -> tuple[Order, bool]:
    """The initial order of sentences: by how much A is better than B; of a single system, the worst first."""
    return "chrf", result.systems == 2


def as_table(result: Result) -> str:
    """Tab-separated text: a header line, then a line for each sentence, in the initial order."""
    names = ["A", "B"][: result.systems]
    scores = [f"{metric} {name}" for metric in ("BLEU", "chrF2") for name in names]
    differences = ["BLEU A-B", "chrF2 A-B"] if result.systems == 2 else []
    lines = [["line", *scores, *differences, "source", "reference", *names]]
    for s in ordered(result, *first_order(result)):
        gains = [s.bleu[0] - s.bleu[1], s.chrf[0] - s.chrf[1]] if result.systems == 2 else []
        figures = [f"{value:.2f}" for value in (*s.bleu, *s.chrf, *gains)]
        lines.append([str(s.number), *figures, s.source or "", s.reference, *s.hypotheses])
    return "".join("\t".join(cell.replace("\t", " ") for cell in line) + "\n" for line in lines)


def _rows(corpus: Corpus) -> tuple[Row, ...]:
    rows = _measured(corpus, [name for name in metrics.METRICS if name != "TER"])
    if not _ter_is_affordable(corpus):
        return rows
    try:
        with _at_most(MAX_TER_SECONDS):
            return rows + _measured(corpus, ["TER"])
    except TimeoutError:
        return rows


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in the block after `seconds`; there is no limit outside the main thread and on operating
    systems without alarm signals."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return

    def stop(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _measured(corpus: Corpus, names: Sequence[str]) -> tuple[Row, ...]:
    references, count = [corpus.references], len(corpus.references)
    if len(corpus.systems) == 1:
        scores = [metrics.corpus_score(name, corpus.systems[0], references) for name in names]
        return tuple(Row(score.metric, (score.value,), score.signature, count) for score in scores)
    system, baseline = corpus.systems
    samples = max(1, min(MAX_RESAMPLES, MAX_RESAMPLED_LINES // count))
    return tuple(
        Row(c.metric, (c.system, c.baseline), c.signature, count, c.p_value)
        for c in metrics.compare(system, baseline, references, samples, names)
    )


def _ter_is_affordable(corpus: Corpus) -> bool:
    lengths = [len(line.split()) for line in corpus.references]
    work = sum(
        (len(line.split()) * length) ** 2
        for lines in corpus.systems
        for line, length in zip(lines, lengths, strict=True)
    )
    return work <= MAX_TER_WORK


def _precisions(corpus: Corpus) -> tuple[Precision, ...]:
    scores = [BLEU().corpus_score(lines, [corpus.references]) for lines in corpus.systems]
    return tuple(Precision(tuple(score.precisions), score.bp, score.ratio) for score in scores)


def _buckets(corpus: Corpus) -> tuple[Bucket, ...]:
    """The non-empty buckets.  Words are separated by white space."""
    # If no sentence has a 4-gram, the effective order makes BLEU count up to 3-grams; otherwise it would be 0.
    bleu, chrf = BLEU(effective_order=True), CHRF()
    lengths = [len(line.split()) for line in corpus.references]
    found = []
    for below, most in pairwise((-1, *BUCKET_WORDS, inf)):
        members = [i for i, length in enumerate(lengths) if below < length <= most]
        if not members:
            continue
        references = [[corpus.references[i] for i in members]]
        systems = [[lines[i] for i in members] for lines in corpus.systems]
        bleus = tuple(bleu.corpus_score(lines, references).score for lines in systems)
        chrfs = tuple(chrf.corpus_score(lines, references).score for lines in systems)
        last = None if most == inf else int(most)
        found.append(Bucket(int(below) + 1, last, len(members), bleus, chrfs))
    return tuple(found)


def _sentences(corpus: Corpus) -> tuple[Sentence, ...]:
    bleu, chrf = BLEU(effective_order=True), CHRF()  # as in sacreBLEU's sentence_bleu and sentence_chrf
    found = []
    for i, reference in enumerate(corpus.references):
        hypotheses = tuple(lines[i] for lines in corpus.systems)
        bleus = tuple(bleu.sentence_score(line, [reference]).score for line in hypotheses)
        chrfs = tuple(chrf.sentence_score(line, [reference]).score for line in hypotheses)
        source = corpus.sources[i] if corpus.sources else None
        found.append(Sentence(i + 1, source, reference, hypotheses, bleus, chrfs))
    return tuple(found)
