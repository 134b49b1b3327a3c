"""Books (.epub): the pages in reading order, and the table of contents, are translated as `nmt.documents.html` does
it; pictures, styles, fonts and the book's metadata stay.
"""

from __future__ import annotations

import posixpath
from urllib.parse import unquote

from nmt.documents import html
from nmt.documents.document import TextDocument, read_text
from nmt.documents.package import Package, Part
from nmt.errors import UserError

_CONTAINER, _ENCRYPTION = "META-INF/container.xml", "META-INF/encryption.xml"
_PAGES = frozenset(("application/xhtml+xml", "text/html", "application/x-dtbncx+xml"))


def parts(package: Package) -> dict[str, Part]:
    if _CONTAINER not in package.parts:
        raise package.no_such()
    files = [one.get("full-path", "") for one in package.parse(_CONTAINER).iter("{*}rootfile")]
    names = list(dict.fromkeys(page for file in files for page in _pages(package, file)))
    hidden = package.read(_ENCRYPTION).decode("utf-8", "replace") if _ENCRYPTION in package.parts else ""
    if any(name in hidden for name in names):
        raise UserError(f"{package.name}: is protected against copying; only a book without that can be translated")
    return {name: _page(package, name) for name in names}


def _pages(package: Package, file: str) -> list[str]:
    """The pages that a book's list of files names: those in reading order, then the others."""
    root = package.parse(file)
    order = [one.get("idref") for one in root.iter("{*}itemref")]
    items = [one for one in root.iter("{*}item") if one.get("media-type") in _PAGES]
    items.sort(key=lambda one: order.index(one.get("id")) if one.get("id") in order else len(order))
    folder = posixpath.dirname(file)
    names = [posixpath.normpath(posixpath.join(folder, unquote(one.get("href", "")))) for one in items]
    return [name for name in names if name in package.parts]


def _page(package: Package, name: str) -> TextDocument:
    place = f"{package.name}: {name}"
    data = package.read(name)
    content, encoding = read_text(data, place, html.declared_codec(data))
    return TextDocument(content, encoding, html.passages(content, place))
