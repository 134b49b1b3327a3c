"""The page as a whole: header, tabs, endpoints.  A new tab is a file, a file of words, and a line here."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import gradio as gr

from nmt.serving import languages
from nmt.serving.job import Direction
from nmt.serving.messages import catalogue
from nmt.serving.service import TranslationService
from nmt.webui import gradio_api, i18n, language_menus
from nmt.webui.documents import tab as documents_tab
from nmt.webui.inside import tab as inside_tab
from nmt.webui.scores import tab as scores_tab
from nmt.webui.translate import tab as translate_tab

if TYPE_CHECKING:
    from nmt.serving.training_jobs import Trainings

TITLE = "Recurrent translator"
AT_ONCE, WAITING = 64, 256  # events that run, and that may queue; a further one is refused with a message
UPLOADS_LAST = 3600  # seconds


def build_page(service: TranslationService, trainings: Trainings | None = None) -> gr.Blocks:
    """The page over the given translators; `nmt.webui.server` serves it.  `trainings` None: nobody may train."""
    with gr.Blocks(
        title=TITLE, analytics_enabled=False, delete_cache=(UPLOADS_LAST // 4, UPLOADS_LAST)
    ) as page:
        gr.HTML(_header(service), elem_classes="nmt-header")
        with gr.Tabs(elem_id="nmt-tabs"):
            with gr.Tab(i18n.label("page.tab_translate"), id="translate"):
                tab = translate_tab.build(service)
            with gr.Tab(i18n.label("page.tab_documents"), id="documents"):
                documents = documents_tab.build(service)
            with gr.Tab(i18n.label("page.tab_scores"), id="scores"):
                scores = scores_tab.build(service)
            with gr.Tab(i18n.label("page.tab_inside"), id="inside") as inside:
                look = inside_tab.build(service, tab.view, inside)
            menus = [
                tab.source,
                tab.target,
                documents.source,
                documents.target,
                scores.direction,
                look.direction,
            ]
            if trainings is not None:
                from nmt.webui.retrain import tab as retrain_tab  # needs what only POSIX systems have

                with gr.Tab(i18n.label("page.tab_retrain"), id="retrain") as retrain:
                    retrain_tab.build(service, trainings, _trying_with(service), menus, retrain)

        # The names of languages in a menu are no labels: the browser cannot say them in its own language.
        def name_languages(request: gr.Request) -> list[Any]:
            return _menus(service, i18n.of_visitor(request))

        page.load(name_languages, None, menus, api_visibility="private", show_progress="hidden")
        page.load(None, js=_title_js(), api_visibility="private")
        gradio_api.build(service)
        gradio_api.build_score()
    # Not open: what is to wait in the queue could otherwise be asked for past it and all its limits.
    return page.queue(max_size=WAITING, default_concurrency_limit=AT_ONCE, api_open=False)


def _menus(service: TranslationService, language: catalogue.Language) -> list[Any]:
    """What the menus of Translate, Documents, Scores and Inside offer."""
    directions = gr.update(choices=language_menus.direction_choices(service, language))
    return [*2 * language_menus.in_language(service, language), directions, directions]


def _trying_with(service: TranslationService) -> Callable[[Direction, catalogue.Language], list[Any]]:
    """What the menus become when a direction was added that a visitor wants to try: Translate and Documents choose
    it.  (Other visitors have it in their menus when they open the page anew.)"""

    def updates(direction: Direction, language: catalogue.Language) -> list[Any]:
        *menus, scores, inside = _menus(service, language)
        chosen = [{**menu, "value": code} for menu, code in zip(menus, 2 * direction, strict=True)]
        return [*chosen, scores, inside]

    return updates


def _title_js() -> str:
    """The window's title is no component: the browser has to say it in its own language."""
    titles = json.dumps({language: catalogue.say(language, "page.title") for language in catalogue.LANGUAGES})
    return f"() => {{ document.title = {titles}[navigator.language.slice(0, 2)] ?? document.title; }}"


def _header(service: TranslationService) -> str:
    nothing = i18n.html("page.nothing_leaves")
    return f"<h1>{i18n.html('page.title')}</h1><p>{_directions(service)} · {nothing}</p>"


def _directions(service: TranslationService) -> str:
    """ "Spanish ↔ English" for a pair with both directions, "Spanish → English" for a single one."""
    parts: list[str] = []
    shown: set[tuple[str, str]] = set()  # as the other half of a pair
    for source, target in service.translators:
        both = (target, source) in service.translators
        key = "page.both_ways" if both else "page.one_way"
        if not both or (source, target) not in shown:
            parts.append(i18n.html(key, source=languages.name(source), target=languages.name(target)))
        shown.add((target, source))
    return ", ".join(parts)
