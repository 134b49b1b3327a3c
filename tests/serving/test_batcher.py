"""nmt.serving.batcher: sentences of several requests in one batch: order, turns, failures, cancelling."""

from __future__ import annotations

import time
from concurrent.futures import wait
from typing import Any

import pytest

from nmt.serving.batcher import Batcher, Busy, Kind
from nmt.translation.plan import Request
from tests.support.fake_translator import FakeTranslator

MAX_WAIT_SECONDS = 30.0  # a busy machine is slow, not wrong


def requests(*sentences: str) -> list[Request]:
    return [Request(sentence) for sentence in sentences]


@pytest.fixture
def fake() -> FakeTranslator:
    return FakeTranslator("es", "en")


def kind_of(fake: Any, n_best: int = 1) -> Kind:
    return Kind(fake, 5, n_best)


def texts(futures: list[Any]) -> list[str]:
    return [future.result(MAX_WAIT_SECONDS).text for future in futures]


def test_every_request_gets_its_own_sentences_in_order(fake: FakeTranslator) -> None:
    with Batcher() as batcher:
        futures = [batcher.submit(kind_of(fake), requests(f"a{i}", f"b{i}", f"c{i}")) for i in range(20)]
        for i, mine in enumerate(futures):
            assert texts(mine) == [f"A{i}", f"B{i}", f"C{i}"]


def test_what_waits_while_a_batch_runs_becomes_one_batch(fake: FakeTranslator) -> None:
    with Batcher() as batcher:
        first = batcher.submit(kind_of(fake), requests("slow"))
        while not fake.calls:  # until it runs
            time.sleep(0.001)
        others = [batcher.submit(kind_of(fake), requests(f"x{i}")) for i in range(16)]
        wait([*first, *[future for mine in others for future in mine]], MAX_WAIT_SECONDS)
    assert [len(call["sentences"]) for call in fake.calls] == [1, 16]  # type: ignore[arg-type]


def test_a_long_document_does_not_hold_up_a_word(fake: FakeTranslator) -> None:
    with Batcher(max_batch=8) as batcher:
        document = batcher.submit(kind_of(fake), requests(*[f"slow {i}" for i in range(40)]))
        while not fake.calls:
            time.sleep(0.001)
        word = batcher.submit(kind_of(fake), requests("el tren"))
        assert texts(word) == ["The train"]
        assert sum(future.done() for future in document) <= 16  # its first batch, and what shared the word's


def test_every_waiting_request_is_in_a_batch_before_any_is_there_twice(fake: FakeTranslator) -> None:
    with Batcher(max_batch=4) as batcher:
        blocker = batcher.submit(kind_of(fake), requests("slow"))
        while not fake.calls:
            time.sleep(0.001)
        futures = [f for i in range(3) for f in batcher.submit(kind_of(fake), requests(*[f"{i}{k}" for k in range(4)]))]
        wait([*blocker, *futures], MAX_WAIT_SECONDS)
    batches = [call["sentences"] for call in fake.calls]
    assert batches[1:] == [["00", "10", "20", "01"], ["11", "21", "02", "12"], ["22", "03", "13", "23"]]


def test_one_batch_has_one_direction_and_one_width(fake: FakeTranslator) -> None:
    other = FakeTranslator("en", "es")
    with Batcher() as batcher:
        futures = [
            *batcher.submit(kind_of(fake), requests("slow")),
            *batcher.submit(kind_of(fake), requests("el tren")),
            *batcher.submit(kind_of(other), requests("the train")),
            *batcher.submit(kind_of(fake, n_best=3), requests("el tren")),
        ]
        assert texts(futures) == ["Slow", "The train", "Las tren", "The train"]
        assert len(futures[3].result().candidates) == 3 and len(futures[1].result().candidates) == 1
    assert [call["n_best"] for call in other.calls] == [1]


def test_a_sentence_on_which_the_model_fails_takes_no_other_down(fake: FakeTranslator) -> None:
    with Batcher() as batcher:
        blocker = batcher.submit(kind_of(fake), requests("slow"))
        good = batcher.submit(kind_of(fake), requests("el tren"))
        bad = batcher.submit(kind_of(fake), requests("crash"))
        assert texts(good) == ["The train"]
        with pytest.raises(RuntimeError, match="asked to crash"):
            bad[0].result(MAX_WAIT_SECONDS)
        assert texts(batcher.submit(kind_of(fake), requests("el tren"))) == ["The train"]
        assert texts(blocker) == ["Slow"]


def test_what_was_cancelled_is_not_translated(fake: FakeTranslator) -> None:
    with Batcher() as batcher:
        batcher.submit(kind_of(fake), requests("slow"))
        while not fake.calls:
            time.sleep(0.001)
        cancelled = batcher.submit(kind_of(fake), requests("uno", "dos"))
        for future in cancelled:
            assert future.cancel()
        assert texts(batcher.submit(kind_of(fake), requests("tres"))) == ["Tres"]
    assert [call["sentences"] for call in fake.calls] == [["slow"], ["tres"]]


def test_many_cancelled_sentences_hold_up_nobody(fake: FakeTranslator) -> None:
    with Batcher(max_batch=4, max_share=2) as batcher:
        batcher.submit(kind_of(fake), requests("slow"))
        while not fake.calls:
            time.sleep(0.001)
        for future in batcher.submit(kind_of(fake), requests(*["x"] * 50)):
            future.cancel()
        futures = batcher.submit(kind_of(fake), requests("uno", "dos", "tres"))
        assert texts(futures) == ["Uno", "Dos", "Tres"]


def test_one_request_has_but_a_share_of_a_batch(fake: FakeTranslator) -> None:
    with Batcher(max_share=3) as batcher:
        assert len(texts(batcher.submit(kind_of(fake), requests(*["x"] * 10)))) == 10
    assert [len(call["sentences"]) for call in fake.calls] == [3, 3, 3, 1]  # type: ignore[arg-type]


def test_more_than_can_wait_is_refused_at_once(fake: FakeTranslator) -> None:
    with Batcher(max_waiting=10) as batcher:
        first = batcher.submit(kind_of(fake), requests(*["slow"] * 10))
        with pytest.raises(Busy):
            batcher.submit(kind_of(fake), requests(*["x"] * 11))
        wait(first, MAX_WAIT_SECONDS)
        assert texts(batcher.submit(kind_of(fake), requests("x"))) == ["X"]


def test_a_document_counts_for_no_more_than_it_says(fake: FakeTranslator) -> None:
    with Batcher(max_waiting=10) as batcher:
        document = batcher.submit(kind_of(fake), requests(*["slow"] * 100), max_counted=5)
        with pytest.raises(Busy):
            batcher.submit(kind_of(fake), requests(*["x"] * 6))
        others = batcher.submit(kind_of(fake), requests(*["x"] * 5))
        assert texts(others) == ["X"] * 5 and texts(document) == ["Slow"] * 100


def test_a_model_that_gives_too_few_results_fails_those_sentences_and_no_later_ones(
    fake: FakeTranslator,
) -> None:
    whole = fake.translate_sentences
    fake.translate_sentences = lambda *_, **__: []  # type: ignore[method-assign]
    with Batcher() as batcher:
        for future in batcher.submit(kind_of(fake), requests("uno", "dos")):
            assert isinstance(future.exception(MAX_WAIT_SECONDS), RuntimeError)
        fake.translate_sentences = whole  # type: ignore[method-assign]
        assert texts(batcher.submit(kind_of(fake), requests("tres"))) == ["Tres"]


def test_closing_cancels_what_waits(fake: FakeTranslator) -> None:
    batcher = Batcher(max_batch=1)
    futures = batcher.submit(kind_of(fake), requests("slow", "slow", "slow"))
    while not fake.calls:
        time.sleep(0.001)
    batcher.close()
    assert futures[0].result().text == "Slow"
    assert futures[1].cancelled() and futures[2].cancelled()
    with pytest.raises(RuntimeError, match="closed"):
        batcher.submit(kind_of(fake), requests("x"))
