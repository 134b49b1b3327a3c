"""HTML that several tabs show.  All that varies is escaped by the caller, unless it is a message's value."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from nmt.errors import UserError
from nmt.serving.errors import PageError
from nmt.webui import i18n


def notice(error: UserError | None) -> str:
    """An error as a visitor sees it; "" if there is none."""
    if error is None:
        return ""
    message = i18n.html(error.key, **error.values) if isinstance(error, PageError) else escape(str(error))
    return f'<div class="nmt-notice" role="alert">{message}</div>'


def status(inner: str) -> str:
    """A state of things that a screen reader reads out when it is reached; progress it would not stop reading."""
    return f'<div role="status">{inner}</div>'


def progress(key: str, done: int, total: int) -> str:
    """How far something is, as a bar and in words, which as a label are also the bar's name to a screen reader."""
    said = i18n.html(key, done=done, total=total)
    return f'<label><progress max="{max(1, total)}" value="{done}"></progress> {said}</label>'


def copy_button(attributes: str, before: str, after: str) -> str:
    """A button whose words change from `before` to `after` when it is pressed; the page's scripts do the copying."""
    return (
        f'<button {attributes}><span class="nmt-before">{before}</span><span class="nmt-after">{after}</span></button>'
    )


def heads(texts: Iterable[str]) -> str:
    """Cells that name the columns of a table."""
    return "".join(f'<th scope="col">{text}</th>' for text in texts)


def cells(texts: Iterable[str]) -> str:
    """The other cells of a table's row."""
    return "".join(f"<td>{text}</td>" for text in texts)
