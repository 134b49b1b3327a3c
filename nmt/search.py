"""From a batch of source ids to target hypotheses: greedy, beam search, sampling, scoring of given targets.

Works over any model with `encode()`, `initial_state()` and `step()` (see `SearchableModel`).  Knows ids only:
text, sentence splitting and batching by length are `nmt.translator`'s.

What all searches here keep to:

- A hypothesis is ranked by log p / length ** length_penalty + coverage penalty; the length counts EOS.
- PAD, UNK and BOS are never generated (UNK may stand in a forced prefix).
- Log-probabilities are the model's own, over the whole vocabulary: a ban (special ids, repetition guard,
  forced prefix) takes a choice away and renormalises nothing.  So `score_target` gives the same numbers.
- A row's result depends on that row alone (but for sampling, whose rows share one generator); a row that is
  done leaves the batch.
- Where a model gives NaN, the hypothesis dies.  A row with no other hypothesis gets an empty one, unfinished,
  with the score -inf.

The only loop is over time; each turn is a few operations on `[rows, beam]` tensors.  A device is waited
for once a turn, and once more by the repetition guard.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

import torch
from torch import Tensor

from nmt.config import DecodingConfig
from nmt.errors import UserError
from nmt.search_rules import NEVER, Rules
from nmt.search_state import Coverage, Ended, History, Hypothesis
from nmt.tokenizer import BOS, EOS, PAD


class SearchableModel(Protocol):
    """What a search needs of a model; the shapes are in `nmt.model.Seq2Seq`.

    The logits of a step are the search's own: it writes into them.
    """

    def encode(self, source: Tensor, lengths: Tensor | None = None) -> Any: ...

    def initial_state(self, encoded: Any, beam: int = 1) -> Any: ...

    def step(self, tokens: Tensor, state: Any, encoded: Any) -> Any: ...


@torch.inference_mode()
def beam_search(
    model: SearchableModel,
    source: Tensor,
    lengths: Tensor | None,
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
    ended = Ended(batch, n_best, source.device)
    encoded = model.encode(source, lengths)
    state = model.initial_state(encoded)

    # The batch as it is now: `live` rows, each with `width` slots: 1 at first, then up to the beam.
    rows = everyone = torch.arange(batch, device=source.device)  # [live] the row of `source` that each one is
    longest = rules.longest  # [live]
    tokens = torch.full_like(source[:, :1], BOS)  # [live, width]
    written = tokens[:, :, None][:, :, :0]  # [live, width, t] all tokens so far, for the repetition guard
    scores = torch.zeros_like(tokens, dtype=torch.float32)  # [live, width] log p; -inf where a slot is empty
    places = torch.full_like(tokens, beam)  # [live, 1] hypotheses that may still end
    slots = torch.arange(beam, device=source.device)
    width = beam

    for t in range(rules.steps):
        step = model.step(tokens, state, encoded)
        logits = step.logits.float()
        log_z = logits.logsumexp(dim=-1)
        rules.ban(logits, t, rows, written)
        scores, gains, tokens, origin = _extend(scores, logits, log_z, beam, width)
        history.record(t, rows, tokens, gains, origin, step.attention)

        slot = slots[: tokens.size(1)]
        at = (t * beam + slot).expand_as(tokens)
        scores = scores.masked_fill(slot >= places, NEVER)
        ranks = scores / rules.norms[t + 1] + coverage.penalty(step.attention, origin)
        ends = (tokens == EOS) & (scores > NEVER)
        ended.add(ranks.masked_fill(~ends, NEVER), at)
        scores = scores.masked_fill(ends, NEVER)
        places = places - ends.sum(dim=1, keepdim=True)

        attainable = _best_attainable(scores.amax(dim=1), rules.norms[t + 2], rules.norms[longest])
        leaves = (ended.worst() >= attainable) | (longest <= t + 1)
        some_leave, width = torch.stack((leaves.any().long(), places.max())).tolist()  # the wait
        keep = everyone
        if some_leave:
            keep = (~leaves).nonzero().squeeze(1)
            ended.close(rows, leaves, ranks, at)
            if not len(keep):
                break
            rows, longest, scores = rows[keep], longest[keep], scores[keep]
            tokens, origin, places = tokens[keep], origin[keep], places[keep]
            encoded, everyone = encoded.select(keep), everyone[: len(keep)]
        state = step.state.reorder(keep, origin)
        coverage.reorder(keep, origin)
        if rules.ngram:
            written = torch.cat([written[keep[:, None], origin], tokens[:, :, None]], dim=-1)
    return history.hypotheses(ended.result, ended.result_at)


def greedy_search(
    model: SearchableModel,
    source: Tensor,
    lengths: Tensor | None,
    decoding: DecodingConfig,
    prefix: Sequence[Sequence[int]] | None = None,
    with_attention: bool = False,
) -> list[Hypothesis]:
    """The most probable token at every step: what `beam_search` gives with a beam of 1, for less work."""
    _check_ids(prefix)
    return _generate(model, source, lengths, decoding, _most_probable, prefix, with_attention)


def sample(
    model: SearchableModel,
    source: Tensor,
    lengths: Tensor | None,
    decoding: DecodingConfig,
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
    generator: torch.Generator | None = None,
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

    def draw(logits: Tensor) -> Tensor:
        # With the maximum at 0, a temperature near 0 can overflow to -inf only, and never the best token.
        scaled = (logits - logits.amax(dim=-1, keepdim=True)) / temperature
        if 0 < top_k < scaled.size(-1):
            smallest = scaled.topk(top_k, dim=-1).values[..., -1:]
            scaled = scaled.masked_fill(scaled < smallest, NEVER)
        if top_p < 1:
            ranked, order = scaled.sort(dim=-1, descending=True, stable=True)
            share = ranked.softmax(dim=-1)
            before = share.cumsum(dim=-1) - share  # the probability of all better tokens
            before[..., 0] = 0.0
            scaled = scaled.scatter(-1, order, ranked.masked_fill(before >= top_p, NEVER))
        # The Gumbel-max trick: the argmax of log p - log E, E exponentially distributed, is a draw from p.
        noise = torch.empty_like(scaled).exponential_(generator=generator)
        noise.clamp_(min=torch.finfo(noise.dtype).tiny)  # 0 would choose its token whatever the probability
        return _most_probable(scaled - noise.log())

    choose = draw if temperature > 0 else _most_probable
    return _generate(model, source, lengths, decoding, choose, prefix, with_attention=False)


def score_target(
    model: SearchableModel,
    source: Tensor,
    lengths: Tensor | None,
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


@torch.inference_mode()
def _generate(
    model: SearchableModel,
    source: Tensor,
    lengths: Tensor | None,
    decoding: DecodingConfig,
    choose: Callable[[Tensor], Tensor],
    prefix: Sequence[Sequence[int]] | None,
    with_attention: bool,
) -> list[Hypothesis]:
    """One hypothesis for each row; `choose` takes logits [live, 1, vocab] to tokens int64 [live, 1]."""
    if not len(source):
        return []
    rules = Rules(source, lengths, decoding, prefix)
    coverage = Coverage(rules, decoding.coverage_penalty)
    history = History(rules, 1, with_attention)
    encoded = model.encode(source, lengths)
    state = model.initial_state(encoded)

    rows = everyone = torch.arange(len(source), device=source.device)  # [live] rows of `source` not yet done
    longest = rules.longest
    tokens = torch.full_like(source[:, :1], BOS)
    origin = torch.zeros_like(tokens)  # [live, 1] the only slot
    written = tokens[:, :, None][:, :, :0]
    scores = torch.zeros_like(tokens, dtype=torch.float32)
    result, result_at = torch.full_like(scores, NEVER), torch.full_like(tokens, -1)

    for t in range(rules.steps):
        step = model.step(tokens, state, encoded)
        logits = step.logits.float()
        log_z = logits.logsumexp(dim=-1)
        rules.ban(logits, t, rows, written)
        tokens = choose(logits)
        gains = _gain(logits.gather(-1, tokens[:, :, None]).squeeze(-1), log_z)
        history.record(t, rows, tokens, gains, origin, step.attention)
        scores = scores + gains
        ranks = scores / rules.norms[t + 1] + coverage.penalty(step.attention, origin)

        dead = scores == NEVER
        leaves = ((tokens == EOS) | dead).squeeze(1) | (longest <= t + 1)
        keep = everyone
        if leaves.any():
            result[rows[leaves]] = ranks[leaves]
            result_at[rows[leaves]] = torch.full_like(tokens, t).masked_fill(dead, -1)[leaves]
            keep = (~leaves).nonzero().squeeze(1)
            if not len(keep):
                break
            rows, longest, tokens, scores, origin = (x[keep] for x in (rows, longest, tokens, scores, origin))
            encoded, everyone = encoded.select(keep), everyone[: len(keep)]
            state = step.state.reorder(keep, origin)
            coverage.reorder(keep, origin)
        else:
            state = step.state
        if rules.ngram:
            written = torch.cat([written[keep], tokens[:, :, None]], dim=-1)
    return [hypotheses[0] for hypotheses in history.hypotheses(result, result_at)]


def _extend(
    scores: Tensor, logits: Tensor, log_z: Tensor, beam: int, width: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The `width` best continuations of each row, best first; an empty one has the score -inf.

    scores, log_z [live, slots], logits [live, slots, vocab] -> four [live, up to width]: the new scores, the
    log-probability of the new token (gain), the token, and the slot that it continues (origin).
    """
    # A row's `beam` best are among the `beam` best of each slot.  All ties must fall alike in every batch
    # (bfloat16 logits have many): the sort is stable, and the number asked of topk is always the same.
    choices = min(beam, logits.size(-1))
    top, ids = logits.max(dim=-1, keepdim=True) if choices == 1 else logits.topk(choices, dim=-1)
    gains = _gain(top, log_z[:, :, None])
    ranked, order = (scores[:, :, None] + gains).flatten(1).sort(dim=1, descending=True, stable=True)
    ranked, order = ranked[:, :width], order[:, :width]
    return ranked, gains.flatten(1).gather(1, order), ids.flatten(1).gather(1, order), order // choices


def _gain(logits: Tensor, log_z: Tensor) -> Tensor:
    """Log-probabilities, at most 0 in spite of rounding; -inf for what is no number."""
    return (logits - log_z).clamp(max=0.0).nan_to_num(nan=NEVER, neginf=NEVER)


def _most_probable(logits: Tensor) -> Tensor:
    """[..., vocab] -> int64 [...]; of equals the lowest id, as in `_extend` with a beam of 1."""
    return logits.max(dim=-1).indices


def _best_attainable(scores: Tensor, next_norm: Tensor, longest_norm: Tensor) -> Tensor:
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
    return torch.maximum(scores / next_norm, scores / longest_norm)


def _check_ids(given: Sequence[Sequence[int]] | None) -> None:
    for row, ids in enumerate(given or ()):
        wrong = [i for i in ids if i < 0 or i in (PAD, BOS, EOS)]
        if wrong:
            raise ValueError(f"prefix or target of row {row} has ids that no sentence contains: {wrong}")
