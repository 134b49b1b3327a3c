"""What the translating tab shows, as HTML: a function of a `View`.  Nothing is translated here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import regex  # type: ignore[import-untyped]

from nmt.errors import UserError
from nmt.serving import languages
from nmt.serving.job import Answer
from nmt.translation.result import Segment, SentenceTranslation
from nmt.webui import i18n, markup

# Sentences of a lower probability are marked as uncertain.  Of tatoeba-dev these are 1 to 2 %, with chrF 26 and 35
# instead of 71 and 68; of tico19-dev, of which the shipped models know little, 60 to 80 %.
MIN_PROBABILITY = 0.4
_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:['’.,-][\p{L}\p{M}\p{N}]+)*")


@dataclass(frozen=True)
class Choices:
    """What could stand at a word that was clicked."""

    segment: int
    prefix: str  # what of the sentence's translation stays
    options: tuple[SentenceTranslation, ...]


@dataclass(frozen=True)
class View:
    """Everything that a visitor sees of a translation."""

    answer: Answer | None = None
    text: str = ""  # what was translated
    detected: bool = False  # whether its language was
    choices: Choices | None = None
    error: UserError | None = None  # without its traceback, in which Gradio would keep the whole text
    running: bool = False  # the answer grows
    flip: str = ""  # a target language that the menu has to take over


def page(view: View) -> str:
    """The box with the translation, and below it the status, an error, and the panels with other translations.

    The browser's part (translate.js) goes by the classes and the `data-` attributes in it.
    """
    marks = (' data-more="1"' if view.running else "") + (f' data-flip="{view.flip}"' if view.flip else "")
    return (
        f'<div class="nmt-result"{marks}>{_box(view.answer, view.choices)}'
        f'<div class="nmt-status">{_status(view)}</div>'
        f"{markup.notice(view.error)}{_choices(view)}{_alternatives(view)}</div>"
    )


def counter(most: int) -> str:
    """The number of characters as the page opens; the browser goes on counting."""
    return f"0 / {i18n.figure(most, ',')}"


def is_unsure(segment: Segment) -> bool:
    return segment.probability < MIN_PROBABILITY


def _box(answer: Answer | None, choices: Choices | None) -> str:
    """The translation.  Its words are buttons to the keyboard and to screen readers: the first one is reached by Tab,
    the others by the arrow keys."""
    if answer is None or not answer.segments:
        empty = f'<span class="nmt-empty">{i18n.html("translate.translation")}</span>'
        return f'<div class="nmt-box"><div class="nmt-translation">{empty}</div></div>'
    inner: list[str] = []
    for index, segment in enumerate(answer.segments):
        picked = len(choices.prefix) if choices and choices.segment == index else None
        inner.append(_segment(index, segment, not any("nmt-word" in part for part in inner), picked))
    copy = markup.copy_button('class="nmt-copy"', i18n.html("translate.copy"), i18n.html("translate.copied"))
    return (
        f'<div class="nmt-box"><div class="nmt-translation" lang="{escape(answer.direction[1])}">'
        f"{''.join(inner)}</div>{copy}</div>"
    )


def _segment(index: int, segment: Segment, first: bool, picked: int | None) -> str:
    """
    first   whether it has the first word of all
    picked  the word that follows this character was clicked; None: a word of another segment, or none
    """
    if segment.sentence is None or segment.sentence.copied:
        return escape(segment.text)
    parts, position = [], 0
    for match in _WORD.finditer(segment.text):
        reach = 0 if first and not position else -1
        mark = " nmt-picked" if picked is not None and position <= picked < match.end() else ""
        parts.append(escape(segment.text[position : match.start()]))
        parts.append(
            f'<span class="nmt-word{mark}" role="button" tabindex="{reach}" data-start="{match.start()}">'
            f"{escape(match.group())}</span>"
        )
        position = match.end()
    parts.append(escape(segment.text[position:]))
    unsure = " nmt-unsure" if is_unsure(segment) else ""
    return f'<span class="nmt-sentence{unsure}" data-segment="{index}">{"".join(parts)}</span>'


def _status(view: View) -> str:
    """How far the translation is, or how long it took and what the marks in it mean."""
    answer = view.answer
    if answer is None or not answer.total:
        return i18n.html("translate.hint")
    if view.running:
        stop = f'<button class="nmt-small nmt-stop">{i18n.html("page.stop")}</button>'
        return f"{markup.progress('translate.progress', answer.done, answer.total)} {stop}"
    if answer.done < answer.total:
        return i18n.html("translate.stopped", done=answer.done, total=answer.total)
    key = "translate.done_from" if view.detected else "translate.done"
    said = [i18n.html(key, language=languages.name(answer.direction[0]), seconds=answer.seconds)]
    if any(map(is_unsure, answer.segments)):
        said.append(i18n.html("translate.unsure"))
    if any(segment.sentence and not segment.sentence.copied for segment in answer.segments):
        said.append(i18n.html("translate.click"))
    return " ".join(said)


def _alternatives(view: View) -> str:
    """Other translations of a text that is one sentence."""
    if view.answer is None or view.answer.total != 1 or not view.answer.alternatives:
        return ""
    items = [escape(text) for text in view.answer.alternatives]
    return _panel("nmt-take", i18n.html("translate.alternatives"), items)


def _choices(view: View) -> str:
    """Ways to go on at the word that was clicked."""
    if view.answer is None or view.choices is None:
        return ""
    prefix, text = view.choices.prefix, view.answer.segments[view.choices.segment].text
    if not view.choices.options:
        return f'<div class="nmt-panel"><p>{i18n.html("translate.no_other")}</p></div>'
    match = _WORD.search(text, len(prefix))
    title = i18n.html("translate.instead", word=match.group() if match else "…")
    return _panel("nmt-choose", title, [_continued(prefix, option.text) for option in view.choices.options])


def _continued(prefix: str, option: str) -> str:
    """How an option goes on after the prefix; its first word, which is the new one, is strong."""
    match = _WORD.search(option, len(prefix))
    end = match.end() if match else len(option)
    before = "… " if prefix else ""
    return f"{before}<strong>{escape(option[len(prefix) : end].strip())}</strong>{escape(option[end:])}"


def _panel(kind: str, title: str, items: Sequence[str]) -> str:
    buttons = "".join(
        f'<li><button class="nmt-item {kind}" data-index="{index}">{item}</button></li>'
        for index, item in enumerate(items)
    )
    return f'<div class="nmt-panel {kind}-panel"><h2>{title}</h2><ol>{buttons}</ol></div>'
