"""The recipe of a dataset folder: dataclasses are the schema of `data.yaml`; YAML in and out.

Not here: what the settings do (each is explained beside its use) and command-line flags (`cli.py`).
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import yaml

from data_prep.cleaning import CleaningConfig
from data_prep.noise import NoiseConfig, renamed_section
from data_prep.splits import SplitsConfig
from data_prep.subwords import SubwordsConfig
from nmt.errors import UserError

KINDS = ("tsv", "moses", "tmx", "po", "mo", "hf")

T = TypeVar("T")


@dataclass(frozen=True)
class Source:
    """One corpus: where it is, how to read it, and how much of it to use.

    `spec` is `KIND:PATH[:OPTIONS]`, as on the command line; see `Spec`.
    """

    spec: str
    name: str | None = None  # how the report and the column `origin` call it; default: the file's own name
    licence: str | None = None  # as its publisher states it; copied to the report
    repeat: int = 1  # each pair appears this many times in train
    max_pairs: int | None = None  # keep at most this many pairs, a fixed sample of those that pass cleaning
    train_only: bool = False  # word lists: no dev or test of it, "Hola" beside "hola" kept
    sha256: dict[str, str] = field(default_factory=dict)  # file -> hash; a recorded hash is checked


@dataclass(frozen=True)
class Recipe:
    """All that decides the contents of a dataset folder."""

    pair: str  # source and target language, ISO 639-1: "es-en"
    sources: tuple[Source, ...] = ()
    exclude_test: tuple[Source, ...] = ()  # nothing in train or dev touches these
    on_bad_line: str = "stop"  # "stop" or "skip"
    cleaning: CleaningConfig = CleaningConfig()
    splits: SplitsConfig = SplitsConfig()
    dev_from: tuple[Source, ...] = ()  # given sets, used as they are, instead of carved ones
    test_from: tuple[Source, ...] = ()
    subwords: SubwordsConfig = SubwordsConfig()
    noise: NoiseConfig = NoiseConfig()

    @property
    def languages(self) -> tuple[str, str]:
        """Source and target language."""
        source, _, target = self.pair.partition("-")
        return source, target


@dataclass(frozen=True)
class Spec:
    """`KIND:PATH[:OPTIONS]` taken apart. OPTIONS are `key=value,...`, such as `es=0,en=1` or `id=en`."""

    kind: str
    path: str
    options: dict[str, str]

    @classmethod
    def parse(cls, text: str) -> Spec:
        """Raises UserError for an unknown kind or a missing path."""
        kind, colon, rest = text.partition(":")
        if not colon or kind not in KINDS:
            raise UserError(f"source {text!r}: must begin with one of {', '.join(k + ':' for k in KINDS)}")
        path, colon, last = rest.rpartition(":")
        if not colon or not re.fullmatch(r"[\w-]+=[^=]*", last.split(",")[0]):
            path, last = rest, ""
        if not path:
            raise UserError(f"source {text!r}: names no file")
        options = {}
        for option in filter(None, last.split(",")):
            key, equals, value = option.partition("=")
            if not equals or not value:
                raise UserError(f"source {text!r}: option {option!r} is not of the form key=value")
            options[key] = value
        return cls(kind, path, options)


def parse_source(text: str) -> Source:
    """A source as the command line gives it: `KIND:PATH[:OPTIONS][@repeat=3,max_pairs=20000,...]`."""
    settings: dict[str, Any] = {}
    match = re.search(r"@((?:repeat|max_pairs|name|licence|train_only)=.*)$", text)
    if match:
        text = text[: match.start()]
        for setting in match.group(1).split(","):
            key, equals, value = setting.partition("=")
            if not equals:
                raise UserError(f"source {text!r}: setting {setting!r} is not of the form key=value")
            settings[key] = (
                value if key in ("name", "licence") else yaml_value(value, f"source {text!r}: {key}")
            )
    return from_dict(Source, {"spec": text, **settings}, f"source {text!r}")


def yaml_value(text: str, where: str) -> Any:
    """`text` of the command line as YAML reads it: a number, true, a list, a string."""
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):  # ValueError: 2024-13-45 is no date
        raise UserError(f"{where}: {text!r} is not a YAML value") from None


def load_recipe(path: Path) -> dict[str, Any]:
    """The YAML file as a mapping, not yet checked, so that flags can still be laid over it."""
    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path}: cannot read the recipe: {error.strerror}") from None
    except (yaml.YAMLError, ValueError) as error:  # ValueError: not UTF-8; 2024-13-45 is no date
        raise UserError(f"{path}: not a YAML recipe: {' '.join(str(error).split())}") from None
    if not isinstance(settings, dict):
        raise UserError(f"{path}: a recipe is a YAML mapping, such as 'pair: es-en'")
    return settings


def make_recipe(settings: dict[str, Any], where: str) -> Recipe:
    """Checks `settings` against the schema and the few rules it cannot express."""
    renamed_section(settings, where)
    recipe = from_dict(Recipe, settings, where)
    if not re.fullmatch(r"[a-z]{2,3}-[a-z]{2,3}", recipe.pair) or len(set(recipe.languages)) < 2:
        raise UserError(f"{where}: pair {recipe.pair!r}: write two language codes, source first, as in es-en")
    if not recipe.sources:
        raise UserError(f"{where}: no source given; add one, such as --source tsv:FILE")
    if recipe.on_bad_line not in ("stop", "skip"):
        raise UserError(f"{where}: on_bad_line is {recipe.on_bad_line!r}; write 'stop' or 'skip'")
    for source in (*recipe.sources, *recipe.exclude_test, *recipe.dev_from, *recipe.test_from):
        Spec.parse(source.spec)
        if source.repeat < 1 or (source.max_pairs is not None and source.max_pairs < 1):
            raise UserError(f"{where}: source {source.spec!r}: repeat and max_pairs must be at least 1")
    if min(recipe.splits.dev or 0, recipe.splits.test or 0) < 0:
        raise UserError(f"{where}: the sizes of dev and test cannot be negative")
    recipe.cleaning.check(where)
    recipe.subwords.check(where)
    recipe.noise.check(where)
    return recipe


def dump_recipe(recipe: Recipe) -> str:
    """The recipe as YAML, without the fields of a source that have their default value."""
    settings = dataclasses.asdict(recipe)
    defaults = dataclasses.asdict(Source(""))
    for key in ("sources", "exclude_test", "dev_from", "test_from"):
        settings[key] = [
            {name: value for name, value in source.items() if value != defaults[name]}
            for source in settings[key]
        ]
    settings["subwords"]["symbols"] = list(recipe.subwords.symbols)
    return yaml.safe_dump(settings, sort_keys=False, allow_unicode=True, width=110)


def from_dict(kind: type[T], settings: Any, where: str) -> T:
    """Builds dataclass `kind` from a mapping; an unknown key or a value of a wrong type is a UserError."""
    if not isinstance(settings, dict):
        raise UserError(f"{where}: expected a mapping, found {settings!r}")
    hints = get_type_hints(kind)
    for key in settings:
        if key not in hints:
            raise UserError(f"{where}: unknown key {key!r}; known: {', '.join(hints)}")
    for required in dataclasses.fields(kind):  # type: ignore[arg-type]
        absent = required.default is dataclasses.MISSING and required.default_factory is dataclasses.MISSING
        if absent and required.name not in settings:
            raise UserError(f"{where}: key {required.name!r} is missing")
    return kind(**{key: _convert(hints[key], value, f"{where}: {key}") for key, value in settings.items()})


def _convert(hint: Any, value: Any, where: str) -> Any:
    """`value` as type `hint`: a dataclass, a tuple of one type, dict, an optional, or a plain type."""
    if dataclasses.is_dataclass(hint):
        if hint is Source and isinstance(value, str):
            return parse_source(value)
        return from_dict(hint, value, where)  # type: ignore[arg-type]
    arguments = get_args(hint)
    if get_origin(hint) is tuple:
        if not isinstance(value, (list, tuple)):
            raise UserError(f"{where}: expected a list, found {value!r}")
        return tuple(_convert(arguments[0], item, where) for item in value)
    if get_origin(hint) is dict:
        if not isinstance(value, dict):
            raise UserError(f"{where}: expected a mapping, found {value!r}")
        return {str(key): str(item) for key, item in value.items()}
    if arguments:  # X | None
        return None if value is None else _convert(arguments[0], value, where)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        raise UserError(f"{where}: expected {hint.__name__}, found {value!r}")
    return value
