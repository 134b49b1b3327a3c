"""nmt.serving.guard and nmt.serving.users: who is let in, from where, and what of it is told."""

from __future__ import annotations

import base64
import json
import logging
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from nmt.serving.app import make_app
from nmt.serving.http_server import running
from nmt.serving.service import TranslationService
from nmt.serving.settings import Settings
from tests.support.fake_translator import api_client, fake_service, free_port

TEXT = {"q": "el tren", "source": "es", "target": "en"}
USERS = {"ana": "secreto:1", "bo": "x"}


@pytest.fixture(scope="module")
def service() -> Iterator[TranslationService]:
    service = fake_service()
    yield service
    service.close()


def basic(user: str, password: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


# --- Host, proxies, origins -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bound", "asked", "status"),
    [
        ("127.0.0.1", "127.0.0.1:5000", 200),
        ("127.0.0.1", "localhost", 200),
        ("127.0.0.1", "[::1]:5000", 200),
        ("127.0.0.1", "rebound.example", 421),
        ("127.0.0.1", "127.0.0.1.rebound.example", 421),
        ("127.0.0.1", "192.168.1.7", 421),
        ("127.0.0.1", "", 421),
        ("127.0.0.1", "[", 421),
        ("0.0.0.0", "192.168.1.7:5000", 200),
        ("0.0.0.0", "rebound.example", 421),
        ("192.168.1.7", "192.168.1.7:5000", 200),
        ("127.0.0.1", "Translate.example", 200),
    ],
)
def test_only_a_name_of_this_server_is_answered(
    service: TranslationService, bound: str, asked: str, status: int
) -> None:
    client = api_client(service, host=bound, allowed_host=("translate.example",))
    assert client.get("/health", headers={"host": asked}).status_code == status


def test_forwarded_headers_are_a_proxys_alone(service: TranslationService) -> None:
    sent = {
        "x-forwarded-for": "6.6.6.6, 9.9.9.9, 10.0.0.2",
        "x-forwarded-host": "translate.example",
        "x-forwarded-proto": "https",
        "x-forwarded-prefix": "/nmt",
        "host": "127.0.0.1",
    }
    limits = {"rate_limit": "2/minute", "proxy": ("10.0.0.0/8",), "allowed_host": ("translate.example",)}
    proxied = api_client(service, address="10.0.0.1", **limits)
    assert [proxied.get("/languages", headers=sent).status_code for _ in range(3)] == [200, 200, 429]
    other = {
        **sent,
        "x-forwarded-for": "6.6.6.6, 8.8.8.8",
    }  # what stands before a proxy's own entry is made up
    assert proxied.get("/languages", headers=other).status_code == 200
    assert proxied.get("/spec", headers=sent).json()["servers"] == [{"url": "/nmt"}]
    stranger = api_client(service, address="203.0.113.5", **limits)
    assert "servers" not in stranger.get("/spec", headers=sent).json()
    answers = [stranger.get("/languages", headers={**sent, "x-forwarded-for": f"1.1.1.{i}"}) for i in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]


def test_an_address_before_the_proxys_own_line_is_not_believed(service: TranslationService) -> None:
    """HAProxy writes a header line of its own below the one that the client made up."""
    client = api_client(service, address="10.0.0.1", proxy=("10.0.0.1",), rate_limit="2/minute")
    answers = [
        client.get("/languages", headers=[("x-forwarded-for", f"6.6.6.{i}"), ("x-forwarded-for", "9.9.9.9")])
        for i in range(3)
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 429]


def test_an_origin_that_is_no_address_is_another_origin(service: TranslationService) -> None:
    for origin in ("http://[", "null", "", "http://testserver.example"):
        assert api_client(service, USERS).post("/login", headers={"origin": origin}).status_code == 403


def test_a_server_below_a_path_answers_with_and_without_it(service: TranslationService) -> None:
    client = api_client(service, root_path="/nmt", files="/nowhere")
    assert client.get("/nmt/health").json() == client.get("/health").json() == {"status": "ok"}
    assert "/nmt/static-offline-docs/" in client.get("/docs").text


def test_pages_of_other_origins_may_use_the_api_and_nothing_else(service: TranslationService) -> None:
    client, origin = api_client(service, files="/nowhere"), {"origin": "https://client.example"}
    answer = client.post("/translate", json=TEXT, headers=origin)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "*")
    asking = {
        **origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type",
    }
    assert client.options("/translate", headers=asking).headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-origin" not in client.get("/spec", headers=origin).headers
    for path in ("/translate_file", "/suggest", "/login", "/gradio_api/upload", "/upload"):
        assert client.post(path, headers=origin).status_code == 403, path
        assert client.post(path, headers={"sec-fetch-site": "cross-site"}).status_code == 403, path
        assert client.post(path, headers={"origin": "http://testserver"}).status_code != 403 or path == "/suggest"
    named = api_client(service, files="/nowhere", cors=("https://client.example",))
    assert named.post("/translate_file", headers=origin).status_code == 400  # a file is missing
    other = named.post("/translate", json=TEXT, headers={"origin": "https://other.example"})
    assert "access-control-allow-origin" not in other.headers


# --- limits ---------------------------------------------------------------------------------------------------


def test_no_more_requests_than_allowed_by_address_and_by_user(service: TranslationService) -> None:
    client = api_client(service, rate_limit="3/minute")
    answers = [client.get("/languages") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].json()["error"].startswith("Slowdown") and 0 < int(answers[-1].headers["retry-after"]) <= 61
    assert client.get("/health").status_code == 200
    known = make_app(service, Settings(allowed_host=("*",), rate_limit="3/minute"), USERS)
    clients = [TestClient(known, client=(f"10.0.0.{i}", 1)) for i in range(4)]
    keyed = [one.post("/translate", json={**TEXT, "api_key": "ana:secreto:1"}).status_code for one in clients]
    assert keyed == [200, 200, 200, 429]


def test_a_user_has_one_limit_for_api_and_page_wherever_the_user_is(service: TranslationService) -> None:
    known = make_app(service, Settings(allowed_host=("*",), rate_limit="3/minute"), USERS)
    clients = [TestClient(known, client=(f"10.0.0.{i}", 1)) for i in range(5)]
    ana = basic("ana", "secreto:1")
    answers = [one.post("/gradio_api/run/x", headers=ana).status_code for one in clients[:2]]
    answers += [one.post("/translate", json=TEXT, headers=ana).status_code for one in clients[2:4]]
    assert answers == [404, 404, 200, 429]
    assert clients[4].post("/translate", json=TEXT, headers=basic("bo", "x")).status_code == 200


def test_what_a_page_is_made_of_does_not_count(service: TranslationService) -> None:
    client = api_client(service, USERS, rate_limit="2/minute")
    assert {client.get(path).status_code for path in ("/login", "/assets/a.js", "/docs") * 2} == {200, 401}
    assert [client.post("/login").status_code for _ in range(3)] == [401, 401, 429]


def test_headers_without_end_close_the_connection(service: TranslationService) -> None:
    port = free_port()
    with running(make_app(service, Settings(port=port)), "127.0.0.1", port):
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: ")
            sent = 0
            try:
                while sent < 5_000_000:
                    sent += connection.send(b"x" * 10_000)
                answer = connection.recv(100)
            except ConnectionError:
                answer = b""
        assert answer == b"" or answer.split()[1] in (b"400", b"431")
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert connection.recv(100).startswith(b"HTTP/1.1 200")


# --- passwords ------------------------------------------------------------------------------------------------


def test_without_a_password_nothing_answers_but_the_login_and_health(service: TranslationService) -> None:
    client = api_client(service, USERS)
    for path in (
        "/",
        "/spec",
        "/docs",
        "/metrics",
        "/static-offline-docs/swagger-ui.css",
        "/openapi.json",
        "/config",
    ):
        assert client.get(path).status_code == 401, path
        assert client.get(path, headers={"accept": "text/html"}).headers["location"] == "/login"
    for path in ("/languages", "/frontend/settings", "/download_file/document-x.a.txt"):
        assert client.get(path).status_code == 403, path
    for path in ("/translate", "/detect", "/suggest"):
        assert client.post(path, json=TEXT).status_code == 403, path
    assert client.get("/health").status_code == client.get("/login").status_code == 200
    assert client.get("/spec", headers=basic("ana", "secreto:1")).status_code == 200
    assert client.get("/spec", headers=basic("ana", "x")).status_code == 401


def test_a_login_lasts_until_the_logout_or_another_password(service: TranslationService) -> None:
    client, page = api_client(service, USERS), {"accept": "text/html"}
    wrong = client.post("/login", data={"username": "ana", "password": "x"}, headers=page)
    assert wrong.headers["location"] == "/login?wrong=1" and not wrong.cookies
    assert client.post("/login", data={"username": "ana", "password": "x"}).status_code == 401
    assert client.get(f"/login?wrong={'x' * 9000}").status_code == 200
    assert "no son correctos" in client.get("/login?wrong=1", headers={"accept-language": "es"}).text
    answer = client.post("/login", data={"username": "ana", "password": "secreto:1"}, headers=page)
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie
    assert client.get("/spec").status_code == 200
    assert client.post("/translate", json=TEXT).status_code == 200
    value = client.cookies["nmt-user"]
    for users, given in (
        (USERS, value[:-1] + "x"),
        ({"ana": "new"}, value),
        ({"bo": "x"}, value),
        (USERS, "a.b.c"),
    ):
        other = api_client(service, users)
        assert other.get("/spec", cookies={"nmt-user": given}).status_code == 401
    client.get("/logout")
    assert client.get("/spec").status_code == 401


def test_who_guesses_passwords_is_locked_out_by_address_and_by_name(
    service: TranslationService, caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app(service, Settings(allowed_host=("*",)), USERS)

    def ask(address: str, user: str, password: str) -> int:
        return TestClient(app, client=(address, 1)).get(f"/languages?api_key={user}:{password}").status_code

    assert [ask("10.0.0.1", "ana", str(i)) for i in range(11)] == [403] * 10 + [429]
    assert ask("10.0.0.1", "ana", "secreto:1") == ask("10.0.0.1", "bo", "x") == 429  # the address, whoever it is
    assert ask("10.0.0.2", "ana", "secreto:1") == 200
    for i in range(20):
        ask(f"10.0.1.{i}", "ana", "guess")
    assert ask("10.0.0.3", "ana", "secreto:1") == 429  # the name, wherever from
    assert ask("10.0.0.3", "bo", "x") == 200
    said = [record.getMessage() for record in caplog.records]
    assert "wrong password for 'ana' from 10.0.0.1" in said and "locked out: address '10.0.0.1'" in said
    assert TestClient(app, client=("10.0.0.1", 1)).post("/login", data={"username": "bo"}).status_code == 429


# --- what is told ---------------------------------------------------------------------------------------------


def test_every_answer_has_its_security_headers(service: TranslationService) -> None:
    client = api_client(service, USERS)
    for path in ("/login", "/health", "/nowhere", "/languages"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "SAMEORIGIN"
        assert "frame-ancestors 'self'" in headers["content-security-policy"]


def test_every_request_is_one_line_of_the_log(service: TranslationService, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "nmt.requests")
    api_client(service, log=True).post("/translate", json=TEXT)
    api_client(service, log=True).get("/" + "x" * 9000)
    lines = [record.getMessage() for record in caplog.records if record.name == "nmt.requests"]
    first, second = map(json.loads, lines)
    assert (first["method"], first["path"], first["status"]) == ("POST", "/translate", 200)
    assert first["address"] == "testclient" and first["user"] is None and first["seconds"] >= 0
    client = api_client(service, log=True)
    assert client.head("/languages").status_code == 200
    assert json.loads(caplog.records[-1].getMessage())["method"] == "HEAD"
    assert len(lines[1]) < 500 and "\n" not in lines[1] and second["status"] == 404


def test_an_error_of_our_own_is_one_line_and_status_500(
    service: TranslationService, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Any) -> list[str]:
        raise KeyError("many\nlines" + "x" * 900)

    monkeypatch.setattr(TranslationService, "sources", fail)
    answer = api_client(service).get("/languages")
    assert answer.status_code == 500 and answer.json() == {"error": "something went wrong; the server's log says what"}
    (record,) = [one for one in caplog.records if one.levelno >= logging.ERROR]
    assert "\n" not in record.getMessage() and len(record.getMessage()) < 300 and record.exc_info is None


def test_a_path_with_a_control_character_is_refused(service: TranslationService) -> None:
    for path in ("/%00", "/download_file/document-x.%00", "/translate%0a"):
        assert api_client(service).get(path).status_code == 400
