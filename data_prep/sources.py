"""Readers: each turns one source into (source sentence, target sentence), in file order.

No cleaning here. A reader keeps nothing in memory but its current record; only PO and MO files, which are small,
are read whole.
"""

from __future__ import annotations

import io
import re
import struct
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from gettext import GNUTranslations
from itertools import product
from pathlib import Path
from typing import IO, Any

import polib
from lxml import etree

from data_prep.files import Tally, find_file, limited_lines, open_bytes
from data_prep.line_sources import read_moses, read_table
from data_prep.recipe import PUBLIC, Languages, Pairs, Spec
from nmt.errors import UserError

MAX_UNIT_BYTES = 1 << 24  # of TMX from the end of one unit to that of the next
MAX_CATALOGUE_BYTES = 1 << 26  # of a PO or MO file, which polib reads whole


def read_pairs(spec: Spec, languages: Languages, tally: Tally, cache: Path) -> Pairs:
    """All pairs of the source, in the order of `languages`. Raises UserError, with file and line."""
    known = {"tsv": languages, "hf": (*languages, "split"), "po": ("id",), "mo": ("id",)}.get(spec.kind, ())
    for option in spec.options:
        if option not in known:
            there = f"there are {', '.join(known)}" if known else f"{spec.kind}: takes none"
            raise UserError(f"{spec.kind}:{spec.path}: unknown option {option!r}; {there}")
    if spec.kind == "hf":
        from data_prep.huggingface import read_huggingface  # `datasets`, which takes seconds to import

        return read_huggingface(spec, languages, tally, cache)
    if spec.kind in PUBLIC:
        from data_prep.public_corpora import read_public

        return read_public(spec, languages, tally)
    readers = {"tsv": read_table, "moses": read_moses, "tmx": _read_tmx, "po": _read_po, "mo": _read_po}
    return readers[spec.kind](spec, languages, tally)


def files_of(spec: Spec, languages: Languages) -> list[Path]:
    """The files that the source consists of; none for a data set of the hub."""
    if spec.kind in PUBLIC:
        from data_prep.public_corpora import public_files

        return public_files(spec, languages)
    if spec.kind == "moses":
        return [find_file(f"{spec.path}.{language}") for language in languages]
    if spec.kind == "hf":
        path = Path(spec.path)
        found = sorted(path.rglob("*")) if path.is_dir() else [path]
        return [file for file in found if file.is_file()]
    return [find_file(spec.path)]


# ---- TMX ----

_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NATIVE_CODE = ("bpt", "ept", "ph", "it", "ut")  # hold the original document's markup, not text


def _read_tmx(spec: Spec, languages: Languages, tally: Tally) -> Pairs:
    path = find_file(spec.path)
    with open_bytes(path) as stream:
        limited = _UnitLimit(stream, path)
        # Hostile files: no entity is expanded, no DTD is loaded, nothing is fetched.
        safely = {"resolve_entities": False, "load_dtd": False, "no_network": True}
        tag = "{*}tu"  # in whatever namespace
        units = etree.iterparse(limited, events=("end",), tag=tag, recover=True, **safely)
        try:
            for _, unit in units:
                limited.unread = 0
                where = f"{path}:{unit.sourceline}"
                texts = _texts(unit)
                sources, targets = (_of_language(texts, language) for language in languages)
                if any(_NOT_IN_XML.search(text) for _, text in texts):
                    tally.bad_line(where, "has a character that XML forbids")
                elif not sources or not targets:
                    _check_well_formed(units, path)
                    missing = languages[1] if sources else languages[0]
                    present = ", ".join(dict.fromkeys(code for code, _ in texts)) or "none"
                    tally.bad_line(where, f"the {missing} side is missing (languages here: {present})")
                else:
                    # One each, but for variants: en-GB, en-US.
                    for source, target in product(sources, targets):
                        yield from tally.pair(source, target, languages, where)
                _forget(unit)
            _check_well_formed(units, path)
        except etree.XMLSyntaxError as error:
            raise UserError(f"{path}:{error.lineno}: not well-formed TMX: {error.msg}") from None


class _UnitLimit:
    """A stream of TMX that stops where no unit ends for too long: lxml keeps all that lies between."""

    def __init__(self, stream: IO[bytes], path: Path) -> None:
        self.stream, self.path, self.line, self.unread = stream, path, 1, 0

    def read(self, size: int) -> bytes:
        block = self.stream.read(size)
        if self.unread > MAX_UNIT_BYTES:
            raise UserError(f"{self.path}:{self.line} is longer than {MAX_UNIT_BYTES:,} bytes without an end of a unit")
        self.line, self.unread = self.line + block.count(b"\n"), self.unread + len(block)
        return block


def _check_well_formed(units: Any, path: Path) -> None:
    """UserError for what the parser went on after, but for characters, for which their units are left out."""
    for error in units.error_log:
        if error.type_name != "ERR_INVALID_CHAR":
            raise UserError(f"{path}:{error.line}: not well-formed TMX: {error.message}")


def _texts(unit: Any) -> list[tuple[str, str]]:
    """(xml:lang, lower case; text of the segment) of each variant."""
    texts = []
    for variant in unit.iterchildren("{*}tuv"):
        language = (variant.get(_XML_LANG) or variant.get("lang") or "").lower().replace("_", "-")
        segment = variant.find("{*}seg")
        if segment is not None:
            texts.append((language, "".join(_segment_text(segment))))
    return texts


def _segment_text(element: Any) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        if isinstance(child.tag, str) and etree.QName(child).localname not in _NATIVE_CODE:
            yield from _segment_text(child)
        yield child.tail or ""


def _of_language(texts: list[tuple[str, str]], language: str) -> list[str]:
    """The texts, each once, whose language is `language` or a variety of it ("es-mx" for "es")."""
    return list(dict.fromkeys(text for code, text in texts if code.split("-")[0] == language))


def _forget(unit: Any) -> None:
    """Frees a unit and all before it, which lxml would keep as children of the body."""
    unit.clear()
    while unit.getprevious() is not None:
        del unit.getparent()[0]


# ---- gettext ----


def _read_po(spec: Spec, languages: Languages, tally: Tally) -> Pairs:
    path = find_file(spec.path)
    catalogue = _load_catalogue(path, spec.kind)
    reverse = _msgid_language(spec, languages, catalogue, path) == languages[1]
    for entry in catalogue:
        forms = [entry.msgstr_plural[number] for number in sorted(entry.msgstr_plural)] or [entry.msgstr]
        if entry.obsolete:
            tally.leave_out("obsolete")
        elif "fuzzy" in entry.flags:
            tally.leave_out("fuzzy")
        elif not all(forms):
            tally.leave_out("untranslated")
        else:
            texts = [(entry.msgid, forms[0])]
            if entry.msgid_plural:
                texts.append((entry.msgid_plural, forms[-1]))
            for original, translation in texts:
                yield (translation, original) if reverse else (original, translation)


def _load_catalogue(path: Path, kind: str) -> Any:
    with open_bytes(path) as stream:
        content = bytearray()
        binary = kind == "mo"
        lines = [(1, stream.read(MAX_CATALOGUE_BYTES + 1))] if binary else limited_lines(stream, path)
        for line, part in lines:
            content += part
            if len(content) > MAX_CATALOGUE_BYTES:
                raise UserError(
                    f"{path}:{line} is beyond {MAX_CATALOGUE_BYTES:,} bytes, longer than a catalogue may be"
                )
    with tempfile.NamedTemporaryFile(suffix=f".{kind}") as plain:  # polib reads files only, uncompressed ones
        plain.write(content)
        plain.flush()
        try:
            if binary:  # polib takes what a file that is cut short still has
                with suppress(ValueError, LookupError):  # of no concern: plural rules, character sets
                    GNUTranslations(io.BytesIO(content))  # type: ignore[arg-type]
            return polib.mofile(plain.name) if binary else polib.pofile(plain.name)
        except UnicodeDecodeError as error:
            number = content.count(b"\n", 0, _undecodable(content, error.encoding)) + 1
            raise UserError(f"{path}:{number}: not in {error.encoding}, which its header declares") from None
        except (OSError, ValueError, LookupError, struct.error) as error:
            line_in_message = re.search(r"line (\d+)", str(error))
            place = f"{path}:{line_in_message.group(1)}" if line_in_message else str(path)
            raise UserError(f"{place}: not a {kind.upper()} file that polib can read") from None


def _undecodable(content: bytearray, encoding: str) -> int:
    try:
        content.decode(encoding)
    except UnicodeDecodeError as error:
        return error.start
    return 0


def _msgid_language(spec: Spec, languages: Languages, catalogue: Any, path: Path) -> str:
    """The language of the msgids: from the option `id=`, else what the header leaves."""
    told = spec.options.get("id")
    translated_to = re.split("[_@.-]", catalogue.metadata.get("Language", ""))[0].lower()
    if told in languages:
        return told
    if told is None and translated_to in languages:
        return languages[1] if translated_to == languages[0] else languages[0]
    raise UserError(
        f"{path}: which language are the msgids in? Say ':id={languages[0]}' or ':id={languages[1]}' "
        f"(the header's Language is {translated_to or 'not given'})"
    )
