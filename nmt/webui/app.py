"""What `app_gradio.py` does: parse the flags, load the translators, launch.

The page itself is put together in `page.py`; Gradio is imported only when it is served.
"""

from __future__ import annotations

import argparse
import errno
import os
import socket
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nmt.errors import UserError

if TYPE_CHECKING:
    from nmt.language_id.identifier import LanguageIdentifier
    from nmt.serving.training_jobs import Trainings
    from nmt.translation.translator import Translator

CHECKPOINTS = Path(__file__).resolve().parents[2] / "checkpoints"


def parse_arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="app_gradio.py", description="Serve the translating page.")
    parser.add_argument(
        "--model",
        action="append",
        type=Path,
        metavar="CHECKPOINT",
        default=[],
        help="checkpoint folder; repeat it for more directions (default: all of checkpoints/)",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=_port, default=7860, help="port to listen on (default: %(default)s)")
    parser.add_argument(
        "--max-chars",
        type=_positive,
        default=5000,
        metavar="N",
        help="longest text of one request, in characters (default: %(default)s)",
    )
    parser.add_argument(
        "--timeout",
        type=_positive,
        default=60,
        metavar="SECONDS",
        help="longest time of one translation; documents may take longer (default: %(default)s)",
    )
    parser.add_argument(
        "--auth",
        type=Path,
        metavar="FILE",
        help="ask for a name and password; FILE has a line name:password for each visitor",
    )
    parser.add_argument(
        "--allow-training",
        action="store_true",
        help="let visitors train models on this machine, also from files that lie on it",
    )
    parser.add_argument(
        "--training-folder",
        type=Path,
        default=Path("runs"),
        metavar="FOLDER",
        help="where these trainings go (default: %(default)s)",
    )
    return parser.parse_args(argv)


def load_translators(folders: Sequence[Path]) -> dict[tuple[str, str], Translator]:
    """A translator for each direction, from `folders` or from `checkpoints/` when there are none.

    Raises UserError when there is no checkpoint, or two for one direction.
    """
    from nmt.translation.translator import Translator, find_checkpoints

    if not folders:
        found = find_checkpoints(CHECKPOINTS) if CHECKPOINTS.is_dir() else {}
        folders = [found[pair] for pair in sorted(found, key=lambda pair: (pair != ("es", "en"), pair))]
    if not folders:
        raise UserError(
            f"no checkpoint in {CHECKPOINTS}; train a model (nmt train) or name one with --model FOLDER"
        )
    translators: dict[tuple[str, str], Translator] = {}
    for folder in folders:
        translator = Translator.load(folder)
        direction = (translator.source_language, translator.target_language)
        if direction in translators:
            other = translators[direction].folder
            raise UserError(f"{other} and {folder} both translate {'-'.join(direction)}; give one of them")
        translators[direction] = translator
    return translators


def load_identifier(folder: Path = CHECKPOINTS) -> LanguageIdentifier | None:
    """What tells the languages apart, if one lies beside the checkpoints."""
    from nmt.language_id.identifier import IDENTIFIER_FILE, LanguageIdentifier

    found = sorted(folder.glob(f"*/{IDENTIFIER_FILE}"))
    return LanguageIdentifier.load(found[0].parent) if found else None


def check_address(host: str, port: int) -> None:
    """Raises UserError when nothing can listen on `host` and `port`; cheaper before a model is loaded."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise UserError(f"port {port} is taken by another program; choose another with --port") from None
        raise UserError(f"cannot listen on {host} port {port}: {error.strerror}") from None


def keep_off_the_network() -> None:
    """No telemetry, no version check, no proxy between the page and itself.  Before Gradio is imported."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ["HF_HUB_OFFLINE"] = "1"
    for name in ("no_proxy", "NO_PROXY"):  # Gradio asks its own server whether it is up
        os.environ[name] = ",".join(filter(None, [os.environ.get(name), "127.0.0.1", "localhost"]))


def serve(arguments: argparse.Namespace) -> None:
    """Load, launch, say so, and wait for Ctrl-C."""
    translators, identifier = load_translators(arguments.model), load_identifier()
    try:
        from nmt.serving.service import TranslationService
        from nmt.webui.server import read_users, served
    except ModuleNotFoundError as error:
        raise UserError(f"the page needs the package {error.name}, which `make app` installs") from None

    # Searches give the interpreter up at every step and want it back at once, not after 5 ms of a busy page.
    sys.setswitchinterval(0.0005)
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
