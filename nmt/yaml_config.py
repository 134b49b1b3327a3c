"""A YAML mapping becomes a frozen dataclass; every complaint names the file and line, or the flag, to mend.

The dataclass is the schema: its fields say which keys there are and of which type.  What the values mean and which
combinations are possible is said beside the fields, in `__post_init__`.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml

from nmt.errors import UserError

T = TypeVar("T")


@dataclass
class YamlMapping:
    """A YAML mapping that is not checked yet, so that flags can still be laid over it."""

    name: str  # what complaints call it, such as the file
    data: Any = field(default_factory=dict)
    places: dict[str, str] = field(
        default_factory=dict
    )  # dotted key -> "recipe.yaml:7" or "--set training.lr=x"

    @classmethod
    def read(cls, path: str | Path) -> YamlMapping:
        """Raises UserError for a file that cannot be read or is no YAML."""
        try:
            return cls.parse(Path(path).read_text(encoding="utf-8"), str(path))
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"{path}: cannot be read as UTF-8 text: {error}") from None

    @classmethod
    def parse(cls, text: str, name: str) -> YamlMapping:
        """Raises UserError for what is no YAML.  An empty text is an empty mapping."""
        try:
            node, data = yaml.compose(text), yaml.safe_load(text)
            places = {} if node is None else {key: f"{name}:{line}" for key, line in _key_lines(node)}
        except RecursionError:
            raise UserError(f"{name}: not a recipe: an alias in it refers to itself") from None
        except (yaml.YAMLError, ValueError) as error:  # ValueError: 2024-13-45 is no date
            raise UserError(f"{name}: not valid YAML: {' '.join(str(error).split())}") from None
        return cls(name, {} if data is None else data, places)

    def override(self, assignment: str) -> None:
        """Lay `--set section.key=value` over the mapping; the value is read as YAML."""
        key, equals, text = assignment.partition("=")
        if not equals:
            raise UserError(f"--set {assignment}: write it as section.key=value")
        self.put(key, yaml_value(text, f"--set {assignment}"), f"--set {assignment}")

    def put(self, key: str, value: Any, place: str) -> None:
        """Set the dotted `key`; complaints about it name `place`, such as the flag that gave it."""
        self.data = _with(self.data, key.split("."), value, place)
        self.places[key] = place

    def build(self, kind: type[T], from_text: Mapping[type, Callable[[str], Any]] | None = None) -> T:
        """The mapping as dataclass `kind`; an unknown or missing key and a wrong type are UserErrors.

        from_text  functions that read a dataclass from a string, for those that may be written as one"""
        return _Builder(self, from_text or {}).build(kind, self.data, "")


def yaml_value(text: str, place: str) -> Any:
    """`text` of the command line as YAML reads it: a number, true, a list, a string."""
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):  # ValueError: 2024-13-45 is no date
        raise UserError(f"{place}: {text!r} is not a YAML value") from None


def to_yaml(settings: dict[str, Any]) -> str:
    """`dataclasses.asdict` of a dataclass as YAML that `YamlMapping` reads back; tuples are written as lists."""
    return yaml.safe_dump(_plain(settings), sort_keys=False, allow_unicode=True)


class _Builder:
    """Values converted to the types of dataclass fields, recursively; `key` is dotted, as in "training.lr"."""

    def __init__(self, source: YamlMapping, from_text: Mapping[type, Callable[[str], Any]]) -> None:
        self.source, self.from_text = source, from_text

    def place(self, key: str) -> str:
        """The file and line of `key`, or of the nearest section above it that has one."""
        while key and key not in self.source.places:
            key = key.rpartition(".")[0]
        return self.source.places.get(key, self.source.name)

    def build(self, kind: type[T], data: Any, key: str) -> T:
        if not isinstance(data, dict):
            raise UserError(f"{self.place(key)}: expected a section with keys, found {data!r}")
        hints, prefix = typing.get_type_hints(kind), f"{key}." if key else ""
        for name in data:
            if name not in hints:
                close = difflib.get_close_matches(str(name), hints, n=1)
                hint = f"did you mean {close[0]!r}?" if close else f"known here: {', '.join(hints)}"
                dotted = f"{prefix}{name}"
                raise UserError(f"{self.place(dotted)}: unknown key {dotted!r}; {hint}")
        values = {name: self.convert(hints[name], value, f"{prefix}{name}") for name, value in data.items()}
        for needed in dataclasses.fields(kind):  # type: ignore[arg-type]
            optional = (needed.default, needed.default_factory) != (dataclasses.MISSING, dataclasses.MISSING)
            if needed.name not in values and not optional:
                raise UserError(f"{self.place(key)}: key {prefix + needed.name!r} is missing")
        try:
            return kind(**values)
        except UserError as error:
            raise UserError(f"{self.place(key)}: {error}") from None

    def convert(self, hint: Any, value: Any, key: str) -> Any:
        """`value` as a field of type `hint`, or a UserError that says what was expected."""
        origin, kinds = typing.get_origin(hint), typing.get_args(hint)
        if dataclasses.is_dataclass(hint):
            if isinstance(value, str) and hint in self.from_text:
                return self.from_text[hint](value)  # type: ignore[index]
            return self.build(hint, {} if value is None else value, key)  # type: ignore[arg-type]  # "decoding:"
        if origin is Literal:
            value = "none" if value is None and "none" in kinds else value  # YAML reads `null` as None
            if value not in kinds:
                raise self.wrong(key, value, f"one of: {', '.join(map(str, kinds))}")
            return value
        if origin in (typing.Union, types.UnionType):  # X | None
            return None if value is None else self.convert(kinds[0], value, key)
        if origin is tuple:
            many = kinds[-1] is Ellipsis
            if not isinstance(value, list | tuple) or not (many or len(value) == len(kinds)):
                raise self.wrong(key, value, "a list" if many else f"a list of {len(kinds)} values")
            each = kinds[:1] * len(value) if many else kinds
            items = enumerate(zip(each, value, strict=True))
            return tuple(self.convert(kind, item, f"{key}.{index}") for index, (kind, item) in items)
        if origin is dict:
            if not isinstance(value, dict):
                raise self.wrong(key, value, "a section with keys")
            return {str(name): self.convert(kinds[1], item, f"{key}.{name}") for name, item in value.items()}
        return self.plain(hint, value, key)

    def plain(self, hint: type, value: Any, key: str) -> Any:
        """`value` as an int, float, str or bool."""
        if hint is float and isinstance(value, str):  # YAML 1.1 reads 1e-3 as a string
            try:
                value = float(value)
            except ValueError:
                pass
        if hint is float and type(value) is int:
            return float(value)
        if isinstance(value, float) and not math.isfinite(value):
            raise UserError(f"{self.place(key)}: {key} is {value}, expected a finite number")
        if type(value) is not hint:
            raise self.wrong(key, value, hint.__name__)
        return value

    def wrong(self, key: str, value: Any, expected: str) -> UserError:
        return UserError(f"{self.place(key)}: {key} is {value!r}, expected {expected}")


def _key_lines(node: yaml.Node, prefix: str = "") -> list[tuple[str, int]]:
    """Every dotted key with its line, counted from 1; items of a list have their index, from 0, as a key."""
    found: list[tuple[str, int]] = []
    items: list[tuple[str, yaml.Node, yaml.Node]] = []
    if isinstance(node, yaml.MappingNode):
        items = [(key.value, key, value) for key, value in node.value]
    elif isinstance(node, yaml.SequenceNode):
        items = [(str(index), item, item) for index, item in enumerate(node.value)]
    for name, where, value in items:
        found.append((f"{prefix}{name}", where.start_mark.line + 1))
        found += _key_lines(value, f"{prefix}{name}.")
    return found


def _with(data: Any, keys: list[str], value: Any, place: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise UserError(f"{place}: {keys[0]!r} lies below something that is not a section")
    if len(keys) > 1:
        value = _with(data.get(keys[0]) or {}, keys[1:], value, place)
    return {**data, keys[0]: value}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
