"""The JSON routes, asked as clients of LibreTranslate ask."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from nmt.serving import rest_requests
from nmt.serving.app import make_app
from nmt.serving.http_server import running
from nmt.serving.settings import Settings
from tests.support.fake_translator import SLOW, api_client, fake_service, free_port


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    service = fake_service()
    yield api_client(service)
    service.close()


def post(client: TestClient, **fields: Any) -> Any:
    answer = client.post("/translate", json=fields)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_text_is_translated(client: TestClient) -> None:
    assert post(client, q="el tren", source="es", target="en", format="text") == {"translatedText": "The train"}


def test_a_list_is_translated_as_a_list(client: TestClient) -> None:
    answer = post(client, q=["el tren", "", "sale"], source="es", target="en")
    assert answer == {"translatedText": ["The train", "", "Leaves"]}


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
    assert answer["detectedLanguage"]["language"] == "en" and answer["detectedLanguage"]["confidence"] > 90
    several = post(client, q=["the train"], source="auto", target="es")
    assert several["detectedLanguage"] == [answer["detectedLanguage"]]


def test_a_text_that_is_in_the_target_language_stays(client: TestClient) -> None:
    assert post(client, q="<b>the</b> train", source="en", target="en")["translatedText"] == "<b>the</b> train"


def test_markup_stays_and_entities_are_read_and_written(client: TestClient) -> None:
    source = '<p class="a">el <b>tren</b> &amp; sale</p><script>el tren</script><!-- el tren -->'
    answer = post(client, q=source, source="es", target="en", format="html")
    expected = '<p class="a">The <b>train</b>& leaves</p><script>el tren</script><!-- el tren -->'
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
        ({"q": "", "source": "es", "target": "en"}, 400, "missing q"),
        ({"q": [], "source": "es", "target": "en"}, 400, "missing q"),
        ({"q": "el", "source": "es", "target": "de"}, 400, "de is not supported"),
        ({"q": 5, "source": "es", "target": "en"}, 400, "q: Input should be a valid string"),
        ({"q": ["el", None], "source": "es", "target": "en"}, 400, "valid string"),
        ({"q": "el", "source": "es", "target": "en", "format": "pdf"}, 400, "pdf format is not supported"),
        (
            {"q": "el", "source": "es", "target": "en", "alternatives": "x"},
            400,
            "alternatives: Input should be",
        ),
        (
            {"q": "el", "source": "es", "target": "en", "alternatives": 99},
            400,
            "alternatives: Input should be",
        ),
        ({"q": "x" * 201, "source": "es", "target": "en"}, 400, "the limit is 200"),
        ({"q": ["x" * 150, "x" * 150], "source": "es", "target": "en"}, 400, "the limit is 200"),
        ({"q": "crash", "source": "es", "target": "en"}, 500, "Something went wrong"),
        ([1], 400, "not a JSON object"),
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
    assert client.post("/translate", files={name: (None, value) for name, value in fields.items()}).json() == {
        "translatedText": "The train"
    }
    assert client.post("/translate", params=fields).json() == {"translatedText": "The train"}


def test_what_is_no_json_is_refused(client: TestClient) -> None:
    for body in (
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
    answer = client.post("/translate", content=b"x" * (rest_requests.MAX_BODY_BYTES + 1))
    assert answer.status_code == 413


def test_detect_names_the_language(client: TestClient) -> None:
    first, *others = client.post("/detect", json={"q": "the train"}).json()
    assert first["language"] == "en" and first["confidence"] > 90 > others[0]["confidence"]
    assert client.post("/detect", json={"q": "12"}).json() == [{"confidence": 0.0, "language": "es"}]


def test_another_language_is_named_by_detect_and_refused_by_translate(client: TestClient) -> None:
    german = "Ich habe heute leider keine Zeit, ins Kino zu gehen."
    first = client.post("/detect", json={"q": german}).json()[0]
    assert first["language"] == "de" and first["confidence"] > 80
    for q, place in ((german, "q"), (["el tren", german], "q[1]")):
        answer = client.post("/translate", json={"q": q, "source": "auto", "target": "en"})
        assert answer.status_code == 400
        assert answer.json()["error"].startswith(f"de is not supported: {place} seems to be in German; give source")


def test_each_text_of_a_list_has_a_language_of_its_own(client: TestClient) -> None:
    answer = post(client, q=["the train", "el tren", "12"], source="auto", target="es")
    assert answer["translatedText"] == ["Las tren", "el tren", "12"]
    assert [one["language"] for one in answer["detectedLanguage"]] == ["en", "es", "en"]
    assert answer["detectedLanguage"][2]["confidence"] == 0.0


@pytest.mark.parametrize("nothing", [None, ""])
def test_fields_that_hold_nothing_are_as_good_as_not_there(client: TestClient, nothing: Any) -> None:
    fields = {"format": nothing, "alternatives": nothing, "api_key": nothing, "stream": nothing}
    answer = post(client, q="el tren", source="es", target="en", **fields)
    assert answer == {"translatedText": "The train"}


def test_a_form_may_have_several_texts(client: TestClient) -> None:
    sent = {"q": ["el tren", "sale"], "source": "es", "target": "en"}
    assert client.post("/translate", data=sent).json() == {"translatedText": ["The train", "Leaves"]}


def test_a_stream_of_a_text_in_the_target_language_is_the_text(client: TestClient) -> None:
    fields = {"q": "Hello there.", "source": "en", "target": "en", "stream": True, "doubtful": True}
    answer = client.post("/translate", json=fields)
    assert answer.headers["content-type"].startswith("text/event-stream")
    event = json.loads(answer.text.removeprefix("data: "))
    assert event == {"done": True, "translatedText": "Hello there.", "doubtful": []}


def test_a_text_can_come_sentence_by_sentence() -> None:
    service = fake_service(most=1)
    text = "El tren sale. " + "Tren slow. " * 3
    fields = {"q": text, "source": "auto", "target": "en", "stream": True}
    answer = api_client(service).post("/translate", json=fields)
    assert answer.headers["content-type"].startswith("text/event-stream")
    *pieces, last = [json.loads(line[6:]) for line in answer.text.split("\n\n") if line]
    assert len(pieces) > 1 and "".join(piece["text"] for piece in pieces) == last["translatedText"]
    assert last["done"] is True and last["detectedLanguage"]["language"] == "es" and pieces[-1]["sentences"] == 4
    for wrong in ({"q": ["el"]}, {"format": "html"}):
        assert api_client(service).post("/translate", json={**fields, **wrong}).status_code == 400
    assert service.waiting == 0
    service.close()


def test_what_somebody_sent_is_repeated_in_no_more_than_200_characters(client: TestClient) -> None:
    fields = {"q": "el", "source": "es", "target": "en"}
    for wrong in (
        {"source": "9" * 9000},
        {"format": "x" * 9000},
        {"alternatives": "9" * 9000},
        {"x" * 9000: "y"},
    ):
        answer = client.post("/translate", json={**fields, **wrong})
        assert len(answer.text) < 250, answer.text


def test_terms_of_a_glossary_hold_whatever_is_asked_for(client: TestClient) -> None:
    fields = {"source": "es", "target": "en", "glossary": "tren\tconvoy"}
    assert post(client, q="el tren", **fields)["translatedText"] == "The convoy"
    several = post(client, q=["el tren", "the train", "tren"], **{**fields, "source": "auto"})
    assert several["translatedText"] == ["The convoy", "the train", "Convoy"]
    page = post(client, q="<p>el tren</p>", format="html", **fields)
    assert page["translatedText"] == "<p>The convoy</p>"
    streamed = client.post("/translate", json={"q": "el tren", "stream": True, **fields}).text
    assert '"translatedText": "The convoy"' in streamed
    form = client.post("/translate", data={"q": "el tren", **fields})
    assert form.json() == {"translatedText": "The convoy"}


@pytest.mark.parametrize(
    ("glossary", "message"),
    [
        ("tren\tconvoy\n\ntren", "line 3: expected a term, a tab or =, and its translation; found “tren”"),
        ("tren\tconvoy\n" * 1001, "the limits are 1,000 and 50,000"),
        (["tren\tconvoy"], "glossary: Input should be a valid string"),
    ],
)
def test_a_wrong_glossary_is_refused_in_one_sentence(client: TestClient, glossary: Any, message: str) -> None:
    answer = client.post("/translate", json={"q": "el tren", "source": "es", "target": "en", "glossary": glossary})
    assert answer.status_code == 400 and message in answer.json()["error"], answer.text


def test_doubtful_words_are_told_where_they_are_asked_for(client: TestClient) -> None:
    fields = {"source": "es", "target": "en", "doubtful": True}
    assert post(client, q="el doubt sale. el tren", **fields)["doubtful"] == [[4, 9]]
    assert post(client, q=["el tren", "doubt"], **fields)["doubtful"] == [[], [[0, 5]]]
    assert "doubtful" not in post(client, q="el doubt", source="es", target="en")
    streamed = client.post("/translate", json={"q": "el doubt", "stream": True, **fields}).text
    assert '"doubtful": [[4, 9]]' in streamed
    refused = client.post("/translate", json={"q": "el doubt", "format": "html", **fields})
    assert (refused.status_code, refused.json()) == (400, {"error": "doubtful: true needs format text"})


def test_what_is_beyond_libretranslates_api_is_documented(client: TestClient) -> None:
    paths = client.get("/spec").json()["paths"]
    asked = paths["/translate"]["post"]["requestBody"]["content"]["application/json"]["schema"]["properties"]
    sent = paths["/translate_file"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert {"glossary", "doubtful", "stream"} <= asked.keys() and "glossary" in sent["properties"]


def test_suggestions_are_refused_unless_they_are_kept(client: TestClient, tmp_path: Path) -> None:
    fields = {"q": "el\ttren", "s": "the\ntrain", "source": "es", "target": "en"}
    assert client.post("/suggest", json=fields).status_code == 403
    service = fake_service()
    keeping = api_client(service, suggestions=str(tmp_path / "new"))
    assert keeping.post("/suggest", data=fields).json() == {"success": True}
    assert keeping.post("/suggest", json=fields).json() == {"success": True}
    assert (tmp_path / "new" / "es-en.tsv").read_text() == 2 * "el tren\tthe train\n"
    for wrong in ({"source": "../x"}, {"s": None}, {"q": "x" * 201}):
        assert keeping.post("/suggest", json={**fields, **wrong}).status_code == 400
    assert [file.name for file in tmp_path.rglob("*")] == ["new", "es-en.tsv"]
    service.close()


def test_what_a_client_asks_about_the_server(client: TestClient) -> None:
    assert client.get("/health").json() == {"status": "ok"}
    settings = client.get("/frontend/settings").json()
    assert settings["charLimit"] == 200 and settings["keyRequired"] is False and settings["suggestions"] is False
    assert settings["language"]["source"] == {"code": "es", "name": "Spanish"}
    for path in ("/languages", "/health", "/frontend/settings"):
        assert client.head(path).status_code == 200
    paths = client.get("/spec").json()["paths"]
    assert {"/translate", "/detect", "/languages", "/suggest", "/translate_file", "/health"} <= set(paths)
    properties = paths["/translate"]["post"]["requestBody"]["content"]["application/json"]["schema"]["properties"]
    assert {"q", "source", "target", "format", "alternatives"} <= set(properties)
    page = client.get("/docs").text
    assert "swagger" in page and "cdn." not in page


def test_what_is_measured(client: TestClient) -> None:
    post(client, q="el tren", source="es", target="en")
    text = client.get("/metrics").text
    assert 'nmt_requests_total{route="/translate",status="200"}' in text
    assert 'nmt_characters_total{source="es",target="en"}' in text


def test_what_nobody_waits_for_is_not_translated() -> None:
    """Of a long text whose client hangs up, only the batch that is being translated is finished."""
    service = fake_service(max_chars=5000, most=1)
    port, fields = free_port(), {"q": "slow. " * 50, "source": "es", "target": "en"}
    app = make_app(service, Settings(port=port))
    with running(app, "127.0.0.1", port):
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"http://127.0.0.1:{port}/translate", json=fields, timeout=1.0, trust_env=False)
        time.sleep(2 * SLOW)
        fake: Any = service.translators["es", "en"]
        done = len(fake.calls)
        time.sleep(4 * SLOW)
        assert len(fake.calls) == done < 25
        with httpx.stream("POST", f"http://127.0.0.1:{port}/translate", json={**fields, "stream": True}) as answer:
            lines = answer.iter_lines()  # as a temporary, it would close the connection when it is dropped
            next(lines)
            assert service.waiting == 1
        time.sleep(4 * SLOW)
        assert service.waiting == 0 and len(fake.calls) < 25
    service.close()


def test_a_list_that_fails_is_translated_no_further() -> None:
    """The texts of each language are a job of their own; where one fails, nobody gets what the other makes."""
    service = fake_service(max_chars=5000, most=1)
    fields = {"q": ["crash el tren", "the slow train. " * 20], "source": "auto", "target": "es"}
    service.add(("es", "fr"), service.translators["es", "en"])
    service.add(("en", "fr"), service.translators["en", "es"])
    with api_client(service) as client:  # one event loop, which goes on after the answer
        assert client.post("/translate", json={**fields, "target": "fr"}).status_code == 500
        time.sleep(2 * SLOW)
        fake: Any = service.translators["en", "fr"]
        done = len(fake.calls)
        time.sleep(3 * SLOW)
        assert len(fake.calls) == done < 19
    service.close()


def test_languages_are_listed_with_their_targets(client: TestClient) -> None:
    assert client.get("/languages").json() == [
        {"code": "es", "name": "Spanish", "targets": ["en", "es"]},
        {"code": "en", "name": "English", "targets": ["es", "en"]},
    ]


def test_a_password_is_asked_for_where_the_page_has_one() -> None:
    service = fake_service()
    client = api_client(service, {"ana": "secreto:1"})
    fields = {"q": "el tren", "source": "es", "target": "en"}
    basic = {"authorization": "Basic " + base64.b64encode(b"ana:secreto:1").decode()}
    assert client.post("/translate", json=fields).status_code == 403
    assert client.post("/translate", json={**fields, "api_key": "ana:wrong"}).status_code == 403
    assert client.post("/translate", json={**fields, "api_key": "ana:secreto:1"}).status_code == 200
    assert client.post("/translate", json=fields, headers=basic).status_code == 200
    assert client.get("/languages").status_code == 403
    assert client.get("/languages", headers=basic).status_code == 200
    assert client.get("/languages?api_key=ana:secreto:1").status_code == 200
    assert client.get("/languages", headers={"authorization": "Basic %%%"}).status_code == 403
    in_body = client.request("GET", "/languages", json={"api_key": "ana:secreto:1"})  # as libretranslatepy does
    assert in_body.status_code == 200
    assert client.post("/translate", content=b'{"api_key": "ana:\\ud800"}').status_code == 403
    service.close()
