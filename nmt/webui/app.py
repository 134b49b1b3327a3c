"""What `app_gradio.py` does: parse the flags, load the translators, serve the page.

What takes long to import comes when it is needed, so that wrong flags and a taken port are told at once, and missing
models before Gradio is imported.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nmt.errors import UserError
from nmt.serving.http_server import check_address

if TYPE_CHECKING:
    from nmt.serving.training_jobs import Trainings

SWITCH_SECONDS = 0.0005  # for which a thread may keep the interpreter


def parse_arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="app_gradio.py", description="Serve the translating page.")
    add = parser.add_argument
    add(
        "--model",
        action="append",
        type=Path,
        metavar="CHECKPOINT",
        default=[],
        help="checkpoint folder; repeat it for more directions (default: all of checkpoints/)",
    )
    add("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    add("--port", type=_port, default=7860, help="port to listen on (default: %(default)s)")
    add(
        "--max-chars",
        type=_positive,
        default=5000,
        metavar="N",
        help="longest text of one request, in characters (default: %(default)s)",
    )
    add(
        "--timeout",
        type=_positive,
        default=60,
        metavar="SECONDS",
        help="longest time of one translation; documents may take longer (default: %(default)s)",
    )
    add(
        "--auth",
        type=Path,
        metavar="FILE",
        help="ask for a name and password; FILE has a line name:password for each visitor",
    )
    add(
        "--allow-training",
        action="store_true",
        help="let visitors train models on this machine, also from files that lie on it",
    )
    add(
        "--training-folder",
        type=Path,
        default=Path("runs"),
        metavar="FOLDER",
        help="where these trainings go (default: %(default)s)",
    )
    return parser.parse_args(argv)


def keep_off_the_network() -> None:
    """No telemetry, no version check, no proxy between the page and itself.  Before Gradio is imported."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ["HF_HUB_OFFLINE"] = "1"
    for name in ("no_proxy", "NO_PROXY"):  # Gradio asks its own server whether it is up
        os.environ[name] = ",".join(filter(None, [os.environ.get(name), "127.0.0.1", "localhost"]))


def serve(arguments: argparse.Namespace) -> None:
    """Load the translators, serve the page, say where it is, and wait for Ctrl-C."""
    check_address(arguments.host, arguments.port)
    from nmt.serving import models

    translators, identifier = models.load_translators(arguments.model), models.load_identifier()
    try:
        from nmt.serving.service import TranslationService
        from nmt.serving.users import read_users
        from nmt.webui.server import served
    except ModuleNotFoundError as error:
        raise UserError(f"the page needs the package {error.name}, which `make app` installs") from None

    # Searches give the interpreter up at every step and want it back at once, not after 5 ms of a busy page.
    sys.setswitchinterval(SWITCH_SECONDS)
    users = read_users(arguments.auth) if arguments.auth else None
    service = TranslationService(translators, arguments.max_chars, identifier, arguments.timeout)
    trainings = _trainings(arguments.training_folder) if arguments.allow_training else None
    with served(service, arguments.host, arguments.port, users, trainings):
        reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(arguments.host, arguments.host)
        url = f"http://{f'[{reachable}]' if ':' in reachable else reachable}:{arguments.port}"
        print(f"Ready: {url}", flush=True)
        threading.Event().wait()


def _trainings(folder: Path) -> Trainings:
    try:
        from nmt.serving.training_jobs import Trainings
    except ModuleNotFoundError as error:  # fcntl
        raise UserError(f"--allow-training does not work on this system: it has no {error.name}") from None
    return Trainings(folder)


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port, 1 to 65535")
    return int(text)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)
