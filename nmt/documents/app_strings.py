"""Texts of applications, as JSON, Java's .properties and Apple's .strings: values are translated, keys, comments and
everything else stay byte for byte.  Values that no person reads (identifiers, numbers, addresses) stay, too, and so
does a value whose translation would lose a placeholder.  For YAML see `nmt.documents.yaml_strings`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence

from nmt.documents.document import Passage, line_number
from nmt.documents.message import Message
from nmt.errors import UserError

_JSON_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_JSON_COLON = re.compile(r"\s*:")
IDENTIFIER = re.compile(r"\S*[\d_]\S*|[\w-]*(?:\.[\w-]+)+|[a-z]{2,3}-[A-Z]{2}|#\w+")
_PROPERTY = re.compile(
    r"^[^\S\r\n]*(?![#!\s])(?:[^\\\s:=]|\\.)+[^\S\r\n]*[:=]?[^\S\r\n]*"  # the key
    r"((?:[^\\\r\n]|\\(?:\r\n|[\s\S]))*)",  # the value, over lines that end with a backslash
    re.MULTILINE,
)
_PROPERTY_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(?:\r\n|\r|\n)[ \t\f]*|([\s\S]))")
_MESSAGE_FORMAT = re.compile(r"\{\d")  # in a message with arguments of Java, an apostrophe is written twice
_APPLE = re.compile(
    r"/\*[\s\S]*?\*/|//[^\r\n]*"  # comments
    r'|(?:"(?:[^"\\]|\\[\s\S])*"|[\w.-]+)\s*=\s*"(?P<value>(?:[^"\\]|\\[\s\S])*)"\s*;'
)
_APPLE_ESCAPE = re.compile(r"\\(?:U([0-9A-Fa-f]{4})|([\s\S]))")
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f"}
_WRITTEN = str.maketrans({"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"})  # no rarer ones are written


def json_passages(content: str, name: str) -> list[Passage]:
    try:
        json.loads(content if content.strip() else "null")
    except json.JSONDecodeError as error:
        raise UserError(f"{name}:{error.lineno}: not JSON ({error.msg}); correct the line") from None
    except RecursionError:
        raise UserError(f"{name}: has too many lists in lists to be read") from None
    ascii_only = content.isascii() and "\\u" in content

    def write(text: str) -> str:
        return json.dumps(text, ensure_ascii=ascii_only)

    return [
        passage
        for found in _JSON_STRING.finditer(content)
        if not _JSON_COLON.match(content, found.end())
        for passage in value_passage(found.start(), found.group(), json.loads(found.group()), write)
    ]


def value_passage(start: int, raw: str, value: str, write: Callable[[str], str]) -> Iterator[Passage]:
    """The passage of a value, if it has text to translate.

    raw    the value as it stands in the file, from `start` on
    write  how the file spells a value"""
    if IDENTIFIER.fullmatch(value):
        return
    message = Message(value)

    def render(translations: Sequence[str]) -> str:
        said = message.render(translations)
        return raw if said is None or said == value else write(said)

    if message.texts:
        yield Passage(start, start + len(raw), tuple(message.texts), render)


def properties_passages(content: str, name: str) -> list[Passage]:
    found: list[Passage] = []
    for match in _PROPERTY.finditer(content):
        value = _PROPERTY_ESCAPE.sub(_unescaped, match[1])
        doubled = _MESSAGE_FORMAT.search(value) is not None

        def write(text: str, doubled: bool = doubled) -> str:
            text = (text.replace("'", "''") if doubled else text).translate(_WRITTEN)
            escaped = "".join(c if ord(c) < 127 else f"\\u{ord(c):04x}" for c in text)
            return escaped if content.isascii() else text

        value = value.replace("''", "'") if doubled else value
        found += value_passage(match.start(1), match[1], value, write)
    return found


def apple_passages(content: str, name: str) -> list[Passage]:
    found: list[Passage] = []
    position = 0
    for match in _APPLE.finditer(content):
        _check_between(content, position, match.start(), name)
        position = match.end()
        raw = match["value"]
        if raw is not None:
            value = _APPLE_ESCAPE.sub(_unescaped, raw)
            found += value_passage(match.start("value"), raw, value, _apple_spelling)
    _check_between(content, position, len(content), name)
    return found


def _check_between(content: str, start: int, end: int, name: str) -> None:
    between = content[start:end]
    if between.strip():
        line = line_number(content, start + len(between) - len(between.lstrip()))
        raise UserError(f'{name}:{line}: expected "key" = "value"; or a comment; correct the line')


def _apple_spelling(text: str) -> str:
    return text.translate(_WRITTEN).replace('"', '\\"')


def _unescaped(found: re.Match[str]) -> str:
    if found[1]:
        return chr(int(found[1], 16))
    return _CONTROLS.get(found[2], found[2]) if found[2] else ""
