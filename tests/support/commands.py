"""What the tests of the `nmt` command share."""

from __future__ import annotations

import sys
from collections.abc import Callable

COMMAND = [sys.executable, "-m", "nmt"]
Run = Callable[..., tuple[int, bytes, str]]  # arguments, stdin -> status, output, messages
