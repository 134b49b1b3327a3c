"""The visitor's glossary: one text that stands in a box of two tabs, and that the browser keeps for the visit."""

from __future__ import annotations

from collections.abc import Sequence

import gradio as gr

from nmt.serving.glossaries import MAX_CHARS
from nmt.webui import i18n
from nmt.webui.components import PRIVATE

_KEY = "nmt-glossary"
# The other box's change comes back, with what is kept by then: that changes nothing.
_KEEP = f"""text => {{
  if (sessionStorage.getItem('{_KEY}') === text) return {{ __type__: 'update' }};
  try {{ sessionStorage.setItem('{_KEY}', text); }} catch {{ /* full, or forbidden */ }}
  return text;
}}"""
_KEPT = f"() => Array(%d).fill(sessionStorage.getItem('{_KEY}') ?? '')"


def glossary_box(elem_id: str) -> gr.Textbox:
    return gr.Textbox(
        label=i18n.label("translate.glossary"),
        info=i18n.label("translate.glossary_info"),
        placeholder=i18n.label("translate.glossary_placeholder"),
        lines=3,
        max_lines=10,
        max_length=MAX_CHARS,
        elem_id=elem_id,
    )


def keep(page: gr.Blocks, boxes: Sequence[gr.Textbox]) -> None:
    """Have the boxes say the same, also after the page was loaded anew.  The server is not asked."""
    page.load(None, None, list(boxes), js=_KEPT % len(boxes), **PRIVATE)
    for box in boxes:
        box.change(None, box, [other for other in boxes if other is not box], js=_KEEP, **PRIVATE)
