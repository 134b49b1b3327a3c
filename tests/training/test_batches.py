"""Batches: everything once, one source length each, within the budget, in an order that can be resumed."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch

from nmt.config import DataConfig
from nmt.errors import UserError
from nmt.text.tokenizer import BOS, EOS, PAD
from nmt.training.batches import Batch, BatchStream, fetch, make_batch, plan_epoch
from nmt.training.dataset import Split


def test_an_epoch_has_every_pair_once_within_the_budget(reversal_data: Path) -> None:
    split, config = Split(reversal_data, "train"), DataConfig(batch_tokens=200)
    plan = plan_epoch(split, config, seed=1, epoch=0)
    assert sorted(np.concatenate(plan).tolist()) == list(range(len(split)))
    for rows in plan:
        batch = make_batch(split.ids(rows))
        assert batch.source_lengths is None  # one source length: neither packing nor a mask
        assert max(batch.source.numel(), batch.target_in.numel()) <= 200
        assert batch.target_tokens == int((batch.target_out != PAD).sum())


def test_a_length_step_mixes_near_lengths_and_says_so(reversal_data: Path) -> None:
    split = Split(reversal_data, "train")
    plan = plan_epoch(split, DataConfig(batch_tokens=400, length_step=4), seed=1, epoch=0)
    spreads = [np.ptp(split.source_lengths[rows]) for rows in plan]
    assert 0 < max(spreads) < 4
    batch = make_batch(split.ids(plan[int(np.argmax(spreads))]))
    assert batch.source_lengths is not None
    assert (batch.source_lengths == (batch.source != PAD).sum(1)).all()


def test_overlong_pairs_stay_out(reversal_data: Path) -> None:
    split = Split(reversal_data, "train")
    longest = int(max(split.source_lengths.max(), split.target_lengths.max()))
    plan = plan_epoch(split, DataConfig(max_length=longest - 1), seed=1, epoch=0)
    assert 0 < sum(map(len, plan)) < len(split)


def test_batches_are_framed_by_bos_and_eos() -> None:
    batch = make_batch(
        [
            (np.array([7, 8], np.int32), np.array([9], np.int32)),
            (np.array([7, 6], np.int32), np.array([5, 4], np.int32)),
        ]
    )
    assert batch.source.tolist() == [[7, 8, EOS], [7, 6, EOS]]
    assert batch.target_in.tolist() == [[BOS, 9, PAD], [BOS, 5, 4]]
    assert batch.target_out.tolist() == [[9, EOS, PAD], [5, 4, EOS]]
    assert batch.target_tokens == 5


def test_order_depends_on_seed_and_epoch_only(reversal_data: Path) -> None:
    split, config = Split(reversal_data, "train"), DataConfig(batch_tokens=200)

    def flat(seed: int, epoch: int) -> list[int]:
        return np.concatenate(plan_epoch(split, config, seed, epoch)).tolist()

    assert flat(1, 0) == flat(1, 0)
    assert flat(1, 0) != flat(1, 1)
    assert flat(1, 0) != flat(2, 0)


def test_a_stream_goes_on_where_another_stopped(reversal_data: Path) -> None:
    split, config = Split(reversal_data, "train"), DataConfig(batch_tokens=500)
    straight = BatchStream(split, config, seed=3)
    batches = [next(straight).batch for _ in range(60)]
    assert straight.epoch >= 1  # the test crosses the end of an epoch
    for stop in (10, 45):
        first, second = BatchStream(split, config, seed=3), BatchStream(split, config, seed=3)
        for _ in range(stop):
            next(first)
        second.epoch, second.position = first.epoch, first.position
        for expected in batches[stop:]:
            assert torch.equal(next(second).batch.source, expected.source)


def test_ranks_share_an_epoch_without_overlap(reversal_data: Path) -> None:
    split, config = Split(reversal_data, "train"), DataConfig(batch_tokens=200)
    streams = [BatchStream(split, config, seed=1, rank=rank, ranks=2) for rank in range(2)]
    alone = BatchStream(split, config, seed=1)
    for _ in range(5):
        for stream in streams:
            assert torch.equal(next(stream).batch.source, next(alone).batch.source)


def test_a_training_split_too_small_for_its_processes_is_refused(reversal_data: Path) -> None:
    with pytest.raises(UserError, match="use more data"):
        next(BatchStream(Split(reversal_data, "train"), DataConfig(), seed=1, ranks=1000))


def test_a_thread_fetches_the_same_batches_for_a_gpu(reversal_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In order, each with its place in the stream, though the stream is ahead of it."""
    monkeypatch.setattr(Batch, "to", lambda self, device: self)
    split, config = Split(reversal_data, "train"), DataConfig(batch_tokens=200)
    waited, threaded = (
        itertools.islice(fetch(BatchStream(split, config, seed=1), torch.device(device)), 30)
        for device in ("cpu", "cuda")
    )
    for one, other in zip(waited, threaded, strict=True):
        assert torch.equal(one.batch.source, other.batch.source)
        assert one[1:] == other[1:]
