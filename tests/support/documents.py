"""What tests of documents share: a document translated by a function, and texts with marks as people can read them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from nmt.documents.formats import open_document
from nmt.text.marks import MARK, mark, number_of, role_of
from nmt.text.protected import protected_items
from nmt.text.segmentation import split_text

_FORMS = {"open": "<{}>", "close": "</{}>", "empty": "<{}/>", "word": "{{{}}}"}


def shown(text: str) -> str:
    """Marks as <0> and </0>, <1/> for a place, {2} for what is kept."""
    return MARK.sub(lambda found: _FORMS[role_of(found[0])].format(number_of(found[0])), text)


def marked(text: str) -> str:
    """The text of which `shown` is this."""
    text = re.sub(r"<(\d+)/>", lambda found: mark("empty", int(found[1])), text)
    text = re.sub(r"</(\d+)>", lambda found: mark("close", int(found[1])), text)
    text = re.sub(r"<(\d+)>", lambda found: mark("open", int(found[1])), text)
    return re.sub(r"\{(\d+)\}", lambda found: mark("word", int(found[1])), text)


def texts_of(path: Path) -> list[str]:
    """As `shown`."""
    return [shown(text) for text in open_document(path).texts]


def by_glossary(glossary: dict[str, str]) -> Callable[[str], str]:
    """A translator that knows these texts alone, with their marks as `shown`."""
    return lambda text: marked(glossary.get(shown(text), shown(text)))


def written(path: Path, translate: Callable[[str], str], name: str = "out") -> bytes:
    document = open_document(path)
    out = path.with_name(name + path.suffix)
    document.write([translate(text) for text in document.texts], out)
    return out.read_bytes()


def shout(text: str) -> str:
    """A translation that is easy to tell: in capitals, but for what a translator must keep."""
    return "".join(_shouted(part.text) if part.translate else part.text for part in split_text(text, "es"))


def _shouted(text: str) -> str:
    pieces, position = [], 0
    for item in protected_items(text):
        pieces += [text[position : item.start].upper(), item.text]
        position = item.end
    return "".join([*pieces, text[position:].upper()])


def save(folder: Path, suffix: str, text: str, encoding: str = "utf-8") -> Path:
    path = folder / f"in{suffix}"
    path.write_bytes(text.encode(encoding))
    return path


def translated(folder: Path, suffix: str, text: str, translate: Callable[[str], str] = shout) -> str:
    return written(save(folder, suffix, text), translate).decode()
