"""`nmt serve --engine ray`: replicas behind one address, of which one may die."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

pytest.importorskip("ray.serve", exc_type=ImportError)
httpx = pytest.importorskip("httpx")
psutil = pytest.importorskip("psutil")

from nmt.commands.main import main  # noqa: E402
from nmt.serving.ray_replicas import MAX_BODY_BYTES  # noqa: E402
from tests.support.fake_translator import free_port  # noqa: E402
from tests.support.random_model import save_random_checkpoint  # noqa: E402

CLIENTS = 8  # so that both replicas have requests at any moment
TEXT = "El tren sale a las ocho. La casa es roja. " * 20


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, str]]:
    """Process id and address of a server with two replicas."""
    model = save_random_checkpoint(tmp_path_factory.mktemp("models") / "es-en", "es", "en")
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "nmt",
        "serve",
        "--engine",
        "ray",
        "--workers",
        "2",
        "--model",
        str(model),
    ]
    with subprocess.Popen(
        [*command, "--port", str(port)],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        address = f"http://127.0.0.1:{port}"
        assert process.stdout and process.stdout.readline() == f"Ready: {address}\n"
        yield process.pid, address
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=120) == 0


def post(address: str, **fields: object) -> httpx.Response:
    asked = {"q": TEXT, "source": "es", "target": "en", **fields}
    return httpx.post(f"{address}/translate", json=asked, timeout=120, trust_env=False)


def test_a_replica_that_is_killed_loses_no_request(server: tuple[int, str]) -> None:
    pid, address = server
    expected = post(address).json()
    statuses, ended = [], threading.Event()

    def ask() -> None:
        while not ended.is_set():
            answer = post(address)
            statuses.append(answer.status_code if answer.json() == expected else answer.text)

    clients = [threading.Thread(target=ask) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    while len(statuses) < 2 * CLIENTS:
        time.sleep(0.05)
    replicas = [one for one in psutil.Process(pid).children(recursive=True) if "ServeReplica" in str(one.cmdline())]
    assert len(replicas) == 2
    replicas[0].kill()
    before = len(statuses)
    while len(statuses) < before + 4 * CLIENTS:
        time.sleep(0.05)
    ended.set()
    for client in clients:
        client.join()
    assert set(statuses) == {200}


def test_answers_are_those_of_the_application(server: tuple[int, str]) -> None:
    """Mistakes, limits, and answers that come piece by piece."""
    _, address = server
    assert post(address, target="xx").status_code == 400
    assert post(address, q="x" * (MAX_BODY_BYTES + 1)).status_code == 413
    events = post(address, stream=True)
    assert events.headers["content-type"].startswith("text/event-stream") and '"done": true' in events.text


def test_engines_and_numbers_that_do_not_fit(capsys: pytest.CaptureFixture[str]) -> None:
    for flags in (
        ["--engine", "spark"],
        ["--max-workers", "2"],
        ["--engine", "ray", "--workers", "3", "--max-workers", "2"],
    ):
        assert main(["serve", *flags]) == 1
        assert capsys.readouterr().err.startswith("nmt: error: --")
