"""What the translating tab shows, as HTML: a function of a `View`.  Nothing is translated here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from os.path import commonprefix

import regex  # type: ignore[import-untyped]

from nmt.errors import UserError
from nmt.serving import languages
from nmt.serving.errors import PageError
from nmt.serving.job import Answer
from nmt.serving.service import AUTO
from nmt.translation.result import Segment, SentenceTranslation
from nmt.webui import i18n, markup

WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:['’.,-][\p{L}\p{M}\p{N}]+)*")


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
    source: str = ""  # its language, from which there may be others on the way to the answer's
    detected: bool = False  # whether that was
    menus: tuple[str, str] = ("", "")  # what they said (source, target) when it was asked for
    insisted: bool = False  # the visitor named its language by hand, whatever the text looks like
    choices: Choices | None = None
    error: UserError | None = None  # without its traceback, in which Gradio would keep the whole text
    running: bool = False  # the answer grows


def page(view: View, menus_turn: int = 0) -> str:
    """The translation in its box with the tools of both boxes, and the row that says how things stand.

    The browser's part (translate.js) goes by the classes and the `data-` attributes in it.

    menus_turn  above 0, the browser is to ask what the language menus say now; another number each time, for the
                browser does not see an answer that equals the one before
    """
    answer = view.answer
    marks = (' data-more="1"' if view.running else "") + (f' data-turned="{menus_turn}"' if menus_turn else "")
    if answer:
        menu = AUTO if view.detected else view.source
        marks += f' data-menu="{menu}" data-from="{view.source}" data-to="{answer.direction[1]}"'
    stale = " nmt-stale" if view.error else ""
    speak = _tool("nmt-speak", "translate.speak", "translate.silence", ' data-of="source" hidden')
    return (
        f'<div class="nmt-result{stale}"{marks}><div class="nmt-tools nmt-source-tools">{speak}</div>'
        f"{_box(view)}{_choices(view)}"
        f'<div class="nmt-status">{_status(view)}</div></div>'
    )


def counter(most: int) -> str:
    """The number of characters as the page opens; the browser goes on counting."""
    return f"0 / {i18n.figure(most, ',')}"


def history() -> str:
    """What was translated before, which the browser keeps and fills in; hidden while there is nothing."""
    forget = _small("nmt-forget", "translate.history_clear")
    return (
        f"<details hidden><summary>{i18n.html('translate.history')}</summary>"
        f"<p>{i18n.html('translate.history_info')} {forget}</p><ol></ol></details>"
        f'<div class="nmt-drop" hidden>{i18n.html("translate.drop")}</div>'
    )


def _box(view: View) -> str:
    """The translation, which scrolls with other ones of a lone sentence, and what can be done with it.

    Its words are buttons to the keyboard and to screen readers: the first is reached by Tab, the others by arrow keys.
    """
    answer, choices = view.answer, view.choices
    if answer is None or not answer.segments:
        empty = f'<span class="nmt-empty">{i18n.html("translate.translation")}</span>'
        return f'<div class="nmt-box"><div class="nmt-translation">{empty}</div></div>'
    inner: list[str] = []
    for index, segment in enumerate(answer.segments):
        picked = len(choices.prefix) if choices and choices.segment == index else None
        first = not any("nmt-word" in part for part in inner)
        inner.append(_segment(index, segment, first, picked, not view.running and not view.error))
    tools = (
        _tool("nmt-speak", "translate.speak", "translate.silence", ' data-of="target" hidden')
        + _tool("nmt-copy", "translate.copy", "translate.copied")
        + _tool("nmt-link", "translate.link", "translate.link_copied")
    )
    return (
        f'<div class="nmt-box"><div class="nmt-scroll">'
        f'<div class="nmt-translation" lang="{escape(answer.direction[1])}">{"".join(inner)}</div>'
        f"{_alternatives(view)}</div>"
        f'<div class="nmt-tools">{tools}</div></div>'
    )


def _tool(kind: str, key: str, pressed: str, attributes: str = "") -> str:
    """A button with an icon and, read out and shown under the pointer, its name."""
    return markup.copy_button(f'class="nmt-tool {kind}"{attributes}', i18n.html(key), i18n.html(pressed))


def _marks(segment: Segment) -> list[tuple[int, int, str]]:
    """[start, end) of what of a segment a reader should look at twice, and why: the key of the message."""
    if segment.sentence is None:
        return []
    marks = [(start, end, "doubtful") for start, end in segment.sentence.doubtful]
    foreign = sorted(map(regex.escape, set(segment.sentence.foreign)), key=len, reverse=True)
    if foreign:
        marks += [(*found.span(), "unread") for found in regex.finditer("|".join(foreign), segment.text)]
    return sorted(marks)


def _segment(index: int, segment: Segment, first: bool, picked: int | None, marked: bool) -> str:
    """
    first   whether it has the first word of all
    picked  the word that follows this character was clicked; None: a word of another segment, or none
    marked  whether doubtful words show, which the row of status then explains
    """
    marks = _marks(segment) if marked else []
    translated = segment.sentence is not None and not segment.sentence.copied
    places = [word.span() for word in WORD.finditer(segment.text)] if translated else [m[:2] for m in marks]
    parts, position = [], 0
    for start, end in places:
        classes, attributes = "", ""
        if translated:
            reach = 0 if first and not position else -1
            classes = "nmt-word nmt-picked" if picked is not None and position <= picked < end else "nmt-word"
            attributes = f' role="button" tabindex="{reach}" data-start="{start}"'
        if why := next((why for begins, ends, why in marks if begins < end and start < ends), ""):
            classes, attributes = f"{classes} nmt-doubtful", f'{attributes} aria-describedby="nmt-{why}"'
        parts.append(escape(segment.text[position:start]))
        parts.append(f'<span class="{classes.strip()}"{attributes}>{escape(segment.text[start:end])}</span>')
        position = end
    inner = "".join([*parts, escape(segment.text[position:])])
    return f'<span class="nmt-sentence" data-segment="{index}">{inner}</span>' if translated else inner


def _status(view: View) -> str:
    """What is wrong, or how far the translation is, or how long it took and what the marks in it mean."""
    answer = view.answer
    if view.error:
        notice = markup.notice(view.error)
        too_long = isinstance(view.error, PageError) and view.error.key == "translate.too_long"
        return notice + (_small("nmt-as-document", "translate.as_document") if too_long else "")
    if answer is None or not answer.total:
        return i18n.html("translate.hint")
    if view.running:
        progress = markup.progress("translate.progress", answer.done, answer.total)
        return progress + _small("nmt-stop", "page.stop")
    whole = answer.done == answer.total
    said = [i18n.html("translate.done", seconds=answer.seconds)]
    if not whole:
        said = [i18n.html("translate.stopped", done=answer.done, total=answer.total)]
    said += [i18n.html("translate.via", language=languages.name(code)) for code in answer.via]
    reasons = sorted({why for segment in answer.segments for _, _, why in _marks(segment)})
    said += [f'<span id="nmt-{why}">{i18n.html(f"translate.{why}")}</span>' for why in reasons]
    if whole and any(segment.sentence and not segment.sentence.copied for segment in answer.segments):
        said.append(i18n.html("translate.click"))
    return f"<p>{' '.join(said)}</p>"


def _small(kind: str, key: str) -> str:
    return f'<button class="nmt-small {kind}">{i18n.html(key)}</button>'


def _alternatives(view: View) -> str:
    """Other translations of a text that is one sentence."""
    if view.answer is None or view.answer.total != 1 or not view.answer.alternatives:
        return ""
    items = [escape(text) for text in view.answer.alternatives]
    return f'<div class="nmt-others"><h2>{i18n.html("translate.alternatives")}</h2>{_list("nmt-take", items)}</div>'


def _choices(view: View) -> str:
    """Ways to go on at the word that was clicked, which the browser shows beside it."""
    if view.answer is None or view.choices is None:
        return ""
    prefix, text = view.choices.prefix, view.answer.segments[view.choices.segment].text
    inner = f"<p>{i18n.html('translate.no_other')}</p>"
    if view.choices.options:
        match = WORD.search(text, len(prefix))
        title = i18n.html("translate.instead", word=match.group() if match else "…")
        was = text[len(prefix) :]
        items = [_continued(was, option.text[len(prefix) :]) for option in view.choices.options]
        inner = f'<h2 class="nmt-aside">{title}</h2>{_list("nmt-choose", items)}'
    return f'<div class="nmt-popover" popover>{inner}</div>'


def _continued(was: str, becomes: str) -> str:
    """How an option goes on, up to where it says the same as the text again; its first word, the new one, is strong."""
    now, words = was.split(), becomes.split()
    same = len(commonprefix([now[::-1], words[::-1]]))
    first, *others = words[: max(1, len(words) - same)] or [""]
    return f"<strong>{escape(first)}</strong> {escape(' '.join(others))}".rstrip(" .,;:?!")


def _list(kind: str, items: Sequence[str]) -> str:
    buttons = "".join(
        f'<li><button class="nmt-item {kind}" data-index="{index}">{item}</button></li>'
        for index, item in enumerate(items)
    )
    return f"<ol>{buttons}</ol>"
