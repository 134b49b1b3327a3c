"""Translates sentences of several requests together: a search over many costs little more than one over a few.

Whoever submits a request gets a future for each of its sentences.  One thread takes what waits, translates it as one
batch, and by then more waits: a sentence never waits for a batch to fill, and a busier server has larger batches.
Each batch takes from all waiting requests in turn, so that a long document does not hold up a word.  This queue is the
only one between a request and the search.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nmt.translation.plan import Request
from nmt.translation.result import SentenceTranslation

if TYPE_CHECKING:
    from nmt.translation.translator import Translator

MAX_BATCH = 64  # sentences; one batch takes some tenths of a second on two cores
MAX_SHARE = 16  # sentences of one request in a batch: a long text comes in portions and can be stopped
MAX_WAITING = 5000  # sentences that may wait: about a minute's work


class Busy(Exception):
    """More sentences wait than can be translated in about a minute."""


@dataclass(frozen=True)
class Kind:
    """What all sentences of a batch have in common."""

    translator: Translator
    beam: int
    n_best: int


@dataclass
class _Sentence:
    request: Request
    future: Future[SentenceTranslation]


@dataclass(eq=False)
class _Queue:
    """The sentences of one request that still wait."""

    kind: Kind
    sentences: deque[_Sentence]
    max_counted: int

    @property
    def counted(self) -> int:
        return min(len(self.sentences), self.max_counted)

    def next(self) -> _Sentence | None:
        """The first sentence that was not cancelled; None if there is none left."""
        while self.sentences:
            sentence = self.sentences.popleft()
            if sentence.future.set_running_or_notify_cancel():
                return sentence
        return None


class Batcher:
    """Close it when it is no longer needed, or use it in a `with` statement."""

    def __init__(self, max_batch: int = MAX_BATCH, max_share: int = MAX_SHARE, max_waiting: int = MAX_WAITING) -> None:
        self.max_batch, self.max_share, self.max_waiting = max_batch, max_share, max_waiting
        self._queues: deque[_Queue] = deque()  # the first one is the next in turn
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="batcher", daemon=True)
        self._thread.start()

    def submit(
        self, kind: Kind, requests: Sequence[Request], max_counted: int | None = None
    ) -> list[Future[SentenceTranslation]]:
        """Queue the sentences of one request; returns a future for each, in order.

        Cancelling a future takes its sentence out of the queue, unless it is being translated already.
        requests     of one text or document; each is a sentence
        max_counted  at most so many of them count towards `max_waiting`; None: all.  Documents are given one, for they
                     may be longer than all that may wait.
        Busy if too many sentences wait already.
        """
        sentences = deque(_Sentence(request, Future()) for request in requests)
        queue = _Queue(kind, sentences, len(sentences) if max_counted is None else max_counted)
        futures = [sentence.future for sentence in sentences]
        with self._changed:
            if self._closed:
                raise RuntimeError("the batcher is closed")
            if queue.counted + sum(waiting.counted for waiting in self._queues) > self.max_waiting:
                raise Busy
            if sentences:
                self._queues.append(queue)
                self._changed.notify()
        return futures

    def close(self) -> None:
        """Cancel what waits, and wait for what is being translated."""
        with self._changed:
            self._closed = True
            for queue in self._queues:
                for sentence in queue.sentences:
                    sentence.future.cancel()
            self._queues.clear()
            self._changed.notify()
        self._thread.join()

    def __enter__(self) -> Batcher:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self) -> None:
        while batch := self._next_batch():
            kind, sentences = batch
            try:
                _translate(kind, sentences)
            except BaseException:  # perhaps only one sentence is to blame
                _translate_one_by_one(kind, sentences)

    def _next_batch(self) -> tuple[Kind, list[_Sentence]] | None:
        """Wait for something to translate; None when the batcher was closed."""
        with self._changed:
            while not self._closed:
                if batch := self._take():
                    return batch
                self._changed.wait()
            return None

    def _take(self) -> tuple[Kind, list[_Sentence]] | None:
        """One sentence of each request in turn, all of the kind of the first, until the batch is full.

        Requests of another kind are the first in turn for the next batch.  None if all that waited was cancelled.
        """
        kind: Kind | None = None
        batch: list[_Sentence] = []
        taken: Counter[_Queue] = Counter()
        passed_over: list[_Queue] = []
        while self._queues and len(batch) < self.max_batch:
            queue = self._queues.popleft()
            if taken[queue] == self.max_share or kind not in (None, queue.kind):
                passed_over.append(queue)
            elif sentence := queue.next():
                kind = queue.kind
                batch.append(sentence)
                taken[queue] += 1
                self._queues.append(queue)
        self._queues.extendleft(reversed(passed_over))
        return (kind, batch) if kind else None


def _translate(kind: Kind, sentences: Sequence[_Sentence]) -> None:
    requests = [sentence.request for sentence in sentences]
    results = kind.translator.translate_sentences(requests, beam=kind.beam, n_best=kind.n_best)
    if len(results) != len(sentences):
        raise RuntimeError(f"{len(sentences)} sentences, but {len(results)} translations")
    for sentence, result in zip(sentences, results, strict=True):
        sentence.future.set_result(result)


def _translate_one_by_one(kind: Kind, sentences: Sequence[_Sentence]) -> None:
    """Translate each sentence by itself, so that one on which the model fails does not fail the others."""
    for sentence in sentences:
        try:
            _translate(kind, [sentence])
        except BaseException as error:  # the future has to tell of it, and the thread goes on
            sentence.future.set_exception(error)
