"""The clock of the speed benchmarks, on a clock of our own: whole updates, no warm-up, medians; and their data."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.generated import write_dataset
from benchmarks.throughput import TokenMeter
from nmt.batching import Split
from nmt.tokenizer import load_tokenizers


def test_windows_hold_whole_updates_after_the_warm_up() -> None:
    now = 0.0
    meter = TokenMeter(warmup=5.0, windows=2, seconds=10.0, clock=lambda: now)
    durations = [3, 3, 4, 4, 4, 5, 5, 1, 1]  # seconds of each update; each is on 120 tokens
    updates = 0
    for duration in durations:
        if not meter.start_update():
            break
        meter.count(120)
        now += duration
        updates += 1
    # Warm-up ends with the update that starts at 6 s; the windows are 6..18 s (3 updates) and 18..28 s (2).
    assert meter.rates == [3 * 120 / 12, 2 * 120 / 10]
    assert (meter.updates, meter.tokens, meter.measured, updates) == (5, 600, 22.0, 7)


def test_a_window_begins_and_ends_with_no_work_queued() -> None:
    now, settled = 0.0, []
    meter = TokenMeter(1.0, 1, 10.0, clock=lambda: now, settle=lambda: settled.append(now))
    for start in (0.0, 2.0, 7.0, 13.0):
        now = start
        meter.start_update()
        meter.count(100)
    assert settled == [2.0, 13.0]
    assert meter.rates == [200 / 11]


def test_made_up_sentences_make_a_dataset_that_training_reads(tmp_path: Path) -> None:
    write_dataset(tmp_path, pairs=1500, vocab_size=600, mean=12.0)
    split = Split(tmp_path, "train")
    assert len(split) == 1300 and len(Split(tmp_path, "dev")) == 100
    assert split.highest_ids()[0] < len(load_tokenizers(tmp_path)[0]) == 600
    assert 10 < split.source_lengths.mean()
    assert np.corrcoef(split.source_lengths, split.target_lengths)[0, 1] > 0.6
