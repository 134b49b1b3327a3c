"""Three models served at once: each language is detected, and where no model is direct, two lead there."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from nmt.errors import UserError
from nmt.serving.models import load_translators
from nmt.serving.service import TranslationService
from nmt.translation.glossary import Glossary
from tests.support.fake_translator import api_client
from tests.support.random_model import save_random_checkpoint

PAIRS = [("fr", "en"), ("en", "es"), ("es", "en")]
FRENCH = "Je voudrais réserver une table pour deux personnes."


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TranslationService]:
    folder = tmp_path_factory.mktemp("models")
    folders = [save_random_checkpoint(folder / "-".join(pair), *pair, seed=i) for i, pair in enumerate(PAIRS)]
    service = TranslationService(load_translators(folders))
    yield service
    service.close()


@pytest.fixture(scope="module")
def client(service: TranslationService, tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    return api_client(service, files=str(tmp_path_factory.mktemp("files")))


def by_way_of_english(service: TranslationService, text: str) -> str:
    english = service.translators["fr", "en"].translate(text)
    return service.translators["en", "es"].translate(english)


def test_every_language_that_can_be_reached_is_offered(client: TestClient) -> None:
    assert {one["code"]: one["targets"] for one in client.get("/languages").json()} == {
        "fr": ["en", "es", "fr"],
        "en": ["es", "en"],
        "es": ["en", "es"],
    }


def test_a_text_is_translated_by_way_of_another_language_and_that_is_said(
    client: TestClient, service: TranslationService
) -> None:
    fields = {"q": FRENCH, "source": "fr", "target": "es", "alternatives": 1}
    answer = client.post("/translate", json=fields).json()
    assert answer["translatedText"] == by_way_of_english(service, FRENCH)
    assert answer["via"] == ["en"] and len(answer["alternatives"]) <= 1
    direct = client.post("/translate", json={**fields, "target": "en"}).json()
    assert "via" not in direct and direct["translatedText"] == service.translators["fr", "en"].translate(FRENCH)
    page = client.post("/translate", json={**fields, "q": f"<p>{FRENCH}</p>", "format": "html"}).json()
    assert page["via"] == ["en"] and page["translatedText"].startswith("<p>")
    streamed = client.post("/translate", json={**fields, "stream": True}).text
    assert '"via": ["en"]' in streamed


def test_each_text_of_a_list_goes_its_own_way(client: TestClient, service: TranslationService) -> None:
    texts = [FRENCH, "Where is the library of this town?", "¿Dónde está la biblioteca?"]
    answer = client.post("/translate", json={"q": texts, "source": "auto", "target": "es"}).json()
    assert [one["language"] for one in answer["detectedLanguage"]] == ["fr", "en", "es"]
    assert all(one["confidence"] > 70 for one in answer["detectedLanguage"])
    assert answer["via"] == [["en"], [], []]
    english = service.translators["en", "es"].translate(texts[1])
    assert answer["translatedText"] == [by_way_of_english(service, FRENCH), english, texts[2]]


def test_a_document_goes_the_same_way(client: TestClient, service: TranslationService) -> None:
    sent = {"files": {"file": ("a.txt", FRENCH.encode())}, "data": {"source": "auto", "target": "es"}}
    address = client.post("/translate_file", **sent).json()["translatedFileUrl"]  # type: ignore[arg-type]
    assert client.get(address).text.split() == by_way_of_english(service, FRENCH).split()


def test_what_cannot_be_reached_is_refused(client: TestClient, service: TranslationService) -> None:
    answer = client.post("/translate", json={"q": "Hola.", "source": "es", "target": "fr"})
    message = "French (fr) is not available as a target language from Spanish (es)"
    assert (answer.status_code, answer.json()) == (400, {"error": message})
    with pytest.raises(UserError, match="No model translates Spanish into French"):
        service.route(("es", "fr"))
    assert service.route(("fr", "es")) == [("fr", "en"), ("en", "es")]


def test_on_the_way_by_another_language_a_glossary_is_the_last_models(
    client: TestClient, service: TranslationService
) -> None:
    english = service.translators["fr", "en"].translate(FRENCH)
    word = re.findall(r"[^\W\d_]+", english)[0]
    glossary = Glossary([(word, "término")], "en", "es")
    asked = {"q": FRENCH, "source": "fr", "target": "es", "glossary": f"{word}\ttérmino"}
    answer = client.post("/translate", json=asked).json()
    assert "término" in answer["translatedText"].lower()
    assert answer["translatedText"] == service.translators["en", "es"].translate(english, glossary=glossary)
