"""Reader for Hugging Face data sets: a name on the hub or a local file or folder, through the same code path.

Takes the hub's `translation: {es, en}` form, and flat columns named like the languages.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import datasets

from data_prep.files import COMPRESSIONS, Tally, limited_lines, open_bytes, uncompressed_suffix
from data_prep.recipe import Languages, Pairs, Spec
from nmt.errors import UserError

_BUILDERS = {".parquet": "parquet", ".json": "json", ".jsonl": "json", ".ndjson": "json"}


def read_huggingface(spec: Spec, languages: Languages, tally: Tally, cache: Path) -> Pairs:
    """All pairs of `hf:NAME[:CONFIG][:split=train,es=COLUMN,en=COLUMN]`.

    The net is used only for a NAME that is no local path."""
    table = _load(spec, cache)
    options = dict(spec.options)
    options.pop("split", None)
    nested = not options and "translation" in table.column_names
    names = [options.get(language, language) for language in languages]
    known = _languages(table.features["translation"], spec) if nested else table.column_names
    for name in names:
        if name not in known:
            kind = "language" if nested else "column"
            raise UserError(f"hf:{spec.path}: no {kind} {name!r}; there are {', '.join(known)}")
    number = 0
    batches = iter(table.iter(batch_size=1000))
    while True:
        try:
            batch: Any = next(batches, None)
        except Exception as error:  # damage within, which pyarrow tells in many ways
            raise _explain(error, spec, Path(spec.path)) from None
        if batch is None:
            return
        rows: Any = batch["translation"] if nested else zip(*(batch[name] for name in names), strict=True)
        for row in rows:
            number += 1
            cells = [row.get(name) for name in names] if isinstance(row, dict) else row or (None, None)
            source, target = (text if isinstance(text, str) else "" for text in cells)
            yield from tally.pair(source, target, languages, f"{spec.path}:{number}")


def _languages(feature: Any, spec: Spec) -> list[str]:
    """The languages of a `translation` column: the hub's own feature, or a plain struct."""
    if isinstance(feature, datasets.Translation):
        return list(feature.languages)
    if isinstance(feature, dict):
        return list(feature)
    raise UserError(f"hf:{spec.path}: column 'translation' is {feature}, expected one text for each language")


def _load(spec: Spec, cache: Path) -> datasets.Dataset:
    name, _, config = spec.path.partition(":")
    local = Path(spec.path)
    try:
        if local.is_file():
            builder = _BUILDERS.get(uncompressed_suffix(local))
            if builder is None:
                raise UserError(f"{local}: a local data set is a folder, a .parquet or a .jsonl file")
            if builder == "json" and local.suffix in COMPRESSIONS:
                with open_bytes(local) as stream:  # `datasets` has no limit
                    all(True for _ in limited_lines(stream, local))
            loaded = datasets.load_dataset(builder, data_files=str(local), cache_dir=str(cache))
        elif (local / "state.json").exists() or (local / "dataset_dict.json").exists():
            loaded = datasets.load_from_disk(str(local))
        elif local.is_dir():
            loaded = datasets.load_dataset(str(local), cache_dir=str(cache))
        else:
            loaded = datasets.load_dataset(name, config or None, cache_dir=str(cache))
    except (UserError, KeyboardInterrupt):
        raise
    except Exception as error:  # `datasets` raises many kinds, for files and for the net
        raise _explain(error, spec, local) from None
    return _choose_split(loaded, spec)


def _choose_split(loaded: Any, spec: Spec) -> datasets.Dataset:
    if isinstance(loaded, datasets.Dataset):
        return loaded
    wanted = spec.options.get("split") or ("train" if "train" in loaded else next(iter(loaded)))
    if wanted not in loaded:
        raise UserError(f"hf:{spec.path}: no split {wanted!r}; there are {', '.join(loaded)}")
    return loaded[wanted]


def _explain(error: Exception, spec: Spec, local: Path) -> UserError:
    for file in sorted(local.rglob("*")) if local.is_dir() else [local]:
        if file.is_file() and _BUILDERS.get(uncompressed_suffix(file)) == "json":
            if line := _first_bad_json_line(file):
                return UserError(f"{file}:{line}: not a JSON line")
    cause = error.__cause__ or error
    detail = " ".join(str(cause).split())
    if local.exists():
        return UserError(f"{local}: cannot be read as a data set: {detail}")
    return UserError(f"hf:{spec.path}: no such local path, and loading it from the hub failed: {detail}")


def _first_bad_json_line(path: Path) -> int | None:
    with open_bytes(path) as stream:
        for number, line in limited_lines(stream, path):
            try:
                if line.strip() and not isinstance(json.loads(line), dict):
                    return number
            except ValueError:  # JSON and UTF-8 errors alike
                return number
    return None
