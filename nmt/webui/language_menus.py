"""The menus of a tab that say from which language into which, and what they offer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr

from nmt.serving import languages
from nmt.serving.job import Direction
from nmt.serving.messages import catalogue
from nmt.serving.service import AUTO, TranslationService
from nmt.webui import i18n

Choices = list[tuple[str, str]]  # (shown, value)


def opening(service: TranslationService) -> Direction:
    """What the menus (source, target) say when the page opens."""
    return AUTO, service.first[1]


def source_menu(service: TranslationService, elem_id: str) -> gr.Dropdown:
    return _language_menu("from", source_choices(service, "en"), opening(service)[0], elem_id)


def target_menu(service: TranslationService, elem_id: str) -> gr.Dropdown:
    source, target = opening(service)
    return _language_menu("to", target_choices(service, source, "en"), target, elem_id)


def direction_menu(service: TranslationService, key: str, elem_id: str, **settings: Any) -> gr.Dropdown:
    """A menu of whole directions, with the message `key` as its label."""
    return gr.Dropdown(
        direction_choices(service, "en"),
        value=service.directions()[0],
        label=i18n.label(key),
        filterable=False,
        min_width=220,
        elem_id=elem_id,
        **settings,
    )


def source_choices(service: TranslationService, language: catalogue.Language, detected: str | None = None) -> Choices:
    """The choices of the menu "from"; `detected` is the language that was detected, None before one was."""
    said = catalogue.say(language, "translate.detect")
    if detected:
        said = catalogue.say(language, "translate.detected", language=_named([detected], language)[0][0])
    return [(said, AUTO), *_named(service.sources(), language)]


def target_choices(service: TranslationService, source: str, language: catalogue.Language) -> Choices:
    codes = service.targets(source)
    if source == AUTO:
        codes = list(dict.fromkeys(target for _, target in service.translators))
    return _named(codes, language)


def fitting_target(service: TranslationService, source: str, target: str) -> str:
    """The target after a change of either menu: as it was, if something translates into it from `source`."""
    if source != AUTO and target not in service.targets(source):
        return service.targets(source)[0]
    return target


def direction_choices(service: TranslationService, language: catalogue.Language) -> Choices:
    """("Spanish → English", "es-en") for each direction."""
    return [
        (" → ".join(name for name, _ in _named(direction, language)), "-".join(direction))
        for direction in service.translators
    ]


def in_language(service: TranslationService, language: catalogue.Language) -> list[Any]:
    """Updates of the menus (source, target) to the visitor's language."""
    return [
        gr.update(choices=source_choices(service, language)),
        gr.update(choices=target_choices(service, AUTO, language)),
    ]


def _language_menu(name: str, choices: Choices, value: str, elem_id: str) -> gr.Dropdown:
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


def _named(codes: Sequence[str], language: catalogue.Language) -> Choices:
    return [(languages.name(code)[catalogue.LANGUAGES.index(language)].capitalize(), code) for code in codes]
