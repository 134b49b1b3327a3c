"""`nmt serve`: the translation server for programs."""

from __future__ import annotations

import argparse
import signal
from typing import Any

from nmt.commands.arguments import add_command, positive
from nmt.errors import UserError
from nmt.serving import settings

SERVE = """\
Translate for programs over HTTP. Clients of LibreTranslate can use this server
as it is; the address /docs describes all routes. The page for people is
app_gradio.py, which serves these routes too."""

SERVE_MORE = """\
examples
  nmt serve
  nmt serve --host 0.0.0.0 --port 8000 --auth users.txt --workers 2
  nmt serve --root-path /translator --proxy 127.0.0.1 --allowed-host example.org
  curl -d q="Hola." -d source=es -d target=en http://127.0.0.1:5000/translate"""


def add_serve(commands: Any) -> None:
    command = add_command(commands, "serve", serve, "translate for programs over HTTP", SERVE, SERVE_MORE)
    settings.add_arguments(command, default_port=5000)
    workers = "processes, each with models of its own (default: %(default)s)"
    command.add_argument("--workers", type=positive, default=1, metavar="N", help=workers)
    engine = "local (default), ray or ray:ADDRESS: the processes run on a Ray cluster (extra `scale`)"
    command.add_argument("--engine", default="local", help=engine)
    most = "with --engine ray: up to M processes, as requests need them"
    command.add_argument("--max-workers", type=positive, metavar="M", help=most)
    command.add_argument("--quiet", action="store_true", help="no line on standard error for each request")


def serve(arguments: argparse.Namespace) -> int:
    """`nmt serve`: 0 when it was told to end."""
    try:
        import nmt.serving.app  # noqa: F401  (to tell at once what is missing)
        from nmt.serving import http_server
    except ModuleNotFoundError as error:
        raise UserError(f"serving needs {error.name}: pip install 'recurrent-nmt[serve]'") from None
    kind, _, address = arguments.engine.partition(":")
    if kind not in ("local", "ray") or (kind == "local" and (address or arguments.max_workers)):
        raise UserError("--engine: choose local, ray or ray:ADDRESS; --max-workers needs one of the latter")
    if (arguments.max_workers or arguments.workers) < arguments.workers:
        raise UserError("--max-workers: must be at least --workers")
    chosen = settings.Settings.of(arguments, log=not arguments.quiet)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if kind == "ray":
            from nmt.serving import ray_replicas

            ray_replicas.serve(chosen, address or None, arguments.max_workers)
        else:
            http_server.serve(chosen)
    except KeyboardInterrupt:
        pass
    return 0
