"""nmt.inference.batched_search: batches within their limits, every result in its place, and nothing left behind."""

from __future__ import annotations

import itertools
from concurrent.futures import Future

import pytest

from nmt.inference import beam_search
from nmt.inference.batched_search import BatchLimits, PendingSearch, even_size, start_search
from nmt.inference.batches import batches_by_length, pad_sources
from nmt.inference.torch_model import TorchModel
from tests.support.search_reference import PLAIN, TableModel, plain, random_sources


def test_batches_keep_to_the_token_budget_and_to_like_lengths() -> None:
    lengths = [3, 50, 4, 4, 9, 100, 3, 5]
    batches = list(batches_by_length(lengths, 20))
    assert sorted(itertools.chain.from_iterable(batches)) == list(range(len(lengths)))
    assert all(len(batch) * max(lengths[i] for i in batch) <= 20 or len(batch) == 1 for batch in batches)
    assert [lengths[i] for batch in batches for i in batch] == sorted(lengths)


@pytest.mark.parametrize(
    ("total", "max_size", "cores", "batches"),
    [
        (512, 320, 2, 2),
        (512, 224, 2, 4),
        (600, 160, 4, 4),
        (10_000, 320, 2, 32),
        (3, 320, 2, 2),
        (1, 320, 2, 1),
    ],
)
def test_every_core_gets_as_many_batches(total: int, max_size: int, cores: int, batches: int) -> None:
    share = even_size(total, max_size, cores)
    assert share <= max_size
    assert len(list(batches_by_length([1] * total, share))) == batches


@pytest.mark.parametrize("parallel", [False, True])
@pytest.mark.parametrize("tokens", [1, 60, 10_000])
def test_every_sentence_gets_what_it_gets_alone(tokens: int, parallel: bool) -> None:
    model, sources = TorchModel(TableModel()), random_sources(30)  # type: ignore[arg-type]
    prefixes = [[4] * (i % 3 == 0) for i in range(30)]
    limits = BatchLimits(tokens, rows=40, parallel=parallel)
    together = start_search(model, sources, prefixes, PLAIN, 2, False, limits).results()
    for source, prefix, found in zip(sources, prefixes, together, strict=True):
        alone = beam_search.beam_search(model, *pad_sources([source]), PLAIN, 2, [prefix])[0]
        assert [plain(hypothesis) for hypothesis in found] == [plain(hypothesis) for hypothesis in alone]


def test_batches_keep_to_the_limits() -> None:
    model = TableModel()
    limits = BatchLimits(tokens=80, rows=20, parallel=False)
    start_search(TorchModel(model), random_sources(50), [[]] * 50, PLAIN, 1, False, limits).results()  # type: ignore[arg-type]
    assert max(rows for rows, _ in model.batches) == 20 // PLAIN.beam


def test_without_sentences_there_is_nothing_to_search() -> None:
    model = TorchModel(TableModel())  # type: ignore[arg-type]
    for parallel in (False, True):
        assert start_search(model, [], [], PLAIN, 1, False, BatchLimits(100, 100, parallel)).results() == []


def test_what_has_not_begun_is_taken_back_when_a_search_fails() -> None:
    futures: list[Future] = [Future(), Future()]
    pending = PendingSearch([([i], future.result) for i, future in enumerate(futures)], futures)
    futures[0].set_exception(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        pending.results()
    assert futures[1].cancelled()
