"""The clock of the speed benchmarks, on a clock of our own: whole updates, no warm-up, medians."""

from __future__ import annotations

from benchmarks.throughput import TokenMeter


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
