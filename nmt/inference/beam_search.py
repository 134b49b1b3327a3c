"""Beam search: from a batch of source ids to the best target hypotheses of each row.

It works over any `SearchableModel`, wherever that runs: what a step hands over is small, the best few tokens of each
hypothesis, as numpy arrays.  It knows ids only; `nmt.inference.sampling` has greedy search, sampling, and the scoring
of given targets.

What all these searches keep to:

- A hypothesis is ranked by log p / length ** length_penalty + coverage penalty; the length counts EOS.
- PAD, UNK and BOS are never generated (UNK may stand in a forced prefix).
- Log-probabilities are the model's own, over the whole vocabulary: a constraint (special ids, repetition guard,
  forced prefix) takes a choice away and renormalises nothing.  So `sampling.score_target` gives the same numbers.
- A row's result depends on that row alone (but for sampling, whose rows share one generator); a row that is
  done leaves the batch.
- Where a model gives NaN, the hypothesis dies.  A row with no other hypothesis gets an empty one, unfinished,
  with the score -inf.

The only loop is over time; each turn is a few operations on `[rows, beam]` arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from nmt.config import DecodingConfig
from nmt.errors import UserError
from nmt.inference.constraints import SPECIAL, Rules, check_ids, log_probs
from nmt.inference.hypotheses import Coverage, Ended, History, Hypothesis
from nmt.inference.model_interface import NEVER, Array, SearchableModel, Step
from nmt.text.tokenizer import BOS, EOS

# (rules, step, t, rows [live], prefix_tokens [live, width, t], n) -> logits and tokens, both [live, width, up to n]
Choose = Callable[[Rules, Step, int, Array, Array, int], tuple[Array, Array]]


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

    source   int64 [batch, src_len], each row with its EOS, filled up with PAD
    lengths  int64 [batch]; None: nothing is padded
    prefix   for each row the ids that its hypotheses must begin with (may be empty)

    A row's hypotheses differ and are all finished.  They are fewer than `n_best` if no more finished by the
    maximum length; if none did, the best unfinished one is the row's only one.
    """
    if not 1 <= n_best <= decoding.beam:
        raise UserError(f"n-best is {n_best}: give a number from 1 to the beam size, {decoding.beam}")
    check_ids(prefix)
    return search(model, source, lengths, decoding, n_best, prefix, with_attention)


@np.errstate(invalid="ignore")  # -inf less -inf, where a model gives it
def search(
    model: SearchableModel,
    source: Array,
    lengths: Array | None,
    decoding: DecodingConfig,
    n_best: int,
    prefix: Sequence[Sequence[int]] | None,
    with_attention: bool,
    choose: Choose = Rules.best,
) -> list[list[Hypothesis]]:
    """The loop of all searches.  `choose` gives the tokens that each hypothesis may go on with; the beam is made of
    the best of them.

    A hypothesis that ends is taken out of the beam, with its slot (Sutskever et al. 2014, section 3.2): the
    search of a row is over after `beam` ends, at the maximum length, or as soon as no live hypothesis can
    enter the `n_best` any more.
    """
    if not len(source):
        return []
    batch, beam = len(source), decoding.beam
    rules = Rules(source, lengths, decoding, prefix)
    coverage = Coverage(rules, decoding.coverage_penalty)
    history, ended = History(rules, beam, with_attention), Ended(batch, n_best)
    with_weights = with_attention or bool(coverage.weight)
    encoded = model.encode(source, lengths)
    state = model.initial_state(encoded)

    # The batch as it is now: `live` rows, each with `width` slots: 1 at first, then up to the beam.
    rows, longest = np.arange(batch), rules.longest  # [live] each one's row of `source`, and its limit
    tokens = np.full((batch, 1), BOS, np.int64)  # [live, width]
    prefix_tokens = np.zeros((batch, 1, 0), np.int64)  # [live, width, t] those before, if anyone asks
    scores: Array = np.zeros((batch, 1), np.float32)  # [live, width] log p; -inf where a slot is empty
    open_slots: Array = np.full((batch, 1), beam)  # [live, 1] hypotheses of the row that may still end

    for t in range(rules.steps):
        step = model.step(tokens, state, encoded, beam + len(SPECIAL), with_weights)
        logits, ids = choose(rules, step, t, rows, prefix_tokens, beam)
        gains = log_probs(logits, step.log_z[:, :, None])
        scores, gains, tokens, origin = _extend(scores, gains, ids, int(open_slots.max()))
        history.record(t, rows, tokens, gains, origin, step.attention)
        slots = np.arange(tokens.shape[1])
        at = t * beam + slots  # [width] where `history` has them
        scores = np.where(slots < open_slots, scores, NEVER)
        ranks = scores / rules.norms[t + 1] + coverage.penalty(step.attention, origin)

        # A hypothesis that ends leaves the beam, and closes its slot.
        ends = (tokens == EOS) & (scores > NEVER)
        if ends.any():
            ended.add(rows, np.where(ends, ranks, NEVER), at)
            scores, ranks = np.where(ends, NEVER, scores), np.where(ends, NEVER, ranks)
            open_slots = open_slots - ends.sum(axis=1, keepdims=True)

        # A row that is done leaves the batch.
        attainable = best_attainable(scores.max(axis=1), rules.norms[t + 2], rules.norms[longest])
        leaves = (ended.worst(rows) >= attainable) | (longest <= t + 1)
        keep = np.flatnonzero(~leaves)
        if leaves.any():
            ended.stand_in(rows[leaves], ranks[leaves], at)
            if not len(keep):
                break
            rows, longest, scores, tokens, origin, open_slots = (
                x[keep] for x in (rows, longest, scores, tokens, origin, open_slots)
            )
            encoded = encoded.select(keep)

        state = step.state.reorder(keep, origin)
        coverage.reorder(keep, origin)
        if rules.ngram:
            before = prefix_tokens[keep[:, None], origin]
            prefix_tokens = np.concatenate([before, tokens[:, :, None]], axis=-1)
    return history.hypotheses(ended.ranks, ended.at)


def _extend(scores: Array, gains: Array, ids: Array, width: int) -> tuple[Array, Array, Array, Array]:
    """The `width` best continuations of each row, best first; an empty one has the score -inf.

    scores  [live, slots]: log p so far
    gains   [live, slots, choices]: log p of the new tokens `ids`
    -> four arrays [live, up to width]: the new scores, the gain, the token, and the slot that it continues (origin)

    A row's `beam` best are among the `beam` best of each slot.  All ties must fall alike in every batch: the
    sort is stable, and there are always as many choices.
    """
    live, slots, choices = ids.shape
    ranked = (scores[:, :, None] + gains).reshape(live, slots * choices)
    flat = order = (-ranked).argsort(axis=1, kind="stable")[:, :width]
    if live > 1:
        flat = (
            order + (np.arange(live) * (slots * choices))[:, None]
        )  # as indices into the whole batch's choices
    return ranked.take(flat), gains.take(flat), ids.take(flat), order // choices


def best_attainable(scores: Array, next_norm: Array, longest_norm: Array) -> Array:
    """The rank that no live hypothesis of a row can exceed when it ends; [live].

    scores        [live]: the best log p alive (-inf: nothing is)
    next_norm     length ** length_penalty of the shortest end that is still possible
    longest_norm  [live]: the same of the longest

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
