"""What a search needs of a model, wherever that runs: small steps, as numpy arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np

Array = np.ndarray
NEVER = float("-inf")  # the log-probability of what may not be


class SearchableModel(Protocol):
    """A model that can be searched.  `encoded` and `state` are its own affair, but for two methods:

    encoded.select(rows)        the sentences `rows`, int64 [new_batch]
    state.reorder(rows, beams)  new[i, j] = old[rows[i], beams[i, j]]; beams int64 [new_batch, new_beam]
    """

    def encode(self, source: Array, lengths: Array | None = None) -> Any:
        """The encoded sentences; source int64 [batch, src_len], lengths int64 [batch] or None: nothing is padded."""

    def initial_state(self, encoded: Any) -> Any:
        """The state before the first token, with one slot for each sentence."""

    def step(self, tokens: Array, state: Any, encoded: Any, count: int, with_attention: bool) -> Step:
        """One step after `tokens`, int64 [live, width], with the `count` best logits, or all if they are fewer."""


class Step(NamedTuple):
    """One decoder step of every live hypothesis; all arrays are float32 or int64, on the CPU."""

    top: Array  # float32 [live, width, n] the highest logits of the whole vocabulary, best first
    ids: Array  # int64 [live, width, n] the tokens that have them
    log_z: Array  # float32 [live, width] log of the sum of exp(logit) over the whole vocabulary
    # Rows and slots (int64 [k] each) -> float32 [k, vocab], all logits of some hypotheses; a copy.
    logits: Callable[[Array, Array], Array]
    attention: (
        Array | None
    )  # float32 [live, width, src_len], sums to 1 over the source; None if not asked for
    state: Any
