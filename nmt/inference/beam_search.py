"""Beam search: from a batch of source ids to the best target hypotheses of each row.

It works with any `SearchableModel`, on any device: a step of the model returns only the best few tokens of each
hypothesis, as NumPy arrays.  `nmt.inference.sampling` has greedy search, sampling, and the scoring of given targets.

The following holds for all these searches:

- A hypothesis is ranked by log p / length ** length_penalty + coverage penalty; the length counts EOS.
- PAD, UNK and BOS are never generated (a forced prefix may contain UNK).
- Log-probabilities are the model's own, over the whole vocabulary.  A constraint (special ids, n-gram blocking,
  forced prefix) excludes tokens and renormalises nothing, so that `sampling.score_target` gives the same numbers.
- The result of a row depends on that row alone, except in sampling, whose rows share one random generator.  A row
  whose search is finished leaves the batch.
- A hypothesis for which the model gives NaN is dropped.  A row without any other hypothesis gets an empty one,
  unfinished, with the score -inf.

The only loop is over time; each iteration is a few operations on arrays [rows, beam].
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from nmt.config import DecodingConfig
from nmt.errors import UserError
from nmt.inference.constraints import SPECIAL, Rules, check_ids, log_probs
from nmt.inference.hypotheses import BackPointers, Coverage, FinishedHypotheses, Hypothesis
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
    """The `n_best` best hypotheses of every row, best first; UserError for an `n_best` out of range.

    source   int64 [batch, src_len], each row with its EOS, padded with PAD
    lengths  int64 [batch]; None: nothing is padded
    prefix   for each row the ids that its hypotheses must begin with (may be empty)

    The hypotheses of a row are distinct and finished.  There are fewer than `n_best` if fewer finished by the maximum
    length; if none did, the row has one hypothesis, the best unfinished one.
    """
    if not 1 <= n_best <= decoding.beam:
        raise UserError(f"n-best is {n_best}: give a number from 1 to the beam size, {decoding.beam}")
    check_ids(prefix)
    return search(model, source, lengths, decoding, n_best, prefix, with_attention)


@np.errstate(invalid="ignore")  # for -inf - -inf, if the model gives infinite logits
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
    """The loop of all searches.  `choose` gives the tokens that may continue each hypothesis; the best of them make
    the next beam.

    A hypothesis that ends leaves the beam, which is then smaller by one (Sutskever et al. 2014, section 3.2).  The
    search of a row is finished after `beam` ends, at the maximum length, or as soon as no live hypothesis can become
    one of the `n_best`.
    """
    if not len(source):
        return []
    batch, beam = len(source), decoding.beam
    rules = Rules(source, lengths, decoding, prefix)
    coverage = Coverage(rules, decoding.coverage_penalty)
    history, finished = BackPointers(rules, beam, with_attention), FinishedHypotheses(batch, n_best)
    with_weights = with_attention or bool(coverage.weight)
    encoded = model.encode(source, lengths)
    state = model.initial_state(encoded)

    # The live batch: `live` rows, each with `width` slots for hypotheses, 1 at first, then up to the beam.
    rows, longest = np.arange(batch), rules.longest  # [live] the row of `source`, and its maximum length
    shortest = longest.min()
    tokens = np.full((batch, 1), BOS, np.int64)  # [live, width]
    prefix_tokens = np.zeros((batch, 1, 0), np.int64)  # [live, width, t] those before, for n-gram blocking
    scores: Array = np.zeros((batch, 1), np.float32)  # [live, width] log p; -inf where a slot is empty
    open_slots: Array = np.full((batch, 1), beam)  # [live, 1] the number of hypotheses that may still end
    width = beam

    for t in range(rules.steps):
        step = model.step(tokens, state, encoded, beam + len(SPECIAL), with_weights)
        logits, ids = choose(rules, step, t, rows, prefix_tokens, beam)
        token_scores = log_probs(logits, step.log_z[:, :, None])
        scores, token_scores, tokens, parents = _extend(scores, token_scores, ids, width)
        history.record(t, rows, tokens, token_scores, parents, step.attention)
        slots = np.arange(tokens.shape[1])
        at = t * beam + slots  # [width] their places in `history`
        if finished.any:
            scores = np.where(slots < open_slots, scores, NEVER)
        penalty = coverage.penalty(step.attention, parents)

        # A hypothesis that ends leaves the beam, and closes its slot.
        ends = tokens == EOS
        if ends.any():
            ends &= scores > NEVER
            finished.add(rows, np.where(ends, scores / rules.norms[t + 1] + penalty, NEVER), at)
            scores = np.where(ends, NEVER, scores)
            open_slots = open_slots - ends.sum(axis=1, keepdims=True)
            width = int(open_slots.max())

        # A row whose search is finished leaves the batch.
        keep = np.arange(len(rows))
        if finished.any or t + 1 >= shortest:  # before that, no row is
            attainable = best_attainable(scores.max(axis=1), rules.norms[t + 2], rules.norms[longest])
            leaves = (finished.worst(rows) >= attainable) | (longest <= t + 1)
            if leaves.any():
                keep = np.flatnonzero(~leaves)
                finished.add_unfinished(rows[leaves], (scores / rules.norms[t + 1] + penalty)[leaves], at)
                if not len(keep):
                    break
                rows, longest, scores, tokens, parents, open_slots = (
                    x[keep] for x in (rows, longest, scores, tokens, parents, open_slots)
                )
                encoded = encoded.select(keep)

        state = step.state.reorder(keep, parents)
        coverage.reorder(keep, parents)
        if rules.ngram:
            before = prefix_tokens[keep[:, None], parents]
            prefix_tokens = np.concatenate([before, tokens[:, :, None]], axis=-1)
    return history.hypotheses(finished.ranks, finished.at)


def _extend(scores: Array, token_scores: Array, ids: Array, width: int) -> tuple[Array, Array, Array, Array]:
    """The `width` best continuations of each row, best first; an empty slot has the score -inf.

    scores        [live, slots]: log p so far
    token_scores  [live, slots, choices]: log p of the new tokens `ids`
    -> four arrays [live, up to width]: the new log p, that of the new token, the token, and the slot of its parent

    The `beam` best continuations of a row are among the `beam` best of each slot.  Ties must be broken in the same way
    in every batch, so the sort is stable and the number of choices is always the same.
    """
    live, slots, choices = ids.shape
    totals = (scores[:, :, None] + token_scores).reshape(live, slots * choices)
    flat = order = (-totals).argsort(axis=1, kind="stable")[:, :width]
    if live > 1:  # indices into the choices of the whole batch
        flat = order + (np.arange(live) * (slots * choices))[:, None]
    return totals.take(flat), token_scores.take(flat), ids.take(flat), order // choices


def best_attainable(scores: Array, next_norm: Array, longest_norm: Array) -> Array:
    """An upper bound on the rank of every live hypothesis of a row when it ends; [live].

    scores        [live]: the log p of the best live hypothesis (-inf: there is none)
    next_norm     length ** length_penalty of the shortest end that is still possible
    longest_norm  [live]: the same of the longest

    Proof.  Log-probabilities are at most 0, so that log p only falls as a hypothesis grows: a hypothesis with log p = s
    ends with a log p of at most s <= 0, at a length n between the two.  The coverage penalty is at most 0 (its weight
    is not negative, and its logarithms are of numbers up to 1), so that the rank is at most s / n ** a.  This bound is
    monotonic in n, rising for a >= 0 and falling for a < 0, so that it is greatest at one of the two lengths, and it
    rises with s, so that the best live s bounds all.  Rounding keeps these inequalities, since floating-point sums,
    quotients and powers are monotonic.  `Rules` and closed slots only remove hypotheses.  A length penalty that is not
    monotonic in the length would break this proof, and with it the early stop.

    When the n-th best finished hypothesis ranks at least as high as the bound, no later one ranks above it, and one of
    equal rank would be sorted after it.  So the n best are final, in their order.
    """
    return np.maximum(scores / next_norm, scores / longest_norm)
