"""nmt.serving.body_limit: what is too large is refused, and uploads where too much of others' is stored."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

from nmt.serving import body_limit
from nmt.serving.body_limit import BodyLimit


@pytest.fixture
def uploads(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def client(uploads: Path) -> Iterator[TestClient]:
    app = FastAPI()
    app.add_middleware(BodyLimit, folder=lambda: str(uploads))

    @app.post("/upload")
    @app.post("/other")
    async def read(request: Request) -> int:
        return len(await request.body())

    with TestClient(app) as client:
        yield client


def test_a_request_may_be_as_large_as_the_limit_and_no_larger(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body_limit, "MAX_BODY_BYTES", 1000)
    assert client.post("/other", content=b"x" * 1000).json() == 1000
    answer = client.post("/other", content=b"x" * 1001)
    assert (answer.status_code, answer.json()["detail"]) == (413, "the request is larger than 1000 bytes")


def test_uploads_alone_are_refused_while_the_folder_is_full(
    client: TestClient, uploads: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body_limit, "RECOUNT_SECONDS", -1.0)
    monkeypatch.setattr(body_limit, "MAX_STORED_BYTES", body_limit.MIN_FILE_BYTES)
    (uploads / "one").write_bytes(b"a")  # which takes a block of the disk
    assert client.post("/upload", content=b"x").status_code == 200
    (uploads / "two").write_bytes(b"a")
    assert client.post("/upload", content=b"x").status_code == 507
    assert client.post("/other", content=b"x").status_code == 200
    (uploads / "one").unlink()
    assert client.post("/upload", content=b"x").status_code == 200


def test_the_folder_is_not_counted_again_at_every_upload(client: TestClient, uploads: Path) -> None:
    assert client.post("/upload", content=b"x").status_code == 200
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(body_limit, "stored_bytes", lambda folder: 10**18)
        assert client.post("/upload", content=b"x").status_code == 200
