"""Validation during training: the loss on the dev split, and BLEU and chrF of translations by beam search.

A language model has nothing to translate, so it is scored by its perplexity.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import sacrebleu
import torch
from torch.nn import functional

from nmt.config import Config, DataConfig
from nmt.inference.batches import batches_by_length, pad_sources
from nmt.inference.beam_search import beam_search
from nmt.inference.torch_model import TorchModel
from nmt.network.model import Seq2Seq
from nmt.text.tokenizer import EOS, Tokenizer
from nmt.training.batches import make_batch
from nmt.training.dataset import AnySplit
from nmt.training.distributed import Processes


@dataclass(frozen=True)
class Validation:
    """The scores of a model on dev, and some of its translations."""

    loss: float  # mean negative log-likelihood of a target piece, nats, without label smoothing
    bleu: float = np.nan  # NaN for a language model, as is chrf
    chrf: float = np.nan
    samples: list[tuple[str, str, str]] = field(default_factory=list)  # source, hypothesis, reference
    language_model: bool = False

    @property
    def perplexity(self) -> float:
        """exp(loss): the perplexity of a target piece (or EOS)."""
        with np.errstate(over="ignore"):
            return float(np.exp(np.float64(self.loss)))

    @property
    def figures(self) -> dict[str, float]:
        """The scores by name, as they are logged."""
        if self.language_model:
            return {"loss": self.loss, "perplexity": self.perplexity}
        return {"loss": self.loss, "bleu": self.bleu, "chrf": self.chrf}

    @property
    def notes(self) -> dict[str, str]:
        """The scores as they are saved in a checkpoint."""
        return {f"dev_{name}": f"{x:.{4 if name == 'loss' else 2}f}" for name, x in self.figures.items()}

    def metric(self, name: str) -> float:
        """The score of this name, with its sign such that higher is better."""
        return {"bleu": self.bleu, "chrf": self.chrf, "loss": -self.loss}[name]


def validate(
    model: Seq2Seq, split: AnySplit, tokenizer: Tokenizer, config: Config, processes: Processes | None = None
) -> Validation:
    """Score `model` on up to `training.valid_sentences` pairs, evenly spaced in the split.

    tokenizer  of the target
    processes  which must all call this and share the work; each gets the result that one alone would get
    The model's mode (training or evaluation) is restored."""
    processes = processes or _alone(model)
    rows = _spread(config.training.valid_sentences, len(split))
    was_training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            loss = mean_loss(model, split, rows, config.data, processes)
            if config.data.language_model:
                return Validation(loss, language_model=True)
            hypotheses = _translate(model, split, rows, tokenizer, config, processes)
    finally:
        model.train(was_training)
    texts = [split.text(int(row)) for row in rows]
    references = [target for _, target in texts]
    bleu = sacrebleu.corpus_bleu(hypotheses, [references]).score
    chrf = sacrebleu.corpus_chrf(hypotheses, [references]).score
    shown = _spread(config.training.samples, len(rows))
    return Validation(loss, bleu, chrf, [(texts[i][0], hypotheses[i], references[i]) for i in shown])


def mean_loss(
    model: Seq2Seq, split: AnySplit, rows: np.ndarray, data: DataConfig, processes: Processes | None = None
) -> float:
    """Mean negative log-likelihood (nats) of the real target pieces of `rows`, EOS included; `processes` as above."""
    processes = processes or _alone(model)
    lengths = split.target_lengths if data.language_model else split.source_lengths
    batches = list(batches_by_length(lengths[rows] + 1, data.batch_tokens))
    sums = torch.zeros(len(batches), dtype=torch.float64, device=processes.device)
    for number in range(processes.rank, len(batches), processes.ranks):
        batch = make_batch(split.ids(rows[batches[number]])).to(processes.device)
        readouts = model(batch.source, batch.source_lengths, batch.target_in)
        logits = model.project(readouts.flatten(0, 1)[batch.real])
        gold = batch.target_out.flatten()[batch.real]
        sums[number] = functional.cross_entropy(logits, gold, reduction="sum")
    tokens = int((split.target_lengths[rows] + 1).sum())
    return sum(processes.total(sums).tolist()) / max(1, tokens)


def _translate(
    model: Seq2Seq,
    split: AnySplit,
    rows: np.ndarray,
    tokenizer: Tokenizer,
    config: Config,
    processes: Processes,
) -> list[str]:
    """The text of the best hypothesis of each of `rows`."""
    found: dict[int, Sequence[int]] = {}  # place in `rows` -> tokens; those that this process translates
    batch_tokens = config.data.batch_tokens // config.decoding.beam
    batches = list(batches_by_length(split.source_lengths[rows] + 1, batch_tokens))
    for chosen in batches[processes.rank :: processes.ranks]:
        source, lengths = pad_sources([[*source, EOS] for source, _ in split.ids(rows[chosen])])
        best = beam_search(TorchModel(model, processes.device), source, lengths, config.decoding)
        for place, hypotheses in zip(chosen, best, strict=True):
            found[int(place)] = hypotheses[0].tokens
    longest = processes.gather(torch.tensor([max(map(len, found.values()), default=0)]))
    # Each row is filled in by one process, so that the sum is what all have found; 0 stands behind the last token.
    tokens = torch.zeros(len(rows), int(torch.cat(longest).max()), dtype=torch.int64)
    for place, ids in found.items():
        tokens[place, : len(ids)] = torch.tensor(ids) + 1
    whole = processes.total(tokens.to(processes.device)).tolist()
    return [tokenizer.decode([token - 1 for token in row if token]) for row in whole]


def _spread(count: int, length: int) -> np.ndarray:
    """Up to `count` evenly spaced indices of range(length), int64."""
    return np.unique(np.linspace(0, length - 1, min(count, length)).astype(np.int64))


def _alone(model: Seq2Seq) -> Processes:
    return Processes.alone(next(model.parameters()).device)
