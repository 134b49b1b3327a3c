"""The page as a whole: header, tabs, endpoints, launch.  A new tab is a file and a line here."""

from __future__ import annotations

import gradio as gr

from nmt.webui import api, languages, translate_tab
from nmt.webui.service import TranslationService
from nmt.webui.theme import ICON, STYLE_SHEET, theme

TITLE = "Recurrent translator"
WAITING = 64  # requests that may queue; a further one is refused with a message


def build_page(service: TranslationService) -> gr.Blocks:
    """The page over the given translators; launch it with `launch`."""
    with gr.Blocks(title=TITLE, analytics_enabled=False) as page:
        gr.Markdown(
            f"# {TITLE}\n{_directions(service)} · nothing leaves this server",
            elem_classes="nmt-header",
        )
        translate_tab.build(service)
        api.build(service)
    return page.queue(max_size=WAITING)


def launch(page: gr.Blocks, host: str, port: int) -> None:
    """Serve the page in the background; raises OSError when it can't listen on host and port."""
    page.launch(
        server_name=f"[{host}]" if ":" in host else host,  # IPv6, as it is written in a URL
        server_port=port,
        prevent_thread_lock=True,
        quiet=True,
        share=False,
        inbrowser=False,
        ssr_mode=False,
        mcp_server=False,
        enable_monitoring=False,
        run_history=False,
        footer_links=["api", "settings"],
        theme=theme(),
        favicon_path=ICON,
        css_paths=STYLE_SHEET,
    )


def _directions(service: TranslationService) -> str:
    """ "Spanish ↔ English" for a pair with both directions, "Spanish → English" for a single one."""
    parts = []
    for source, target in service.translators:
        both = (target, source) in service.translators
        if not both or f"{languages.name(target)} ↔ {languages.name(source)}" not in parts:
            parts.append(f"{languages.name(source)} {'↔' if both else '→'} {languages.name(target)}")
    return ", ".join(parts)
