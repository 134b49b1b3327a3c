"""The same three pairs in files of every kind that `data_prep` reads."""

from __future__ import annotations

from pathlib import Path

import pytest

datasets = pytest.importorskip("datasets")
polib = pytest.importorskip("polib")

from data_prep.files import Tally  # noqa: E402
from data_prep.recipe import Spec  # noqa: E402
from data_prep.sources import read_pairs  # noqa: E402

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
    units = "\n".join(unit.format(es=escape(es), en=escape(en)) for es, en in PAIRS) if units is None else units
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
