"""What the page changes in Gradio's insides to protect its visitors: it is still there, and it still works.

An upgrade that renames what is patched would not fail by itself: the patch would go to a name that nobody asks, and
the guard would be gone.  What the guards are for is tried from outside in `test_server.py`.
"""

from __future__ import annotations

import gc
import inspect
import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

pytest.importorskip("gradio", reason="the page's extra is not installed")

import gradio as gr
from fastapi.testclient import TestClient
from gradio import processing_utils
from gradio.routes import App
from packaging.requirements import Requirement
from starlette.routing import Mount

from nmt.webui import gradio_sessions, server
from tests.support.fake_translator import fake_service

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def client() -> Iterator[TestClient]:
    """The page, in this process."""
    service = fake_service(max_chars=200)
    with TestClient(server.make_app(service)) as client:
        yield client
    service.close()


def translating(client: TestClient) -> tuple[int, list[Any], int]:
    """The event that translates what was typed: its number, its inputs as the page opens, and the text's place."""
    config = client.get("/config").json()
    components = {one["id"]: one["props"] for one in config["components"]}
    for event in config["dependencies"]:
        names = [components[number].get("elem_id") for number in event["inputs"]]
        if "nmt-source" in names and not event["queue"]:
            values = [components[number].get("value") for number in event["inputs"]]
            return event["id"], values, names.index("nmt-source")
    raise AssertionError("no event translates")


def translate(client: TestClient, text: str, visitor: str = "me") -> None:
    event, data, place = translating(client)
    data[place] = text
    sent = {"data": data, "fn_index": event, "session_hash": visitor}
    assert client.post("/gradio_api/run/predict", json=sent).status_code == 200


def test_only_versions_are_installed_that_the_guards_were_tried_with() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    found = re.search(r'"(gradio[<>=][^"]*)"', project)
    assert found, "pyproject.toml names no version of gradio"
    wanted = Requirement(found[1]).specifier
    assert any(bound.operator in ("<", "<=", "==", "~=") for bound in wanted), "gradio has no upper bound"
    assert metadata.version("gradio") in wanted


@pytest.mark.parametrize("ours", [gradio_sessions.Session, gradio_sessions.Sessions])
def test_every_method_that_is_overridden_is_gradios(ours: type) -> None:
    for name, method in vars(ours).items():
        if inspect.isfunction(method):
            theirs = getattr(ours.__mro__[1], name, None)
            assert theirs is not None, f"Gradio has no {ours.__mro__[1].__name__}.{name} to be overridden"
            assert list(inspect.signature(method).parameters) == list(inspect.signature(theirs).parameters), name


def test_every_setting_that_is_made_is_gradios() -> None:
    """An attribute that Gradio does not have could be set all the same, and nothing would come of it."""
    page = gr.Blocks()
    assert page.has_launched is False and page.state_session_capacity > 0
    assert inspect.iscoroutinefunction(processing_utils.async_ssrf_protected_download)


def visitors_in_memory(client: TestClient) -> set[int]:
    """Four visitors send a text longer than the page takes, so that nothing of ours keeps it; whose is still held?

    Wherever a version of Gradio may put it: all objects of the process are looked through.
    """
    for number in range(4):
        translate(client, f"visitor {number} says " * 100, f"visitor-{number}")
    gc.collect()
    held = set()
    for one in gc.get_objects():
        for text in gc.get_referents(one):
            if type(text) is str and (said := re.match(r"visitor (\d) says visitor", text)):
                held.add(int(said[1]))
    return held


def test_no_memory_is_taken_by_what_visitors_sent(client: TestClient) -> None:
    assert visitors_in_memory(client) <= {3}  # the last one's error message has its traceback yet


def test_without_its_guard_gradio_keeps_it_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """If this fails, Gradio no longer keeps values where it did: is `gradio_sessions.py` still needed?"""
    monkeypatch.setattr(server, "keep_less_of_visitors", lambda app, page: None)
    service = fake_service(max_chars=200)
    with TestClient(server.make_app(service)) as client:
        assert visitors_in_memory(client) == {0, 1, 2, 3}
    service.close()


def test_components_are_not_described_anew_for_each_visitor(monkeypatch: pytest.MonkeyPatch) -> None:
    service = fake_service()
    with TestClient(server.make_app(service)) as client:
        translate(client, "el tren", "first")
        describe = Mock(return_value={})
        monkeypatch.setattr(gr.UploadButton, "api_info", describe)
        translate(client, "el tren", "second")
    describe.assert_not_called()
    service.close()


def test_the_oldest_visitor_is_forgotten_for_one_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MAX_SESSIONS", 3)
    service = fake_service()
    app = server.make_app(service)
    with TestClient(app) as client:
        for number in range(6):
            translate(client, "el tren", f"visitor-{number}")
    mounted: Any = next(r.app for r in app.routes if isinstance(r, Mount) and isinstance(r.app, App))
    assert list(mounted.state_holder.session_data) == [f"visitor-{number}" for number in (3, 4, 5)]
    service.close()


def test_a_file_larger_than_the_limit_is_refused(client: TestClient) -> None:
    for size, status in ((1000, 200), (10 * 1024**2 + 1, 413)):
        files = {"files": ("a.txt", b"x" * size)}
        assert client.post("/gradio_api/upload", files=files).status_code == status
