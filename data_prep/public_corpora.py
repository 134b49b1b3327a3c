"""Public corpora by name, through the index and the readers of `mtdata` (Gowda et al. 2021).

`mtdata:GROUP-NAME-VERSION-LANG-LANG` is an id of its index; `opus:NAME` is a corpus of OPUS (Tiedemann 2012) in its
latest version, `opus:NAME-VERSION` that one.  Archives are kept in mtdata's cache ($MTDATA, ~/.mtdata).
"""

from __future__ import annotations

import contextlib
import logging
import re
import zipfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from data_prep.files import Tally
from data_prep.line_sources import read_aligned, read_columns
from data_prep.recipe import Languages, Pairs, Spec
from nmt.errors import UserError


def read_public(spec: Spec, languages: Languages, tally: Tally) -> Pairs:
    """All pairs of the corpus, in the order of `languages`.

    Aligned files and tables, which nearly all corpora are, are read as those of `moses:` and `tsv:` are: mtdata's own
    readers take a damaged archive for a short one where `pigz` is installed, and cannot skip a bad line."""
    entry, paths = _fetch(spec.kind, spec.path, languages)
    from mtdata.parser import Parser, detect_extension

    place = f"{spec.kind}:{spec.path}"
    # Readers of TMX give the sides in the order of the id too.
    reverse = entry.did.langs[0].lang != _three_letters(languages[0])
    with _told(spec):
        kind = entry.in_ext or detect_extension(getattr(paths[0], "name", ""))
        if kind == "txt" and len(paths) != 2:  # mtdata takes an archive that is cut short for a text
            raise UserError(f"{place}: a damaged archive; delete {paths[0]} to fetch it again")
        if kind == "txt":
            sides: list[Any] = [
                path if isinstance(path, Path) else zipfile.Path(path.root, path.name) for path in paths
            ]
            yield from read_aligned(sides[::-1] if reverse else sides, languages, tally)
        elif kind in ("tsv", "tsv.gz", "tsv.xz", "tsv.bz2") and all(isinstance(path, Path) for path in paths):
            columns = tuple(entry.cols or (0, 1))
            for path in paths:
                yield from read_columns(path, columns[::-1] if reverse else columns, languages, tally)
        else:
            rows = Parser(list(paths), ext=entry.in_ext or None, ent=entry).read_segs(show_pbar=False)
            for number, row in enumerate(rows, start=1):
                source, target = (row[1], row[0]) if reverse else row[:2]
                yield from tally.pair(source or "", target or "", languages, f"{place}:{number}")


def public_files(spec: Spec, languages: Languages) -> list[Path]:
    """The archives of the corpus, fetched if they are not in the cache."""
    paths = _fetch(spec.kind, spec.path, languages)[1]
    archives = (path if isinstance(path, Path) else getattr(path, "root", None) for path in paths)
    return [path for path in dict.fromkeys(archives) if path]  # Hugging Face's are no files


def citation(spec: Spec, languages: Languages) -> dict[str, Any]:
    """What report.json says of the corpus: its id, addresses, and what its publishers ask to be cited (BibTeX)."""
    entry = _find(spec.kind, spec.path, languages)
    from mtdata.index import Index

    references = Index.get_instance().ref_db
    return {
        "id": str(entry.did),
        "urls": [entry.url] if isinstance(entry.url, str) else list(entry.url),
        "cite": [references.get_bibtex(key) for key in entry.cite or ()],
    }


@lru_cache(maxsize=64)
def _fetch(kind: str, name: str, languages: Languages) -> tuple[Any, tuple[Any, ...]]:
    """The entry of the index, and its files or what stands for files in an archive."""
    entry = _find(kind, name, languages)
    import mtdata
    from mtdata.cache import Cache

    with _told(Spec(kind, name, {})):
        paths = Cache(mtdata.cache_dir).get_entry(entry)
    return entry, tuple(paths) if isinstance(paths, list) else (paths,)


@lru_cache(maxsize=64)
def _find(kind: str, name: str, languages: Languages) -> Any:
    """The entry of mtdata's index.  UserError if there is none for the pair."""
    place = f"{kind}:{name}"
    try:
        import mtdata
    except ModuleNotFoundError:
        raise UserError(f"{place}: needs the package mtdata; install the extra `scale`") from None
    # mtdata, when it is imported, makes the logging of the whole process verbose.
    logging.getLogger().setLevel(logging.WARNING)
    with _told(Spec(kind, name, {})):
        try:
            from mtdata.index import Index
        except EOFError:  # a kill while the index was written, which takes a minute once
            mtdata.cached_index_file.unlink()
            from mtdata.index import Index
    wanted = sorted(map(_three_letters, languages))
    found = [
        entry
        for entry in Index.get_instance().get_entries()
        if _is_called(entry.did, kind, name) and sorted(map(str, entry.did.langs)) == wanted
    ]
    if not found:
        remedy = f"`mtdata list -l {'-'.join(languages)}` shows what there is"
        raise UserError(f"{place}: mtdata knows no such corpus of {' and '.join(languages)}; {remedy}")
    return max(found, key=lambda entry: [int(digits) for digits in re.findall(r"\d+", entry.did.version)])


def _is_called(did: Any, kind: str, name: str) -> bool:
    """Whether the user means this id; OPUS's News-Commentary v2016-1 is news_commentary-v20161 there."""
    if kind == "mtdata":
        return f"{did.group}-{did.name}-{did.version}".lower() == name.lower().rsplit("-", 2)[0]
    wanted = re.sub("[-_]", "", name.lower())
    names = did.name.replace("_", ""), (did.name + did.version).replace("_", "")
    return did.group == "OPUS" and wanted in names


def _three_letters(language: str) -> str:
    from mtdata.iso.bcp47 import bcp47

    return str(bcp47(language).lang)


@contextlib.contextmanager
def _told(spec: Spec) -> Iterator[None]:
    """Whatever mtdata raises (assertions, the net's errors, damaged archives) is told in one sentence."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        detail = " ".join(str(error).split()) or type(error).__name__
        raise UserError(f"{spec.kind}:{spec.path}: cannot be fetched or read: {detail[:200]}") from None
