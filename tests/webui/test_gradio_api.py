"""The endpoints that programs call through gradio_client: translations, scores, and refusals that say why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sacrebleu

pytest.importorskip("gradio", reason="the page's extra is not installed")

import httpx
from gradio_client import Client
from gradio_client.exceptions import AppError

from tests.support.fake_translator import served_page

SPANISH, ENGLISH = "¿Dónde está la biblioteca?", "Where is the library?"
REFERENCE = ["the cat sat on the mat", "a dog ran over the hill", "nobody saw them again"]
A = ["the cat sat on a mat", "the dog ran over that hill", "nobody saw them again"]


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with served_page(max_chars=200) as address:
        yield Client(address, verbose=False)


def test_translate_endpoint_in_both_directions(client: Client) -> None:
    assert client.predict(SPANISH, "es-en", 5, 0, api_name="/translate") == (ENGLISH, [])
    text, alternatives = client.predict("the train", "en-es", 5, 2, api_name="/translate")
    assert text == "Las tren"
    assert len(alternatives) == 2 and text not in alternatives


def test_translate_endpoint_needs_the_text_only(client: Client) -> None:
    assert client.predict(SPANISH, api_name="/translate") == (ENGLISH, [])


def test_translate_endpoint_gives_nothing_for_an_empty_text(client: Client) -> None:
    assert client.predict("", "es-en", api_name="/translate") == ("", [])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("x" * 201,), "201 characters"),
        ((SPANISH, "fr-en"), "Available: es-en, en-es"),
        ((SPANISH, "es-en", 99), "beam is 99"),
        (("Ich habe heute leider keine Zeit.", "auto"), "German"),
        (("crash",), "Something went wrong"),
    ],
)
def test_a_refused_request_says_why_and_the_next_one_works(client: Client, arguments: tuple[str], message: str) -> None:
    with pytest.raises(AppError, match=message):
        client.predict(*arguments, api_name="/translate")
    assert client.predict(SPANISH, api_name="/translate")[0] == ENGLISH


def test_languages_endpoint_names_the_directions(client: Client) -> None:
    directions = client.predict(api_name="/languages")
    assert directions[0] == {"direction": "es-en", "source": "Spanish", "target": "English"}
    assert [d["direction"] for d in directions] == ["es-en", "en-es"]


def test_batch_endpoint_gives_a_translation_for_each_text(client: Client) -> None:
    texts = client.predict([SPANISH, "", "el tren\nsale"], "es-en", api_name="/translate_batch")
    assert texts == [ENGLISH, "", "The train\nLeaves"]
    assert client.predict(["the train"], "auto", api_name="/translate_batch") == ["Las tren"]
    for wrong in ("el tren", [1], None):
        with pytest.raises(AppError, match="list of strings"):
            client.predict(wrong, api_name="/translate_batch")
    with pytest.raises(AppError, match="201 characters"):  # empty ones are work too
        client.predict([""] * 201, "es-en", api_name="/translate_batch")


def test_endpoints_hold_to_a_glossary(client: Client) -> None:
    terms = "tren\tconvoy"
    assert client.predict("el tren", "es-en", 5, 0, terms, api_name="/translate")[0] == "The convoy"
    assert client.predict(["el tren"], "es-en", 0, terms, api_name="/translate_batch") == ["The convoy"]
    with pytest.raises(AppError, match="Glossary, line 1"):
        client.predict("el tren", glossary="tren", api_name="/translate")


def test_only_these_endpoints_are_public(client: Client) -> None:
    described = client.view_api(return_format="dict", print_info=False)
    assert set(described["named_endpoints"]) == {"/translate", "/translate_batch", "/languages", "/score"}
    assert described["unnamed_endpoints"] == {}


def test_the_page_names_no_other_host(client: Client) -> None:
    config = httpx.get(f"{client.src}config", trust_env=False).json()
    theme = httpx.get(f"{client.src}theme.css", trust_env=False).text
    assert "http" not in theme.replace("http://www.w3.org/", "")
    assert config["analytics_enabled"] is False
    assert not config.get("stylesheets")


def test_the_endpoint_gives_sacrebleus_figures_and_signatures(client: Client) -> None:
    found = client.predict(A, REFERENCE, api_name="/score")
    assert found["BLEU"] == pytest.approx(sacrebleu.corpus_bleu(A, [REFERENCE]).score)
    assert found["chrF2"] == pytest.approx(sacrebleu.corpus_chrf(A, [REFERENCE]).score)
    assert found["TER"] == pytest.approx(sacrebleu.corpus_ter(A, [REFERENCE]).score)
    assert set(found["signatures"]) == {"BLEU", "chrF2", "TER"}
    assert found["signatures"]["BLEU"].endswith(f"version:{sacrebleu.__version__}")


@pytest.mark.parametrize(
    ("hypotheses", "references", "message"),
    [
        (["a"], ["a", "b"], "references 2, hypotheses 1"),
        ([], [], "references is empty"),
        ("a", ["a"], "hypotheses is not a list of strings"),
        ([1], ["a"], "hypotheses is not a list of strings"),
        (["a"], None, "references is not a list of strings"),
        (["x" * 10_001], ["a"], "10,001 characters; the limit is 10,000"),
    ],
)
def test_the_endpoint_refuses_bad_requests_with_a_message(
    client: Client, hypotheses: Any, references: Any, message: str
) -> None:
    with pytest.raises(AppError, match=message):
        client.predict(hypotheses, references, api_name="/score")


def test_the_endpoint_is_documented_and_the_tabs_events_are_private(client: Client) -> None:
    named = client.view_api(return_format="dict")["named_endpoints"]  # type: ignore[index]
    assert [p["parameter_name"] for p in named["/score"]["parameters"]] == ["hypotheses", "references"]
    assert [p["label"] for p in named["/translate"]["parameters"]] == [
        "text", "direction", "beam", "alternatives", "glossary",
    ]  # fmt: skip
    assert [r["label"] for r in named["/translate"]["returns"]] == ["translation", "alternatives"]
    assert not any("upload" in name or "turn" in name for name in named)
