"""What a hypothesis lacks, and its text without repetition."""

from __future__ import annotations

from nmt.text.protected import missing_items
from nmt.translation.plan import Request
from nmt.translation.repetition import without_circles


def _flaws(request: Request, hypothesis: str) -> int:
    """How much the hypothesis lacks, and whether it goes in circles; nothing is worse than an empty one."""
    circles = _straight(request, hypothesis) != hypothesis
    return len(missing_items(request.sentence, hypothesis)) + circles + (0 if hypothesis else 1_000_000)


def _straight(request: Request, hypothesis: str) -> str:
    """Without circles, unless a prefix was asked for: that stays as it is, whatever it says."""
    return hypothesis if request.prefix else without_circles(request.sentence, hypothesis)
