"""What a search remembers: coverage of the live hypotheses, the best ended ones, and every step's choices.

The search itself is `nmt.search`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from nmt.errors import UserError
from nmt.search_rules import NEVER, Rules
from nmt.tokenizer import EOS


@dataclass(frozen=True)
class Hypothesis:
    tokens: tuple[int, ...]  # target ids without BOS and EOS
    score: float  # what the search ranked by: length-normalised log-probability plus coverage penalty
    token_scores: tuple[float, ...]  # log-probability of each token, then of EOS (if it ended with EOS)
    attention: Tensor | None  # [len(token_scores), src_len] float32, on the CPU; src_len without padding
    finished: bool  # ended with EOS (False: cut at the maximum length)


class Coverage:
    """Attention that each source position has had from each live hypothesis, and the penalty for too little.

    Wu et al. 2016, eq. 14: weight * sum over source positions of log(min(attention received, 1)).
    """

    def __init__(self, rules: Rules, weight: float) -> None:
        if weight < 0:
            raise UserError(f"decoding.coverage_penalty is {weight}: at least 0 is needed")
        self.weight = weight
        if weight:
            lengths = torch.tensor(rules.source_lengths, device=rules.source.device)
            positions = torch.arange(rules.source.size(1), device=rules.source.device)
            padding = positions >= lengths[:, None]
            self.received = padding[:, None].float()  # [live, width, src_len]; padding has received its 1

    def penalty(self, attention: Tensor, origin: Tensor) -> Tensor | float:
        """[live, width] of what continues the slots `origin`, after adding a step's attention to them.

        attention [live, width before, src_len], origin int64 [live, width]
        """
        if not self.weight:
            return 0.0
        self.received = self.received + attention
        smallest = torch.finfo(torch.float32).tiny
        return self.weight * self.received.clamp(smallest, 1.0).log().sum(dim=-1).gather(1, origin)

    def reorder(self, rows: Tensor, beams: Tensor) -> None:
        if self.weight:
            self.received = self.received[rows[:, None], beams]


class Ended:
    """The n best ended hypotheses of every row: their ranks, and where they end, as step * beam + slot."""

    def __init__(self, batch: int, n_best: int, device: torch.device) -> None:
        self.ranks = torch.full((batch, n_best), NEVER, device=device)  # [live, n_best], best first
        self.at = torch.full((batch, n_best), -1, device=device)
        self.result, self.result_at = self.ranks.clone(), self.at.clone()  # [batch, n_best], rows that left

    def add(self, ranks: Tensor, at: Tensor) -> None:
        """Candidates [live, width]; rank -inf: not one.  Among equals, what ended earlier stays ahead."""
        n_best = self.ranks.size(1)
        ranked, order = torch.cat([self.ranks, ranks], dim=1).sort(dim=1, descending=True, stable=True)
        self.ranks, self.at = ranked[:, :n_best], torch.cat([self.at, at], dim=1).gather(1, order[:, :n_best])

    def worst(self) -> Tensor:
        """[live] the rank of the n-th best, -inf if there are fewer."""
        return self.ranks[:, -1]

    def close(self, rows: Tensor, leaves: Tensor, ranks: Tensor, at: Tensor) -> None:
        """Put away the results of the live rows that leave (bool [live]); `rows`: their places in the batch.

        ranks [live, width]: of the last step; where nothing has ended, its best hypothesis stands in.
        """
        rank, slot = ranks.max(dim=1, keepdim=True)
        stands_in = (self.ranks == NEVER) & (rank > NEVER)
        stands_in[:, 1:] = False
        self.result[rows[leaves]] = torch.where(stands_in, rank, self.ranks)[leaves]
        self.result_at[rows[leaves]] = torch.where(stands_in, at.gather(1, slot), self.at)[leaves]
        self.ranks, self.at = self.ranks[~leaves], self.at[~leaves]


class History:
    """Every step of a search, in the rows of the whole batch; hypotheses are read off it backwards."""

    def __init__(self, rules: Rules, beam: int, with_attention: bool) -> None:
        device = rules.source.device
        self.beam, self.with_attention = beam, with_attention
        self.src_len, self.source_lengths = rules.source.size(1), rules.source_lengths
        shape = (len(rules.source), rules.steps, beam)
        self.tokens = torch.zeros(shape, dtype=torch.int64, device=device)
        self.origins = torch.zeros(shape, dtype=torch.int64, device=device)  # the slot that a token continues
        self.gains = torch.zeros(shape, device=device)  # the token's log-probability
        self.attention: list[Tensor] = []  # of each step [batch, width, src_len], if wanted

    def record(
        self, t: int, rows: Tensor, tokens: Tensor, gains: Tensor, origin: Tensor, attention: Tensor
    ) -> None:
        """rows [live]; tokens, gains, origin [live, width]; attention [live, width before, src_len]"""
        width = tokens.size(1)
        self.tokens[rows, t, :width] = tokens
        self.gains[rows, t, :width] = gains
        self.origins[rows, t, :width] = origin
        if self.with_attention:
            whole = attention.new_zeros(len(self.tokens), *attention.shape[1:])
            self.attention.append(whole.index_copy_(0, rows, attention).float())

    def hypotheses(self, ranks: Tensor, at: Tensor) -> list[list[Hypothesis]]:
        """What ends at step * beam + slot, `at` int64 [batch, n]; -1: nothing.  No row's list is empty."""
        row = torch.arange(len(at), device=at.device)[:, None]
        end, slot = at // self.beam, at % self.beam
        steps = int(end.max()) + 1
        tokens, gains = at.new_zeros(*at.shape, steps), ranks.new_zeros(*at.shape, steps)
        attention = ranks.new_zeros(*at.shape, steps, self.src_len if self.with_attention else 0)
        for t in reversed(range(steps)):
            tokens[:, :, t] = self.tokens[row, t, slot]
            gains[:, :, t] = self.gains[row, t, slot]
            origin = self.origins[row, t, slot]
            if self.with_attention:
                attention[:, :, t] = self.attention[t][row, origin]
            slot = torch.where(t <= end, origin, slot)  # each is followed from its own end on
        lengths, attention = (end + 1).tolist(), attention.cpu()

        ids, scores, token_scores = tokens.tolist(), ranks.tolist(), gains.tolist()

        def weights(i: int, j: int, length: int) -> Tensor | None:
            if not self.with_attention:
                return None
            return attention[i, j, :length, : self.source_lengths[i]].clone()  # does not keep the batch alive

        def hypothesis(i: int, j: int, length: int) -> Hypothesis:
            finished = length > 0 and ids[i][j][length - 1] == EOS
            return Hypothesis(
                tokens=tuple(ids[i][j][: length - finished]),
                score=scores[i][j],
                token_scores=tuple(token_scores[i][j][:length]),
                attention=weights(i, j, length),
                finished=finished,
            )

        return [
            [hypothesis(i, j, length) for j, length in enumerate(row_lengths) if length > 0 or j == 0]
            for i, row_lengths in enumerate(lengths)
        ]
