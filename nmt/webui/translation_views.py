"""A translation as HTML: clickable words, uncertain sentences, status, alternatives.  Text in, text out."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import regex  # type: ignore[import-untyped]

from nmt.webui import languages, words
from nmt.webui.service import Answer, Segment

# Sentences of a lower probability are marked.  Of tatoeba-dev 1 to 2 % are, with chrF 26 and 35 instead of 71 and 68;
# of tico19-dev, of which the shipped models know little, 60 to 80 %.
UNSURE = 0.4
_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:['’.,-][\p{L}\p{M}\p{N}]+)*")


def translation(answer: Answer | None) -> str:
    """The box with the translation and its copy button; words are buttons to the keyboard and to screen readers,
    of which the first can be reached by Tab and the others by the arrow keys."""
    if answer is None or not answer.segments:
        empty = f'<span class="nmt-empty">{words.html("translate.translation")}</span>'
        return f'<div class="nmt-box"><div class="nmt-translation">{empty}</div></div>'
    inner, first = [], True
    for index, segment in enumerate(answer.segments):
        inner.append(_segment(index, segment, first))
        first = first and "nmt-word" not in inner[-1]
    name, copied = words.html("translate.copy"), words.html("translate.copied")
    return (
        f'<div class="nmt-box"><div class="nmt-translation" lang="{answer.direction[1]}" aria-live="polite">'
        f'{"".join(inner)}</div><button class="nmt-copy"><span class="nmt-before">{name}</span>'
        f'<span class="nmt-after">{copied}</span></button></div>'
    )


def is_unsure(segment: Segment) -> bool:
    return segment.probability < UNSURE


def _segment(index: int, segment: Segment, first: bool) -> str:
    if segment.sentence is None or segment.sentence.copied:
        return escape(segment.text)
    parts, position = [], 0
    for match in _WORD.finditer(segment.text):
        reach = 0 if first and not position else -1
        parts.append(escape(segment.text[position : match.start()]))
        parts.append(
            f'<span class="nmt-word" role="button" tabindex="{reach}" data-start="{match.start()}">'
            f"{escape(match.group())}</span>"
        )
        position = match.end()
    parts.append(escape(segment.text[position:]))
    unsure = " nmt-unsure" if is_unsure(segment) else ""
    return f'<span class="nmt-sentence{unsure}" data-segment="{index}">{"".join(parts)}</span>'


def status(answer: Answer, detected: bool) -> str:
    """How far it is, or how long it took and what the marks in it mean."""
    if answer.done < answer.total:
        bar = f'<progress max="{answer.total}" value="{answer.done}"></progress>'
        return f'{bar} {words.html("translate.progress", done=answer.done, total=answer.total)}'
    if not answer.text.strip():
        return words.html("translate.hint")
    name = languages.name(answer.direction[0])
    said = [
        words.html("translate.done_from", language=name, seconds=answer.seconds)
        if detected
        else words.html("translate.done", seconds=answer.seconds)
    ]
    if any(map(is_unsure, answer.segments)):
        said.append(words.html("translate.unsure"))
    if any(segment.sentence and not segment.sentence.copied for segment in answer.segments):
        said.append(words.html("translate.click"))
    return " ".join(said)


def alternatives(answer: Answer) -> str:
    """Other translations of a text that is one sentence."""
    if answer.total != 1 or not answer.alternatives:
        return ""
    return _panel(words.html("translate.alternatives"), [escape(text) for text in answer.alternatives])


def choices(text: str, prefix: str, options: Sequence[str]) -> str:
    """Ways to go on after `prefix` instead of as `text` does."""
    match = _WORD.search(text, len(prefix))
    title = words.html("translate.instead", word=match.group() if match else "…")
    if not options:
        return f'<div class="nmt-panel"><p>{words.html("translate.no_other")}</p></div>'
    return _panel(title, [_continued(prefix, option) for option in options])


def notice(message: str) -> str:
    return f'<div class="nmt-notice" role="alert">{message}</div>'


def _continued(prefix: str, option: str) -> str:
    """The word that is new is the eye's first stop."""
    match = _WORD.search(option, len(prefix))
    end = match.end() if match else len(option)
    before = "… " if prefix else ""
    return f"{before}<strong>{escape(option[len(prefix):end].strip())}</strong>{escape(option[end:])}"


def _panel(title: str, items: Sequence[str]) -> str:
    buttons = "".join(
        f'<li><button class="nmt-choice" data-index="{index}">{item}</button></li>'
        for index, item in enumerate(items)
    )
    return f'<div class="nmt-panel"><h2>{title}</h2><ol>{buttons}</ol></div>'
