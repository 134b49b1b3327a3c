"""From a batch of source ids to target hypotheses: greedy, beam search, sampling, scoring of given targets.

Works over any model with `encode()`, `initial_state()` and `step()` (see `SearchableModel`), wherever that
runs: what a step gives the search is small, the best few tokens of each hypothesis, as numpy arrays.  Knows
ids only: text and batching by length are `nmt.sentence_search`'s.

What all searches here keep to:

- A hypothesis is ranked by log p / length ** length_penalty + coverage penalty; the length counts EOS.
- PAD, UNK and BOS are never generated (UNK may stand in a forced prefix).
- Log-probabilities are the model's own, over the whole vocabulary: a ban (special ids, repetition guard,
  forced prefix) takes a choice away and renormalises nothing.  So `score_target` gives the same numbers.
- A row's result depends on that row alone (but for sampling, whose rows share one generator); a row that is
  done leaves the batch.
- Where a model gives NaN, the hypothesis dies.  A row with no other hypothesis gets an empty one, unfinished,
  with the score -inf.

The only loop is over time; each turn is a few operations on `[rows, beam]` arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from nmt.config import DecodingConfig
from nmt.errors import UserError
from nmt.search_rules import NEVER, SPECIAL, Array, Rules, Step
from nmt.search_state import Coverage, Ended, History, Hypothesis
from nmt.text.tokenizer import BOS, EOS, PAD


class SearchableModel(Protocol):
    """What a search needs of a model.  `encoded` and `state` are the model's own affair, but for

    encoded.select(rows)        the sentences `rows`, int64 [new_batch]
    state.reorder(rows, beams)  new[i, j] = old[rows[i], beams[i, j]]; beams int64 [new_batch, new_beam]
    """

    def encode(self, source: Array, lengths: Array | None = None) -> Any:
        """source int64 [batch, src_len], lengths int64 [batch] or None: nothing is padded"""

    def initial_state(self, encoded: Any) -> Any:
        """The state before the first token, one slot a sentence."""

    def step(self, tokens: Array, state: Any, encoded: Any, count: int, with_attention: bool) -> Step:
        """tokens int64 [live, width]; the Step has the `count` best logits, or all if they are fewer"""


@np.errstate(invalid="ignore")  # -inf less -inf, where a model gives it
def beam_search(
    model: SearchableModel,
    source: Array,
    lengths: Array | None,
    decoding: DecodingConfig,
    n_best: int = 1,
    prefix: Sequence[Sequence[int]] | None = None,
    with_attention: bool = False,
) -> list[list[Hypothesis]]:
    """The `n_best` best hypotheses of every row, best first; UserError on settings that make no sense.

    source          int64 [batch, src_len], each row with its EOS, filled up with PAD
    lengths         int64 [batch]; None: nothing is padded
    prefix          for each row the ids that its hypotheses must begin with (may be empty)

    A row's hypotheses differ and are all finished.  They are fewer than `n_best` if no more finished by the
    maximum length; if none did, the best unfinished one is the row's only one.

    A hypothesis that ends is taken out of the beam (Sutskever et al. 2014, section 3.2), with its place: the
    search of a row is over after `beam` ends, at the maximum length, or as soon as no live hypothesis can
    enter the `n_best` any more.
    """
    if not 1 <= n_best <= decoding.beam:
        raise UserError(f"n-best is {n_best}: give a number from 1 to the beam size, {decoding.beam}")
    _check_ids(prefix)
    if not len(source):
        return []
    batch, beam = len(source), decoding.beam
    rules = Rules(source, lengths, decoding, prefix)
    coverage = Coverage(rules, decoding.coverage_penalty)
    history = History(rules, beam, with_attention)
    ended = Ended(batch, n_best)
    encoded = model.encode(source, lengths)
    state = model.initial_state(encoded)

    # The batch as it is now: `live` rows, each with `width` slots: 1 at first, then up to the beam.
    rows = everyone = np.arange(batch)  # [live] the row of `source` that each one is
    longest, last_norm = rules.longest, rules.norms[rules.longest]  # [live]
    shortest = longest.min()
    tokens = np.full((batch, 1), BOS, np.int64)  # [live, width]
    # [live, width, t] all tokens so far, for the repetition guard
    written = np.zeros((batch, 1, 0), np.int64)
    scores = np.zeros((batch, 1), np.float32)  # [live, width] log p; -inf where a slot is empty
    places = np.full((batch, 1), beam)  # [live, 1] hypotheses that may still end
    width, crowded = beam, False  # of slots that `_extend` fills; whether some row has fewer places

    for t in range(rules.steps):
        step = model.step(
            tokens, state, encoded, beam + len(SPECIAL), with_attention or bool(coverage.weight)
        )
        top, ids = rules.best(step, t, rows, written, beam)
        scores, gains, tokens, origin = _extend(scores, _gain(top, step.log_z[:, :, None]), ids, width)
        history.record(t, rows, tokens, gains, origin, step.attention)

        penalty = coverage.penalty(step.attention, origin)
        at = np.arange(t * beam, t * beam + tokens.shape[1])
        if crowded:
            scores = np.where(np.arange(len(at)) >= places, NEVER, scores)
        ends = tokens == EOS
        ending = ends.any()
        if ending:
            ends &= scores > NEVER
            ended.add(np.where(ends, scores / rules.norms[t + 1] + penalty, NEVER), at)
            scores = np.where(ends, NEVER, scores)
            places = places - ends.sum(axis=1, keepdims=True)

        keep, leaving = everyone, False
        best = scores.max(axis=1)
        if ended.complete or shortest <= t + 1 or best.min() == NEVER:  # before that, no row is done
            attainable = _best_attainable(best, rules.norms[t + 2], last_norm)
            leaves = (ended.worst() >= attainable) | (longest <= t + 1)
            leaving = bool(leaves.any())
        if leaving:
            keep = np.flatnonzero(~leaves)
            ended.close(rows, leaves, scores / rules.norms[t + 1] + penalty, at)
            if not len(keep):
                break
            rows, longest, last_norm = rows[keep], longest[keep], last_norm[keep]
            scores, tokens, origin, places = scores[keep], tokens[keep], origin[keep], places[keep]
            encoded, everyone, shortest = encoded.select(keep), everyone[: len(keep)], longest.min()
        if ending or leaving:
            width = int(places.max())
            crowded = int(places.min()) < width
        state = step.state.reorder(keep, origin)
        coverage.reorder(keep, origin)
        if rules.ngram:
            written = np.concatenate([written[keep[:, None], origin], tokens[:, :, None]], axis=-1)
    return history.hypotheses(ended.result, ended.result_at)


def greedy_search(
    model: SearchableModel,
    source: Array,
    lengths: Array | None,
    decoding: DecodingConfig,
    prefix: Sequence[Sequence[int]] | None = None,
    with_attention: bool = False,
) -> list[Hypothesis]:
    """The most probable token at every step: what `beam_search` gives with a beam of 1, for less work."""
    _check_ids(prefix)
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

    temperature     at least 0, which is greedy search
    top_k           draw from the so many most probable tokens only (0: from all)
    top_p           draw from the most probable tokens that together reach this probability (Holtzman et al.
                    2020, section 3.1)

    Scores are the model's own log-probabilities, whatever the temperature.
    """
    _check_ids(prefix)
    if not 0 <= temperature < float("inf"):
        raise UserError(f"temperature is {temperature}: a number of at least 0 is needed")
    if top_k < 0:
        raise UserError(f"top_k is {top_k}: at least 0 is needed (0: no limit)")
    if not 0 < top_p <= 1:
        raise UserError(f"top_p is {top_p}: a probability above 0 and up to 1 is needed")

    random = generator or np.random.default_rng()

    def draw(step: Step, rules: Rules, t: int, rows: Array, written: Array) -> tuple[Array, Array]:
        logits = rules.allowed(step, t, rows, written).astype(np.float64)
        # With the maximum at 0, a temperature near 0 can overflow to -inf only, and never the best token.
        with np.errstate(over="ignore"):
            scaled = (logits - logits.max(axis=-1, keepdims=True)) / temperature
        if 0 < top_k < scaled.shape[-1]:
            smallest = np.partition(scaled, -top_k, axis=-1)[:, -top_k, None]
            scaled[scaled < smallest] = NEVER
        if top_p < 1:
            order = np.argsort(-scaled, axis=-1, kind="stable")
            share = np.exp(np.take_along_axis(scaled, order, -1))
            share /= share.sum(axis=-1, keepdims=True)
            before = share.cumsum(axis=-1) - share  # the probability of all better tokens
            before[:, 0] = 0.0
            np.put_along_axis(
                scaled,
                order,
                np.where(before >= top_p, NEVER, 0.0) + np.take_along_axis(scaled, order, -1),
                -1,
            )
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
    """The given target of each row (ids without BOS and EOS) as if the search had found it: same numbers.

    `decoding` sets how scores are normalised; its length limit and repetition guard do not apply.
    """
    _check_ids(targets)
    decoding = replace(decoding or DecodingConfig(), no_repeat_ngram=0)
    forced = [[*target, EOS] for target in targets]
    return _generate(model, source, lengths, decoding, _most_probable, forced, with_attention=False)


@np.errstate(invalid="ignore")
def next_tokens(
    model: SearchableModel, source: Array, prefix: Sequence[int], count: int
) -> list[tuple[int, float]]:
    """The `count` most probable tokens after `prefix`, best first, with their log-probabilities; EOS, as the end
    of the sentence, is never one of them.  source int64 [1, src_len] with its EOS.
    """
    _check_ids([prefix])
    encoded = model.encode(source, None)
    state = model.initial_state(encoded)
    barred = (*SPECIAL, EOS)
    for token in [BOS, *prefix]:
        step = model.step(np.array([[token]]), state, encoded, count + len(barred), with_attention=False)
        state = step.state
    gains = _gain(step.top, step.log_z[:, :, None])[0, 0].tolist()
    found = zip(step.ids[0, 0].tolist(), gains, strict=True)
    return [(token, gain) for token, gain in found if token not in barred and gain > NEVER][:count]


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
    """One hypothesis for each row; `choose` gives the logit and the token of each, both [live, 1]."""
    if not len(source):
        return []
    rules = Rules(source, lengths, decoding, prefix)
    coverage = Coverage(rules, decoding.coverage_penalty)
    history = History(rules, 1, with_attention)
    encoded = model.encode(source, lengths)
    state = model.initial_state(encoded)

    rows = everyone = np.arange(len(source))  # [live] rows of `source` not yet done
    longest = rules.longest
    tokens = np.full((len(source), 1), BOS, np.int64)
    origin = np.zeros_like(tokens)  # [live, 1] the only slot
    written = np.zeros((len(source), 1, 0), np.int64)
    scores: Array = np.zeros(tokens.shape, np.float32)
    result, result_at = np.full_like(scores, NEVER), np.full_like(tokens, -1)

    for t in range(rules.steps):
        step = model.step(tokens, state, encoded, 1 + len(SPECIAL), with_attention or bool(coverage.weight))
        logits, tokens = choose(step, rules, t, rows, written)
        gains = _gain(logits, step.log_z)
        history.record(t, rows, tokens, gains, origin, step.attention)
        scores = scores + gains
        ranks = scores / rules.norms[t + 1] + coverage.penalty(step.attention, origin)

        dead = scores == NEVER
        leaves = ((tokens == EOS) | dead)[:, 0] | (longest <= t + 1)
        keep = everyone
        if leaves.any():
            result[rows[leaves]] = ranks[leaves]
            result_at[rows[leaves]] = np.where(dead, -1, t)[leaves]
            keep = np.flatnonzero(~leaves)
            if not len(keep):
                break
            rows, longest, tokens, scores, origin = (x[keep] for x in (rows, longest, tokens, scores, origin))
            encoded, everyone = encoded.select(keep), everyone[: len(keep)]
        state = step.state.reorder(keep, origin) if leaves.any() else step.state
        if leaves.any():
            coverage.reorder(keep, origin)
        if rules.ngram:
            written = np.concatenate([written[keep], tokens[:, :, None]], axis=-1)
    return [hypotheses[0] for hypotheses in history.hypotheses(result, result_at)]


def _extend(scores: Array, gains: Array, ids: Array, width: int) -> tuple[Array, Array, Array, Array]:
    """The `width` best continuations of each row, best first; an empty one has the score -inf.

    scores [live, slots], gains and ids [live, slots, choices]: log-probabilities of the new tokens, and these
    -> four [live, up to width]: the new scores, the gain, the token, and the slot that it continues (origin).
    A row's `beam` best are among the `beam` best of each slot.  All ties must fall alike in every batch: the
    sort is stable, and there are always as many choices.
    """
    live, slots, choices = ids.shape
    ranked = (scores[:, :, None] + gains).reshape(live, slots * choices)
    places = order = (-ranked).argsort(axis=1, kind="stable")[:, :width]
    if live > 1:
        places = order + (np.arange(live) * (slots * choices))[:, None]  # in all of the batch's choices
    return ranked.take(places), gains.take(places), ids.take(places), order // choices


def _gain(logits: Array, log_z: Array) -> Array:
    """Log-probabilities, at most 0 in spite of rounding; -inf for what is no number."""
    gains: Array = logits - log_z
    if not gains.max() <= 0:  # seldom; of NaN and anything else the maximum is NaN
        gains[np.isnan(gains)] = NEVER
        gains.clip(max=0.0, out=gains)
    return gains


def _most_probable(step: Step, rules: Rules, t: int, rows: Array, written: Array) -> tuple[Array, Array]:
    """Of equals the lowest id, as in `beam_search` with a beam of 1."""
    top, ids = rules.best(step, t, rows, written, 1)
    return top[:, :, 0], ids[:, :, 0]


def _best_attainable(scores: Array, next_norm: Array, longest_norm: Array) -> Array:
    """No live hypothesis of a row can end with a better rank than this; all [live].

    scores: the best log p alive (-inf: nothing is); norms: length ** length_penalty of the shortest and of
    the longest end that is still possible.

    Proof.  Log-probabilities are at most 0, so log p only falls as a hypothesis grows: one with s now ends
    with some log p <= s <= 0, at a length n between the two.  The coverage penalty is at most 0 (its weight
    is not negative, its logarithms are of numbers up to 1), so its rank is at most s / n ** a.  That is
    monotonic in n, rising for a >= 0 and falling for a < 0: one of the two lengths bounds it.  It rises with
    s: the best s alive bounds all.  Rounding breaks nothing, for float sums, quotients and powers are
    monotonic too; and `Rules` and the narrowing beam only take hypotheses away.

    So when the n-th best ended hypothesis ranks at least as high, no later one ranks above it; one of equal
    rank would come after it, since among equals the earlier end is ahead.  The n best are final, in order.
    """
    return np.maximum(scores / next_norm, scores / longest_norm)


def _check_ids(given: Sequence[Sequence[int]] | None) -> None:
    for row, ids in enumerate(given or ()):
        wrong = [i for i in ids if i < 0 or i in (PAD, BOS, EOS)]
        if wrong:
            raise ValueError(f"prefix or target of row {row} has ids that no sentence contains: {wrong}")
