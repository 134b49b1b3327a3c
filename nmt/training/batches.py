"""Token-budget batches over one split of a dataset folder, in an order that can be resumed.

Sentences of equal source length share a batch, so that the encoder needs neither packing nor a mask; the decoder is
causal, so that only the loss masks the target.
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
    """Sentence pairs as int64 tensors; EOS closes both sides, PAD fills up."""

    source: Tensor  # [batch, src_len]
    source_lengths: Tensor | None  # [batch], EOS counted; None: all are src_len long
    target_in: Tensor  # [batch, tgt_len], begins with BOS
    target_out: Tensor  # [batch, tgt_len], ends with EOS
    real: Tensor  # [real target positions], their places in target_out laid out flat: found here, where no GPU waits
    target_tokens: int  # how many these are

    def to(self, device: torch.device) -> Batch:
        """Lengths stay on the CPU, where packing wants them."""
        if device.type == "cpu":
            return self
        source, target_in, target_out, real = (
            part.pin_memory().to(device, non_blocking=True)
            for part in (self.source, self.target_in, self.target_out, self.real)
        )
        return Batch(source, self.source_lengths, target_in, target_out, real, self.target_tokens)


def make_batch(pairs: Sequence[tuple[Ids, Ids]]) -> Batch:
    """Pad pairs of ids into a Batch."""
    source, lengths = pad_sources([[*source, EOS] for source, _ in pairs])
    target = torch.from_numpy(pad([[BOS, *target, EOS] for _, target in pairs]))
    target_out = target[:, 1:].contiguous()
    target_in = target[:, :-1].masked_fill(target_out == PAD, PAD)  # without the EOS of the shorter rows
    real = torch.from_numpy(np.flatnonzero(target_out.numpy() != PAD))
    source_lengths = None if lengths is None else torch.from_numpy(lengths)
    return Batch(torch.from_numpy(source), source_lengths, target_in, target_out, real, len(real))


def usable_rows(split: AnySplit, config: DataConfig) -> np.ndarray:
    """The rows to learn from, as an array of indices: those that `split` has for it and that are not too long."""
    longest = np.maximum(split.source_lengths, split.target_lengths)
    return np.flatnonzero((longest <= config.max_length) & split.usable)


def plan_epoch(split: AnySplit, config: DataConfig, seed: int, epoch: int) -> list[np.ndarray]:
    """The batches of an epoch, as arrays of row indices, in training order.

    Depends on nothing but its arguments: a resumed run finds the same batches in the same order.
    """
    rng = np.random.default_rng((seed, epoch))
    usable = usable_rows(split, config)
    rng.shuffle(usable)
    source, target = split.source_lengths[usable] + 1, split.target_lengths[usable] + 1  # with EOS
    # Equal source lengths (up to length_step) together, in them targets of similar length; ties stay shuffled.
    key, width = source // config.length_step, np.maximum(source, target)
    order = np.lexsort((target, key))
    batches: list[np.ndarray] = []
    for group in np.split(order, np.flatnonzero(np.diff(key[order])) + 1):
        batches.extend(_cut(group, width, config.batch_tokens))
    rng.shuffle(batches)  # type: ignore[arg-type]  # shuffles a list in place
    return [usable[batch] for batch in batches]


class Fetched(NamedTuple):
    """A batch, and where the stream is after it."""

    batch: Batch
    epoch: int
    position: int
    target_tokens: int  # real target positions of the batches that all ranks take in this turn


class BatchStream:
    """Endless batches of the training split; `epoch` and `position` say where it is, and can be set."""

    def __init__(self, split: AnySplit, config: DataConfig, seed: int, rank: int = 0, ranks: int = 1) -> None:
        self.split, self.config, self.seed, self.rank, self.ranks = split, config, seed, rank, ranks
        self.epoch = 0
        self.position = 0  # batches of this epoch already given out
        self._planned_epoch = -1
        self._plan: list[np.ndarray] = []

    def __next__(self) -> Fetched:
        """This rank's next batch: ranks take turns within one common plan."""
        plan = self._current_plan()
        if self.position + self.ranks > len(plan):  # what is left does not go round all ranks
            self.epoch, self.position = self.epoch + 1, 0
            plan = self._current_plan()
        taken = plan[self.position : self.position + self.ranks]
        self.position += self.ranks
        target_tokens = sum(
            int(self.split.target_lengths[rows].sum()) + len(rows) for rows in taken
        )  # with EOS
        batch = make_batch(self.split.ids(taken[self.rank]))
        return Fetched(batch, self.epoch, self.position, target_tokens)

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
    """The stream's batches on the device, without end.  For a GPU a thread makes and moves them, `ahead` batches
    before they are trained on, so that the GPU never waits for data."""

    def one() -> Fetched:
        fetched = next(stream)
        return fetched._replace(batch=fetched.batch.to(device))

    if device.type == "cpu":
        while True:
            yield one()
    with ThreadPoolExecutor(1, thread_name_prefix="batches") as thread:  # one, so that they stay in order
        coming = deque(thread.submit(one) for _ in range(ahead))
        while True:
            coming.append(thread.submit(one))
            yield coming.popleft().result()


def _cut(rows: np.ndarray, width: np.ndarray, budget: int) -> Iterator[np.ndarray]:
    """Cut `rows` into batches whose rows × longest side, `width` of each row, is within `budget` padded pieces."""
    start = 0
    while start < len(rows):
        candidates = rows[start : start + budget // width[rows[start]] + 1]
        longest = np.maximum.accumulate(width[candidates])
        count = max(1, int((longest * np.arange(1, len(longest) + 1) <= budget).sum()))
        yield candidates[:count]
        start += count
