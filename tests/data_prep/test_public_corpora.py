"""Corpora by name: archives in the layouts of their publishers, fetched once from a server on this machine."""

from __future__ import annotations

import functools
import gzip
import http.server
import importlib
import io
import json
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

mtdata = pytest.importorskip("mtdata")
pytest.importorskip("lingua")

from data_prep.files import Tally  # noqa: E402
from data_prep.recipe import Spec  # noqa: E402
from data_prep.sources import read_pairs  # noqa: E402
from nmt.errors import UserError  # noqa: E402
from tests.support.built_datasets import PAIRS, SIZES, build  # noqa: E402

ES, EN = ("".join(pair[side] + "\n" for pair in PAIRS) for side in (0, 1))


def write_archives(folder: Path) -> None:
    with zipfile.ZipFile(folder / "en-es.txt.zip", "w") as archive:  # as OPUS packs Moses files
        for name, text in (("README", "about"), ("Europarl.en-es.en", EN), ("Europarl.en-es.es", ES)):
            archive.writestr(name, text)
    with tarfile.open(folder / "es-en.tgz", "w:gz") as tar:  # as statmt.org packs Europarl 7
        for name, text in (("europarl-v7.es-en.en", EN), ("europarl-v7.es-en.es", ES)):
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    rows = "".join(f"{en}\t{es}\n" for es, en in PAIRS[:5]) + "\t\nonly English\t\n"
    (folder / "news-commentary-v14.en-es.tsv.gz").write_bytes(gzip.compress(rows.encode()))
    (folder / "short.tsv.gz").write_bytes(gzip.compress(rows.encode())[:-30])
    (folder / "short.zip").write_bytes((folder / "en-es.txt.zip").read_bytes()[:-300])
    with zipfile.ZipFile(folder / "carriage.zip", "w") as archive:
        archive.writestr("c.en", "one two\nthree\n")
        archive.writestr("c.es", "uno\rdos\ntres\n")


@pytest.fixture(scope="module")
def requests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """What the server was asked for; mtdata's index has its corpora, and its cache is empty."""
    folder, asked = tmp_path_factory.mktemp("server"), list[str]()
    write_archives(folder)

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            asked.append(self.path)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with pytest.MonkeyPatch.context() as patch:
        cache = tmp_path_factory.mktemp("cache")  # nothing of this goes into the user's own
        patch.setattr(mtdata, "cache_dir", cache)
        import mtdata.index as mtdata_index

        for module in (mtdata, mtdata_index):
            patch.setattr(module, "cached_index_file", cache / "index.pkl")
        patch.setattr(mtdata_index.Index, "obj", None)
        original = importlib.import_module
        empty = ModuleType("empty")
        patch.setattr(importlib, "import_module", lambda name, package=None: empty if package else original(name))
        from mtdata.entry import DatasetId, Entry
        from mtdata.index import Index

        index, at = Index.get_instance(), f"http://127.0.0.1:{server.server_port}"
        moses = {"in_paths": ["*.en", "*.es"], "in_ext": "txt"}
        for version in ("v7", "v10"):  # the latest is wanted, and 10 is later than 7
            did = DatasetId("OPUS", "europarl", version, ("en", "es"))
            file = "en-es.txt.zip" if version == "v10" else "gone.zip"
            index += Entry(did, f"{at}/{file}", cite=("tiedemann2012parallel",), **moses)
        index += Entry(DatasetId("OPUS", "europarl", "v99", ("en", "es_MX")), f"{at}/gone.zip", **moses)
        index += Entry(DatasetId("OPUS", "news_commentary", "v16", ("en", "es")), f"{at}/en-es.txt.zip", **moses)
        for name in ("carriage", "short"):
            index += Entry(DatasetId("OPUS", name, "v1", ("en", "es")), f"{at}/{name}.zip", **moses)
        index += Entry(DatasetId("Statmt", "short", "1", ("en", "es")), f"{at}/short.tsv.gz")
        did = DatasetId("Statmt", "europarl", "7", ("es", "en"))
        tar = {"in_paths": ["europarl-v7.es-en.es", "europarl-v7.es-en.en"], "in_ext": "txt"}
        index += Entry(did, f"{at}/es-en.tgz", cite=("koehn2005europarl",), **tar)
        index += Entry(
            DatasetId("Statmt", "news_commentary", "14", ("en", "es")),
            f"{at}/news-commentary-v14.en-es.tsv.gz",
        )
        yield asked
    server.shutdown()


def pairs_of(spec: str, tmp_path: Path, skip: bool = False) -> tuple[list[tuple[str, str]], Tally]:
    tally = Tally(skip)
    return list(read_pairs(Spec.parse(spec), ("es", "en"), tally, tmp_path)), tally


@pytest.mark.parametrize(
    "spec",
    ["opus:Europarl", "opus:europarl-v10", "opus:News-Commentary-v16", "mtdata:Statmt-europarl-7-es-en"],
)
def test_archives_of_moses_files(spec: str, requests: list[str], tmp_path: Path) -> None:
    """Whichever side the publisher has first."""
    assert pairs_of(spec, tmp_path)[0] == PAIRS


def test_a_table_with_a_missing_side(requests: list[str], tmp_path: Path) -> None:
    spec = "mtdata:Statmt-news_commentary-14-eng-spa"
    found, tally = pairs_of(spec, tmp_path, skip=True)
    assert found == [*PAIRS[:5], ("", "")] and tally.dropped == {"bad_line": 1}
    with pytest.raises(UserError, match=":7: the es side is missing"):
        pairs_of(spec, tmp_path)


def test_a_carriage_return_ends_no_line(requests: list[str], tmp_path: Path) -> None:
    assert pairs_of("opus:carriage-v1", tmp_path)[0] == [("uno\rdos", "one two"), ("tres", "three")]


def test_an_archive_that_is_cut_short_is_one_sentence(requests: list[str], tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"short\.tsv\.gz: the compressed file is damaged or cut short"):
        pairs_of("mtdata:Statmt-short-1-eng-spa", tmp_path)
    with pytest.raises(UserError, match="opus:short-v1: a damaged archive; delete .*short.zip"):
        pairs_of("opus:short-v1", tmp_path)


def test_a_build_names_what_is_to_be_cited_and_fetches_once(requests: list[str], tmp_path: Path) -> None:
    source = ["--source", "opus:Europarl@licence=public domain,name=europarl"]
    report = build(tmp_path / "set", *source, *SIZES)
    asked = len(requests)
    build(tmp_path / "again", "--recipe", tmp_path / "set" / "data.yaml")
    assert len(requests) == asked
    described = report["sources"][0]
    assert described["licence"] == "public domain" and described["kept"] == len(PAIRS)
    assert described["corpus"]["id"] == "OPUS-europarl-v10-eng-spa"
    assert "Tiedemann" in described["corpus"]["cite"][0] and described["corpus"]["urls"][0].endswith("/en-es.txt.zip")
    assert len(json.loads(json.dumps(described))["corpus"]["cite"]) == 1


def test_mistakes_are_one_sentence(requests: list[str], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="mtdata knows no such corpus of es and en; `mtdata list"):
        pairs_of("opus:nothing", tmp_path)
    with pytest.raises(UserError, match="opus:europarl-v7: cannot be fetched or read: 404"):
        pairs_of("opus:europarl-v7", tmp_path)
