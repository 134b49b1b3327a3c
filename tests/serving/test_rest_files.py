"""POST /translate_file and GET /download_file: documents for programs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.support.fake_translator import api_client, fake_service

LANGUAGES = {"source": "es", "target": "en"}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    (tmp_path / "secret.txt").write_text("nobody's business")
    service = fake_service()
    yield api_client(service, files=str(tmp_path / "files"))
    service.close()


@pytest.fixture(autouse=True)
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    return folder


def sent(client: TestClient, name: str, content: bytes, **fields: str) -> Any:
    return client.post("/translate_file", files={"file": (name, content)}, data={**LANGUAGES, **fields})


@pytest.mark.parametrize("source", ["es", "auto"])
def test_a_document_is_translated_and_can_be_had(client: TestClient, source: str, files: Path) -> None:
    answer = sent(client, "carta ñ.txt", b"el tren\n", source=source)
    address = answer.json()["translatedFileUrl"]
    assert address.startswith("http://testserver/download_file/document-")
    result = client.get(address)
    assert result.content == b"The train\n"
    assert "carta" in result.headers["content-disposition"] and ".en.txt" in result.headers["content-disposition"]
    assert [path.name for path in files.glob("upload-*")] == []


def test_a_document_holds_to_a_glossary(client: TestClient) -> None:
    address = sent(client, "a.txt", b"el tren\n", glossary="tren\tconvoy").json()["translatedFileUrl"]
    assert client.get(address).content == b"The convoy\n"


@pytest.mark.parametrize(
    ("name", "content", "fields", "message"),
    [
        ("a.exe", b"x", {}, "Invalid request: file format not supported"),
        ("a.txt", b"el", {"source": ""}, "Invalid request: missing source parameter"),
        ("a.txt", b"el", {"target": ""}, "Invalid request: missing target parameter"),
        ("a.txt", b"el", {"source": "fr"}, "fr is not supported"),
        ("a.docx", b"no zip", {}, "uploaded.docx"),
        ("a.txt", b"12", {}, "no text"),
        ("a.txt", b"Ich habe heute keine Zeit.", {"source": "auto"}, "German"),
        ("a.txt", b"el", {"glossary": "tren"}, "Glossary, line 1"),
        ("a.txt", b"el tren", {"source": "auto", "target": "es"}, "the document is in es already"),
    ],
)
def test_what_cannot_be_translated_is_refused(
    client: TestClient, name: str, content: bytes, fields: dict[str, str], message: str, files: Path
) -> None:
    answer = sent(client, name, content, **fields)
    assert answer.status_code == 400 and message in answer.json()["error"], answer.text
    assert str(files) not in answer.text and list(files.iterdir()) == []


def test_a_file_has_to_be_there(client: TestClient) -> None:
    for form in ({"data": LANGUAGES}, {"data": {**LANGUAGES, "file": "x"}}, {"json": LANGUAGES}):
        answer = client.post("/translate_file", **form)  # type: ignore[arg-type]
        assert (answer.status_code, answer.json()) == (
            400,
            {"error": "Invalid request: missing file parameter"},
        )


def test_no_other_file_can_be_had(client: TestClient, files: Path) -> None:
    (files / "document-abc").mkdir()
    (files / "document-abc" / "b.txt").write_text("kept")
    (files / "loose.txt").write_text("loose")
    assert client.get("/download_file/document-abc.b.txt").status_code == 200
    for name in (
        "document-abc...secret.txt", "document-abc.%2e%2e%2f..%2fsecret.txt", "..%2f..%2fsecret.txt", "secret.txt",
        "loose.txt", ".loose.txt", "document-abc.", "document-abc..", "%2fetc%2fpasswd", "document-abc.b.txt%00",
        "document-abc.%2fetc%2fpasswd", "document-abc%2fb.txt", "document-x.b.txt", "..%5c..%5csecret.txt",
    ):  # fmt: skip
        answer = client.get(f"/download_file/{name}")
        assert answer.status_code in (400, 404), (name, answer.text)


def test_results_are_deleted_after_an_hour(client: TestClient, files: Path) -> None:
    address = sent(client, "a.txt", b"el tren").json()["translatedFileUrl"]
    (folder,) = files.iterdir()
    os.utime(folder, (0, 0))
    sent(client, "b.txt", b"el tren")
    assert client.get(address).status_code == 404 and not folder.exists()


def test_a_result_that_another_request_just_deleted_is_no_failure(client: TestClient, files: Path) -> None:
    (files / "document-gone").symlink_to(files / "nowhere")
    assert sent(client, "a.txt", b"el tren").status_code == 200


def test_a_server_may_translate_no_files() -> None:
    service = fake_service()
    client = api_client(service)
    assert sent(client, "a.txt", b"el").json() == {"error": "Files translation are disabled on this server."}
    assert client.get("/download_file/document-a.b").status_code == 404
    service.close()
