"""Reading a YAML mapping into a frozen dataclass, with errors that name the file and line, or the flag.

The dataclass is the schema: its fields give the keys and their types, and its `__post_init__` checks values and
combinations.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml

from nmt.errors import UserError

T = TypeVar("T")

MAX_BYTES = 100_000  # of a file; PyYAML reads as many in a second
MAX_CHARS = 3_000_000  # of all values and dotted keys, with aliases written out
MAX_DIGITS = 40  # of a number
TOO_DEEP = "not a recipe: it is nested too deeply, or an alias in it refers to itself or to too much"
MAX_ECHO = 200  # characters of the file that an error repeats


@dataclass
class YamlMapping:
    """A YAML mapping before it is checked, in which flags can replace values."""

    name: str  # its name in errors, such as that of the file
    data: Any = field(default_factory=dict)
    # Dotted key -> "recipe.yaml:7" or "--set training.lr=x".
    places: dict[str, str] = field(default_factory=dict)
    # For dataclasses whose section may be written as text, the function that reads it.
    from_text: Mapping[type, Callable[[str], Any]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: str | Path) -> YamlMapping:
        """Read a file; UserError if it cannot be read or is not YAML."""
        try:
            with open(path, "rb") as file:
                text = file.read(MAX_BYTES + 1)
            if len(text) > MAX_BYTES:
                raise UserError(f"{path}: is larger than {MAX_BYTES:,} bytes, which no settings are")
            return cls.parse(text.decode("utf-8"), str(path))
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"{path}: cannot be read as UTF-8 text: {error}") from None

    @classmethod
    def parse(cls, text: str, name: str) -> YamlMapping:
        """Read a text; UserError if it is not YAML.  An empty text is an empty mapping."""
        try:
            loader = yaml.SafeLoader(text)
            node = loader.get_single_node()
            places = {key: f"{name}:{line}" for key, line in _key_lines(node, name)}
            data = loader.construct_document(node) if node else None
            return cls(name, {} if data is None else data, places)
        except RecursionError:
            raise UserError(f"{name}: {TOO_DEEP}") from None
        except yaml.MarkedYAMLError as error:  # its own text quotes the file
            place = f"{name}:{error.problem_mark.line + 1}" if error.problem_mark else name
            raise UserError(f"{place}: not valid YAML: {_cut(error.problem or 'it has a mistake')}") from None
        except (yaml.YAMLError, ValueError, LookupError, AttributeError, ArithmeticError) as error:
            # As PyYAML raises them for 2024-13-45, which is no date, and for `!!bool x`.
            raise UserError(f"{name}: not valid YAML: {_cut(' '.join(str(error).split()))}") from None

    def override(self, assignment: str) -> None:
        """Apply `--set section.key=value`; the value is read as YAML."""
        key, equals, text = assignment.partition("=")
        if not equals:
            raise UserError(f"--set {assignment}: write it as section.key=value")
        self.put(key, yaml_value(text, f"--set {assignment}"), f"--set {assignment}")

    def put(self, key: str, value: Any, place: str) -> None:
        """Set the dotted `key`; errors about it name `place`, such as a flag."""
        self.data = _with(self.data, key.split("."), value, place)
        self.places[key] = place

    def build(self, kind: type[T]) -> T:
        """The mapping as the dataclass `kind`; UserError for an unknown or missing key and for a wrong type."""
        return self._section(kind, self.data, "")

    def _place(self, key: str) -> str:
        """The place of the dotted `key`, or else that of the nearest section above it."""
        while key and key not in self.places:
            key = key.rpartition(".")[0]
        return self.places.get(key, self.name)

    def _section(self, kind: type[T], data: Any, key: str) -> T:
        if not isinstance(data, dict):
            raise UserError(f"{self._place(key)}: expected a section with keys, found {_cut(repr(data))}")
        hints, prefix, values = typing.get_type_hints(kind), f"{key}." if key else "", {}
        for name, value in data.items():
            if name not in hints:
                close = difflib.get_close_matches(str(name), hints, n=1)
                hint = f"did you mean {close[0]!r}?" if close else f"known here: {', '.join(hints)}"
                place, unknown = self._place(f"{prefix}{name}"), _cut(f"{prefix}{name}")
                raise UserError(f"{place}: unknown key '{unknown}'; {hint}")
            values[name] = self._value(hints[name], value, f"{prefix}{name}")
        for needed in dataclasses.fields(kind):  # type: ignore[arg-type]
            if needed.name not in values and needed.default is needed.default_factory is dataclasses.MISSING:
                raise UserError(f"{self._place(key)}: key '{prefix}{needed.name}' is missing")
        try:
            return kind(**values)
        except UserError as error:
            raise UserError(f"{self._place(key)}: {error}") from None

    def _value(self, hint: Any, value: Any, key: str) -> Any:
        """`value` as a field of type `hint`."""
        origin, kinds = typing.get_origin(hint), typing.get_args(hint)
        if dataclasses.is_dataclass(hint):
            if isinstance(value, str) and hint in self.from_text:
                return self.from_text[hint](value)  # type: ignore[index]
            return self._section(hint, {} if value is None else value, key)  # type: ignore[arg-type]
        if origin is Literal:
            value = "none" if value is None and "none" in kinds else value  # YAML reads `null` as None
            if value in kinds:
                return value
            self._refuse(key, value, f"one of: {', '.join(map(str, kinds))}")
        if origin in (typing.Union, types.UnionType):  # X | None
            return None if value is None else self._value(kinds[0], value, key)
        if origin is dict and isinstance(value, dict):
            return {str(name): self._value(kinds[1], item, f"{key}.{name}") for name, item in value.items()}
        if origin is tuple and isinstance(value, list | tuple):
            kinds = kinds[:1] * len(value) if kinds[-1] is Ellipsis else kinds
            if len(value) == len(kinds):
                items = enumerate(zip(kinds, value, strict=True))
                return tuple(self._value(kind, item, f"{key}.{index}") for index, (kind, item) in items)
        if hint is float and isinstance(value, int | str) and not isinstance(value, bool):
            try:
                value = float(value)  # also of a string: YAML 1.1 reads 1e-3 as one
            except ValueError:
                pass
        if isinstance(value, float) and not math.isfinite(value):
            self._refuse(key, value, "a finite number")
        if type(value) is hint:
            return value
        number = "" if Ellipsis in kinds else f" of {len(kinds)} values"
        expected = {tuple: f"a list{number}", dict: "a section with keys"}
        return self._refuse(key, value, expected.get(origin) or hint.__name__)

    def _refuse(self, key: str, value: Any, expected: str) -> typing.NoReturn:
        raise UserError(f"{self._place(key)}: {_cut(key)} is {_cut(repr(value))}, expected {expected}")


def yaml_value(text: str, place: str) -> Any:
    """Read `text` from the command line as YAML: a number, true, a list, a string."""
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):  # ValueError: 2024-13-45 is no date
        raise UserError(f"{place}: {text!r} is not a YAML value") from None


def to_yaml(settings: dict[str, Any]) -> str:
    """`dataclasses.asdict` of a dataclass as YAML that `YamlMapping` can read; tuples are written as lists."""
    return yaml.dump(settings, Dumper=_Dumper, sort_keys=False, allow_unicode=True)


class _Dumper(yaml.SafeDumper):
    """Writes tuples as lists."""


_Dumper.add_representer(tuple, yaml.SafeDumper.represent_list)


def _key_lines(root: yaml.Node | None, name: str) -> Iterator[tuple[str, int]]:
    """Every dotted key with its line, counted from 1; the key of a list's item is its index, from 0.

    UserError, before anything is built of the nodes, where aliases of aliases or numbers would fill the memory."""
    if isinstance(root, yaml.ScalarNode) and not root.tag.endswith(":null"):
        raise UserError(f"{name}: expected a section with keys, found a text")
    chars = 0
    for key, place, value in _items(root, ""):
        line = place.start_mark.line + 1
        chars += len(key) + len(value.value)
        if chars > MAX_CHARS:
            raise UserError(f"{name}:{line}: {TOO_DEEP}")
        for node in (place, value):
            if node.tag.endswith((":int", ":float")) and len(node.value) > MAX_DIGITS:
                raise UserError(f"{name}:{line}: a number has more than {MAX_DIGITS} digits")
        yield key, line


def _items(node: yaml.Node | None, prefix: str) -> Iterator[tuple[str, yaml.Node, yaml.Node]]:
    """Every dotted key, the node that says where it stands, and its value."""
    items: list[tuple[str, yaml.Node, yaml.Node]] = []
    if isinstance(node, yaml.MappingNode):
        items = [(key.value, key, value) for key, value in node.value]
    elif isinstance(node, yaml.SequenceNode):
        items = [(str(index), item, item) for index, item in enumerate(node.value)]
    for name, place, value in items:
        if isinstance(node, yaml.MappingNode) and not isinstance(place, yaml.ScalarNode):
            raise yaml.MarkedYAMLError(problem="a key is not a text", problem_mark=place.start_mark)
        yield f"{prefix}{name}", place, value
        yield from _items(value, f"{prefix}{name}.")


def _cut(text: str) -> str:
    return text if len(text) <= MAX_ECHO else text[: MAX_ECHO - 1] + "…"


def _with(data: Any, keys: list[str], value: Any, place: str) -> dict[str, Any]:
    """A copy of `data` with the value at the nested `keys`."""
    if not isinstance(data, dict):
        raise UserError(f"{place}: {keys[0]!r} lies below something that is not a section")
    if len(keys) > 1:
        value = _with(data.get(keys[0]) or {}, keys[1:], value, place)
    return {**data, keys[0]: value}
