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
    """The n best ended hypotheses of every row: their ranks, and where in `History` they end, as step * beam + slot.

    `ranks` and `at` are of the live rows, `result` and `result_at` of those that have left the batch.
    """

    def __init__(self, batch: int, n_best: int) -> None:
        self.ranks = np.full((batch, n_best), NEVER, np.float32)  # [live, n_best], best first
        self.at = np.full((batch, n_best), -1)  # [live, n_best]
        self.result, self.result_at = self.ranks.copy(), self.at.copy()  # [batch, n_best]
        self.complete = False  # whether some row has had n_best

    def add(self, ranks: Array, at: Array) -> None:
        """Add what ends at `at` [width] with the ranks [live, width]; -inf: nothing does.  Among equals, the earlier
        end stays ahead."""
        n_best, row = self.ranks.shape[1], np.arange(len(ranks))[:, None]
        at = np.full(ranks.shape, at)
        ranks, at = np.concatenate([self.ranks, ranks], axis=1), np.concatenate([self.at, at], axis=1)
        order = np.argsort(-ranks, axis=1, kind="stable")[:, :n_best]
        self.ranks, self.at = ranks[row, order], at[row, order]
        self.complete |= bool((self.worst() > NEVER).any())

    def worst(self) -> Array:
        """[live] the rank of the n-th best, -inf if there are fewer."""
        return self.ranks[:, -1]

    def close(self, rows: Array, leaves: Array, ranks: Array, at: Array) -> None:
        """Put away the results of the live rows that leave.

        rows       int64 [live]: the rows of the batch that they are
        leaves     bool [live]
        ranks, at  [live, width] and [width]: of the last step; where nothing has ended, its best hypothesis stands in
        """
        slot = ranks.argmax(axis=1)[:, None]
        rank = np.take_along_axis(ranks, slot, 1)
        stands_in = (self.ranks == NEVER) & (rank > NEVER)
        stands_in[:, 1:] = False
        self.result[rows[leaves]] = np.where(stands_in, rank, self.ranks)[leaves]
        self.result_at[rows[leaves]] = np.where(stands_in, at[slot], self.at)[leaves]
        self.ranks, self.at = self.ranks[~leaves], self.at[~leaves]


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
        row = np.arange(len(at))[:, None]
        end, slot = at // self.beam, at % self.beam  # [batch, n]
        steps = int(end.max()) + 1
        first = (
            row * self.tokens.shape[1] + np.arange(steps)
        ) * self.beam  # [batch, steps] slot 0 in the flat arrays
        slots = np.zeros((*at.shape, steps), np.int64)
        attention = np.zeros((*at.shape, steps, self.src_len if self.with_attention else 0), np.float32)
        for t in reversed(range(steps)):
            slots[:, :, t] = slot
            origin = self.origins.take(first[:, t, None] + slot)
            if self.with_attention:
                attention[:, :, t] = self.attention[t][row, origin]
            slot = np.where(t <= end, origin, slot)  # each is followed from its own end on
        flat = first[:, None] + slots  # [batch, n, steps]; taking at each step would cost more
        ids, token_scores = self.tokens.take(flat).tolist(), self.gains.take(flat).tolist()
        scores = ranks.tolist()

        def hypothesis(i: int, j: int, length: int) -> Hypothesis:
            finished = length > 0 and ids[i][j][length - 1] == EOS
            weights = attention[i, j, :length, : self.source_lengths[i]]
            return Hypothesis(
                tokens=tuple(ids[i][j][: length - finished]),
                score=scores[i][j],
                token_scores=tuple(token_scores[i][j][:length]),
                attention=weights.copy() if self.with_attention else None,  # does not keep the batch alive
                finished=finished,
            )

        return [
            [hypothesis(i, j, length) for j, length in enumerate(row_lengths) if length > 0 or j == 0]
            for i, row_lengths in enumerate((end + 1).tolist())
        ]
