"""Ray Data, for the commands that spread work over processes or machines; the extra `scale` brings it."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from nmt.errors import UserError


@contextmanager
def ray_on(address: str | None, **local: Any) -> Iterator[Any]:
    """The module `ray` with `ray.data`, connected to a cluster; one that is started here is ended with the context.

    address  of a cluster; None for the one that this process uses already, or else a new one on this machine
    local    settings of `ray.init` for a new one, such as num_cpus

    Raises UserError if Ray is not installed, or if no cluster answers at the address."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # Ray would report its use to its makers
    try:
        import ray
        import ray.data
    except ModuleNotFoundError as error:
        raise UserError(
            f"the package {error.name} is missing; install the extra `scale`: pip install -e '.[scale]'"
        ) from None
    started = not ray.is_initialized()
    if started:
        settings = {} if address else {"include_dashboard": False, **local}
        try:
            ray.init(address=address, log_to_driver=False, logging_level="error", **settings)
        except (ConnectionError, ValueError) as error:
            raise UserError(f"--engine ray:{address}: no cluster answers there: {error}") from None
    ray.data.DataContext.get_current().enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)  # it logs the plan of every step
    try:
        yield ray
    finally:
        if started:
            ray.shutdown()
