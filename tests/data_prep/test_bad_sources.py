"""Readers: bad input is named with file and line, and counted where it may be skipped."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import sys
from pathlib import Path

import pytest

datasets = pytest.importorskip("datasets")
polib = pytest.importorskip("polib")

from data_prep.files import MAX_LINE_BYTES  # noqa: E402
from data_prep.recipe import Spec  # noqa: E402
from nmt.errors import UserError  # noqa: E402
from tests.support.parallel_text import (  # noqa: E402
    PAIRS,
    catalogue,
    read,
    write_csv,
    write_moses,
    write_tmx,
    write_translation_form,
    write_tsv,
)

BAD_LINES = {
    "one column": ("solo", "1 columns"),
    "missing target": ("hola\t ", "the en side is missing"),
    "missing source": ("\thello", "the es side is missing"),
    "three columns": ("a\tb\tc", r"3 columns instead of 2; choose two, as in ':es=0,en=1'"),
}


@pytest.mark.parametrize("line, problem", BAD_LINES.values(), ids=list(BAD_LINES))
def test_bad_tsv_line_stops_with_file_and_line_or_is_counted(line, problem, tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text(f"sí\tyes\n{line}\nno\tno\n", encoding="utf-8")
    with pytest.raises(UserError, match=rf"a\.tsv:2: .*{problem}.*--on-bad-line skip"):
        read(f"tsv:{path}", tmp_path)
    pairs, tally = read(f"tsv:{path}", tmp_path, skip=True)
    assert pairs == [("sí", "yes"), ("no", "no")]
    assert tally.dropped == {"bad_line": 1}


def test_wrong_encoding_is_named_with_line_and_byte(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_bytes("sí\tyes\n".encode() + "niño\tboy\n".encode("latin-1"))
    with pytest.raises(UserError, match=r"a\.tsv:2: not UTF-8 \(byte 0xF1 at column 3\)"):
        read(f"tsv:{path}", tmp_path)
    assert read(f"tsv:{path}", tmp_path, skip=True)[0] == [("sí", "yes")]


def test_a_csv_line_in_another_encoding_takes_its_row_alone(tmp_path):
    """Within a quoted field the rest of the row goes with it; the places of later rows stay right."""
    path = tmp_path / "a.csv"
    path.write_bytes(b'uno,one\n"dos\nni\xf1o",two\ntres,three\n\xf1,n\nsolo\n')
    pairs, tally = read(f"tsv:{path}", tmp_path, skip=True)
    assert pairs == [("uno", "one"), ("tres", "three")]
    assert [example.partition(": ")[0] for example in tally.examples] == [f"{path}:{n}" for n in (3, 5, 6)]


def test_undecodable_moses_line_does_not_shift_the_rest(tmp_path):
    prefix = write_moses(tmp_path / "a", en="one\ntwo\nthree\n")
    Path(f"{prefix}.es").write_bytes(b"uno\nd\xf3s\ntres\n")
    assert read(f"moses:{prefix}", tmp_path, skip=True)[0] == [("uno", "one"), ("tres", "three")]


def test_moses_sides_of_different_length(tmp_path):
    prefix = write_moses(tmp_path / "a", es="uno\n", en="one\ntwo\n")
    with pytest.raises(UserError, match=r"a\.en:2: no such line in a\.es"):
        read(f"moses:{prefix}", tmp_path)


def test_blank_lines_are_counted(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("sí\tyes\n\n")
    assert read(f"tsv:{path}", tmp_path)[1].dropped == {"blank_line": 1}


def test_unknown_column_names_the_header(tmp_path):
    path = write_csv(tmp_path / "a.csv")
    with pytest.raises(UserError, match=r"a\.csv:1: no column 'espanol'; this header has 'id', 'english', 'spanish'"):
        read(f"tsv:{path}:es=espanol,en=english", tmp_path)


@pytest.mark.parametrize("spec", ["tmx:a", "moses:a", "mtdata:a", "po:a", "hf:a", "tsv:a"])
def test_an_option_that_a_kind_does_not_have_is_named(spec, tmp_path):
    with pytest.raises(UserError, match=f"{spec}: unknown option 'spilt'; "):
        read(f"{spec}:spilt=dev", tmp_path)


def test_tmx_with_a_namespace(tmp_path):
    path = write_tmx(tmp_path / "a.tmx")
    path.write_text(path.read_text().replace("<tmx ", '<tmx xmlns="http://www.lisa.org/tmx14" '))
    assert "xmlns=" in path.read_text()
    assert read(f"tmx:{path}", tmp_path)[0] == PAIRS


def test_a_catalogue_that_is_cut_short(tmp_path):
    catalogue().save_as_mofile(str(tmp_path / "a.mo"))
    content = (tmp_path / "a.mo").read_bytes()
    for size in range(0, len(content), 5):
        (tmp_path / "a.mo").write_bytes(content[:size])
        with pytest.raises(UserError, match=r"a\.mo: (not a MO file|which language)"):
            read(f"mo:{tmp_path / 'a.mo'}", tmp_path)


def test_unit_without_a_language_in_tmx(tmp_path):
    path = write_tmx(tmp_path / "a.tmx", '<tu><tuv xml:lang="fr"><seg>un</seg></tuv></tu>')
    with pytest.raises(UserError, match=r"a\.tmx:3: the es side is missing \(languages here: fr\)"):
        read(f"tmx:{path}", tmp_path)


CASES = Path(__file__).parents[1] / "data" / "cases"


def test_a_character_that_xml_forbids_is_a_bad_line_of_tmx() -> None:
    path = CASES / "tmx-control-character" / "input.tmx"
    pairs, tally = read(f"tmx:{path}", path.parent, skip=True)
    assert [source for source, _ in pairs] == ["El perro duerme.", "La gata come."]
    assert tally.dropped == {"bad_line": 1} and "input.tmx:4: has a character" in tally.examples[0]
    with pytest.raises(UserError, match=r"input\.tmx:4: has a character that XML forbids"):
        read(f"tmx:{path}", path.parent)


def test_all_variants_of_a_unit_of_tmx_are_pairs(tmp_path):
    path = CASES / "tmx-several-variants" / "input.tmx"
    expected = [("El perro duerme.", "The dog sleeps."), ("El perro duerme.", "The dog is sleeping.")]
    assert read(f"tmx:{path}", tmp_path)[0] == expected
    units = "".join(
        f'<tuv xml:lang="{code}"><seg>{text}</seg></tuv>'
        for code, text in (("es", "uno"), ("en", "one"), ("es-MX", "uno"), ("es-ES", "un"), ("fr", "un"))
    )
    path = write_tmx(tmp_path / "a.tmx", f"<tu>{units}</tu>")
    assert read(f"tmx:{path}", tmp_path)[0] == [("uno", "one"), ("un", "one")]


@pytest.mark.parametrize("units", ["<tu><tuv></tu>", "<tu><tuv xml:lang='es'><seg>a<b></seg></tuv></tu>", "<tu>"])
def test_tmx_that_is_broken_otherwise_is_refused(tmp_path, units):
    path = write_tmx(tmp_path / "a.tmx", units)
    for skip in (False, True):
        with pytest.raises(UserError, match=r"a\.tmx:\d: not well-formed TMX"):
            read(f"tmx:{path}", tmp_path, skip)


def test_broken_tmx(tmp_path):
    path = write_tmx(tmp_path / "a.tmx", "<tu><tuv></tu>")
    with pytest.raises(UserError, match=r"a\.tmx:3: not well-formed TMX"):
        read(f"tmx:{path}", tmp_path)


def test_broken_po(tmp_path):
    path = tmp_path / "a.po"
    path.write_text('msgid "one"\nmsgstr "uno"\n\nnonsense here\n')
    with pytest.raises(UserError, match=r"a\.po:4: not a PO file"):
        read(f"po:{path}:id=en", tmp_path)


def test_po_in_another_encoding_than_declared(tmp_path):
    path = tmp_path / "a.po"
    catalogue().save(str(path))
    path.write_bytes(path.read_bytes().replace("niño".encode(), "niño".encode("latin-1")))
    line = path.read_bytes()[: path.read_bytes().index(b"ni\xf1o")].count(b"\n") + 1
    with pytest.raises(UserError, match=rf"a\.po:{line}: not in utf-8"):
        read(f"po:{path}", tmp_path)


def test_broken_json_line(tmp_path):
    path = write_translation_form(tmp_path / "a.jsonl")
    path.write_text(path.read_text() + "{broken\n")
    with pytest.raises(UserError, match=r"a\.jsonl:4: not a JSON line"):
        read(f"hf:{path}", tmp_path)


def test_missing_side_in_json_lines(tmp_path):
    path = tmp_path / "a.jsonl"
    rows = [{"translation": {"es": "sí", "en": "yes"}}, {"translation": {"es": "no", "en": None}}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(UserError, match=r"a\.jsonl:2: the en side is missing"):
        read(f"hf:{path}", tmp_path)
    assert read(f"hf:{path}", tmp_path, skip=True)[0] == [("sí", "yes")]


def test_unknown_language_in_hub_form(tmp_path):
    path = write_translation_form(tmp_path / "a.parquet")
    with pytest.raises(UserError, match="no language 'de'; there are .*es"):
        read(f"hf:{path}", tmp_path, pair=("es", "de"))


COMPRESS = {".gz": gzip.compress, ".xz": lzma.compress, ".bz2": bz2.compress}


@pytest.mark.parametrize("suffix", COMPRESS)
def test_archive_that_is_cut_short_or_none_at_all(suffix, tmp_path):
    content = COMPRESS[suffix](write_tsv(tmp_path / "a.tsv").read_bytes())
    for damaged in (content[:-12], b"not an archive"):
        (tmp_path / f"b.tsv{suffix}").write_bytes(damaged)
        with pytest.raises(UserError, match=rf"b\.tsv\{suffix}: "):
            read(f"tsv:{tmp_path / 'b.tsv'}{suffix}", tmp_path)


def test_zstandard(tmp_path):
    zstd = pytest.importorskip("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
    content = zstd.compress(write_tsv(tmp_path / "a.tsv").read_bytes())
    path = tmp_path / "a.tsv.zst"
    path.write_bytes(content)
    assert read(f"tsv:{path}", tmp_path)[0] == PAIRS
    for damaged in (content[:-12], b"not an archive"):
        path.write_bytes(damaged)
        with pytest.raises(UserError, match=r"a\.tsv\.zst: the compressed file is damaged or cut short"):
            read(f"tsv:{path}", tmp_path)


def test_name_that_is_neither_a_path_nor_on_the_hub(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    with pytest.raises(UserError, match="hf:nobody/nothing: no such local path, and loading it from the hub failed"):
        read("hf:nobody/nothing", tmp_path)


def test_missing_file(tmp_path):
    with pytest.raises(UserError, match="nowhere.tsv: no such file"):
        read(f"tsv:{tmp_path / 'nowhere.tsv'}", tmp_path)


@pytest.mark.parametrize("spec", ["file.tsv", "xls:a", "tsv:", "tsv:a:es=0,en"])
def test_malformed_spec_is_refused(spec):
    with pytest.raises(UserError, match="source"):
        Spec.parse(spec)


def test_spec_path_may_hold_colons():
    assert Spec.parse("tsv:C:/data/a.tsv:es=0,en=1") == Spec("tsv", "C:/data/a.tsv", {"es": "0", "en": "1"})
    assert Spec.parse("hf:opus:es-en").path == "opus:es-en"


LONG = b"hola\thello\n" + b"x" * (MAX_LINE_BYTES + 1)


@pytest.mark.parametrize("suffix", COMPRESS)
def test_a_line_without_end_is_not_read_whole(suffix, tmp_path):
    bomb = tmp_path / f"a.tsv{suffix}"
    bomb.write_bytes(COMPRESS[suffix](LONG))
    for skip in (False, True):
        with pytest.raises(UserError, match=rf"a\.tsv\{suffix}:2 is longer than 1,048,576 bytes"):
            read(f"tsv:{bomb}", tmp_path, skip)


def test_entries_without_end_are_not_read_whole(tmp_path, monkeypatch):
    (tmp_path / "a.po.gz").write_bytes(gzip.compress(b'msgid "' + b"x" * (MAX_LINE_BYTES + 1)))
    with pytest.raises(UserError, match=r"a\.po\.gz:1 is longer than"):
        read(f"po:{tmp_path / 'a.po.gz'}:id=en", tmp_path)
    (tmp_path / "a.jsonl.xz").write_bytes(lzma.compress(b'{"translation": "' + b"x" * (MAX_LINE_BYTES + 1)))
    with pytest.raises(UserError, match=r"a\.jsonl\.xz:1 is longer than"):
        read(f"hf:{tmp_path / 'a.jsonl.xz'}", tmp_path)
    monkeypatch.setattr("data_prep.sources.MAX_CATALOGUE_BYTES", 1000)
    (tmp_path / "b.po").write_text('msgid "a"\nmsgstr "b"\n\n' * 100)
    with pytest.raises(UserError, match=r"b\.po:\d+ is beyond 1,000 bytes"):
        read(f"po:{tmp_path / 'b.po'}:id=en", tmp_path)
    monkeypatch.setattr("data_prep.sources.MAX_UNIT_BYTES", 100_000)
    path = write_tmx(tmp_path / "a.tmx", "<note>nothing</note>\n" * 20_000)
    with pytest.raises(UserError, match=r"a\.tmx:\d+ is longer than 100,000 bytes without an end of a unit"):
        read(f"tmx:{path}", tmp_path)


def test_a_quoted_field_without_end(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('es,en\n"hola,hello\n' + "more,lines\n" * 200_000)
    with pytest.raises(UserError, match=r"a\.csv:2: not CSV: field larger than field limit"):
        read(f"tsv:{path}:es=es,en=en", tmp_path)


def test_parquet_with_flipped_bytes_is_one_sentence(tmp_path):
    path = write_translation_form(tmp_path / "a.parquet")
    content = path.read_bytes()
    refused = 0
    for place in range(4, len(content), 97):
        damaged = tmp_path / f"{place}.parquet"
        damaged.write_bytes(
            content[:place] + bytes(byte ^ 0xFF for byte in content[place : place + 8]) + content[place + 8 :]
        )
        try:
            read(f"hf:{damaged}", tmp_path, skip=True)
        except UserError as error:
            refused += 1
            assert str(damaged) in str(error)
    assert refused > 5
