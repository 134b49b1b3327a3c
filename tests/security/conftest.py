"""Servers to attack, on loopback: the page without and with passwords, and requests that no client would tidy up."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest

from tests.support.fake_translator import fake_service, served_page, serving

USERS = {"ana": "secreto:1"}
Ask = Callable[..., tuple[int, bytes]]


@pytest.fixture(scope="package")
def page() -> Iterator[str]:
    """The address of the page that everybody may use."""
    pytest.importorskip("gradio", reason="the page's extra is not installed")
    with served_page(max_chars=5000) as address:
        yield address


@pytest.fixture(scope="package")
def closed_page() -> Iterator[str]:
    """The address of the page that asks for a password."""
    pytest.importorskip("gradio", reason="the page's extra is not installed")
    with serving(fake_service(), USERS) as address:
        yield address


@pytest.fixture
def attempts(record_property: Callable[[str, object], None]) -> Callable[[int], None]:
    """Says how many attacks a test makes, for the table of `benchmarks.attack`."""
    return lambda number: record_property("attempts", number)


def ask(address: str, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
    """Status and body of the answer to a path that is sent as it is, dots and all."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    try:
        connection.putrequest(method, path, skip_host="host" in headers, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        if body:
            connection.putheader("content-length", str(len(body)))
        connection.endheaders(body or None)
        answer = connection.getresponse()
        try:
            return answer.status, answer.read()
        except http.client.IncompleteRead as broken_off:
            return answer.status, broken_off.partial
    finally:
        connection.close()
