"""One hypothesis for each row: greedy search, sampling, the scoring of given targets; and the likeliest next tokens.

They keep to what `nmt.inference.beam_search` says of all searches, and take source, lengths and prefix as it does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from nmt.config import DecodingConfig
from nmt.errors import UserError
from nmt.inference.constraints import SPECIAL, Rules, check_ids, log_probs
from nmt.inference.hypotheses import Coverage, History, Hypothesis
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
    """The most probable token at every step: what `beam_search` gives with a beam of 1, for less work."""
    check_ids(prefix)
    return _generate(model, source, lengths, decoding, _most_probable, prefix, with_attention)


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

    temperature  at least 0, which is greedy search
    top_k        draw from the so many most probable tokens only (0: from all)
    top_p        draw from the most probable tokens that together reach this probability (Holtzman et al. 2020,
                 section 3.1)

    Scores are the model's own log-probabilities, whatever the temperature.  UserError for what cannot be.
    """
    check_ids(prefix)
    if not 0 <= temperature < float("inf"):
        raise UserError(f"temperature is {temperature}: a number of at least 0 is needed")
    if top_k < 0:
        raise UserError(f"top_k is {top_k}: at least 0 is needed (0: no limit)")
    if not 0 < top_p <= 1:
        raise UserError(f"top_p is {top_p}: a probability above 0 and up to 1 is needed")

    random = generator or np.random.default_rng()

    def draw(step: Step, rules: Rules, t: int, rows: Array, prefix_tokens: Array) -> tuple[Array, Array]:
        logits = rules.allowed(step, t, rows, prefix_tokens).astype(np.float64)
        # With the maximum at 0, a temperature near 0 can overflow to -inf only, and never the best token.
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
            before = share.cumsum(axis=-1) - share  # the probability of all better tokens
            before[:, 0] = 0.0
            np.put_along_axis(scaled, order, np.where(before >= top_p, NEVER, ranked), -1)
        # The Gumbel-max trick: the argmax of log p - log E, E exponentially distributed, is a draw from p.
        noise = random.exponential(size=scaled.shape).clip(min=np.finfo(np.float64).tiny)
        token = (scaled - np.log(noise)).argmax(axis=-1)[:, None]
        return np.take_along_axis(logits, token, -1).astype(np.float32), token

    choose = draw if temperature > 0 else _most_probable
    return _generate(model, source, lengths, decoding, choose, prefix, with_attention=False)


def score_target(
    model: SearchableModel,
    source: Array,
    lengths: Array | None,
    targets: Sequence[Sequence[int]],
    decoding: DecodingConfig | None = None,
) -> list[Hypothesis]:
    """The given target of each row (ids without BOS and EOS) with the numbers that it has if a search finds it.

    `decoding` sets how scores are normalised; its length limit and repetition guard do not apply.
    """
    check_ids(targets)
    decoding = replace(decoding or DecodingConfig(), no_repeat_ngram=0)
    forced = [[*target, EOS] for target in targets]
    return _generate(model, source, lengths, decoding, _most_probable, forced, with_attention=False)


@np.errstate(invalid="ignore")
def next_tokens(
    model: SearchableModel, source: Array, prefix: Sequence[int], count: int
) -> list[tuple[int, float]]:
    """The `count` most probable tokens after `prefix`, best first, with their log-probabilities.

    EOS, the end of the sentence, is never one of them.  source: int64 [1, src_len] with its EOS.
    """
    check_ids([prefix])
    encoded = model.encode(source, None)
    state = model.initial_state(encoded)
    barred = (*SPECIAL, EOS)
    for token in [BOS, *prefix]:
        step = model.step(np.array([[token]]), state, encoded, count + len(barred), with_attention=False)
        state = step.state
    gains = log_probs(step.top, step.log_z[:, :, None])[0, 0].tolist()
    found = zip(step.ids[0, 0].tolist(), gains, strict=True)
    return [(token, gain) for token, gain in found if token not in barred and gain > NEVER][:count]


# (step, rules, t, rows [live], prefix_tokens [live, 1, t]) -> the logit and the token of each row, both [live, 1]
Choose = Callable[[Step, Rules, int, Array, Array], tuple[Array, Array]]


@np.errstate(invalid="ignore")
def _generate(
    model: SearchableModel,
    source: Array,
    lengths: Array | None,
    decoding: DecodingConfig,
    choose: Choose,
    prefix: Sequence[Sequence[int]] | None,
    with_attention: bool,
) -> list[Hypothesis]:
    """One hypothesis for each row, of the tokens that `choose` gives."""
    if not len(source):
        return []
    rules = Rules(source, lengths, decoding, prefix)
    coverage = Coverage(rules, decoding.coverage_penalty)
    history = History(rules, 1, with_attention)
    encoded = model.encode(source, lengths)
    state = model.initial_state(encoded)

    rows, longest = (
        np.arange(len(source)),
        rules.longest,
    )  # [live] rows of `source` that are not done, and limits
    tokens = np.full((len(source), 1), BOS, np.int64)  # [live, 1]
    origin = np.zeros_like(tokens)  # [live, 1] the only slot
    prefix_tokens = np.zeros((len(source), 1, 0), np.int64)  # [live, 1, t]
    scores: Array = np.zeros(tokens.shape, np.float32)  # [live, 1]
    result, result_at = np.full_like(scores, NEVER), np.full_like(tokens, -1)  # [batch, 1]

    for t in range(rules.steps):
        step = model.step(tokens, state, encoded, 1 + len(SPECIAL), with_attention or bool(coverage.weight))
        logits, tokens = choose(step, rules, t, rows, prefix_tokens)
        gains = log_probs(logits, step.log_z)
        history.record(t, rows, tokens, gains, origin, step.attention)
        scores = scores + gains
        ranks = scores / rules.norms[t + 1] + coverage.penalty(step.attention, origin)

        dead = scores == NEVER
        leaves = ((tokens == EOS) | dead)[:, 0] | (longest <= t + 1)
        state = step.state
        if leaves.any():
            result[rows[leaves]] = ranks[leaves]
            result_at[rows[leaves]] = np.where(dead, -1, t)[leaves]
            keep = np.flatnonzero(~leaves)
            if not len(keep):
                break
            rows, longest, tokens, scores, origin, prefix_tokens = (
                x[keep] for x in (rows, longest, tokens, scores, origin, prefix_tokens)
            )
            encoded, state = encoded.select(keep), state.reorder(keep, origin)
            coverage.reorder(keep, origin)
        if rules.ngram:
            prefix_tokens = np.concatenate([prefix_tokens, tokens[:, :, None]], axis=-1)
    return [hypotheses[0] for hypotheses in history.hypotheses(result, result_at)]


def _most_probable(
    step: Step, rules: Rules, t: int, rows: Array, prefix_tokens: Array
) -> tuple[Array, Array]:
    """The most probable token of each row; of equals the lowest id, as in `beam_search` with a beam of 1."""
    top, ids = rules.best(step, t, rows, prefix_tokens, 1)
    return top[:, :, 0], ids[:, :, 0]
