"""The server attacked from outside, over sockets on loopback; the first line of each test is what is promised."""

from __future__ import annotations

import base64
import itertools
import json
import logging
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

pytest.importorskip("fastapi", reason="the server's extra is not installed")

from nmt.serving import header_timeout
from nmt.serving.app import make_app
from nmt.serving.http_server import MAX_HEADER_BYTES, running
from nmt.serving.service import TranslationService
from nmt.serving.settings import Settings
from tests.security.conftest import USERS, ask
from tests.support.fake_translator import fake_service, free_port

Attempts = Callable[[int], None]
SECRET = "nobody's business"


@pytest.fixture(scope="module")
def service() -> Iterator[TranslationService]:
    service = fake_service(max_chars=5000)
    yield service
    service.close()


@pytest.fixture
def api(service: TranslationService, tmp_path: Path) -> Iterator[str]:
    """`nmt serve`, in this process; its files lie in `tmp_path`/files, and beside them a secret one."""
    port, files = free_port(), tmp_path / "files"
    files.mkdir()
    (tmp_path / "users.txt").write_text(SECRET, encoding="utf-8")
    with running(make_app(service, Settings(port=port, files=str(files), secret="s")), "127.0.0.1", port):
        yield f"http://127.0.0.1:{port}"


def connected(address: str) -> socket.socket:
    parts = urlsplit(address)
    return socket.create_connection((parts.hostname, parts.port), timeout=30)


def sent_until_closed(connection: socket.socket, chunk: bytes, most: int) -> int:
    """How many bytes the server took before it closed the connection."""
    sent = 0
    try:
        while sent < most:
            sent += connection.send(chunk)
    except OSError:
        pass
    return sent


# --- connections --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("begin", "chunk"),
    [
        (b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: ", b"x" * 65_536),
        (b"GET /health HTTP/1.1\r\nHost: localhost\r\n", b"X: y\r\n" * 10_000),
        (b"GET /", b"x" * 65_536),
        (b"", b"\r\n" * 30_000),
        (
            b"POST /translate HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1;",
            b"x" * 65_536,
        ),
    ],
)
def test_headers_are_limited(api: str, begin: bytes, chunk: bytes) -> None:
    """A connection whose headers or address pass 64 kB is closed, and nobody waits for it meanwhile."""
    with connected(api) as connection, ThreadPoolExecutor(1) as pool:
        connection.sendall(begin)
        other = pool.submit(ask, api, "GET", "/health")
        taken = sent_until_closed(connection, chunk, 90_000_000)
        assert taken < 100 * MAX_HEADER_BYTES, "what the system's buffers hold, and no more"
        assert other.result(timeout=5)[0] == 200


def test_slow_headers_are_given_up(api: str, monkeypatch: pytest.MonkeyPatch, attempts: Attempts) -> None:
    """A connection whose headers come byte by byte, or not at all, is closed in time; others are not."""
    monkeypatch.setattr(header_timeout, "HEADER_SECONDS", 1.0)
    whole, slow = (
        b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n",
        [b"", b"GET /he", b"GET / HTTP/1.1\r\nX: "],
    )
    connections = [connected(api) for _ in range(len(slow) + 1)]
    attempts(len(connections))
    connections[-1].sendall(whole)
    assert connections[-1].recv(20).startswith(b"HTTP/1.1 200")
    for connection, begin in zip(connections, [*slow, b"GET /he"], strict=True):
        connection.sendall(begin)
    ends = time.monotonic() + 20
    for connection in connections:
        try:
            while connection.recv(65_536):
                assert time.monotonic() < ends
        except ConnectionError:
            pass
        connection.close()
    slow_body = whole.replace(b"GET /health", b"POST /detect").replace(b"\r\n\r\n", b"\r\nContent-Length: 8\r\n\r\n")
    with connected(api) as connection:
        connection.sendall(slow_body)
        time.sleep(1.5)  # a body may take its time
        connection.sendall(b'{"q":""}')
        assert connection.recv(20).startswith(b"HTTP/1.1 400")


# --- who asks, and from where ---------------------------------------------------------------------------------


def test_no_other_name_is_answered(page: str, api: str, attempts: Attempts) -> None:
    """A name that is rebound to this machine is refused on every route, whatever a forwarded header says."""
    port = urlsplit(page).port
    hosts = [
        "rebound.example",
        f"rebound.example:{port}",
        "127.0.0.1.rebound.example",
        "localhost.rebound.example",
    ]
    hosts += [
        "127.0.0.1@rebound.example",
        "rebound.example#127.0.0.1",
        "192.168.1.7",
        "0.0.0.0",
        "[",
        "[::2]",
        "",
    ]
    paths = ["/", "/config", "/health", "/translate", "/gradio_api/upload", "/gradio_api/info", "/languages"]
    forwarded = [{}, {"x_forwarded_host": "127.0.0.1"}, {"forwarded": "host=localhost"}]
    tried = list(itertools.product([page, api], hosts, paths, forwarded))
    attempts(len(tried))
    for address, host, path, more in tried:
        method = "POST" if path in ("/translate", "/gradio_api/upload") else "GET"
        status, said = ask(address, method, path, b"{}" if method == "POST" else b"", host=host, **more)
        assert status in (400, 421) and len(said) < 200, (host, path, status)


@pytest.mark.parametrize("way", ["/languages", "/login", "basic", "/translate"])
def test_passwords_are_not_guessed(service: TranslationService, way: str, attempts: Attempts) -> None:
    """After ten wrong passwords an address gets no further answer, right or wrong, whichever way it asks."""
    port = free_port()
    with running(make_app(service, Settings(port=port, secret="s"), USERS), "127.0.0.1", port):
        address = f"http://127.0.0.1:{port}"

        def guess(password: str, spoofed: int) -> int:
            more = {"x_forwarded_for": f"10.0.0.{spoofed}"}
            if way == "basic":
                known = base64.b64encode(f"ana:{password}".encode()).decode()
                return ask(address, "GET", "/spec", authorization=f"Basic {known}", **more)[0]
            if way == "/languages":
                return ask(address, "GET", f"/languages?api_key=ana:{password}", **more)[0]
            fields = {"username": "ana", "password": password, "api_key": f"ana:{password}", "q": "x"}
            return ask(address, "POST", way, json.dumps(fields).encode(), content_type="application/json", **more)[0]

        tried = [guess(f"wrong{i}", i) for i in range(25)]
        attempts(len(tried) + 1)
        assert set(tried[:10]) <= {401, 403} and set(tried[10:]) == {429}
        assert guess(USERS["ana"], 99) == 429


PRIVATE = """/ /config /openapi.json /info /spec /docs /metrics /theme.css /manifest.json /robots.txt /favicon.ico
/pwa_icon /token /login_check /monitoring /assets/index.js /static/img/logo.svg /download_file/document-x.a.txt
/languages /frontend/settings /gradio_api/info /gradio_api/heartbeat/abc /gradio_api/queue/data?session_hash=a
/gradio_api/queue/status /gradio_api/startup-events /gradio_api/app_id /gradio_api/file=/etc/passwd
/gradio_api/run/predict /gradio_api/call/translate /gradio_api/queue/join /gradio_api/upload /gradio_api/reset
/gradio_api/component_server /gradio_api/cancel""".split()


def test_behind_a_password_nothing_answers(closed_page: str, attempts: Attempts) -> None:
    """With --auth nothing answers without a password but the login page and /health, by any spelling of a path."""
    spellings = [
        "{}",
        "/{}",
        "{}/",
        "/login/..{}",
        "/health/../..{}",
        "{}%2f",
        "/.{}",
        "{};x",
        "/login/%2e%2e{}",
    ]
    methods = ["GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"]
    tried = [(m, s.format(p)) for p in PRIVATE for m, s in itertools.product(methods, spellings[:1])]
    tried += [(m, s.format(p)) for p in PRIVATE for m, s in itertools.product(["GET", "POST"], spellings[1:])]
    attempts(len(tried))
    for method, path in tried:
        for more in ({}, {"cookie": "nmt-user=YW5h.99999999999.0"}) if method == "GET" else ({},):
            status, said = ask(closed_page, method, path, b"{}" if method == "POST" else b"", **more)
            assert status in (400, 401, 403, 404, 405, 422), (method, path, status)
            assert len(said) < 300 and b"gradio" not in said, (method, path, said)
    assert ask(closed_page, "GET", "/health")[0] == ask(closed_page, "GET", "/login")[0] == 200
    assert ask(closed_page, "GET", "/", accept="text/html")[0] == 303


def test_pages_elsewhere_do_nothing_here(page: str, closed_page: str, attempts: Attempts) -> None:
    """A page of another origin uploads, logs in and asks for nothing, with a password or without."""
    paths = [path for path in PRIVATE if path.startswith("/gradio_api") and "?" not in path] + [
        "/login",
        "/suggest",
    ]
    origins = [{"origin": "https://evil.example"}, {"origin": "null"}, {"sec_fetch_site": "cross-site"}]
    origins += [{"origin": page.replace("127.0.0.1", "127.0.0.2")}, {"sec_fetch_site": "same-site"}]
    tried = list(itertools.product([page, closed_page], paths, origins))
    attempts(len(tried))
    for address, path, headers in tried:
        assert ask(address, "POST", path, b"{}", **headers)[0] == 403, (path, headers)


# --- files --------------------------------------------------------------------------------------------------------

ROUTES = """/download_file/{} /download_file/document-x.{} /gradio_api/file={} /gradio_api/file/{} /file={} /static/{}
/assets/{} /gradio_api/static/{} /gradio_api/assets/{} /gradio_api/custom_component/x/server/component/{} /svelte/{}
/gradio_api/stream/x/1/1/{} /gradio_api/proxy={} /gradio_api/proxy=file://{} /static-offline-docs/{} /pwa_icon/{} /{}
/?deep_link={} /gradio_api/upload_progress?upload_id={}""".split()


def test_no_route_gives_a_file_away(page: str, api: str, tmp_path: Path, attempts: Attempts) -> None:
    """No route gives a file of the machine away, by any spelling of a path that leads to it."""
    secret = tmp_path / "users.txt"  # beside the folder of the API's files
    name, whole = secret.name, str(secret)
    ways = [
        whole,
        f"../{name}",
        f"..%2f{name}",
        f"%2e%2e%2f{name}",
        f"..%252f{name}",
        f"....//{name}",
        f"..%5c{name}",
    ]
    ways += [
        f"document-x/../../{name}",
        f"document-x.../{name}",
        f"%c0%ae%c0%ae/{name}",
        f"file://{whole}",
        f"/{whole}",
    ]
    ways += [
        f"{whole}%00.txt",
        quote("../" * 9 + whole[1:], safe=""),
        *("../" * up + whole[1:] for up in (3, 9)),
    ]
    tried = list(itertools.product([page, api], ROUTES, ways))
    attempts(len(tried))
    for address, route, way in tried:
        status, said = ask(address, "GET", route.format(way))
        assert SECRET.encode() not in said and status < 500, (route, way, status)


# --- nonsense -----------------------------------------------------------------------------------------------------

LONG = "x" * 100_000
BODIES = [
    b"",
    b"[" * 100_000,
    b"9" * 900_000,
    b'{"data": 5, "fn_index": "x"}',
    b'{"data": [], "fn_index": 99999999, "session_hash": "a"}',
    b'{"data": [], "fn_index": -1}',
    b'{"data": null, "fn_index": 0, "event_data": 7, "trigger_id": "x", "session_hash": [1]}',
    b'{"component_id": 0, "fn_name": "__class__", "data": [], "session_hash": "q"}',
    json.dumps({LONG: LONG}).encode(),
    json.dumps({name: LONG for name in ("data", "session_hash", "event_id", "fn_name", "q", "source")}).encode(),
    json.dumps({"q": "x", "source": LONG, "target": LONG, "format": LONG}).encode(),
    json.dumps({"q": {LONG: LONG}, "source": "es", "target": "en"}).encode(),
    b'{"q": "x", "source": "es", "target": "en", "alternatives": ' + b"9" * 4000 + b"}",
    b'{"q": "\\ud800", "source": "\\ud800", "target": "en"}',
    b"\xff\xfe" * 1000,
]
POSTED = """/gradio_api/run/predict /gradio_api/queue/join /gradio_api/component_server /gradio_api/call/translate
/gradio_api/call/nothing /gradio_api/cancel /gradio_api/reset /gradio_api/stream/x /gradio_api/upload /gradio_api/api/x
/gradio_api/run/nothing /translate /detect /suggest /translate_file /languages /login""".split()
GOT = [
    "/pwa_icon/1",
    "/gradio_api/upload_progress?upload_id=none",
    "/gradio_api/file=%00",
    "/gradio_api/call/x/y",
]
GOT += [
    f"/gradio_api/file={LONG[:60_000]}",
    f"/translate?q={LONG[:60_000]}",
    f"/languages?api_key={LONG[:60_000]}",
]
GOT += [
    "/gradio_api/stream/a/b/c/playlist.m3u8",
    f"/gradio_api/stream/{LONG[:60_000]}/1/1/x.ts",
    "/?wrong=%00",
]


def test_nonsense_is_answered_briefly(
    page: str, attempts: Attempts, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nonsense gets a status below 500, repeats little of what was sent, and leaves no traceback in the log."""
    caplog.set_level(logging.WARNING)
    tried = [("POST", *one) for one in itertools.product(POSTED, BODIES)] + [("GET", path, b"") for path in GOT]
    attempts(len(tried))
    for method, path, body in tried:
        status, said = ask(page, method, path, body, content_type="application/json")
        assert status < 500, (method, path[:60], body[:60], status)
        assert len(said) < 1000 or status == 200, (method, path[:60], body[:60], said[:100])
    time.sleep(0.5)  # an event of the queue fails after its answer
    assert not [record for record in caplog.records if record.exc_info]
    assert all(len(record.getMessage()) < 500 for record in caplog.records)
    assert "Traceback" not in "".join(capfd.readouterr())


# --- many at once -------------------------------------------------------------------------------------------------


def test_texts_of_many_are_not_mixed_up(api: str, attempts: Attempts) -> None:
    """Whoever asks at the same time as others gets the translation of the own text."""

    def mine(number: int) -> bool:
        body = {"q": f"la {number} está. el {number}.", "source": "es", "target": "en"}
        _, said = ask(api, "POST", "/translate", json.dumps(body).encode(), content_type="application/json")
        return json.loads(said) == {"translatedText": f"The {number} está. The {number}."}

    attempts(100)
    with ThreadPoolExecutor(20) as pool:
        assert all(pool.map(mine, range(100)))


@pytest.mark.parametrize("stream", [False, True])
def test_dropped_requests_end(api: str, service: TranslationService, stream: bool, attempts: Attempts) -> None:
    """What was asked for by somebody who hung up is not computed any more."""
    service.batcher.max_batch = 1
    text = " ".join(f"tren slow {number}." for number in range(200))
    body = json.dumps({"q": text, "source": "es", "target": "en", "stream": stream}).encode()
    head = f"POST /translate HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    connections = [connected(api) for _ in range(8)]
    attempts(len(connections))
    for connection in connections:
        connection.sendall(head + body)
    calls = service.translators["es", "en"].calls  # type: ignore[attr-defined]
    begun, ends = len(calls), time.monotonic() + 20
    while len(calls) < begun + 2 and time.monotonic() < ends:
        time.sleep(0.05)
    assert len(calls) >= begun + 2
    for connection in connections:
        connection.close()
    quiet = 0
    while quiet < 15 and time.monotonic() < ends:  # five times what one sentence takes
        before = len(calls)
        time.sleep(0.1)
        quiet = quiet + 1 if len(calls) == before else 0
    assert quiet == 15 and len(calls) < begun + 100
