"""The recipe of a dataset folder: dataclasses are the schema of `data.yaml`; YAML in and out.

Not here: what the settings do (each is explained beside its use) and command-line flags (`cli.py`).
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import yaml

from data_prep.cleaning import CleaningConfig
from data_prep.noise import NoiseConfig
from data_prep.splits import SplitsConfig
from data_prep.subwords import SubwordsConfig
from nmt.errors import UserError
from nmt.yaml_config import YamlMapping, yaml_value

KINDS = ("tsv", "moses", "tmx", "po", "mo", "hf", "mtdata", "opus")
PUBLIC = ("mtdata", "opus")  # corpora by name
Languages = tuple[str, str]  # codes of the source and of the target language
Pairs = Iterator[tuple[str, str]]  # source and target sentences
MAX_REPEAT = 1000  # times that a pair can be in train; more is a slip, and fills the disk


@dataclass(frozen=True)
class Source:
    """One corpus: where it is, how to read it, and how much of it to use.

    `spec` is `KIND:PATH[:OPTIONS]`, as on the command line; see `Spec`."""

    spec: str
    name: str | None = None  # how the report and the column `origin` call it; default: the file's own name
    licence: str | None = None  # as its publisher states it; copied to the report
    repeat: int = 1  # each pair appears this many times in train
    max_pairs: int | None = None  # keep at most this many pairs, a fixed sample of those that pass cleaning
    train_only: bool = False  # word lists: no dev or test of it, "Hola" beside "hola" kept
    sha256: dict[str, str] = field(default_factory=dict)  # file -> hash; a recorded hash is checked

    def __post_init__(self) -> None:
        Spec.parse(self.spec)
        if not 1 <= self.repeat <= MAX_REPEAT or (self.max_pairs is not None and self.max_pairs < 1):
            raise UserError(f"repeat must be from 1 to {MAX_REPEAT}, and max_pairs at least 1")


@dataclass(frozen=True)
class Recipe:
    """All that decides the contents of a dataset folder."""

    pair: str  # source and target language, ISO 639-1: "es-en"
    sources: tuple[Source, ...] = ()
    exclude_test: tuple[Source, ...] = ()  # nothing in train or dev touches these
    on_bad_line: Literal["stop", "skip"] = "stop"
    cleaning: CleaningConfig = CleaningConfig()
    splits: SplitsConfig = SplitsConfig()
    dev_from: tuple[Source, ...] = ()  # given sets, used as they are, instead of carved ones
    test_from: tuple[Source, ...] = ()
    subwords: SubwordsConfig = SubwordsConfig()
    noise: NoiseConfig = NoiseConfig()

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z]{2,3}-[a-z]{2,3}", self.pair) or len(set(self.languages)) < 2:
            raise UserError(f"pair {self.pair!r}: write two language codes, source first, as in es-en")
        if not self.sources:
            raise UserError("no source given; add one, such as --source tsv:FILE")

    @property
    def languages(self) -> Languages:
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
            raise UserError(f"a source must begin with one of {', '.join(k + ':' for k in KINDS)}")
        path, colon, last = rest.rpartition(":")
        if not colon or not re.fullmatch(r"[\w-]+=[^=]*", last.split(",")[0]):
            path, last = rest, ""
        if not path:
            raise UserError("a source must name a file after its kind")
        options = {}
        for option in filter(None, last.split(",")):
            key, equals, value = option.partition("=")
            if not equals or not value:
                raise UserError(f"option {option!r} of a source is not of the form key=value")
            options[key] = value
        return cls(kind, path, options)


def parse_source(text: str) -> Source:
    """A source as the command line gives it: `KIND:PATH[:OPTIONS][@repeat=3,max_pairs=20000,...]`."""
    mapping = YamlMapping(f"source {text!r}")
    if match := re.search(r"@((?:repeat|max_pairs|name|licence|train_only)=.*)$", text):
        text = text[: match.start()]
        for setting in match.group(1).split(","):
            key, equals, value = setting.partition("=")
            if not equals:
                raise UserError(f"source {text!r}: setting {setting!r} is not of the form key=value")
            place = f"source {text!r}: {key}"
            mapping.put(key, value if key in ("name", "licence") else yaml_value(value, place), place)
    mapping.put("spec", text, mapping.name)
    return mapping.build(Source)


def make_recipe(mapping: YamlMapping) -> Recipe:
    """The mapping, checked against the schema; a source may be written as on the command line."""
    if isinstance(mapping.data, dict) and "careless" in mapping.data:  # a recipe of version 0.1
        raise UserError(f"{mapping.name}: the section 'careless' is now 'noise', and its share noise.typing")
    mapping.from_text = {Source: parse_source}
    return mapping.build(Recipe)


def dump_recipe(recipe: Recipe) -> str:
    """The recipe as YAML, without the fields of a source that have their default value."""
    settings = dataclasses.asdict(recipe)
    defaults = dataclasses.asdict(Source("tsv:x")) | {"spec": None}
    for key in ("sources", "exclude_test", "dev_from", "test_from"):
        settings[key] = [
            {name: value for name, value in source.items() if value != defaults[name]} for source in settings[key]
        ]
    settings["subwords"]["symbols"] = list(recipe.subwords.symbols)
    return yaml.safe_dump(settings, sort_keys=False, allow_unicode=True, width=110)
