"""Attention: from decoder states to context vectors, for all positions (or all beams) at once.

The size `queries` is the target length in training and the beam in search; source tensors are not copied for each
query.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from nmt.config import AttentionConfig


class Encoded(NamedTuple):
    """The encoder's results for a batch of source sentences, computed once for each sentence."""

    memory: Tensor  # [batch, src_len, encoder_hidden], the encoder's outputs
    # Queries are compared with the keys; a context vector is a weighted sum of the values.  Both are
    # [batch, src_len, units], or [batch, heads, src_len, size / heads] for multihead attention.
    keys: Tensor
    values: Tensor
    mask: Tensor | None  # [batch, src_len] bool, True on real positions; None: there is no padding
    final: Tensor  # [batch, encoder_hidden], the encoder's last state

    def select(self, rows: Tensor) -> Encoded:
        """The sentences `rows` (int64 [new_batch])."""
        mask = None if self.mask is None else self.mask[rows]
        return Encoded(self.memory[rows], self.keys[rows], self.values[rows], mask, self.final[rows])


class Attention(nn.Module):
    """Attention of every kind; the configuration's `kind` decides how a query q is scored against a state h.

    none       there is no score: the context is always the encoder's last state
               (Cho et al. 2014, arXiv:1406.1078, eq. 3; Sutskever et al. 2014)
    additive   v . tanh(W q + U h)       (Bahdanau et al. 2015, arXiv:1409.0473, appendix A.1.2)
    dot        q . h                     (Luong et al. 2015, arXiv:1508.04025, eq. 8)
    general    q . W h                   (ibid.)
    multihead  heads of (W q) . (U h) / sqrt(head size), each with its own values (Chen et al. 2018,
               arXiv:1804.09849, section 3: RNMT+; the score of Vaswani et al. 2017, eq. 1)
    """

    def __init__(self, config: AttentionConfig, query_size: int, memory_size: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.kind = config.kind
        self.heads = config.heads
        self.context_size = config.size if config.kind == "multihead" else memory_size
        self.dropout = nn.Dropout(dropout)
        if config.kind == "additive":
            self.query = nn.Linear(query_size, config.size)
            self.key = nn.Linear(memory_size, config.size, bias=False)
            self.score = nn.Linear(config.size, 1, bias=False)
        elif config.kind == "general":
            self.key = nn.Linear(memory_size, query_size, bias=False)
        elif config.kind == "multihead":
            self.query = nn.Linear(query_size, config.size)
            self.key = nn.Linear(memory_size, config.size)
            self.value = nn.Linear(memory_size, config.size)

    def prepare(self, memory: Tensor, mask: Tensor | None, final: Tensor) -> Encoded:
        """Compute everything that depends on the source alone.

        memory [batch, src_len, memory_size], mask [batch, src_len] bool or None, final [batch, memory_size]
        """
        keys = values = memory
        if self.kind in ("additive", "general"):
            keys = self.key(memory)
        elif self.kind == "multihead":
            keys, values = self._split(self.key(memory)), self._split(self.value(memory))
        return Encoded(memory, keys, values, mask, final)

    def forward(self, queries: Tensor, encoded: Encoded) -> tuple[Tensor, Tensor]:
        """queries [batch, queries, query_size] -> contexts [batch, queries, context_size], and
        weights [batch, queries, src_len] that sum to 1 over the source (the mean over heads)."""
        if self.kind == "none":
            return self._last_state(queries, encoded)
        scores = self._scores(queries, encoded.keys)
        if encoded.mask is not None:
            mask = encoded.mask[:, None, None] if self.kind == "multihead" else encoded.mask[:, None]
            scores = scores.masked_fill(~mask, -torch.inf)
        weights = torch.softmax(scores, dim=-1)
        contexts = self.dropout(weights) @ encoded.values
        if self.kind == "multihead":
            return contexts.transpose(1, 2).flatten(2), weights.mean(dim=1)
        return contexts, weights

    def _scores(self, queries: Tensor, keys: Tensor) -> Tensor:
        """[batch, (heads,) queries, src_len]"""
        if self.kind == "additive":
            hidden = self.query(queries)[:, :, None] + keys[:, None]  # [batch, queries, src_len, size]
            return self.score(torch.tanh(hidden)).squeeze(-1)
        if self.kind == "multihead":
            heads = self._split(self.query(queries))
            return heads @ keys.transpose(-2, -1) / math.sqrt(heads.size(-1))
        return queries @ keys.transpose(-2, -1)

    def _split(self, states: Tensor) -> Tensor:
        """[batch, len, size] -> [batch, heads, len, size / heads]"""
        return states.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def _last_state(self, queries: Tensor, encoded: Encoded) -> tuple[Tensor, Tensor]:
        """`forward` of kind "none"; the weights are uniform over the real positions."""
        batch, count, _ = queries.shape
        src_len = encoded.memory.size(1)
        real = encoded.mask if encoded.mask is not None else queries.new_ones(batch, src_len)
        uniform = real / real.sum(dim=1, keepdim=True)
        contexts = encoded.final[:, None].expand(-1, count, -1)
        return contexts, uniform[:, None].expand(-1, count, -1).to(queries.dtype)
