"""Greedy search, sampling, the scoring of given targets, and the most probable next tokens.

What `nmt.inference.beam_search` says of all searches holds for these; source, lengths and prefix are as in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nmt.config import DecodingConfig
from nmt.errors import UserError
from nmt.inference.beam_search import search
from nmt.inference.constraints import SPECIAL, Rules, check_ids, log_probs
from nmt.inference.hypotheses import Hypothesis
from nmt.inference.model_interface import NEVER, Array, SearchableModel, Step
from nmt.text.tokenizer import BOS, EOS


def greedy_search(
    model: SearchableModel,
    source: Array,
    lengths: Array | None,
    decoding: DecodingConfig,
    prefix: Sequence[Sequence[int]] | None = None,
    with_attention: bool = False,
) -> list[Hypothesis]:
    """The most probable token at every step: a beam search with a beam of 1."""
    check_ids(prefix)
    found = search(model, source, lengths, replace(decoding, beam=1), 1, prefix, with_attention)
    return [row[0] for row in found]


def sample(
    model: SearchableModel,
    source: Array,
    lengths: Array | None,
    decoding: DecodingConfig,
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
    generator: np.random.Generator | None = None,
    prefix: Sequence[Sequence[int]] | None = None,
) -> list[Hypothesis]:
    """One hypothesis for each row, drawn token by token from softmax(logits / temperature).

    temperature  at least 0, where 0 is greedy search
    top_k        draw from the `top_k` most probable tokens only (0: from all)
    top_p        draw from the most probable tokens that together reach this probability (Holtzman et al. 2020,
                 section 3.1)

    Scores are the model's own log-probabilities, whatever the temperature.  UserError for values out of range.
    """
    check_ids(prefix)
    if not 0 <= temperature < float("inf"):
        raise UserError(f"temperature is {temperature}: a number of at least 0 is needed")
    if top_k < 0:
        raise UserError(f"top_k is {top_k}: at least 0 is needed (0: no limit)")
    if not 0 < top_p <= 1:
        raise UserError(f"top_p is {top_p}: a probability above 0 and up to 1 is needed")

    random = generator or np.random.default_rng()

    def draw(rules: Rules, step: Step, t: int, rows: Array, prefix_tokens: Array, n: int) -> tuple[Array, Array]:
        only_slot = np.arange(len(rows)), np.zeros(len(rows), np.int64)
        logits = rules.allowed(step, t, rows, prefix_tokens, only_slot).astype(np.float64)
        # The maximum is 0, so that with a temperature near 0 only other tokens can overflow, to -inf.
        with np.errstate(over="ignore"):
            scaled = (logits - logits.max(axis=-1, keepdims=True)) / temperature
        if 0 < top_k < scaled.shape[-1]:
            smallest = np.partition(scaled, -top_k, axis=-1)[:, -top_k, None]
            scaled[scaled < smallest] = NEVER
        if top_p < 1:
            order = np.argsort(-scaled, axis=-1, kind="stable")
            ranked = np.take_along_axis(scaled, order, -1)
            share = np.exp(ranked)
            share /= share.sum(axis=-1, keepdims=True)
            before = share.cumsum(axis=-1) - share  # the probability of all more probable tokens
            before[:, 0] = 0.0
            np.put_along_axis(scaled, order, np.where(before >= top_p, NEVER, ranked), -1)
        # The Gumbel-max trick: the argmax of log p - log E, E exponentially distributed, is a draw from p.
        noise = random.exponential(size=scaled.shape).clip(min=np.finfo(np.float64).tiny)
        token = (scaled - np.log(noise)).argmax(axis=-1)[:, None]
        return np.take_along_axis(logits, token, -1).astype(np.float32)[:, :, None], token[:, :, None]

    decoding, choose = replace(decoding, beam=1), draw if temperature > 0 else Rules.best
    return [row[0] for row in search(model, source, lengths, decoding, 1, prefix, False, choose)]


def score_target(
    model: SearchableModel,
    source: Array,
    lengths: Array | None,
    targets: Sequence[Sequence[int]],
    decoding: DecodingConfig | None = None,
) -> list[Hypothesis]:
    """The given target of each row (ids without BOS and EOS) as a hypothesis, with the scores a search would give it.

    `decoding` sets how scores are normalised; its maximum length and n-gram blocking do not apply.
    """
    check_ids(targets)
    decoding = replace(decoding or DecodingConfig(), beam=1, no_repeat_ngram=0)
    forced = [[*target, EOS] for target in targets]
    return [row[0] for row in search(model, source, lengths, decoding, 1, forced, False)]


@np.errstate(invalid="ignore")
def next_tokens(model: SearchableModel, source: Array, prefix: Sequence[int], count: int) -> list[tuple[int, float]]:
    """The `count` most probable tokens after `prefix`, other than EOS, best first, with their log-probabilities.

    source: int64 [1, src_len] with its EOS.
    """
    check_ids([prefix])
    encoded = model.encode(source, None)
    state = model.initial_state(encoded)
    excluded = (*SPECIAL, EOS)
    for token in [BOS, *prefix]:
        step = model.step(np.array([[token]]), state, encoded, count + len(excluded), with_attention=False)
        state = step.state
    token_scores = log_probs(step.top, step.log_z[:, :, None])[0, 0].tolist()
    found = zip(step.ids[0, 0].tolist(), token_scores, strict=True)
    return [(token, score) for token, score in found if token not in excluded and score > NEVER][:count]
