"""The page as a whole: header, tabs, endpoints.  A new tab is a file, a file of words, and a line here."""

from __future__ import annotations

from typing import Any

import gradio as gr

from nmt.webui import api, languages, score_api, scores_tab, translate_tab, words
from nmt.webui.service import TranslationService

TITLE = "Recurrent translator"
WAITING = 256  # events that may queue; a further one is refused with a message
UPLOADS_LAST = 3600  # seconds


def build_page(service: TranslationService) -> gr.Blocks:
    """The page over the given translators; `nmt.webui.server` serves it."""
    with gr.Blocks(
        title=TITLE, analytics_enabled=False, delete_cache=(UPLOADS_LAST // 4, UPLOADS_LAST)
    ) as page:
        gr.HTML(_header(service), elem_classes="nmt-header")
        with gr.Tabs(elem_id="nmt-tabs"):
            with gr.Tab(words.label("page.tab_translate"), id="translate"):
                tab = translate_tab.build(service)
            with gr.Tab(words.label("page.tab_scores"), id="scores"):
                scores_tab.build(service)

        # The names of languages in a menu are no labels: the browser cannot say them in its own language.
        def name_languages(request: gr.Request) -> list[Any]:
            return translate_tab.in_language(service, words.of_visitor(request))

        page.load(
            name_languages, None, [tab.source, tab.target], api_visibility="private", show_progress="hidden"
        )
        api.build(service)
        score_api.build()
    return page.queue(max_size=WAITING, default_concurrency_limit=None)


def _header(service: TranslationService) -> str:
    nothing = words.html("page.nothing_leaves")
    return f"<h1>{words.html('page.title')}</h1><p>{_directions(service)} · {nothing}</p>"


def _directions(service: TranslationService) -> str:
    """ "Spanish ↔ English" for a pair with both directions, "Spanish → English" for a single one."""
    parts: list[str] = []
    shown: set[tuple[str, str]] = set()  # as the other half of a pair
    for source, target in service.translators:
        both = (target, source) in service.translators
        key = "page.both_ways" if both else "page.one_way"
        if not both or (source, target) not in shown:
            parts.append(words.html(key, source=languages.name(source), target=languages.name(target)))
        shown.add((target, source))
    return ", ".join(parts)
