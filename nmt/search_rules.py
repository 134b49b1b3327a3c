"""What may be generated: no special ids, a forced prefix first, no endless repetition, a maximum length.

Each is a mask on logits or a number of steps; the search itself is `nmt.search`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import torch
from torch import Tensor

from nmt.config import DecodingConfig
from nmt.tokenizer import BOS, PAD, UNK

NEVER = float("-inf")  # the log-probability of what may not be


class Rules:
    """The limits of every row of a source batch (int64 [batch, src_len]; lengths as in `nmt.search`)."""

    def __init__(
        self,
        source: Tensor,
        lengths: Tensor | None,
        decoding: DecodingConfig,
        prefix: Sequence[Sequence[int]] | None,
    ) -> None:
        device = source.device
        self.source = source
        self.source_lengths = [source.size(1)] * len(source) if lengths is None else lengths.tolist()
        prefix = prefix if prefix is not None else [()] * len(source)
        if len(prefix) != len(source):
            raise ValueError(f"{len(source)} rows of source, but {len(prefix)} prefixes or targets")

        # A prefix that fills the whole length is allowed, with room after it to come to an end.
        ratio, extra = decoding.max_length_ratio, decoding.max_length_extra
        longest = [max(1, int(ratio * length) + extra) for length in self.source_lengths]
        for row, ids in enumerate(prefix):
            if len(ids) >= longest[row]:
                longest[row] = len(ids) + max(1, extra)
        self.steps = max(longest)
        self.longest = torch.tensor(longest, device=device)  # [batch] most tokens of a hypothesis, with EOS
        powers = [1.0] + [n**decoding.length_penalty for n in range(1, self.steps + 2)]
        self.norms = torch.tensor(powers, device=device)  # [steps + 2] what divides log p at each length

        forced_steps = max(len(ids) for ids in prefix)
        forced = [[*ids, *[-1] * (forced_steps - len(ids))] for ids in prefix]
        self.forced = torch.tensor(forced, dtype=torch.int64, device=device)  # [batch, steps], -1: free
        self.never = torch.tensor([PAD, UNK, BOS], device=device)
        self.ngram = max(0, decoding.no_repeat_ngram)
        self._repetitions: Tensor | None = None

    def ban(self, logits: Tensor, t: int, rows: Tensor, written: Tensor) -> None:
        """Write -inf into `logits` [live, width, vocab] of step `t` wherever a token is not allowed.

        rows int64 [live]: rows of the source; written int64 [live, width, t]: the tokens so far (if `ngram`).
        """
        forced = self.forced[rows, t] if t < self.forced.size(1) else None
        if forced is not None:
            fixed = (forced >= 0).nonzero().squeeze(1)
            token = forced[fixed]
            given = logits[fixed, :, token]  # [fixed, width], before anything is banned
        logits.index_fill_(-1, self.never, NEVER)
        if self.ngram and t >= self.ngram:
            self._ban_repetition(logits, rows, written)
        if forced is not None:
            logits[fixed] = NEVER
            logits[fixed, :, token] = given

    def _ban_repetition(self, logits: Tensor, rows: Tensor, written: Tensor) -> None:
        """Ban a token that would complete an n-gram once more than `repetitions` allows.

        Never EOS: only what a hypothesis has already can repeat, and a live one has no EOS.
        """
        n, vocab = self.ngram, logits.size(-1)
        windows = written.unfold(-1, n, 1)  # [live, width, windows, n], a view
        context = written[:, :, None, written.size(-1) - n + 1 :]  # the n - 1 last tokens
        hits = (windows[..., :-1] == context).all(dim=-1).nonzero()  # where the same tokens stood before
        if not len(hits):
            return
        row, slot, window = hits.unbind(dim=1)
        follower = windows[row, slot, window, -1]
        place, count = ((row * logits.size(1) + slot) * vocab + follower).unique(return_counts=True)
        row, slot, token = place // vocab // logits.size(1), place // vocab % logits.size(1), place % vocab
        over = count >= self.repetitions[rows[row]]
        logits[row[over], slot[over], token[over]] = NEVER

    @property
    def repetitions(self) -> Tensor:
        """How often a hypothesis may have one n-gram: as often as the source has any, at least once.

        int64 [batch], counted when first needed, for few batches come to it.
        """
        if self._repetitions is None:
            most = []
            for ids, length in zip(self.source.tolist(), self.source_lengths, strict=True):
                ngrams = Counter(tuple(ids[i : i + self.ngram]) for i in range(length - self.ngram + 1))
                most.append(max(ngrams.values(), default=1))
            self._repetitions = torch.tensor(most, device=self.source.device)
        return self._repetitions
