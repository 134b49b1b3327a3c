"""The command that serves the page: flags, what stops it with a message, and how it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("gradio", reason="the page's extra is not installed")

from gradio_client import Client

import app_gradio
from nmt.serving import models
from nmt.webui import app
from tests.support.fake_translator import free_port

ROOT = Path(__file__).resolve().parents[2]
SPANISH, ENGLISH = "¿Dónde está la biblioteca?", "Where is the library?"


def test_default_flags() -> None:
    flags = app.parse_arguments([])
    assert (flags.host, flags.port, flags.model, flags.max_chars) == ("127.0.0.1", 7860, [], 5000)


def test_model_can_be_repeated() -> None:
    flags = app.parse_arguments(["--model", "a", "--model", "b", "--port", "80", "--max-chars", "9"])
    assert (flags.model, flags.port, flags.max_chars) == ([Path("a"), Path("b")], 80, 9)


@pytest.mark.parametrize("wrong", [["--port", "0"], ["--port", "x"], ["--max-chars", "0"], ["--nonsense"]])
def test_wrong_usage_exits_with_2(wrong: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        app.parse_arguments(wrong)
    assert stopped.value.code == 2


def test_missing_checkpoints_end_the_program_with_a_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(models, "CHECKPOINTS", tmp_path / "checkpoints")
    assert app_gradio.main(["--port", str(free_port())]) == 1
    (tmp_path / "checkpoints").mkdir()
    assert app_gradio.main(["--port", str(free_port())]) == 1
    first, second = capsys.readouterr().err.splitlines()
    for message in (first, second):
        assert message.startswith("error: no checkpoint in") and "--model" in message


def test_a_model_folder_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert app_gradio.main(["--port", str(free_port()), "--model", str(tmp_path / "nowhere")]) == 1
    assert "nowhere" in capsys.readouterr().err


def test_a_taken_port_ends_the_program_with_a_message(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert app_gradio.main(["--port", str(port)]) == 1
    assert f"port {port} is taken" in capsys.readouterr().err


def test_the_program_prints_no_traceback_when_it_fails(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "app_gradio.py"), "--port", str(free_port()), "--model", str(tmp_path)],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        cwd=tmp_path,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr


def test_the_program_says_when_it_is_ready_and_stops_at_ctrl_c() -> None:
    port = free_port()
    program = (
        "import sys, app_gradio; from nmt.serving import models\n"
        "from tests.support.fake_translator import translators\n"
        "models.load_translators = lambda folders: translators()\n"
        f"sys.exit(app_gradio.main(['--port', '{port}']))"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=ROOT) as app:
        try:
            assert app.stdout is not None
            assert app.stdout.readline() == f"Ready: http://127.0.0.1:{port}\n"
            assert (
                Client(f"http://127.0.0.1:{port}", verbose=False).predict(SPANISH, api_name="/translate")[0] == ENGLISH
            )
            app.send_signal(signal.SIGINT)
            assert app.wait(timeout=60) == 0
        finally:
            app.kill()
