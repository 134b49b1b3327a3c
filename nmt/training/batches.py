"""Batches of a limited number of tokens over one split of a dataset folder, in a reproducible order.

Sentences of equal source length share a batch, so that the encoder needs neither packing nor a mask.  The decoder is
causal, so that padding of the target is masked in the loss alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from nmt.config import DataConfig
from nmt.errors import UserError
from nmt.inference.batches import pad, pad_sources
from nmt.text.tokenizer import BOS, EOS, PAD
from nmt.training.dataset import AnySplit, Ids


class Batch(NamedTuple):
    """Sentence pairs as int64 tensors; both sides end with EOS and are padded with PAD."""

    source: Tensor  # [batch, src_len]
    source_lengths: Tensor | None  # [batch], with EOS; None: all are src_len long
    target_in: Tensor  # [batch, tgt_len], begins with BOS
    target_out: Tensor  # [batch, tgt_len], ends with EOS
    real: Tensor  # [target_tokens], the indices of the positions without padding in the flattened target_out
    target_tokens: int

    def to(self, device: torch.device) -> Batch:
        """The batch on `device`, except for the lengths, which packing needs on the CPU."""
        if device.type == "cpu":
            return self
        source, target_in, target_out, real = (
            part.pin_memory().to(device, non_blocking=True)
            for part in (self.source, self.target_in, self.target_out, self.real)
        )
        return Batch(source, self.source_lengths, target_in, target_out, real, self.target_tokens)


def make_batch(pairs: Sequence[tuple[Ids, Ids]]) -> Batch:
    """Make a Batch of pairs of ids, which it pads.  `real` is found here, on the CPU, so that no GPU waits for it."""
    source, lengths = pad_sources([[*source, EOS] for source, _ in pairs])
    target = torch.from_numpy(pad([[BOS, *target, EOS] for _, target in pairs]))
    target_out = target[:, 1:].contiguous()
    target_in = target[:, :-1].masked_fill(target_out == PAD, PAD)  # without the EOS of the shorter rows
    real = torch.from_numpy(np.flatnonzero(target_out.numpy() != PAD))
    source_lengths = None if lengths is None else torch.from_numpy(lengths)
    return Batch(torch.from_numpy(source), source_lengths, target_in, target_out, real, len(real))


def usable_rows(split: AnySplit, config: DataConfig) -> np.ndarray:
    """The indices of the rows to train on: those that the split calls usable and that are not too long."""
    longest = np.maximum(split.source_lengths, split.target_lengths)
    return np.flatnonzero((longest <= config.max_length) & split.usable)


def plan_epoch(split: AnySplit, config: DataConfig, seed: int, epoch: int) -> list[np.ndarray]:
    """The batches of an epoch, as arrays of row indices, in training order.

    The result depends on the arguments alone, so that a resumed run has the same batches in the same order."""
    rng = np.random.default_rng((seed, epoch))
    usable = usable_rows(split, config)
    rng.shuffle(usable)
    source, target = split.source_lengths[usable] + 1, split.target_lengths[usable] + 1  # with EOS
    # Sort by source length (in steps of length_step), then by target length; ties stay shuffled.
    key, width = source // config.length_step, np.maximum(source, target)
    order = np.lexsort((target, key))
    batches: list[np.ndarray] = []
    for group in np.split(order, np.flatnonzero(np.diff(key[order])) + 1):
        batches.extend(_cut(group, width, config.batch_tokens))
    rng.shuffle(batches)  # type: ignore[arg-type]  # shuffles a list in place
    return [usable[batch] for batch in batches]


class Fetched(NamedTuple):
    """A batch, and the position of the stream after it."""

    batch: Batch
    epoch: int
    position: int
    target_tokens: int  # real target positions of all ranks' batches together


class BatchStream:
    """Endless batches of the training split.  To resume, set `epoch` and `position`."""

    def __init__(self, split: AnySplit, config: DataConfig, seed: int, rank: int = 0, ranks: int = 1) -> None:
        self.split, self.config, self.seed, self.rank, self.ranks = split, config, seed, rank, ranks
        self.epoch = 0
        self.position = 0  # batches of this epoch that all ranks have taken
        self._planned_epoch = -1
        self._plan: list[np.ndarray] = []

    def __next__(self) -> Fetched:
        """This rank's next batch.  All ranks share one plan, and rank r takes batch r of each group of `ranks`."""
        plan = self._current_plan()
        if self.position + self.ranks > len(plan):  # too few batches are left for all ranks
            self.epoch, self.position = self.epoch + 1, 0
            plan = self._current_plan()
        group = plan[self.position : self.position + self.ranks]
        self.position += self.ranks
        lengths = [self.split.target_lengths[rows] + 1 for rows in group]  # with EOS
        batch = make_batch(self.split.ids(group[self.rank]))
        return Fetched(batch, self.epoch, self.position, sum(int(length.sum()) for length in lengths))

    def _current_plan(self) -> list[np.ndarray]:
        if self._planned_epoch != self.epoch:
            self._plan = plan_epoch(self.split, self.config, self.seed, self.epoch)
            self._planned_epoch = self.epoch
            if len(self._plan) < self.ranks:
                raise UserError(
                    f"the training split gives {len(self._plan)} batches for {self.ranks} process(es), with "
                    f"data.batch_tokens={self.config.batch_tokens} and data.max_length={self.config.max_length}; "
                    "use more data, smaller batches, longer sentences or fewer processes"
                )
        return self._plan


def fetch(stream: BatchStream, device: torch.device, ahead: int = 4) -> Iterator[Fetched]:
    """Yield the stream's batches on the device, endlessly.  For a GPU a thread makes and moves them `ahead` batches
    early, so that the GPU does not wait for data."""

    def one() -> Fetched:
        fetched = next(stream)
        return fetched._replace(batch=fetched.batch.to(device))

    if device.type == "cpu":
        while True:
            yield one()
    with ThreadPoolExecutor(1, thread_name_prefix="batches") as thread:  # one, so that they stay in order
        pending = deque(thread.submit(one) for _ in range(ahead))
        while True:
            pending.append(thread.submit(one))
            yield pending.popleft().result()


def _cut(rows: np.ndarray, width: np.ndarray, budget: int) -> Iterator[np.ndarray]:
    """Cut `rows` into batches of at most `budget` padded pieces (rows × greatest width; one row may have more).

    width  of every row of the epoch, the length of its longer side"""
    start = 0
    while start < len(rows):
        candidates = rows[start : start + budget // width[rows[start]] + 1]
        longest = np.maximum.accumulate(width[candidates])
        count = max(1, int((longest * np.arange(1, len(longest) + 1) <= budget).sum()))
        yield candidates[:count]
        start += count
