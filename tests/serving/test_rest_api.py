"""The JSON routes, asked as clients of LibreTranslate ask."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from nmt.serving import rest_api
from tests.support.fake_translator import fake_service


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    app, service = FastAPI(), fake_service()
    rest_api.add_routes(app, service)
    yield TestClient(app)
    service.close()


def post(client: TestClient, **fields: Any) -> Any:
    answer = client.post("/translate", json=fields)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_text_is_translated(client: TestClient) -> None:
    assert post(client, q="el tren", source="es", target="en", format="text") == {
        "translatedText": "The train"
    }


def test_a_list_is_translated_as_a_list(client: TestClient) -> None:
    answer = post(client, q=["el tren", "", "sale"], source="es", target="en")
    assert answer == {"translatedText": ["The train", "", "Leaves"]}
    assert post(client, q=[], source="es", target="en") == {"translatedText": []}


def test_a_form_with_letters_as_curl_sends_them(client: TestClient) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    sent = {"/translate": "q=¿Dónde está el tren&source=es&target=en", "/detect": "q=¿Dónde está"}
    answers = {path: client.post(path, content=body.encode(), headers=form) for path, body in sent.items()}
    assert answers["/translate"].json()["translatedText"] == "Where is the train"
    assert answers["/detect"].json()[0]["language"] == "es"
    assert client.post("/translate", content=b"q=\xff", headers=form).status_code == 400


def test_a_form_does_as_well_as_json(client: TestClient) -> None:
    fields = {"q": "el tren", "source": "es", "target": "en", "alternatives": "1"}
    answer = client.post("/translate", data=fields).json()
    assert answer == {"translatedText": "The train", "alternatives": ["The train'"]}


def test_the_source_language_is_detected(client: TestClient) -> None:
    answer = post(client, q="the train", source="auto", target="es")
    assert answer["translatedText"] == "Las tren"
    assert answer["detectedLanguage"] == {"confidence": 98.0, "language": "en"}
    several = post(client, q=["the train"], source="auto", target="es")
    assert several["detectedLanguage"] == [answer["detectedLanguage"]]


def test_a_text_that_is_in_the_target_language_stays(client: TestClient) -> None:
    assert (
        post(client, q="<b>the</b> train", source="en", target="en")["translatedText"] == "<b>the</b> train"
    )


def test_markup_stays_and_entities_are_read_and_written(client: TestClient) -> None:
    source = '<p class="a">el <b>tren</b> &amp; sale</p><script>el tren</script><!-- el tren -->'
    answer = post(client, q=source, source="es", target="en", format="html")
    expected = '<p class="a">The <b>Train</b>& leaves</p><script>el tren</script><!-- el tren -->'
    assert answer["translatedText"].replace(" ", "") == expected.replace("&", "&amp;").replace(" ", "")


def test_text_with_a_sign_of_markup_is_text(client: TestClient) -> None:
    assert post(client, q="el <b> & tren", source="es", target="en")["translatedText"] == "The <b> & train"


@pytest.mark.parametrize(
    ("fields", "status", "message"),
    [
        ({"source": "es", "target": "en"}, 400, "missing q"),
        ({"q": "el", "target": "en"}, 400, "missing source"),
        ({"q": "el", "source": "es"}, 400, "missing target"),
        ({"q": "el", "source": "fr", "target": "en"}, 400, "fr is not supported"),
        ({"q": "el", "source": "es", "target": "de"}, 400, "de is not supported"),
        ({"q": 5, "source": "es", "target": "en"}, 400, "q is not a string"),
        ({"q": ["el", None], "source": "es", "target": "en"}, 400, "not a string"),
        ({"q": "el", "source": "es", "target": "en", "format": "pdf"}, 400, "format 'pdf'"),
        ({"q": "el", "source": "es", "target": "en", "alternatives": "x"}, 400, "alternatives is 'x'"),
        ({"q": "el", "source": "es", "target": "en", "alternatives": 99}, 400, "alternatives is 99"),
        ({"q": "x" * 201, "source": "es", "target": "en"}, 400, "the limit is 200"),
        ({"q": ["x" * 150, "x" * 150], "source": "es", "target": "en"}, 400, "the limit is 200"),
        ({"q": "crash", "source": "es", "target": "en"}, 500, "Something went wrong"),
        ([], 400, "not a JSON object"),
    ],
)
def test_a_bad_request_says_what_is_wrong(client: TestClient, fields: Any, status: int, message: str) -> None:
    answer = client.post("/translate", json=fields)
    assert (answer.status_code, list(answer.json())) == (status, ["error"])
    assert message in answer.json()["error"]
    assert post(client, q="el tren", source="es", target="en")["translatedText"] == "The train"


def test_lone_surrogates_are_no_harm(client: TestClient) -> None:
    body = b'{"q":"el \\ud800 tren","source":"es","target":"%s","format":"%s"}'
    for target, form in ((b"en", b"text"), (b"en", b"html"), (b"es", b"text"), (b"\\ud800", b"text")):
        answer = client.post("/translate", content=body % (target, form))
        assert answer.status_code == (400 if target == b"\\ud800" else 200)


def test_the_limit_holds_whatever_is_asked_for(client: TestClient) -> None:
    for more in ({"source": "es", "target": "es"}, {"source": "es", "target": "en", "format": "html"}):
        assert client.post("/translate", json={"q": "<" * 100_000, **more}).status_code == 400
        assert client.post("/translate", json={"q": [""] * 100_000, **more}).status_code == 400


def test_fields_may_come_as_multipart_or_in_the_address(client: TestClient) -> None:
    fields = {"q": "el tren", "source": "es", "target": "en"}
    assert client.post(
        "/translate", files={name: (None, value) for name, value in fields.items()}
    ).json() == {"translatedText": "The train"}
    assert client.post("/translate", params=fields).json() == {"translatedText": "The train"}


def test_what_is_no_json_is_refused(client: TestClient) -> None:
    for body in (
        b"",
        b"{",
        b"5",
        b'"el tren"',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"q":%s%s}' % (b"[" * 700, b"]" * 700),
    ):
        answer = client.post("/translate", content=body, headers={"content-type": "application/json"})
        assert answer.status_code == 400 and "not a JSON object" in answer.json()["error"]


def test_a_body_too_large_is_refused_before_it_is_read_whole(client: TestClient) -> None:
    answer = client.post("/translate", content=b"x" * (rest_api.MAX_BODY_BYTES + 1))
    assert answer.status_code == 413


def test_detect_names_the_language(client: TestClient) -> None:
    assert client.post("/detect", json={"q": "the train"}).json() == [{"confidence": 98.0, "language": "en"}]
    assert client.post("/detect", json={"q": "12"}).json()[0]["confidence"] == 0.0


def test_languages_are_listed_with_their_targets(client: TestClient) -> None:
    assert client.get("/languages").json() == [
        {"code": "es", "name": "Spanish", "targets": ["en", "es"]},
        {"code": "en", "name": "English", "targets": ["es", "en"]},
    ]


def test_a_password_is_asked_for_where_the_page_has_one() -> None:
    app, service = FastAPI(), fake_service()
    rest_api.add_routes(app, service, lambda user, password: (user, password) == ("ana", "secreto:1"))
    client = TestClient(app)
    fields = {"q": "el tren", "source": "es", "target": "en"}
    basic = {"authorization": "Basic " + base64.b64encode(b"ana:secreto:1").decode()}
    assert client.post("/translate", json=fields).status_code == 403
    assert client.post("/translate", json={**fields, "api_key": "ana:wrong"}).status_code == 403
    assert client.post("/translate", json={**fields, "api_key": "ana:secreto:1"}).status_code == 200
    assert client.post("/translate", json=fields, headers=basic).status_code == 200
    assert client.get("/languages").status_code == 403
    assert client.get("/languages", headers=basic).status_code == 200
    assert client.get("/languages", headers={"authorization": "Basic %%%"}).status_code == 403
    in_body = client.request(
        "GET", "/languages", json={"api_key": "ana:secreto:1"}
    )  # as libretranslatepy does
    assert in_body.status_code == 200
    assert client.post("/translate", content=b'{"api_key": "ana:\\ud800"}').status_code == 403
    service.close()
