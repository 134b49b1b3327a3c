"""`nmt serve`: it says when it is ready, finishes what it has begun when it is told to end, runs as several."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from nmt.commands.main import main
from tests.support.fake_translator import free_port

ROOT = Path(__file__).resolve().parents[2]
LONG = {"q": "El tren sale a las ocho y la casa es roja. " * 100, "source": "es", "target": "en"}


@contextmanager
def started(*flags: str) -> Iterator[tuple[subprocess.Popen[str], str, list[str]]]:
    """The command, its address, and what it writes to standard error."""
    port, said = free_port(), []
    command = [sys.executable, "-m", "nmt", "serve", "--model", str(ROOT / "checkpoints" / "es-en")]
    pipes: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": ROOT}
    with subprocess.Popen([*command, "--port", str(port), *flags], **pipes) as process:
        assert process.stderr is not None
        reading = threading.Thread(target=lambda: said.extend(process.stderr))
        reading.start()
        try:
            yield process, f"http://127.0.0.1:{port}", said
        finally:
            process.kill()
            reading.join()


def ask(method: str, address: str, **more: Any) -> httpx.Response:
    return httpx.request(method, address, timeout=120, trust_env=False, **more)


def test_it_finishes_what_it_has_begun_when_it_is_told_to_end() -> None:
    with started() as (process, address, said):
        assert process.stdout is not None and process.stdout.readline() == f"Ready: {address}\n"
        answers: list[httpx.Response] = []
        asking = threading.Thread(target=lambda: answers.append(ask("POST", f"{address}/translate", json=LONG)))
        asking.start()
        while "nmt_characters_total{" not in ask("GET", f"{address}/metrics").text:  # it has begun
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=90) == 0
        asking.join()
        assert answers[0].status_code == 200 and answers[0].json()["translatedText"].count("The train") == 100
    lines = [json.loads(line) for line in said]
    assert ("/translate", 200) in [(line["path"], line["status"]) for line in lines]


def test_several_processes_answer_and_count_together() -> None:
    with started("--workers", "2", "--quiet") as (process, address, said):
        end = time.monotonic() + 120
        while True:
            try:
                if ask("GET", f"{address}/health").status_code == 200:
                    break
            except httpx.TransportError:
                assert time.monotonic() < end
                time.sleep(0.2)
        for _ in range(9):
            ask("GET", f"{address}/health")
        assert 'nmt_requests_total{route="/health",status="200"} 10.0' in ask("GET", f"{address}/metrics").text
        assert ask("POST", f"{address}/translate", json={**LONG, "q": "Hola."}).json() == {"translatedText": "Hello."}
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) in (0, -signal.SIGTERM)
    assert said == []


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--model", "/nowhere"], "no such checkpoint folder"),
        (["--auth", "/nowhere", "--model", str(ROOT / "checkpoints" / "es-en")], "give --auth a text file"),
        (["--model", "/nowhere", "--workers", "2"], "no such checkpoint folder"),
        (["--proxy", "x"], "give an address or a network"),
        (["--rate-limit", "often"], "give for example 60/minute"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(flags: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--port", str(free_port()), *flags]) == 1
    said = capsys.readouterr().err
    assert message in said and said.count("\n") == 1
