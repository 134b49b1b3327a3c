"""Readers: every kind of file yields the same pairs, and bad input is named with file and line."""

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

from data_prep.files import Tally  # noqa: E402
from data_prep.recipe import Spec  # noqa: E402
from data_prep.sources import files_of, read_pairs  # noqa: E402
from nmt.errors import UserError  # noqa: E402

PAIRS = [
    ("¿Dónde está la biblioteca?", "Where is the library?"),
    ('El niño dijo: "¡Pingüinos, ahí!"', 'The boy said: "Penguins, there!"'),
    ("Uno, dos & tres < cuatro", "One, two & three < four"),
]
ES_EN = ("es", "en")


def read(spec: str, tmp_path: Path, skip: bool = False, pair: tuple[str, str] = ES_EN) -> tuple[list, Tally]:
    tally = Tally(skip)
    return list(read_pairs(Spec.parse(spec), pair, tally, tmp_path / "cache")), tally


def write_tsv(path: Path, rows: list[tuple[str, ...]] = PAIRS) -> Path:
    path.write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")
    return path


def write_csv(path: Path) -> Path:
    lines = ["id,english,spanish"]
    for number, (es, en) in enumerate(PAIRS):
        es, en = (side.replace('"', '""') for side in (es, en))
        lines.append(f'{number},"{en}","{es}"')
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_moses(prefix: Path, es: str | None = None, en: str | None = None) -> Path:
    for language, text, side in (("es", es, 0), ("en", en, 1)):
        text = "".join(pair[side] + "\n" for pair in PAIRS) if text is None else text
        Path(f"{prefix}.{language}").write_text(text, encoding="utf-8")
    return prefix


TMX = """<?xml version="1.0" encoding="UTF-8"?>
<tmx version="1.4"><header srclang="en"/><body>
%s
</body></tmx>
"""


def write_tmx(path: Path, units: str | None = None) -> Path:
    def escape(text: str) -> str:
        return text.replace("&", "&amp;").replace("<", "&lt;")

    unit = '<tu><tuv xml:lang="en-GB"><seg>{en}</seg></tuv><tuv xml:lang="ES-mx"><seg>{es}</seg></tuv></tu>'
    units = (
        "\n".join(unit.format(es=escape(es), en=escape(en)) for es, en in PAIRS) if units is None else units
    )
    path.write_text(TMX % units, encoding="utf-8")
    return path


def catalogue(language: str = "es") -> polib.POFile:
    po = polib.POFile()
    po.metadata = {"Language": language, "Content-Type": "text/plain; charset=UTF-8"}
    for es, en in PAIRS:
        po.append(polib.POEntry(msgid=en, msgstr=es))
    return po


def write_translation_form(path: Path) -> Path:
    """The hub's form, `translation: {es, en}`, in parquet or JSON lines."""
    table = datasets.Dataset.from_dict(
        {"id": ["a", "b", "c"], "translation": [dict(zip(ES_EN, p, strict=True)) for p in PAIRS]}
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_parquet(path) if path.suffix == ".parquet" else table.to_json(path, force_ascii=False)
    return path


# ---- every kind, the same pairs ----


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
    assert read(f"tmx:{write_tmx(tmp_path / 'a.tmx', unit)}", tmp_path)[0] == [
        ("Una gran casa.", "A big house.")
    ]


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
        polib.POEntry(
            msgid="%d file", msgid_plural="%d files", msgstr_plural={0: "%d archivo", 1: "%d archivos"}
        )
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


# ---- bad input ----


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
    with pytest.raises(
        UserError, match=r"a\.csv:1: no column 'espanol'; this header has 'id', 'english', 'spanish'"
    ):
        read(f"tsv:{path}:es=espanol,en=english", tmp_path)


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


@pytest.mark.parametrize(
    "units", ["<tu><tuv></tu>", "<tu><tuv xml:lang='es'><seg>a<b></seg></tuv></tu>", "<tu>"]
)
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
    with pytest.raises(
        UserError, match="hf:nobody/nothing: no such local path, and loading it from the hub failed"
    ):
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
