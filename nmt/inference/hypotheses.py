"""The search state: the coverage penalty of live hypotheses, the n best finished ones, and the back-pointers.

The loop over the steps is `nmt.inference.beam_search.search`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nmt.errors import UserError
from nmt.inference.constraints import Rules
from nmt.inference.model_interface import NEVER, Array
from nmt.text.tokenizer import EOS


@dataclass(frozen=True)
class Hypothesis:
    """A translation of one row, as ids."""

    tokens: tuple[int, ...]  # target ids without BOS and EOS
    score: float  # the rank: length-normalised log-probability plus coverage penalty
    token_scores: tuple[float, ...]  # log-probability of each token, then of EOS (if it ended with EOS)
    attention: Array | None  # float32 [len(token_scores), src_len], where src_len is without padding
    finished: bool  # ended with EOS (False: cut at the maximum length)


class Coverage:
    """The total attention on each source position by each live hypothesis, and the coverage penalty.

    Wu et al. 2016, eq. 14: weight * sum over source positions of log(min(total attention, 1)).
    """

    def __init__(self, rules: Rules, weight: float) -> None:
        if weight < 0:
            raise UserError(f"decoding.coverage_penalty is {weight}: at least 0 is needed")
        self.weight = weight
        if weight:
            positions = np.arange(rules.source.shape[1])
            padding = positions >= np.array(rules.source_lengths)[:, None]
            # [live, width, src_len]; 1 on padding, where the logarithm is then 0
            self.total = padding[:, None].astype(np.float32)

    def penalty(self, attention: Array | None, parents: Array) -> Array | float:
        """Add a step's attention, and return the penalty of each new hypothesis: float32 [live, width], or 0.

        attention  [live, width before, src_len]
        parents    int64 [live, width]: the slots that the hypotheses continue
        """
        if not self.weight:
            return 0.0
        assert attention is not None
        self.total = self.total + attention
        smallest = np.finfo(np.float32).tiny
        penalties = self.weight * np.log(self.total.clip(smallest, 1.0)).sum(axis=-1)
        return np.take_along_axis(penalties, parents, axis=1)

    def reorder(self, rows: Array, beams: Array) -> None:
        """new[i, j] = old[rows[i], beams[i, j]], as the model's state is reordered."""
        if self.weight:
            self.total = self.total[rows[:, None], beams]


class FinishedHypotheses:
    """The n best finished hypotheses of every row: their ranks, and the places in `BackPointers` where they end."""

    def __init__(self, batch: int, n_best: int) -> None:
        self.ranks = np.full((batch, n_best), NEVER, np.float32)  # best first; -inf: there are fewer
        self.at = np.full((batch, n_best), -1)  # step * beam + slot
        self.any = False  # whether a hypothesis of any row is finished

    def add(self, rows: Array, ranks: Array, at: Array) -> None:
        """Add to the rows [live] the hypotheses that end at `at` [width] with the ranks [live, width], where a rank of
        -inf is no hypothesis.  Of equal ranks, the one that ended earlier is first."""
        self.any = True
        row = np.arange(len(rows))[:, None]
        ranks = np.concatenate([self.ranks[rows], ranks], axis=1)
        at = np.concatenate([self.at[rows], np.broadcast_to(at, (len(rows), len(at)))], axis=1)
        order = np.argsort(-ranks, axis=1, kind="stable")[:, : self.ranks.shape[1]]
        self.ranks[rows], self.at[rows] = ranks[row, order], at[row, order]

    def worst(self, rows: Array) -> Array:
        """The rank of the n-th best hypothesis of each of the rows [live]; -inf if there are fewer."""
        return self.ranks[rows, -1]

    def add_unfinished(self, rows: Array, ranks: Array, at: Array) -> None:
        """Add to each row that has no finished hypothesis the best one of the last step; shapes as of `add`."""
        slot = ranks.argmax(axis=1)
        best = ranks[np.arange(len(rows)), slot]
        needed = (self.ranks[rows, 0] == NEVER) & (best > NEVER)
        self.ranks[rows[needed], 0], self.at[rows[needed], 0] = best[needed], at[slot[needed]]


class BackPointers:
    """The tokens and parents of every step of a search, from which hypotheses are read backwards."""

    def __init__(self, rules: Rules, beam: int, with_attention: bool) -> None:
        self.beam, self.with_attention = beam, with_attention
        self.source_lengths = rules.source_lengths
        shape = (len(rules.source), rules.steps, beam)  # [batch, steps, beam]
        self.tokens = np.zeros(shape, np.int64)
        self.parents = np.zeros(shape, np.int64)  # the slot of the step before that a token continues
        self.token_scores = np.zeros(shape, np.float32)  # log-probabilities
        self.attention: list[Array] = []  # of each step [batch, width, src_len], if `with_attention`

    def record(
        self, t: int, rows: Array, tokens: Array, token_scores: Array, parents: Array, attention: Array | None
    ) -> None:
        """Store step `t` of the live rows.

        rows  int64 [live]; tokens, token_scores, parents  [live, width]; attention  [live, width before, src_len]
        """
        width = tokens.shape[1]
        where = slice(None) if len(rows) == len(self.tokens) else rows  # a slice is faster
        self.tokens[where, t, :width] = tokens
        self.token_scores[where, t, :width] = token_scores
        self.parents[where, t, :width] = parents
        if self.with_attention:
            assert attention is not None
            whole = np.zeros((len(self.tokens), *attention.shape[1:]), np.float32)
            whole[rows] = attention
            self.attention.append(whole)

    def hypotheses(self, ranks: Array, at: Array) -> list[list[Hypothesis]]:
        """The hypotheses that end at `at`, best first.

        ranks  float32 [batch, n]
        at     int64 [batch, n]: step * beam + slot, or -1 for none; a row without any gets an empty hypothesis
        """
        return [
            [self._read(row, rank, end) for rank, end in zip(*of_row, strict=True) if end >= 0]
            or [self._read(row, of_row[0][0], -1)]
            for row, of_row in enumerate(zip(ranks.tolist(), at.tolist(), strict=True))
        ]

    def _read(self, row: int, rank: float, at: int) -> Hypothesis:
        """The hypothesis of a row that ends at `at`, read from its end to its beginning."""
        end, slot = divmod(at, self.beam)
        tokens: list[int] = []
        token_scores: list[float] = []
        attention = np.zeros((end + 1, self.source_lengths[row]), np.float32)
        for t in range(end, -1, -1):
            tokens.insert(0, self.tokens.item(row, t, slot))
            token_scores.insert(0, self.token_scores.item(row, t, slot))
            slot = self.parents.item(row, t, slot)
            if self.with_attention:
                attention[t] = self.attention[t][row, slot, : attention.shape[1]]
        finished = tokens[-1:] == [EOS]
        return Hypothesis(
            tokens=tuple(tokens[: end + 1 - finished]),
            score=rank,
            token_scores=tuple(token_scores),
            attention=attention if self.with_attention else None,
            finished=finished,
        )
