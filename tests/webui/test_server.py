"""What the page's server lets nobody do: read its files, fill its memory or its disk, walk round its queue."""

from __future__ import annotations

import json
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("gradio", reason="the page's extra is not installed")

import httpx
from fastapi.testclient import TestClient
from gradio.routes import App
from starlette.routing import Mount

from nmt.serving import body_limit
from nmt.serving.settings import Settings
from nmt.serving.training_jobs import Trainings
from nmt.webui import server
from tests.support.fake_translator import fake_service, serving

SECRET = "nobody's business"
FILES = ("file", "uploadbutton")  # components that take a file


@pytest.fixture
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file beside the server that nobody uploaded."""
    file = tmp_path_factory.mktemp("private") / "users.txt"
    file.write_text(SECRET, encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    trainings = Trainings(tmp_path_factory.mktemp("runs"))
    with serving(fake_service(), trainings=trainings) as address:
        yield address


def takers_of_files(address: str) -> dict[int, list[Any]]:
    """Every event that takes a file, by its number, and its inputs: None where a file stands."""
    config = httpx.get(f"{address}/config").json()
    components = {c["id"]: c for c in config["components"]}
    found = {}
    for event in config["dependencies"]:
        inputs = [components[i] for i in event["inputs"]]
        if any(c["type"] in FILES for c in inputs):
            found[event["id"]] = [None if c["type"] in FILES else c["props"].get("value") for c in inputs]
    return found


def ask(address: str, event: int, data: list[Any]) -> dict[str, Any]:
    """The last message of an event that went through the queue."""
    sent = {"data": data, "fn_index": event, "session_hash": f"asks{event}"}
    httpx.post(f"{address}/gradio_api/queue/join", json=sent).raise_for_status()
    with httpx.stream(
        "GET", f"{address}/gradio_api/queue/data", params={"session_hash": f"asks{event}"}, timeout=60
    ) as answer:
        for line in answer.iter_lines():
            message: dict[str, Any] = json.loads(line.removeprefix("data: ") or "{}")
            if message.get("msg") in ("process_completed", "process_generating"):
                return message
    raise AssertionError("the event never ended")


def test_no_event_reads_a_file_of_the_server(address: str, secret: Path) -> None:
    file = {"path": str(secret), "orig_name": "users.txt", "meta": {"_type": "gradio.FileData"}}
    takers = takers_of_files(address)
    assert len(takers) > 3
    for event, inputs in takers.items():
        answer = ask(address, event, [file if value is None else value for value in inputs])
        assert not answer.get("success", True), (event, answer)
        assert SECRET not in json.dumps(answer) and "not uploaded" in json.dumps(answer)


def test_no_event_fetches_what_an_address_names(address: str) -> None:
    file = {"path": "https://example.org/huge.txt", "meta": {"_type": "gradio.FileData"}}
    for event, inputs in takers_of_files(address).items():
        answer = ask(address, event, [file if value is None else value for value in inputs])
        assert not answer.get("success", True) and "not uploaded" in json.dumps(answer)


def test_what_was_uploaded_is_read(address: str) -> None:
    uploaded = httpx.post(f"{address}/gradio_api/upload", files={"files": ("a.txt", b"el tren\n")}).json()
    file = {"path": uploaded[0], "orig_name": "a.txt", "meta": {"_type": "gradio.FileData"}}
    answers = [
        json.dumps(ask(address, event, [file if value is None else value for value in inputs]))
        for event, inputs in takers_of_files(address).items()
    ]
    assert not any("not uploaded" in answer for answer in answers)
    assert any("el tren" in answer for answer in answers)  # a box of the tab that scores


def test_what_waits_in_the_queue_cannot_be_had_past_it(address: str) -> None:
    answer = httpx.post(f"{address}/gradio_api/run/score", json={"data": [["a"], ["a"]]})
    assert answer.status_code == 404


def test_what_a_visitor_sent_is_not_kept() -> None:
    service = fake_service()
    app = server.make_app(service)
    with TestClient(app) as client:
        config = client.get("/config").json()
        boxes = {c["id"]: c["props"].get("elem_id") for c in config["components"]}
        event = next(
            d for d in config["dependencies"] if "nmt-source" in [boxes[i] for i in d["inputs"]] and not d["queue"]
        )
        components = {c["id"]: c for c in config["components"]}
        data = [
            SECRET * 1000 if boxes[i] == "nmt-source" else components[i]["props"].get("value") for i in event["inputs"]
        ]
        sent = {"data": data, "fn_index": event["id"], "session_hash": "me"}
        assert client.post("/gradio_api/run/predict", json=sent).status_code == 200
    mounted: Any = next(r.app for r in app.routes if isinstance(r, Mount) and isinstance(r.app, App))
    kept = mounted.state_holder.session_data["me"]
    assert SECRET not in repr(kept.config_values) and SECRET not in repr(kept.state_data)
    service.close()


def test_a_choice_that_was_made_while_a_word_is_looked_up_stays() -> None:
    service = fake_service()
    fake: Any = service.translators["es", "en"]
    has_begun, may_end, continuations = threading.Event(), threading.Event(), fake.continuations

    def slowly(*arguments: Any, **options: Any) -> Any:
        has_begun.set()
        assert may_end.wait(60)
        return continuations(*arguments, **options)

    fake.continuations = slowly
    with TestClient(server.make_app(service)) as client, ThreadPoolExecutor() as pool:
        config = client.get("/config").json()
        boxes = {c["id"]: c["props"].get("elem_id") for c in config["components"]}
        opened = {c["id"]: c["props"].get("value") for c in config["components"]}
        events = config["dependencies"]
        on_result = {name: d for d in events for i, name in d["targets"] if boxes.get(i) == "nmt-target"}
        values = {"nmt-source": "el tren", "nmt-from": "es", "nmt-to": "en"}

        def send(event: dict[str, Any], **more: int) -> str:
            data = [values.get(boxes[i], opened[i]) for i in event["inputs"]]
            sent = {"data": data, "fn_index": event["id"], "session_hash": "me", "event_data": more}
            answer = client.post("/gradio_api/run/predict", json=sent)
            assert answer.status_code == 200, answer.text
            return answer.text

        translating = next(
            d for d in config["dependencies"] if "nmt-source" in [boxes[i] for i in d["inputs"]] and not d["queue"]
        )
        assert "The train" in send(translating)
        looking = pool.submit(send, on_result["pick"], segment=0, start=4)
        assert has_begun.wait(60)
        assert "nmt-translation" in send(on_result["take"], index=0)
        may_end.set()
        assert "perhaps" not in looking.result()
        assert "perhaps" in send(on_result["pick"], segment=0, start=4)  # in time, it is shown
    service.close()


def test_a_request_too_large_is_refused(address: str) -> None:
    answer = httpx.post(
        f"{address}/gradio_api/run/predict",
        content=b'{"data":["' + b"x" * body_limit.MAX_BODY_BYTES + b'"]}',
        timeout=60,
    )
    assert answer.status_code == 413


def test_uploads_are_refused_while_too_much_lies_there(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_limit, "RECOUNT_SECONDS", -1.0)

    def upload() -> int:
        return httpx.post(f"{address}/gradio_api/upload", files={"files": ("b.txt", b"b")}).status_code

    assert upload() == 200
    with monkeypatch.context() as full:
        full.setattr(body_limit, "MAX_STORED_BYTES", body_limit.MIN_FILE_BYTES - 1)  # a file of one byte takes more
        assert upload() == 507
        assert httpx.get(f"{address}/gradio_api/upload").status_code != 507
    assert upload() == 200


def test_uploads_of_a_server_that_was_killed_are_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    gone, running, young, strange = (
        tmp_path / f"{server.FOLDER_PREFIX}{number}-a"  # no process has a number above 2 ** 22
        for number in (4194305, os.getpid(), 4194306, 99999999999)
    )
    for folder in (gone, running, young, strange, tmp_path / "another"):
        folder.mkdir()
        (folder / "upload.txt").write_text("el tren", encoding="utf-8")
        if folder != young:
            os.utime(folder, (0, 0))
    server.delete_abandoned_uploads()
    assert {folder.name for folder in tmp_path.iterdir()} == {
        running.name,
        young.name,
        strange.name,
        "another",
    }


def test_the_page_below_a_path_of_a_proxy_names_its_own_address() -> None:
    """The case api-subpath: the proxy leaves the prefix out and says so in a header, or --root-path does."""
    service = fake_service()
    forwarded = {
        "x-forwarded-host": "127.0.0.1:7901",
        "x-forwarded-proto": "http",
        "x-forwarded-prefix": "/nmt",
    }
    for settings, sent in (
        (Settings(proxy=("127.0.0.1",)), forwarded),
        (Settings(proxy=("127.0.0.1",), root_path="/nmt"), {"x-forwarded-host": "127.0.0.1:7901"}),
        (Settings(root_path="/nmt"), {"host": "127.0.0.1:7901"}),
    ):
        app = server.make_app(service, settings=settings)
        client = TestClient(app, base_url="http://127.0.0.1:7900", client=("127.0.0.1", 1))
        for path in ("/config", "/nmt/config"):
            assert client.get(path, headers=sent).json()["root"] == "http://127.0.0.1:7901/nmt"
    service.close()


def test_without_a_password_nothing_of_the_page_can_be_read() -> None:
    service = fake_service()
    with TestClient(server.make_app(service, {"ana": "x"}), follow_redirects=False) as client:
        paths = ["/", "/config", "/openapi.json", "/info", "/gradio_api/info", "/gradio_api/heartbeat/abc"]
        paths += [
            "/gradio_api/queue/data?session_hash=a",
            "/gradio_api/startup-events",
            "/theme.css",
            "/docs",
        ]
        paths += [
            "/gradio_api/file=/etc/passwd",
            "/translate",
            "/login_check",
            "/token",
            "/gradio_api/app_id",
        ]
        paths += [
            "/static/img/logo.svg",
            "/assets/index.js",
            "/manifest.json",
            "/pwa_icon",
            "//config",
            "/health/../config",
        ]
        for path in paths:
            assert client.get(path).status_code in (401, 403, 404), path
            assert client.post(path, json={}).status_code in (401, 403, 404, 405), path
        assert client.post("/gradio_api/upload", files={"files": ("a.txt", b"a")}).status_code == 401
        assert client.post("/login", data={"username": "ana", "password": "x"}).json() == {"success": True}
        assert client.get("/config").status_code == 200
        assert "<gradio-app" in client.get("/").text or "gradio_config" in client.get("/").text
    service.close()


def test_a_page_of_another_origin_uploads_nothing(address: str) -> None:
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        sent = {"files": ("a.txt", b"a")}
        assert httpx.post(f"{address}/gradio_api/upload", files=sent, headers=headers).status_code == 403
    assert httpx.post(f"{address}/gradio_api/upload", files=sent, headers={"origin": address}).status_code == 200
    assert httpx.get(f"{address}/config", headers={"host": "rebound.example"}).status_code == 421


def test_what_makes_gradio_fail_is_one_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    service = fake_service()
    with TestClient(server.make_app(service), raise_server_exceptions=False) as client:
        for path in (
            "/pwa_icon/1",
            "/gradio_api/file=%00",
            "/gradio_api/upload_progress?upload_id=none",
            "/gradio_api/x",
        ):
            assert client.get(path).status_code in (400, 404, 422, 500), path
        for path in ("/gradio_api/run/predict", "/gradio_api/queue/join", "/gradio_api/component_server"):
            assert client.post(path, content=b'{"data": 5, "fn_index": "x"}').status_code >= 400, path
    assert not [record for record in caplog.records if record.exc_info]
    service.close()


def test_what_a_visitor_asked_for_ends_when_the_page_is_closed() -> None:
    service = fake_service(max_chars=5000, most=1)
    with serving(service) as address, httpx.Client(base_url=address, timeout=60, trust_env=False) as http:
        config = http.get("/config").json()
        components = {one["id"]: one["props"] for one in config["components"]}
        event = next(
            one
            for one in config["dependencies"]
            if "nmt-source" in [components[i].get("elem_id") for i in one["inputs"]] and not one["queue"]
        )
        values = {"nmt-source": "tren slow. " * 300, "nmt-from": "es", "nmt-to": "en"}
        inputs = [components[i] for i in event["inputs"]]
        data = [values.get(one.get("elem_id"), one.get("value")) for one in inputs]
        with http.stream("GET", "/gradio_api/heartbeat/me") as open_page:  # as long as the page is open
            beats = open_page.iter_bytes()  # kept: to forget it would close the page
            next(beats)
            sent = {"data": data, "fn_index": event["id"], "session_hash": "me"}
            http.post("/gradio_api/run/predict", json=sent).raise_for_status()
            assert service.waiting == 1
        end = time.monotonic() + 60
        while service.waiting and time.monotonic() < end:
            time.sleep(0.2)
        assert service.waiting == 0
