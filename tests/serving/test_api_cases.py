"""The cases api-… of tests/data/cases, asked as their command.txt says, of the shipped models."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from nmt.serving import models
from nmt.serving.service import TranslationService
from tests.support.fake_translator import api_client

CASES = Path(__file__).resolve().parents[1] / "data" / "cases"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    service = TranslationService(models.load_translators([]), identifier=models.load_identifier())
    files = str(tmp_path_factory.mktemp("files"))
    yield api_client(service, files=files, allowed_host=("translate.example.org", "testserver"))
    service.close()


def case(name: str) -> Any:
    return json.loads((CASES / name / "input.json").read_text(encoding="utf-8"))


def test_each_text_of_a_batch_has_its_own_language(client: TestClient) -> None:
    sent = case("api-batch-languages")
    answer = client.post("/translate", json=sent).json()
    assert [one["language"] for one in answer["detectedLanguage"]] == ["en", "es", "en", "es"]
    texts = answer["translatedText"]
    assert (texts[1], texts[3]) == (sent["q"][1], sent["q"][3])
    assert texts[0].startswith("Buenos días") and texts[2] in ("La casa es roja.", "La casa está roja.")


def test_the_answer_to_another_origin_may_be_read(client: TestClient) -> None:
    headers = {"host": "translate.example.org", "origin": "https://client.example.com"}
    for method, path in (("POST", "/translate"), ("POST", "/detect"), ("GET", "/languages")):
        answer = client.request(method, path, json=case("api-cors"), headers=headers)
        assert answer.status_code == 200 and answer.headers["access-control-allow-origin"] == "*"


def test_no_format_means_text(client: TestClient) -> None:
    for nothing in (None, ""):
        answer = client.post("/translate", json={**case("api-format-null"), "format": nothing})
        assert (answer.status_code, answer.json()) == (200, {"translatedText": "Hello."})


def test_the_routes_of_libretranslate_are_there(client: TestClient) -> None:
    assert client.head("/languages").status_code == 200
    assert client.get("/health").json() == {"status": "ok"}
    settings = client.get("/frontend/settings").json()
    assert {"charLimit", "language", "supportedFilesFormat"} <= set(settings)
    assert "/translate" in client.get("/spec").json()["paths"]
    file = (CASES / "api-routes" / "input.txt").read_bytes()
    sent = client.post("/translate_file", files={"file": ("input.txt", file)}, data={"source": "en", "target": "es"})
    assert sent.status_code == 200
    assert client.get(sent.json()["translatedFileUrl"]).text.count("\n") == file.decode().count("\n")
    assert list(client.post("/nowhere").json()) == ["error"]
