"""What the tabs have in common in laying out components and in wiring events."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import gradio as gr

from nmt.webui import i18n

# The settings of an event that programs have no use for; of one that also takes a while, or goes past Gradio's queue.
PRIVATE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
SLOW: dict[str, Any] = {**PRIVATE, "show_progress": "minimal"}
AT_ONCE: dict[str, Any] = {**PRIVATE, "queue": False}

COPY_SCRIPT = Path(__file__).with_name("copy.js").read_text(encoding="utf-8")


def button(key: str, elem_id: str, **settings: Any) -> gr.Button:
    """A button with the message `key` on it, as narrow as that allows."""
    return gr.Button(i18n.label(key), elem_id=elem_id, **{"scale": 0, **settings})


def download_button(key: str, elem_id: str, **settings: Any) -> gr.DownloadButton:
    return gr.DownloadButton(i18n.label(key), elem_id=elem_id, **settings)


def upload_button(key: str, elem_id: str, **settings: Any) -> gr.UploadButton:
    return gr.UploadButton(i18n.label(key), elem_id=elem_id, scale=0, **settings)


def slider(key: str, info: str, least: int, most: int, value: int, **settings: Any) -> gr.Slider:
    """A whole number to choose; `info` is the key of what is said about it."""
    said = {"label": i18n.label(key), "info": i18n.label(info)}
    return gr.Slider(least, most, value, step=1, buttons=[], min_width=240, **said, **settings)


def sent(event: gr.EventData, *names: str) -> list[Any]:
    """What the browser sent with an event; None for what it left out."""
    data = event._data if isinstance(event._data, dict) else {}
    return [data.get(name) for name in names]


def owner_of(request: gr.Request, tab: str) -> Hashable:
    """Whose a tab's work is: not the owner of the text that the visitor types, so that neither stops the other."""
    return request.session_hash, tab


def or_skip(value: Any) -> Any:
    """An update of a component; None leaves it as it is."""
    return gr.skip() if value is None else value


def shown_if_any(value: str | None) -> Any:
    """An update that hides a component while it has nothing to show."""
    return gr.update(value=value, visible=bool(value))
