"""Texts of applications and sites as YAML (.yaml, .yml): values are translated; keys, comments, and how everything
else is written stay byte for byte.  A value keeps its way of quoting where its translation can be written so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import yaml

from nmt.documents.app_strings import value_passage
from nmt.documents.document import Passage
from nmt.errors import UserError

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_STRING = "tag:yaml.org,2002:str"
_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)+")  # an anchor, a type
_BLOCK = re.compile(r"([|>][-+\d]*[^\r\n]*)(\r\n|\r|\n)([ \t]*\S?)")


def passages(content: str, name: str) -> list[Passage]:
    try:
        documents = list(yaml.compose_all(content, _LOADER))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise UserError(f"{name}:{line}: not YAML ({error.problem}); correct the line") from None
    except yaml.YAMLError as error:
        raise UserError(f"{name}: not YAML ({' '.join(str(error).split())}); correct it") from None
    except RecursionError:
        raise UserError(f"{name}: has too many lists in lists to be read") from None
    # The node of an alias counts once.
    scalars = {node.start_mark.index: node for root in documents for node in _values(root)}
    return [found for _, node in sorted(scalars.items()) for found in _of_scalar(node, content)]


def _values(root: Any) -> Iterator[Any]:
    """The scalars that are no keys."""
    waiting, seen = [root], set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen or node is None:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            waiting += [value for _, value in node.value]
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value
        elif node.tag == _STRING:
            yield node


def _of_scalar(node: Any, content: str) -> Iterator[Passage]:
    raw = content[node.start_mark.index : node.end_mark.index]
    properties = _PROPERTIES.match(raw)
    start = node.start_mark.index + (properties.end() if properties else 0)
    raw = content[start : node.end_mark.index]
    if node.style in ("|", ">"):
        yield from _of_block(node, start, raw)
    else:
        yield from value_passage(start, raw, node.value, partial(_spelled, style=node.style or ""))


def _of_block(node: Any, start: int, raw: str) -> Iterator[Passage]:
    """A block of lines; one with lines that are indented more than others is left alone."""
    head = _BLOCK.match(raw)
    lines = raw.splitlines()[1:]
    margins = {len(line) - len(line.lstrip()) for line in lines if line.strip()}
    if not head or len(margins) != 1:
        return
    body = raw.rstrip()
    ending, margin = head[2], " " * margins.pop()
    value = node.value.strip("\n")

    def write(text: str) -> str:
        paragraphs = text.split("\n") if node.style == "|" else text.replace("\n", "\n\n").split("\n")
        return head[1] + ending + ending.join(margin + line if line.strip() else "" for line in paragraphs)

    yield from value_passage(start, body, value, write)


def _spelled(text: str, style: str) -> str:
    """A text in its way of quoting, if that gives the text again."""
    written = {"'": "'" + text.replace("'", "''") + "'", '"': ""}.get(style, text)
    try:
        # In a flow sequence, and as the value of a key, more signs mean something than alone.
        same = written and yaml.load(f"- [{written}]\n- a: {written}\n", _LOADER) == [[text], {"a": text}]
    except yaml.YAMLError:
        same = False
    return written if same else json.dumps(text, ensure_ascii=False)
