"""What a search remembers: the coverage of the live hypotheses, the best ended ones, and the choices of every step.

The loop over the steps is in `nmt.inference.beam_search` and `nmt.inference.sampling`.
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
    """A target that a search found for one row."""

    tokens: tuple[int, ...]  # target ids without BOS and EOS
    score: float  # what the search ranked by: length-normalised log-probability plus coverage penalty
    token_scores: tuple[float, ...]  # log-probability of each token, then of EOS (if it ended with EOS)
    attention: Array | None  # [len(token_scores), src_len] float32; src_len without padding
    finished: bool  # ended with EOS (False: cut at the maximum length)


class Coverage:
    """The attention that each source position has had from each live hypothesis, and the penalty for too little.

    Wu et al. 2016, eq. 14: weight * sum over source positions of log(min(attention received, 1)).
    """

    def __init__(self, rules: Rules, weight: float) -> None:
        if weight < 0:
            raise UserError(f"decoding.coverage_penalty is {weight}: at least 0 is needed")
        self.weight = weight
        if weight:
            positions = np.arange(rules.source.shape[1])
            padding = positions >= np.array(rules.source_lengths)[:, None]
            # [live, width, src_len]; padding has received its 1
            self.received = padding[:, None].astype(np.float32)

    def penalty(self, attention: Array | None, origin: Array) -> Array | float:
        """The penalty of each new hypothesis, after adding a step's attention: float32 [live, width], or 0.

        attention  [live, width before, src_len]
        origin     int64 [live, width]: the slots that the hypotheses continue
        """
        if not self.weight:
            return 0.0
        assert attention is not None
        self.received = self.received + attention
        smallest = np.finfo(np.float32).tiny
        penalties = self.weight * np.log(self.received.clip(smallest, 1.0)).sum(axis=-1)
        return np.take_along_axis(penalties, origin, axis=1)

    def reorder(self, rows: Array, beams: Array) -> None:
        """new[i, j] = old[rows[i], beams[i, j]], as the model's state is reordered."""
        if self.weight:
            self.received = self.received[rows[:, None], beams]


class Ended:
    """The n best ended hypotheses of every row: their ranks, and where in `History` they end, as step * beam + slot."""

    def __init__(self, batch: int, n_best: int) -> None:
        self.ranks = np.full((batch, n_best), NEVER, np.float32)  # best first; -inf: there are fewer
        self.at = np.full((batch, n_best), -1)

    def add(self, rows: Array, ranks: Array, at: Array) -> None:
        """Add to the rows [live] what ends at `at` [width] with the ranks [live, width]; -inf: nothing does.  Among
        equals, the earlier end stays ahead."""
        row = np.arange(len(rows))[:, None]
        ranks = np.concatenate([self.ranks[rows], ranks], axis=1)
        at = np.concatenate([self.at[rows], np.broadcast_to(at, (len(rows), len(at)))], axis=1)
        order = np.argsort(-ranks, axis=1, kind="stable")[:, : self.ranks.shape[1]]
        self.ranks[rows], self.at[rows] = ranks[row, order], at[row, order]

    def worst(self, rows: Array) -> Array:
        """[live] the rank of the n-th best of the rows, -inf if there are fewer."""
        return self.ranks[rows, -1]

    def stand_in(self, rows: Array, ranks: Array, at: Array) -> None:
        """Where nothing has ended in the rows, their best hypothesis of the last step takes its place; shapes as of
        `add`."""
        slot = ranks.argmax(axis=1)
        best = ranks[np.arange(len(rows)), slot]
        needed = (self.ranks[rows, 0] == NEVER) & (best > NEVER)
        self.ranks[rows[needed], 0], self.at[rows[needed], 0] = best[needed], at[slot[needed]]


class History:
    """Every step of a search, in the rows of the whole batch; hypotheses are read off it backwards."""

    def __init__(self, rules: Rules, beam: int, with_attention: bool) -> None:
        self.beam, self.with_attention = beam, with_attention
        self.src_len, self.source_lengths = rules.source.shape[1], rules.source_lengths
        shape = (len(rules.source), rules.steps, beam)  # [batch, steps, beam]
        self.tokens = np.zeros(shape, np.int64)
        self.origins = np.zeros(shape, np.int64)  # the slot that a token continues
        self.gains = np.zeros(shape, np.float32)  # the token's log-probability
        self.attention: list[Array] = []  # of each step [batch, width, src_len], if wanted

    def record(
        self, t: int, rows: Array, tokens: Array, gains: Array, origin: Array, attention: Array | None
    ) -> None:
        """Step `t` of the live rows: rows int64 [live]; tokens, gains, origin [live, width]; attention [live, width
        before, src_len]."""
        width = tokens.shape[1]
        where = slice(None) if len(rows) == len(self.tokens) else rows  # a slice is faster
        self.tokens[where, t, :width] = tokens
        self.gains[where, t, :width] = gains
        self.origins[where, t, :width] = origin
        if self.with_attention:
            assert attention is not None
            whole = np.zeros((len(self.tokens), *attention.shape[1:]), np.float32)
            whole[rows] = attention
            self.attention.append(whole)

    def hypotheses(self, ranks: Array, at: Array) -> list[list[Hypothesis]]:
        """The hypotheses that end at `at`, best first; no row's list is empty.

        ranks  float32 [batch, n]
        at     int64 [batch, n]: step * beam + slot; -1: nothing, which makes an empty hypothesis if it comes first
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
        gains: list[float] = []
        attention = np.zeros((end + 1, self.source_lengths[row]), np.float32)
        for t in range(end, -1, -1):
            tokens.insert(0, self.tokens.item(row, t, slot))
            gains.insert(0, self.gains.item(row, t, slot))
            slot = self.origins.item(row, t, slot)
            if self.with_attention:
                attention[t] = self.attention[t][row, slot, : attention.shape[1]]
        finished = tokens[-1:] == [EOS]
        return Hypothesis(
            tokens=tuple(tokens[: end + 1 - finished]),
            score=rank,
            token_scores=tuple(gains),
            attention=attention if self.with_attention else None,
            finished=finished,
        )
