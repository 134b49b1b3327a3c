"""A word list learned from parallel sentences: `python -m data_prep words DATASET --out words.tsv`.

Sentences teach a model words in company; a person also types "perro" alone.  IBM model 1 (Brown et al. 1993,
"The Mathematics of Statistical Machine Translation", section 4.1) tells which word stands for which, and the
pairs that each side chooses become a source like any other: two columns, tab-separated.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np

from data_prep.files import Tally, read_lines
from nmt.errors import UserError

Sentence = Sequence[str]
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_EMPTY = 0  # the empty word, which every sentence has: what has no counterpart comes from it


@dataclass(frozen=True)
class Likelihoods:
    """p(target word | source word) of the pairs of words that ever met: three arrays of one length."""

    source: np.ndarray  # int64 [pairs]: number of the source word; 0 is the empty word
    target: np.ndarray  # int64 [pairs]: number of the target word
    value: np.ndarray  # float64 [pairs]


def words_of(text: str) -> list[str]:
    """The words of a text in lower case, without numbers and marks."""
    return [word.lower() for word in _WORD.findall(text)]


def model_1(pairs: Sequence[tuple[Sequence[int], Sequence[int]]], rounds: int = 5) -> Likelihoods:
    """IBM model 1 by expectation (equation 17 of the paper) and maximisation.

    `pairs`: the sentences as numbers of words, from 1 on.  Begins with all words equally likely."""
    if not any(target for _, target in pairs):
        nothing = np.zeros(0, dtype=np.int64)
        return Likelihoods(nothing, nothing, np.zeros(0))
    sentences = [(np.array((_EMPTY, *source)), np.array(target)) for source, target in pairs if len(target)]
    lengths = [len(target) for _, target in sentences]
    # How many source words each target word may come from.
    choices = np.repeat([len(source) for source, _ in sentences], lengths)
    source = np.concatenate([np.tile(source, len(target)) for source, target in sentences])
    target = np.repeat(np.concatenate([target for _, target in sentences]), choices)
    at = np.repeat(np.arange(sum(lengths)), choices)  # each target word of the text has a number of its own
    width = int(target.max()) + 1
    known, pair = np.unique(source * width + target, return_inverse=True)
    known_source = known // width
    value = np.ones(len(known))
    for _ in range(rounds):
        likelihood = value[pair]
        # What share of this word this source word has.
        expected = likelihood / np.bincount(at, likelihood)[at]
        counts = np.bincount(pair, expected)
        value = counts / np.bincount(known_source, counts)[known_source]
    return Likelihoods(known_source, known % width, value)


def word_pairs(
    sentences: Sequence[tuple[str, str]], least: float = 0.3, times: int = 5, most_words: int = 15
) -> list[tuple[str, str]]:
    """The pairs of words that choose each other, the most frequent first, with capitals where they mostly have them.

    least: both p(target | source) and p(source | target) must reach it.  Forms that share one counterpart
        (comí, comiste, comió: ate) divide it among themselves and so stay outside, as they should.
    times: how often a word must occur.
    most_words: of a sentence that is read; a longer one tells little more and takes its square in memory."""
    different = list(dict.fromkeys(sentences))
    split = [(words_of(source), words_of(target)) for source, target in different]
    split = [(s, t) for s, t in split if 0 < len(s) <= most_words and 0 < len(t) <= most_words]
    if not split:
        return []
    frequency = Counter(word for source, _ in split for word in source)
    other = Counter(word for _, target in split for word in target)
    numbers, names = _numbered(frequency), _numbered(other)
    coded = [([numbers[w] for w in s], [names[w] for w in t]) for s, t in split]
    forward = _chosen(model_1(coded), least)
    backward = _chosen(model_1([(target, source) for source, target in coded]), least)
    back, there = list(names), list(numbers)
    chosen = [
        (there[s - 1], back[t - 1])
        for s, t in forward.items()
        if backward.get(t) == s and min(frequency[there[s - 1]], other[back[t - 1]]) >= times
    ]
    chosen.sort(key=lambda pair: (-frequency[pair[0]], pair))
    written, writing = (_spellings(side) for side in zip(*different, strict=True))
    return [(written.get(source, source), writing.get(target, target)) for source, target in chosen]


def _spellings(texts: Iterable[str]) -> dict[str, str]:
    """ "london" -> "London", for each word as it is mostly written behind the first of a text."""
    counts: dict[str, Counter[str]] = {}
    for text in texts:
        for word in _WORD.findall(text)[1:]:
            counts.setdefault(word.lower(), Counter())[word] += 1
    return {word: forms.most_common(1)[0][0] for word, forms in counts.items()}


def read_sentences(dataset: Path, without: Sequence[str] = ()) -> list[tuple[str, str]]:
    """The training pairs of a dataset folder, but for noisy copies and the sources whose name is one of the
    patterns `without` ("game_*")."""
    import datasets

    try:
        rows = datasets.load_from_disk(str(dataset / "train"))
        columns = [rows.data.column(name).to_pylist() for name in ("source", "target", "origin")]
    except FileNotFoundError:
        raise UserError(f"{dataset}: no dataset folder (python -m data_prep build makes one)") from None
    except (KeyError, ValueError) as error:
        raise UserError(f"{dataset}/train: damaged, or not written by `build` ({error}); build it again") from None
    # Older sets lack the column `noise`.
    copies = [column for column in ("altered", "noise") if column in rows.column_names]
    kinds = zip(*(rows.data.column(column).to_pylist() for column in copies), strict=True)
    copied = [any(kind) for kind in kinds] if copies else [False] * len(rows)
    return [
        (source, target)
        for source, target, origin, is_copy in zip(*columns, copied, strict=True)
        if not is_copy and not any(fnmatchcase(origin, pattern) for pattern in without)
    ]


def lines_of(chosen: Iterable[tuple[str, str]], known: Iterable[str] = ()) -> list[str]:
    """Lines of a word list: each pair as it is and with a capital.

    Left out: a word that stands for itself (names: any translator copies them) and what `known` has already."""
    taken = set(known)
    lines: dict[str, None] = {}  # in order
    for source, target in chosen:
        if source != target and not taken.intersection((source.lower(), target.lower())):
            lines[f"{source}\t{target}"] = lines[f"{_capital(source)}\t{_capital(target)}"] = None
    return list(lines)


def words_in(file: Path) -> set[str]:
    """What stands in the columns of a tab-separated word list, in lower case; unreadable lines are passed over."""
    lines = (line for _, line in read_lines(file, Tally(skip_bad_lines=True)))
    return {cell.strip().lower() for line in lines if line for cell in line.split("\t")}


def _capital(word: str) -> str:
    return word[:1].upper() + word[1:]


def _numbered(frequency: Counter[str]) -> dict[str, int]:
    return {word: number for number, word in enumerate(frequency, start=1)}


def _chosen(likelihoods: Likelihoods, least: float) -> dict[int, int]:
    """The likeliest target word of each source word but the empty one, where it is at least so likely."""
    order = np.argsort(likelihoods.value, kind="stable")  # the likeliest is put last, and stays
    kept = order[(likelihoods.value[order] >= least) & (likelihoods.source[order] != _EMPTY)]
    return dict(zip(likelihoods.source[kept].tolist(), likelihoods.target[kept].tolist(), strict=True))
