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

from collections.abc import Sequence

import numpy as np

from nmt.config import DecodingConfig
from nmt.errors import UserError
from nmt.inference.constraints import SPECIAL, Rules, check_ids, log_probs
from nmt.inference.hypotheses import Coverage, Ended, History, Hypothesis
from nmt.inference.model_interface import NEVER, Array, SearchableModel
from nmt.text.tokenizer import BOS, EOS


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

    source   int64 [batch, src_len], each row with its EOS, filled up with PAD
    lengths  int64 [batch]; None: nothing is padded
    prefix   for each row the ids that its hypotheses must begin with (may be empty)

    A row's hypotheses differ and are all finished.  They are fewer than `n_best` if no more finished by the
    maximum length; if none did, the best unfinished one is the row's only one.

    A hypothesis that ends is taken out of the beam, with its slot (Sutskever et al. 2014, section 3.2): the
    search of a row is over after `beam` ends, at the maximum length, or as soon as no live hypothesis can
    enter the `n_best` any more.
    """
    if not 1 <= n_best <= decoding.beam:
        raise UserError(f"n-best is {n_best}: give a number from 1 to the beam size, {decoding.beam}")
    check_ids(prefix)
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
    rows = all_rows = np.arange(batch)  # [live] the row of `source` that each one is; [live] 0, 1, 2, ...
    longest, longest_norm = rules.longest, rules.norms[rules.longest]  # [live]
    shortest_limit = longest.min()
    tokens = np.full((batch, 1), BOS, np.int64)  # [live, width]
    prefix_tokens = np.zeros(
        (batch, 1, 0), np.int64
    )  # [live, width, t] all tokens so far, for the repetition guard
    scores = np.zeros((batch, 1), np.float32)  # [live, width] log p; -inf where a slot is empty
    open_slots = np.full((batch, 1), beam)  # [live, 1] hypotheses of the row that may still end
    width, uneven = beam, False  # the most open slots of a row; whether some row has fewer

    for t in range(rules.steps):
        with_weights = with_attention or bool(coverage.weight)
        step = model.step(tokens, state, encoded, beam + len(SPECIAL), with_weights)
        top, ids = rules.best(step, t, rows, prefix_tokens, beam)
        scores, gains, tokens, origin = _extend(scores, log_probs(top, step.log_z[:, :, None]), ids, width)
        history.record(t, rows, tokens, gains, origin, step.attention)
        penalty = coverage.penalty(step.attention, origin)
        at = np.arange(
            t * beam, t * beam + tokens.shape[1]
        )  # [width] where a hypothesis of this step is in `history`
        if uneven:
            scores = np.where(np.arange(len(at)) >= open_slots, NEVER, scores)

        # Hypotheses that end leave the beam, and close their slots.
        ends = tokens == EOS
        ending = ends.any()
        if ending:
            ends &= scores > NEVER
            ended.add(np.where(ends, scores / rules.norms[t + 1] + penalty, NEVER), at)
            scores = np.where(ends, NEVER, scores)
            open_slots = open_slots - ends.sum(axis=1, keepdims=True)

        # Rows that are done leave the batch.
        keep, leaving = all_rows, False
        best = scores.max(axis=1)
        if ended.complete or shortest_limit <= t + 1 or best.min() == NEVER:  # before that, no row is done
            attainable = _best_attainable(best, rules.norms[t + 2], longest_norm)
            leaves = (ended.worst() >= attainable) | (longest <= t + 1)
            leaving = bool(leaves.any())
        if leaving:
            keep = np.flatnonzero(~leaves)
            ended.close(rows, leaves, scores / rules.norms[t + 1] + penalty, at)
            if not len(keep):
                break
            rows, longest, longest_norm = rows[keep], longest[keep], longest_norm[keep]
            scores, tokens, origin, open_slots = scores[keep], tokens[keep], origin[keep], open_slots[keep]
            encoded, all_rows, shortest_limit = encoded.select(keep), all_rows[: len(keep)], longest.min()

        if ending or leaving:
            width = int(open_slots.max())
            uneven = int(open_slots.min()) < width
        state = step.state.reorder(keep, origin)
        coverage.reorder(keep, origin)
        if rules.ngram:
            prefix_tokens = np.concatenate(
                [prefix_tokens[keep[:, None], origin], tokens[:, :, None]], axis=-1
            )
    return history.hypotheses(ended.result, ended.result_at)


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


def _best_attainable(scores: Array, next_norm: Array, longest_norm: Array) -> Array:
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
