"""Readers: every kind of file yields the same pairs."""

from __future__ import annotations

import bz2
import gzip
import lzma

import pytest

datasets = pytest.importorskip("datasets")
polib = pytest.importorskip("polib")

from data_prep.recipe import Spec  # noqa: E402
from data_prep.sources import files_of  # noqa: E402
from nmt.errors import UserError  # noqa: E402
from tests.support.parallel_text import (  # noqa: E402
    ES_EN,
    PAIRS,
    catalogue,
    read,
    write_csv,
    write_moses,
    write_tmx,
    write_translation_form,
    write_tsv,
)


def test_tsv_takes_quotes_as_they_stand(tmp_path):
    assert read(f"tsv:{write_tsv(tmp_path / 'a.tsv')}", tmp_path)[0] == PAIRS


def test_tsv_columns_by_number(tmp_path):
    path = write_tsv(tmp_path / "a.tsv", [(str(i), en, "CC0", es) for i, (es, en) in enumerate(PAIRS)])
    assert read(f"tsv:{path}:es=3,en=1", tmp_path)[0] == PAIRS


def test_csv_columns_by_header_name_with_quoting(tmp_path):
    path = write_csv(tmp_path / "a.csv")
    assert read(f"tsv:{path}:es=spanish,en=english", tmp_path)[0] == PAIRS


def test_csv_fields_may_hold_line_breaks_and_keep_line_numbers(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('"uno\ndos","one\ntwo"\nsolo\n', encoding="utf-8")
    pairs, tally = read(f"tsv:{path}", tmp_path, skip=True)
    assert pairs == [("uno\ndos", "one\ntwo")]
    assert tally.examples[0].startswith(f"{path}:4: 1 columns")


def test_moses(tmp_path):
    assert read(f"moses:{write_moses(tmp_path / 'a')}", tmp_path)[0] == PAIRS


def test_only_line_feeds_end_a_line(tmp_path):
    """U+2028, U+0085 and form feeds inside one side must not shift it against the other."""
    prefix = write_moses(tmp_path / "a", es="uno\u2028dos\x85\x0ctres\ncuatro\r\n", en="one\nfour\n")
    assert read(f"moses:{prefix}", tmp_path)[0] == [("uno\u2028dos\x85\x0ctres", "one"), ("cuatro", "four")]


def test_tmx_by_language_prefix(tmp_path):
    assert read(f"tmx:{write_tmx(tmp_path / 'a.tmx')}", tmp_path)[0] == PAIRS


def test_tmx_inline_markup_goes_and_marked_text_stays(tmp_path):
    unit = (
        '<tu><tuv xml:lang="es"><seg>Una <bpt i="1">&lt;b></bpt><hi>gran</hi><ept i="1">&lt;/b></ept> casa<ph/>.</seg>'
        '</tuv><tuv xml:lang="en"><seg>A big house.</seg></tuv></tu>'
    )
    assert read(f"tmx:{write_tmx(tmp_path / 'a.tmx', unit)}", tmp_path)[0] == [("Una gran casa.", "A big house.")]


def test_tmx_entities_are_neither_expanded_nor_fetched(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    path = tmp_path / "a.tmx"
    path.write_text(
        f'<!DOCTYPE tmx [<!ENTITY x SYSTEM "file://{secret}"><!ENTITY y "boom">]><tmx><body>'
        '<tu><tuv xml:lang="es"><seg>uno &x;&y;fin</seg></tuv><tuv xml:lang="en"><seg>one</seg></tuv></tu>'
        "</body></tmx>"
    )
    assert read(f"tmx:{path}", tmp_path)[0] == [("uno fin", "one")]


@pytest.mark.parametrize("kind", ["po", "mo"])
def test_gettext_finds_the_direction_in_the_header(kind, tmp_path):
    path = tmp_path / f"a.{kind}"
    (catalogue().save if kind == "po" else catalogue().save_as_mofile)(str(path))
    assert sorted(read(f"{kind}:{path}", tmp_path)[0]) == sorted(PAIRS)
    reverse = read(f"{kind}:{path}", tmp_path, pair=("en", "es"))[0]
    assert sorted(reverse) == sorted((en, es) for es, en in PAIRS)


def test_gettext_msgid_language_can_be_told(tmp_path):
    path = tmp_path / "a.po"
    catalogue(language="").save(str(path))
    with pytest.raises(UserError, match=":id=es"):
        read(f"po:{path}", tmp_path)
    assert read(f"po:{path}:id=en", tmp_path)[0] == PAIRS


def test_gettext_leaves_out_and_counts_what_is_not_translated(tmp_path):
    po = catalogue()
    po.append(polib.POEntry(msgid="Not sure", msgstr="No seguro", flags=["fuzzy"]))
    po.append(polib.POEntry(msgid="Nothing yet", msgstr=""))
    po.append(polib.POEntry(msgid="Gone", msgstr="Ido", obsolete=True))
    po.append(
        polib.POEntry(msgid="%d file", msgid_plural="%d files", msgstr_plural={0: "%d archivo", 1: "%d archivos"})
    )
    po.save(str(tmp_path / "a.po"))
    pairs, tally = read(f"po:{tmp_path / 'a.po'}", tmp_path)
    assert pairs == [*PAIRS, ("%d archivo", "%d file"), ("%d archivos", "%d files")]
    assert tally.dropped == {"fuzzy": 1, "untranslated": 1, "obsolete": 1}


@pytest.mark.parametrize("name", ["a.parquet", "a.jsonl"])
def test_hub_form_from_a_file(name, tmp_path):
    assert read(f"hf:{write_translation_form(tmp_path / name)}", tmp_path)[0] == PAIRS


@pytest.mark.parametrize("name", ["train.parquet", "train.jsonl"])
def test_hub_form_from_a_folder(name, tmp_path):
    folder = write_translation_form(tmp_path / "corpus" / name).parent
    assert read(f"hf:{folder}", tmp_path)[0] == PAIRS
    with pytest.raises(UserError, match="no split 'dev'; there are train"):
        read(f"hf:{folder}:split=dev", tmp_path)


def test_hub_form_with_the_feature_that_the_hub_uses(tmp_path):
    """`datasets.Translation`, as the hub's own sets have it, is not the struct that parquet and JSON give."""
    feature = datasets.Features({"translation": datasets.Translation(languages=["es", "en"])})
    rows = {"translation": [{"es": es, "en": en} for es, en in PAIRS]}
    datasets.Dataset.from_dict(rows, features=feature).save_to_disk(str(tmp_path / "saved"))
    assert read(f"hf:{tmp_path / 'saved'}", tmp_path)[0] == PAIRS
    with pytest.raises(UserError, match="no language 'de'; there are es, en"):
        read(f"hf:{tmp_path / 'saved'}", tmp_path, pair=("es", "de"))


def test_hub_form_saved_to_disk_with_flat_columns(tmp_path):
    es, en = zip(*PAIRS, strict=True)
    datasets.Dataset.from_dict({"spa": es, "en": en}).save_to_disk(str(tmp_path / "saved"))
    assert read(f"hf:{tmp_path / 'saved'}:es=spa,en=en", tmp_path)[0] == PAIRS


@pytest.mark.parametrize("suffix, opener", [(".gz", gzip.open), (".xz", lzma.open), (".bz2", bz2.open)])
def test_every_kind_may_be_compressed(suffix, opener, tmp_path):
    plain = tmp_path / "plain"
    plain.mkdir()
    catalogue().save(str(plain / "a.po"))
    write_moses(plain / "a")
    for path in (
        write_tsv(plain / "a.tsv"),
        write_tmx(plain / "a.tmx"),
        plain / "a.po",
        plain / "a.es",
        plain / "a.en",
    ):
        with opener(tmp_path / (path.name + suffix), "wb") as stream:
            stream.write(path.read_bytes())
    for kind, name in (("tsv", "a.tsv"), ("tmx", "a.tmx"), ("po", "a.po")):
        assert read(f"{kind}:{tmp_path / (name + suffix)}", tmp_path)[0] == PAIRS
    assert read(f"moses:{tmp_path / 'a'}", tmp_path)[0] == PAIRS


def test_byte_order_mark_is_no_text(tmp_path):
    (tmp_path / "a.tsv").write_bytes(b"\xef\xbb\xbf" + "sí\tyes\n".encode())
    assert read(f"tsv:{tmp_path / 'a.tsv'}", tmp_path)[0] == [("sí", "yes")]


def test_files_of_lists_what_is_hashed(tmp_path):
    write_moses(tmp_path / "a")
    assert files_of(Spec.parse(f"moses:{tmp_path / 'a'}"), ES_EN) == [tmp_path / "a.es", tmp_path / "a.en"]
    assert files_of(Spec.parse("hf:some/name"), ES_EN) == []
