"""A translation memory (.tmx): texts that people have translated, which need no model."""

from __future__ import annotations

from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from lxml import etree

from nmt.errors import UserError
from nmt.text.marks import without_marks

ALIKE = 0.8  # of difflib's ratio, from which on an entry is worth being shown for a text
MAX_LENGTH = 300  # characters of a text that entries like it are looked for
MAX_CANDIDATES = 50  # entries with the most words in common that a text is compared with

_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_NATIVE_CODE = frozenset(("bpt", "ept", "ph", "it", "ut"))  # hold another document's markup, not text


class Memory:
    """The entries of one direction."""

    def __init__(self, path: str | Path, source: str, target: str) -> None:
        """Raises UserError for a file that cannot be read, or has no entries in both languages."""
        self._entries: dict[str, str] = {}
        self._by_word: dict[str, list[str]] = {}
        try:
            # Hostile files: no entity is expanded, no DTD is loaded, nothing is fetched.
            units = etree.iterparse(
                str(path), events=("end",), tag="tu", resolve_entities=False, load_dtd=False, no_network=True
            )
            for _, unit in units:
                texts = _texts(unit)
                if source in texts and target in texts:
                    self._entries.setdefault(texts[source], texts[target])
                unit.clear()
        except OSError as error:
            raise UserError(f"{path}: cannot read it: {error.strerror or error}") from None
        except etree.XMLSyntaxError as error:
            raise UserError(f"{path}:{error.lineno}: not well-formed TMX: {error.msg}") from None
        if not self._entries:
            raise UserError(f"{path}: has no entry in both {source} and {target}; give another memory")
        for text in self._entries:
            for word in set(text.casefold().split()):
                self._by_word.setdefault(word, []).append(text)

    def __len__(self) -> int:
        return len(self._entries)

    def exact(self, text: str) -> str | None:
        """The translation of a text that has been translated before, but for white space."""
        return self._entries.get(_flat(without_marks(text)))

    def like(self, text: str) -> tuple[str, str, float] | None:
        """(text, translation, likeness) of the entry most like a text, if one is alike enough."""
        text = _flat(without_marks(text))
        if not 0 < len(text) <= MAX_LENGTH:
            return None
        shared: dict[str, float] = {}
        for word in set(text.casefold().split()):
            others = self._by_word.get(word, [])
            for other in others[: MAX_CANDIDATES * MAX_CANDIDATES]:
                shared[other] = shared.get(other, 0.0) + 1 / len(others)  # rare words count more
        candidates = sorted(shared, key=lambda other: -shared[other])[:MAX_CANDIDATES]
        ratios = [(SequenceMatcher(None, text, other, autojunk=False).ratio(), other) for other in candidates]
        likeness, best = max(ratios, default=(0.0, ""))
        return (best, self._entries[best], likeness) if likeness >= ALIKE else None


def _texts(unit: Any) -> dict[str, str]:
    """Language, without its variety -> text of the first segment in it."""
    texts: dict[str, str] = {}
    for variant in unit.iterchildren("tuv"):
        language = (variant.get(_XML_LANG) or variant.get("lang") or "").lower().replace("_", "-")
        segment = variant.find("seg")
        if segment is not None:
            texts.setdefault(language.split("-")[0], _flat(_segment(segment)))
    return texts


def _segment(element: Any) -> str:
    pieces = [element.text or ""]
    for child in element:
        inside = isinstance(child.tag, str) and child.tag not in _NATIVE_CODE
        pieces += [_segment(child) if inside else "", child.tail or ""]
    return "".join(pieces)


def _flat(text: str) -> str:
    return " ".join(text.split())
