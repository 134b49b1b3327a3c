"""Programs that people use with LibreTranslate, against this server: two clients from PyPI, and argos-translate's."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib import error, parse, request

import httpx
import pytest

from nmt.serving.app import make_app
from nmt.serving.http_server import running
from nmt.serving.settings import Settings
from tests.support.fake_translator import fake_service, free_port

KEY = "ana:secreto:1"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that asks for a password, keeps suggestions and translates files."""
    service, port = fake_service(), free_port()
    folder = tmp_path_factory.mktemp("served")
    settings = Settings(port=port, secret="s", files=str(folder), suggestions=str(folder / "suggested"))
    with running(make_app(service, settings, {"ana": "secreto:1"}), "127.0.0.1", port):
        yield f"http://127.0.0.1:{port}"
    service.close()


def test_libretranslatepy(address: str) -> None:
    client = pytest.importorskip("libretranslatepy", reason="pip install libretranslatepy").LibreTranslateAPI
    ours = client(address, api_key=KEY)
    assert ours.translate("¿Dónde está la biblioteca?", "es", "en") == "Where is the library?"
    assert ours.translate("the train", "auto", "es") == "Las tren"
    assert ours.detect("the train")[0]["language"] == "en"
    assert [one["code"] for one in ours.languages()] == ["es", "en"]
    with pytest.raises(error.HTTPError, match="403"):
        client(address).translate("el tren", "es", "en")


def test_libretranslate_aio(address: str, tmp_path: Path) -> None:
    library = pytest.importorskip("libretranslate_aio", reason="pip install libretranslate-aio")
    (tmp_path / "carta.txt").write_text("el tren\n", encoding="utf-8")
    headers = {"authorization": "Basic " + "YW5hOnNlY3JldG86MQ=="}  # it sends its key with some requests only
    with httpx.Client(base_url=address, timeout=60, trust_env=False, headers=headers) as http:
        ours = library.LibreTranslate(address, api_key=KEY, client=http)
        assert ours.translate("el tren", "es", "en", alternatives=1).alternatives == ["The train'"]
        several = ours.translate(["el tren", "the train"], "auto", "es")
        assert several.translated_text == ["el tren", "Las tren"]
        assert [one.language for one in several.detected_language] == ["es", "en"]
        assert ours.translate("<b>el tren</b>", "es", "en", format="html").translated_text == "<b>The train</b>"
        assert ours.detect("el tren")[0].language == "es"
        assert [one.targets for one in ours.languages()] == [["en", "es"], ["es", "en"]]
        settings = ours.frontend_settings()
        assert settings.char_limit == 200 and settings.key_required and ".docx" in settings.supported_files_format
        assert ours.suggest("el tren", "the railway train", "es", "en") and ours.health()
        link = ours.translate_file(tmp_path / "carta.txt", "es", "en").translated_file_url
        assert http.get(link).text == "The train\n"
        with pytest.raises(library.BadRequestError, match="fr is not supported"):
            ours.translate("le train", "fr", "en")

    async def at_once() -> list[Any]:
        async with httpx.AsyncClient(base_url=address, timeout=60, trust_env=False) as http:
            theirs = library.AsyncLibreTranslate(address, api_key=KEY, client=http)
            return await asyncio.gather(*(theirs.translate("el tren", "es", "en") for _ in range(5)))

    assert [one.translated_text for one in asyncio.run(at_once())] == ["The train"] * 5


def test_what_argos_translate_asks_of_a_remote_server(address: str) -> None:
    """Its `RemoteLanguage` asks GET languages, and for each text POST translate with q, source and target as a form."""

    def ask(path: str, method: str, **fields: str) -> Any:
        sent = request.Request(address + path, parse.urlencode({**fields, "api_key": KEY}).encode(), method=method)
        with request.urlopen(sent, timeout=60) as answer:
            return json.loads(answer.read().decode())

    languages = ask("/languages", "GET")
    assert all({"code", "name"} <= set(one) for one in languages)
    assert ask("/translate", "POST", q="el tren", source="es", target="en")["translatedText"] == "The train"
    (first, *_) = ask("/detect", "POST", q="el tren")
    assert first["language"] == "es" and 0 < first["confidence"] <= 100
