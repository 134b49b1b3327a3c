"""HTML of the page, parsed: it must be well-formed, and of both languages the English one is read."""

from __future__ import annotations

from xml.etree import ElementTree


def parsed(html: str) -> ElementTree.Element:
    """Fails for markup that is not well-formed; of all words the English ones."""
    root = ElementTree.fromstring(f"<div>{html}</div>")
    for spanish in of_class(root, "nmt-es"):
        after = spanish.tail
        spanish.clear()
        spanish.tail = after
    return root


def text_of(element: ElementTree.Element | None) -> str:
    assert element is not None
    return "".join(element.itertext())


def of_class(root: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [element for element in root.iter() if name in element.get("class", "").split()]
