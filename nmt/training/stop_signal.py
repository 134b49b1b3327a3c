"""SIGINT and SIGTERM stop a training after the current step, and its state is saved."""

from __future__ import annotations

import signal
import threading
from typing import Any


class StopSignal:
    """Within a `with` block the first signal is recorded, and a second one ends the process at once."""

    def __init__(self) -> None:
        self.number = 0  # the number of the signal; 0: there was none
        self._before: dict[int, Any] = {}

    def __enter__(self) -> StopSignal:
        if threading.current_thread() is threading.main_thread():  # other threads may not set handlers
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, _: Any) -> None:
        self.number = number
        for handled in self._before:
            signal.signal(handled, signal.SIG_DFL)
