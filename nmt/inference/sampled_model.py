"""A model that draws its next token: with it every search of one hypothesis is ancestral sampling.

So a whole translation is sampled with all that stands around the search: what must arrive unchanged still does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nmt.inference.constraints import SPECIAL
from nmt.inference.model_interface import NEVER, Array, SearchableModel, Step


@dataclass(frozen=True)
class SampledModel:
    """Shows of each step one token alone, drawn from softmax(logits / temperature), with the logit that it has.

    Scores are thus the model's own log-probabilities.  For a beam of 1; a token that a rule forbids is replaced by the
    most probable one that may be.
    """

    model: SearchableModel
    temperature: float  # above 0
    random: np.random.Generator

    def encode(self, source: Array, lengths: Array | None = None) -> Any:
        """As the model itself."""
        return self.model.encode(source, lengths)

    @property
    def shortlisted(self) -> SearchableModel:
        """Itself: a draw is from the whole vocabulary."""
        return self

    def initial_state(self, encoded: Any) -> Any:
        """As the model itself."""
        return self.model.initial_state(encoded)

    def step(self, tokens: Array, state: Any, encoded: Any, count: int, with_attention: bool) -> Step:
        """A step with one token for each hypothesis: `top` and `ids` are [live, width, 1]."""
        step = self.model.step(tokens, state, encoded, count, with_attention)
        shape = step.log_z.shape
        rows, slots = (index.ravel() for index in np.indices(shape))
        logits = step.logits(rows, slots)
        logits[:, SPECIAL] = NEVER
        # The Gumbel-max trick: the argmax of log p - log E, E exponentially distributed, is a draw from p.
        noise = self.random.exponential(size=logits.shape).clip(min=np.finfo(np.float64).tiny)
        ids = (logits / self.temperature - np.log(noise)).argmax(axis=-1)[:, None]
        top = np.take_along_axis(logits, ids, axis=-1)
        return step._replace(top=top.reshape(*shape, 1), ids=ids.reshape(*shape, 1))
