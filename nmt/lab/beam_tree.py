"""The tree of a beam search: the candidates of every step, those that were kept and those that were dropped.

`nmt.inference.beam_search` runs unchanged, with a model that records its steps.  The candidates are computed again from
these steps afterwards, and must agree with the search.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from nmt.config import DecodingConfig
from nmt.inference.beam_search import beam_search
from nmt.inference.constraints import Rules, log_probs
from nmt.inference.hypotheses import Coverage, Hypothesis
from nmt.inference.model_interface import NEVER, Array, SearchableModel, Step
from nmt.text.tokenizer import BOS, EOS


@dataclass(frozen=True)
class Candidate:
    """A token that could continue a live hypothesis."""

    step: int  # from 0
    token: int
    parent: int | None  # the index in `BeamTree.candidates` of the candidate that it continues; None: BOS
    log_prob: float  # of this token
    score: float  # log-probability of the whole hypothesis up to this token
    kept: bool
    rank: float | None  # of a kept candidate that has ended: the rank of the finished hypothesis

    @property
    def ended(self) -> bool:
        return self.kept and self.token == EOS


@dataclass(frozen=True)
class BeamTree:
    """Every candidate of a search."""

    beam: int
    candidates: list[Candidate]  # step by step, in each step the best first
    best: list[int]  # the path that was returned, as indices of `candidates`
    score: float  # its rank

    def places(self, dropped: int = 3) -> dict[int, tuple[int, int]]:
        """(step, row) of every candidate that is drawn: the kept ones, and the best `dropped` of the others of each
        step."""
        found: dict[int, tuple[int, int]] = {}
        shown, others = Counter[int](), Counter[int]()  # by step
        for index, candidate in enumerate(self.candidates):
            others[candidate.step] += not candidate.kept
            if candidate.kept or others[candidate.step] <= dropped:
                found[index] = (candidate.step, shown[candidate.step])
                shown[candidate.step] += 1
        return found


class RecordingModel:
    """A `SearchableModel` that runs another one and records its steps."""

    def __init__(self, model: SearchableModel) -> None:
        self.model = model
        self.steps: list[Recorded] = []

    def encode(self, source: Array, lengths: Array | None = None) -> Any:
        return self.model.encode(source, lengths)

    @property
    def shortlisted(self) -> RecordingModel:
        return self

    def initial_state(self, encoded: Any) -> Any:
        return self.model.initial_state(encoded)

    def step(self, tokens: Array, state: Any, encoded: Any, count: int, with_attention: bool) -> Step:
        step = self.model.step(tokens, state, encoded, count, with_attention=True)
        self.steps.append(Recorded(tokens, step))
        return step if with_attention else step._replace(attention=None)


class Recorded(NamedTuple):
    tokens: Array  # int64 [1, width], the inputs of the step
    step: Step


def beam_tree(
    model: SearchableModel, source: Array, decoding: DecodingConfig
) -> tuple[BeamTree, Hypothesis, list[Recorded]]:
    """Search one sentence, int64 [1, src_len] with its EOS; returns its tree, its best hypothesis, and the steps."""
    recorder = RecordingModel(model.shortlisted)  # what a translation is searched with
    found = beam_search(recorder, source, None, decoding, with_attention=True)[0][0]
    candidates = _considered(recorder.steps, source, decoding)
    following = {(c.parent, c.token): index for index, c in enumerate(candidates) if c.kept}
    best: list[int] = []
    for token in (*found.tokens, *[EOS] * found.finished):
        best.append(following[best[-1] if best else None, token])
    return BeamTree(decoding.beam, candidates, best, found.score), found, recorder.steps


def _considered(steps: list[Recorded], source: Array, decoding: DecodingConfig) -> list[Candidate]:
    """All candidates of a search: at each step the continuations from which the beam is chosen.

    The arithmetic is that of `nmt.inference.beam_search` for a single row, with scores in float32 and stable sorting.
    """
    rules = Rules(source, None, decoding, None)
    coverage = Coverage(rules, decoding.coverage_penalty)
    row = np.zeros(1, np.int64)
    scores, prefix_tokens = np.zeros((1, 1), np.float32), np.zeros((1, 1, 0), np.int64)
    tokens, width = np.full((1, 1), BOS), decoding.beam
    slots: list[int | None] = [None]  # the last candidate of each live hypothesis
    found: list[Candidate] = []
    for t, (given, step) in enumerate(steps):
        if not np.array_equal(given, tokens):
            raise AssertionError(f"the search went another way at step {t}")
        top, ids = rules.best(step, t, row, prefix_tokens, decoding.beam)
        token_scores = log_probs(top, step.log_z[:, :, None])
        totals = (scores[:, :, None] + token_scores).reshape(1, -1)
        order = np.argsort(-totals, axis=1, kind="stable")
        kept, choices = order[:, :width], ids.shape[-1]
        parents, tokens = kept // choices, np.take_along_axis(ids.reshape(1, -1), kept, 1)
        scores = np.take_along_axis(totals, kept, 1)
        ranks = scores / rules.norms[t + 1] + coverage.penalty(step.attention, parents)
        after: list[int | None] = []
        for place, index in enumerate(order[0].tolist()):
            token, total = int(ids.reshape(-1)[index]), float(totals[0, index])
            if place < width:
                after.append(len(found) if total > NEVER else None)
            if total > NEVER:
                rank = float(ranks[0, place]) if place < width and token == EOS else None
                parent, log_prob = slots[index // choices], float(token_scores.reshape(-1)[index])
                found.append(Candidate(t, token, parent, log_prob, total, place < width, rank))
        ended = (tokens == EOS) & (scores > NEVER)
        scores, width = np.where(ended, NEVER, scores), width - int(ended.sum())
        slots = after
        coverage.reorder(row, parents)
        prefix_tokens = np.concatenate([prefix_tokens[:, parents[0]], tokens[:, :, None]], axis=-1)
    return found
