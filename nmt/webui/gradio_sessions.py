"""Makes Gradio keep less of each visitor: by itself it remembers every value that came in or went out.

It does so to make links to a page as somebody left it (`gr.DeepLinkButton`), of which this page has none, and before
any limit of ours is asked: a few hundred visitors with a large file each would fill the memory.  For the same links it
describes every component anew for each visitor, which would delay each one's first translation by 30 ms.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import gradio as gr
from fastapi import FastAPI
from gradio.routes import App
from gradio.state_holder import SessionState, StateHolder
from starlette.routing import Mount


class Session(SessionState):
    """What is kept of one visitor: what `gr.State` holds, and menus that were changed."""

    def __init__(self, blocks: gr.Blocks) -> None:
        undescribed: Any = SimpleNamespace(default_config=blocks.default_config, blocks={})
        super().__init__(undescribed)

    def _update_config(self, key: int) -> None:
        pass

    def _update_value_in_config(self, key: int, value: Any) -> None:
        pass


class Sessions(StateHolder):
    """Makes a `Session` for each visitor that comes."""

    def __getitem__(self, session_id: str) -> SessionState:
        if session_id not in self.session_data:
            self.session_data[session_id] = Session(self.blocks)
        return super().__getitem__(session_id)


def mounted_page(app: FastAPI) -> App:
    """Gradio's application, which is mounted on ours."""
    return next(route.app for route in app.routes if isinstance(route, Mount) and isinstance(route.app, App))


def keep_less_of_visitors(app: FastAPI, page: gr.Blocks) -> None:
    """Put `Sessions` in the place of Gradio's own, in `app`, on which `page` is mounted."""
    mounted = mounted_page(app)
    mounted.state_holder = Sessions()
    mounted.state_holder.set_blocks(page)
