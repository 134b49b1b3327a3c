"""The menus of a tab that say from which language into which, and what they offer.  No translation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr

from nmt.serving import languages
from nmt.serving.job import Direction
from nmt.serving.messages import catalogue
from nmt.serving.service import AUTO, TranslationService
from nmt.webui import i18n


def opening(service: TranslationService) -> Direction:
    """What the menus (source, target) say when the page opens."""
    return AUTO if service.identifier else service.first[0], service.first[1]


def language_box(name: str, choices: Sequence[tuple[str, str]], value: str, elem_id: str) -> gr.Dropdown:
    """The menu "from" or "to"."""
    return gr.Dropdown(
        choices,
        value=value,
        label=i18n.label(f"translate.{name}"),
        container=False,
        filterable=False,
        interactive=True,
        min_width=80,
        elem_id=elem_id,
    )


def source_choices(service: TranslationService, language: catalogue.Language) -> list[tuple[str, str]]:
    automatic = [(catalogue.say(language, "translate.detect"), AUTO)] if service.identifier else []
    return automatic + _named(service.sources(), language)


def target_choices(
    service: TranslationService, source: str, language: catalogue.Language
) -> list[tuple[str, str]]:
    codes = service.targets(source)
    if source == AUTO:
        codes = list(dict.fromkeys(target for _, target in service.translators))
    return _named(codes, language)


def fitting_target(service: TranslationService, source: str, target: str) -> str:
    """The target after a change of either menu: as it was, if something translates into it from `source`."""
    if source != AUTO and target not in service.targets(source):
        return service.targets(source)[0]
    return target


def direction_choices(service: TranslationService, language: catalogue.Language) -> list[tuple[str, str]]:
    """(shown, value) of each direction: ("Spanish → English", "es-en")."""
    return [
        (" → ".join(name for name, _ in _named(direction, language)), "-".join(direction))
        for direction in service.translators
    ]


def in_language(service: TranslationService, language: catalogue.Language) -> list[Any]:
    """The menus (source, target) in the visitor's language."""
    source: dict[str, Any] = {"choices": source_choices(service, language)}
    if not service.identifier:  # the menus were built with AUTO if there was one then
        source["value"] = service.first[0]
    return [gr.update(**source), gr.update(choices=target_choices(service, AUTO, language))]


def _named(codes: Sequence[str], language: catalogue.Language) -> list[tuple[str, str]]:
    return [(languages.name(code)[catalogue.LANGUAGES.index(language)].capitalize(), code) for code in codes]
