"""What `app_gradio.py` does: parse the flags, load the translators, serve the page.

What takes long to import comes when it is needed, so that wrong flags and a taken port are told at once, and missing
models before Gradio is imported.
"""

from __future__ import annotations

import argparse
import os
import threading
from collections.abc import Sequence
from pathlib import Path

from nmt.errors import UserError
from nmt.serving import settings
from nmt.serving.http_server import check_address, prepared


def parse_arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="app_gradio.py", description="Serve the translating page.")
    settings.add_arguments(parser, default_port=7860)
    add = parser.add_argument
    training = "let visitors train models on this machine, also from files that lie on it"
    add("--allow-training", action="store_true", help=training)
    folder = "where these trainings go (default: %(default)s)"
    add("--training-folder", type=Path, default=Path("runs"), metavar="FOLDER", help=folder)
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
    chosen = settings.Settings.of(arguments)
    check_address(chosen.host, chosen.port)
    try:
        service, users = prepared(chosen)
        from nmt.webui.server import served
    except ModuleNotFoundError as error:
        install = "pip install 'recurrent-nmt[app]' (`make app` does)"
        raise UserError(f"the page needs {error.name}: {install}") from None
    trainings = None
    if arguments.allow_training:
        try:
            from nmt.serving.training_jobs import Trainings
        except ModuleNotFoundError as error:  # fcntl
            said = f"--allow-training does not work on this system: it has no {error.name}"
            raise UserError(said) from None
        trainings = Trainings(arguments.training_folder)
    with served(service, chosen, users, trainings):
        print(f"Ready: {chosen.url}", flush=True)
        threading.Event().wait()
