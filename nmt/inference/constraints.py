"""Constrained decoding: special tokens are masked, a prefix is forced, repeated n-grams are blocked, and the length is
limited.

`Rules` masks the logits of a decoder step, and has the divisors of the length penalty (`norms`);
`nmt.inference.beam_search` and `nmt.inference.sampling` choose among the tokens that are left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from nmt.config import DecodingConfig
from nmt.inference.model_interface import NEVER, Array, Step
from nmt.text.tokenizer import BOS, EOS, PAD, UNK

SPECIAL = (PAD, UNK, BOS)  # never generated; a forced prefix may have UNK


class Rules:
    """The constraints on the hypotheses of each row of a batch.

    source, lengths, prefix  as of `nmt.inference.beam_search.beam_search`
    steps    the most tokens that a hypothesis of any row may have, with EOS
    longest  int64 [batch]: the same of each row
    norms    float32 [steps + 2]: what divides log p at each length
    forced   int64 [batch, length of the longest prefix]: the token of each step; -1: free
    """

    def __init__(
        self,
        source: Array,
        lengths: Array | None,
        decoding: DecodingConfig,
        prefix: Sequence[Sequence[int]] | None,
    ) -> None:
        self.source = source
        self.source_lengths = [source.shape[1]] * len(source) if lengths is None else lengths.tolist()
        prefix = prefix if prefix is not None else [()] * len(source)
        if len(prefix) != len(source):
            raise ValueError(f"{len(source)} rows of source, but {len(prefix)} prefixes or targets")

        # A prefix that fills the whole length is allowed, with room after it to come to an end.
        ratio, extra = decoding.max_length_ratio, decoding.max_length_extra
        longest = [max(1, int(ratio * length) + extra) for length in self.source_lengths]
        for row, ids in enumerate(prefix):
            if len(ids) >= longest[row]:
                longest[row] = len(ids) + max(1, extra)
        self.steps, self.longest = max(longest), np.array(longest)
        powers = [1.0] + [n**decoding.length_penalty for n in range(1, self.steps + 2)]
        self.norms = np.array(powers, np.float32)
        forced_steps = max(len(ids) for ids in prefix)
        self.forced = np.array([[*ids, *[-1] * (forced_steps - len(ids))] for ids in prefix], np.int64)
        self.ngram = max(0, decoding.no_repeat_ngram)

    def best(self, step: Step, t: int, rows: Array, prefix_tokens: Array, count: int) -> tuple[Array, Array]:
        """The `count` highest logits that are allowed at step `t`, and their tokens: both [live, width, count].

        step           with at least `count` + 3 logits, or all of them
        rows           int64 [live]: rows of the source
        prefix_tokens  int64 [live, width, t]: the tokens so far (only if `ngram`)
        Where fewer are allowed, the rest has the logit -inf.
        """
        count = min(count, step.ids.shape[-1])
        row, slot, token = self._repeating(rows, prefix_tokens)
        forced = t < self.forced.shape[1]
        if not len(row) and not forced and step.ids[..., :count].min() > max(SPECIAL):  # nearly always
            return step.top[..., :count], step.ids[..., :count]
        masked = step.ids <= max(SPECIAL)  # [live, width, n]
        hit = step.ids[row, slot] == token[:, None]
        np.logical_or.at(masked, (row, slot), hit)  # a hypothesis may have several such tokens
        order = np.argsort(masked, axis=-1, kind="stable")[..., :count]
        top = np.take_along_axis(np.where(masked, NEVER, step.top), order, -1)
        ids = np.take_along_axis(step.ids, order, -1)
        lacking = (~masked).sum(axis=-1) < count  # further down there may be others
        if forced:
            lacking[self.forced[rows, t] >= 0] = True
        if lacking.any():
            at = lacking.nonzero()
            logits = self.allowed(step, t, rows, prefix_tokens, at)
            best = np.sort(np.argpartition(-logits, count - 1, axis=-1)[:, :count])  # of equals the lowest first
            order = np.argsort(-np.take_along_axis(logits, best, -1), axis=-1, kind="stable")
            ids[at] = np.take_along_axis(best, order, -1)
            top[at] = np.take_along_axis(logits, ids[at], -1)
        return top, ids

    def allowed(self, step: Step, t: int, rows: Array, prefix_tokens: Array, at: tuple[Array, Array]) -> Array:
        """All logits of the hypotheses `at` (rows and slots of the live ones, int64 [k] each), -inf where a token is
        not allowed: float32 [k, vocab]."""
        row, slot = at
        logits = step.logits(row, slot)
        forced = self.forced[rows[row], t] if t < self.forced.shape[1] else np.full(len(row), -1)
        fixed = np.flatnonzero(forced >= 0)
        given = logits[fixed, forced[fixed]]
        logits[:, SPECIAL] = NEVER
        for repeated_row, repeated_slot, token in zip(*self._repeating(rows, prefix_tokens), strict=True):
            logits[(row == repeated_row) & (slot == repeated_slot), token] = NEVER
        logits[fixed] = NEVER
        logits[fixed, forced[fixed]] = given
        return logits

    def _repeating(self, rows: Array, prefix_tokens: Array) -> tuple[Array, Array, Array]:
        """Row, slot and token of what no-repeat n-gram blocking masks, the tokens that would complete an n-gram once
        more than `repetitions` allows: int64 [k] each.

        Never EOS: only what a hypothesis has already can repeat, and a live one has no EOS.
        """
        n, t, nothing = self.ngram, prefix_tokens.shape[-1], np.zeros(0, np.int64)
        if not n or t < n:
            return nothing, nothing, nothing
        # Where the n - 1 last tokens stood before; few places have even the last of them.
        same = prefix_tokens[:, :, n - 2 : -1] == prefix_tokens[:, :, -1:] if n > 1 else prefix_tokens >= 0
        row, slot, start = same.nonzero()
        for i in range(n - 2):
            again = prefix_tokens[row, slot, start + i] == prefix_tokens[row, slot, t - n + 1 + i]
            row, slot, start = row[again], slot[again], start[again]
        if not len(row):
            return nothing, nothing, nothing
        found = np.stack([row, slot, prefix_tokens[row, slot, start + n - 1]], axis=1)
        found, count = np.unique(found, axis=0, return_counts=True)
        row, slot, token = found[count >= self.repetitions[rows[found[:, 0]]]].T
        return row, slot, token

    @cached_property
    def repetitions(self) -> Array:
        """How often a hypothesis may have one n-gram: as often as the source has any, at least once.

        int64 [batch], counted when first needed, for few batches come to it.
        """
        most = []
        for ids, length in zip(self.source.tolist(), self.source_lengths, strict=True):
            ngrams = Counter(tuple(ids[i : i + self.ngram]) for i in range(length - self.ngram + 1))
            most.append(max(ngrams.values(), default=1))
        return np.array(most)


def log_probs(logits: Array, log_z: Array) -> Array:
    """Log-probabilities of `logits`, of any shape: at most 0 in spite of rounding, -inf for what is no number.

    log_z  the log of the sum of exp(logit) over the whole vocabulary, broadcast to `logits`
    """
    gains: Array = logits - log_z
    if not gains.max() <= 0:  # seldom; of NaN and anything else the maximum is NaN
        gains[np.isnan(gains)] = NEVER
        gains.clip(max=0.0, out=gains)
    return gains


def check_ids(given: Sequence[Sequence[int]] | None) -> None:
    """ValueError for a forced prefix or target with ids that no sentence contains."""
    for row, ids in enumerate(given or ()):
        wrong = [i for i in ids if i < 0 or i in (PAD, BOS, EOS)]
        if wrong:
            raise ValueError(f"prefix or target of row {row} has ids that no sentence contains: {wrong}")
