"""The interface of a model for decoding, whatever it runs on; inputs and outputs are NumPy arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np

Array = np.ndarray
NEVER = float("-inf")  # the log-probability of an excluded token


class SearchableModel(Protocol):
    """A model for decoding.  The types of `encoded` and `state` are the model's own; they must have these methods:

    encoded.select(rows)        the sentences `rows`, int64 [new_batch]
    state.reorder(rows, beams)  new[i, j] = old[rows[i], beams[i, j]]; beams int64 [new_batch, new_beam]
    """

    def encode(self, source: Array, lengths: Array | None = None) -> Any:
        """Encode sentences; source int64 [batch, src_len], lengths int64 [batch], or None if nothing is padded."""

    @property
    def shortlisted(self) -> SearchableModel:
        """This model with an output layer limited to a shortlist of the vocabulary for each sentence, whose
        log-probabilities are then those among the list; the model itself if it has no shortlists."""

    def initial_state(self, encoded: Any) -> Any:
        """The state before the first token, with one slot for each sentence."""

    def step(self, tokens: Array, state: Any, encoded: Any, count: int, with_attention: bool) -> Step:
        """One step after `tokens`, int64 [live, width]; the result has n = min(count, vocab) logits a hypothesis."""


class Step(NamedTuple):
    """One decoder step of every live hypothesis; all arrays are on the CPU."""

    top: Array  # float32 [live, width, n], the highest logits of the whole vocabulary, best first
    ids: Array  # int64 [live, width, n], their tokens
    log_z: Array  # float32 [live, width], the log of the sum of exp(logit) over the whole vocabulary
    # Rows and slots, int64 [k] each -> a copy of all logits of these hypotheses, float32 [k, vocab].
    logits: Callable[[Array, Array], Array]
    attention: Array | None  # float32 [live, width, src_len], sums to 1 over the source; None: not requested
    state: Any
