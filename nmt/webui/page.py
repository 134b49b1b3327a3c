"""The page as a whole: header, tabs, endpoints.  A new tab is a package, a file of messages, and a line here."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import gradio as gr

from nmt.serving import languages
from nmt.serving.job import Direction
from nmt.serving.messages import catalogue
from nmt.serving.service import TranslationService
from nmt.webui import glossary, gradio_api, i18n, language_menus
from nmt.webui.components import PRIVATE
from nmt.webui.documents import tab as documents_tab
from nmt.webui.inside import tab as inside_tab
from nmt.webui.scores import tab as scores_tab
from nmt.webui.translate import tab as translate_tab

if TYPE_CHECKING:
    from nmt.serving.training_jobs import Trainings

TITLE = "Recurrent translator"
MAX_RUNNING_EVENTS, MAX_QUEUED_EVENTS = 64, 256  # a further one is refused with a message
UPLOAD_SECONDS = 3600  # for which an upload is kept


def build_page(service: TranslationService, trainings: Trainings | None = None) -> gr.Blocks:
    """The page over the given translators; `nmt.webui.server` serves it.  `trainings` None: nobody may train."""
    kept = (UPLOAD_SECONDS // 4, UPLOAD_SECONDS)  # how often Gradio looks, and what is too old then
    with gr.Blocks(title=TITLE, analytics_enabled=False, delete_cache=kept) as page:
        gr.HTML(_header(service), elem_classes="nmt-header")
        with gr.Tabs(elem_id="nmt-tabs", overflow_behavior="wrap"):
            with _tab("translate"):
                translate = translate_tab.build(service)
            with _tab("documents"):
                documents = documents_tab.build(service)
            with _tab("scores"):
                scores = scores_tab.build(service)
            with _tab("inside") as tab:
                inside = inside_tab.build(service, translate.view, tab)
            glossary.keep(page, [translate.glossary, documents.glossary])
            menus = [
                translate.source, translate.target, documents.source, documents.target,
                scores.direction, inside.direction,
            ]  # fmt: skip
            if trainings is not None:
                from nmt.webui.retrain import tab as retrain_tab  # needs what only POSIX systems have

                with _tab("retrain") as tab:
                    retrain_tab.build(service, trainings, trying_with(service), menus, tab)

        # The names of languages in a menu are no labels: the browser cannot say them in its own language.
        def name_languages(request: gr.Request) -> list[Any]:
            return _menus(service, i18n.of_visitor(request))

        named = page.load(name_languages, None, menus, **PRIVATE)
        named.then(None, js="() => { document.dispatchEvent(new Event('nmt-ready')); }", **PRIVATE)

        def leave(request: gr.Request) -> None:
            service.leave(request.session_hash or "")

        page.unload(leave)
        page.load(None, js=_title_js(), api_visibility="private")
        gradio_api.build(service)
    # Not open: what is to wait in the queue could otherwise be asked for past it and all its limits.
    return page.queue(max_size=MAX_QUEUED_EVENTS, default_concurrency_limit=MAX_RUNNING_EVENTS, api_open=False)


def trying_with(service: TranslationService) -> Callable[[Direction, catalogue.Language], list[Any]]:
    """What the menus become when a direction was added that a visitor wants to try.

    Translate and Documents choose it.  Other visitors have it in their menus when they open the page anew.
    """

    def updates(direction: Direction, language: catalogue.Language) -> list[Any]:
        *menus, scores, inside = _menus(service, language)
        chosen = [{**menu, "value": code} for menu, code in zip(menus, 2 * direction, strict=True)]
        return [*chosen, scores, inside]

    return updates


def _tab(name: str) -> gr.Tab:
    return gr.Tab(i18n.label(f"page.tab_{name}"), id=name)


def _menus(service: TranslationService, language: catalogue.Language) -> list[Any]:
    """What the menus of Translate, Documents, Scores and Inside offer."""
    directions = gr.update(choices=language_menus.direction_choices(service, language))
    return [*2 * language_menus.in_language(service, language), directions, directions]


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
    shown: set[Direction] = set()  # as the other half of a pair
    for source, target in service.translators:
        both = (target, source) in service.translators
        key = "page.both_ways" if both else "page.one_way"
        if not both or (source, target) not in shown:
            parts.append(i18n.html(key, source=languages.name(source), target=languages.name(target)))
        shown.add((target, source))
    return ", ".join(parts)
