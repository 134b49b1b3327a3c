"""Sentences of several visitors, translated together: one search over many costs little more than one over few.

Whoever submits gets a future for each sentence.  One thread takes what waits, translates it in one batch, and by
then more waits: nobody is made to wait for company, and the busier the server, the larger its batches.  Every
visitor has a queue and each batch takes from all of them in turn, so a long document does not hold up a word.
"""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Hashable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nmt.translation.plan import Request
from nmt.translation.result import SentenceTranslation

if TYPE_CHECKING:
    from nmt.translation.translator import Translator

MOST = 64  # sentences of a batch: some tenths of a second on two cores
SHARE = 16  # of them that may be one owner's: so a long text comes in portions and can be stopped
WAITING = 5000  # sentences that may wait; a minute of work


class Busy(Exception):
    """More waits than will be translated in a bearable time."""


@dataclass(frozen=True)
class Kind:
    """What the sentences of one batch have in common."""

    translator: Translator
    beam: int
    n_best: int


@dataclass
class _Waiting:
    kind: Kind
    request: Request
    future: Future[SentenceTranslation]


class Batcher:
    """Close it when it is no longer needed, or use it in a `with`."""

    def __init__(self, most: int = MOST, share: int = SHARE, waiting: int = WAITING) -> None:
        self.most, self.share, self.waiting = most, share, waiting
        self._queues: dict[Hashable, deque[_Waiting]] = {}  # of each owner; the first is the next in turn
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="batcher", daemon=True)
        self._thread.start()

    def submit(
        self, owner: Hashable, kind: Kind, requests: Sequence[Request]
    ) -> list[Future[SentenceTranslation]]:
        """A future for each request, in order.  Cancelling one takes it out of the queue, if it is still there.

        owner  who is served in turn with others: a visitor, say, or a document
        Busy if too much waits already.
        """
        entries = [_Waiting(kind, request, Future()) for request in requests]
        with self._changed:
            if self._closed:
                raise RuntimeError("the batcher is closed")
            if sum(map(len, self._queues.values())) + len(entries) > self.waiting:
                raise Busy
            if entries:
                self._queues.setdefault(owner, deque()).extend(entries)
                self._changed.notify()
        return [entry.future for entry in entries]

    def close(self) -> None:
        """What waits is cancelled; what is being translated is finished."""
        with self._changed:
            self._closed = True
            for entry in itertools.chain.from_iterable(self._queues.values()):
                entry.future.cancel()
            self._queues.clear()
            self._changed.notify()
        self._thread.join()

    def __enter__(self) -> Batcher:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self) -> None:
        while batch := self._next_batch():
            try:
                _translate(batch)
            except BaseException:  # of one batch; the next may be well
                _one_by_one(batch)

    def _next_batch(self) -> list[_Waiting]:
        """Waits for something to do; empty when the batcher was closed."""
        with self._changed:
            while not self._closed:
                if batch := self._take():
                    return batch
                if not self._queues:  # otherwise all that was taken had just been cancelled
                    self._changed.wait()
            return []

    def _take(self) -> list[_Waiting]:
        """One sentence of each owner in turn, of the kind of the first, until the batch is full."""
        batch: list[_Waiting] = []
        served: dict[Hashable, int] = {}
        found = True
        while found and len(batch) < self.most:
            found = False
            for owner in list(self._queues):
                entry = self._next_of(owner, batch[0].kind if batch else None)
                if entry and len(batch) < self.most and served.get(owner, 0) < self.share:
                    self._queues[owner].popleft()
                    found = True
                    if entry.future.set_running_or_notify_cancel():
                        batch.append(entry)
                    served[owner] = served.pop(owner, 0) + 1  # the last one served is the last in turn
        for owner in served:  # they go behind those who were not
            self._queues[owner] = self._queues.pop(owner)
        self._queues = {owner: queue for owner, queue in self._queues.items() if queue}
        return batch

    def _next_of(self, owner: Hashable, kind: Kind | None) -> _Waiting | None:
        """What this owner waits for next, if it is of this kind (None: any)."""
        queue = self._queues[owner]
        while queue and queue[0].future.cancelled():
            queue.popleft()
        return queue[0] if queue and kind in (None, queue[0].kind) else None


def _translate(batch: Sequence[_Waiting]) -> None:
    kind = batch[0].kind
    requests = [entry.request for entry in batch]
    results = kind.translator.translate_sentences(requests, beam=kind.beam, n_best=kind.n_best)
    if len(results) != len(batch):
        raise RuntimeError(f"{len(batch)} sentences, but {len(results)} translations")
    for entry, result in zip(batch, results, strict=True):
        entry.future.set_result(result)


def _one_by_one(batch: Sequence[_Waiting]) -> None:
    """So that a sentence on which the model fails takes nobody else's down with it."""
    for entry in batch:
        try:
            _translate([entry])
        except BaseException as error:  # whatever it is, its future must say so, and the thread goes on
            entry.future.set_exception(error)
