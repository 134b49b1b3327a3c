"""What a monitoring program (Prometheus) asks at /metrics: requests, how long they took, characters translated."""

from __future__ import annotations

import os

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

REQUESTS = Counter("nmt_requests", "Requests by route and status", ["route", "status"])
SECONDS = Histogram("nmt_request_seconds", "Time until a request was answered whole", ["route"])
CHARACTERS = Counter("nmt_characters", "Characters that were translated for programs", ["source", "target"])


def exposition() -> bytes:
    """All numbers in Prometheus' text format."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest()
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    return generate_latest(registry)
