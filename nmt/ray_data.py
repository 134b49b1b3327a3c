"""Ray, for the commands that spread work over processes or machines; the extra `scale` brings it."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from nmt.errors import UserError

TOKEN = Path.home() / ".ray" / "auth_token"  # where Ray keeps the token that its clusters ask for


@contextmanager
def ray_on(address: str | None, part: str = "ray.data", **local: Any) -> Iterator[Any]:
    """The module `ray`, connected to a cluster; one that is started here is ended with the context.

    address  of a cluster; None for the one that this process uses already or that runs on this machine, else a new one
    part     of Ray that is imported too
    local    settings of `ray.init` for a new one, such as num_cpus

    Raises UserError if Ray is not installed, or if no cluster answers at the address."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # Ray would report its use to its makers
    # `ray start` asks for the token as soon as there is one, `ray.init` of a cluster that runs does not send it.  Ray
    # reads the mode once, when it is imported.
    has_token = TOKEN.exists() or "RAY_AUTH_TOKEN" in os.environ or "RAY_AUTH_TOKEN_PATH" in os.environ
    if has_token and "ray" not in sys.modules:
        os.environ.setdefault("RAY_AUTH_MODE", "token")
    try:
        import ray
        import ray.data

        import_module(part)
    except ModuleNotFoundError as error:
        raise UserError(
            f"the package {error.name} is missing; install the extra `scale`: pip install -e '.[scale]'"
        ) from None
    started = not ray.is_initialized()
    if started:
        quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "error"}
        # A worker has one CPU, of which Ray tells OpenMP; lingua's threads would take all that there are.
        quiet["runtime_env"] = {"env_vars": {"RAYON_NUM_THREADS": "1"}}
        settings = {} if address else {"include_dashboard": False, **local}
        try:
            try:
                ray.init(address=address, **quiet, **settings)
            except ValueError:  # `ray start` has started a cluster here, whose settings it has
                ray.init(address=address, **quiet)
        except (ConnectionError, ValueError, RuntimeError) as error:  # the last: another version of Ray
            place = f"ray:{address}" if address else "ray"
            raise UserError(f"--engine {place}: no cluster can be used there: {error}") from None
    ray.data.DataContext.get_current().enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)  # it logs the plan of every step
    try:
        yield ray
    finally:
        if started:
            ray.shutdown()
