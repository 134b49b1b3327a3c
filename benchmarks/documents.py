"""Round trips of documents: each file of a folder is translated, opened again, and its structure compared.

    python -m benchmarks.documents FOLDER --model checkpoints/en-es --out TRANSLATED

The model translates the texts of a file up to --characters; of longer files the rest has its vowels exchanged, so that
all of it is written.  Office files are opened by LibreOffice too, where `soffice` is found.  The structure is counted,
for runs and tags may change places with their words: elements with their attributes in XML parts and pages, the bytes
of all other parts, Markdown's tokens, the times of subtitles, the messages of a catalogue.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter, defaultdict
from contextlib import suppress
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any

from lxml import etree
from markdown_it import MarkdownIt

from benchmarks.common import add_options, at_least, finish, machine, make_parser, revision
from nmt import Translator
from nmt.documents.formats import open_document
from nmt.errors import UserError
from nmt.text.protected import protected_items

OFFICE = (".docx", ".odt", ".pptx", ".xlsx")
# Attributes that are translated, and the one that says that blanks count, which is set where they do.
CHANGED = "alt title placeholder aria-label content value {http://www.w3.org/XML/1998/namespace}space".split()
KEPT_LINE = re.compile(r".*-->|msgid|msgctxt|#[.:]")  # of subtitles and catalogues
VOWELS = str.maketrans("aeouAEOU", "eauoEAUO")
OFFICE_SECONDS = 900  # for LibreOffice to open all files


def structure(path: Path) -> Counter[Any]:
    """What of a file must be the same after its translation."""
    if path.suffix in (*OFFICE, ".epub"):
        with zipfile.ZipFile(path) as archive:
            return sum((_of_part(name, archive.read(name)) for name in archive.namelist()), Counter())
    if path.suffix in (".html", ".htm", ".xhtml"):
        return _of_part(".html", path.read_bytes())
    content = path.read_text(encoding="utf-8-sig", errors="surrogateescape")
    if path.suffix == ".md":
        tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(content)
        kinds = [one.type for token in tokens for one in (token, *(token.children or ()))]
        return Counter(kind for kind in kinds if kind not in ("text", "softbreak", "text_special"))
    return Counter(line for line in content.splitlines() if KEPT_LINE.match(line))


def _of_part(name: str, data: bytes) -> Counter[Any]:
    is_page = name.endswith(("html", "htm"))
    root = None
    if is_page or name.endswith((".xml", ".rels", ".opf", ".ncx")):
        with suppress(etree.XMLSyntaxError):  # XML by its name alone, or empty
            root = etree.fromstring(data, etree.HTMLParser() if is_page else None)
    if root is None:
        return Counter({(name, data): 1})
    for attribute in CHANGED:
        etree.strip_attributes(root, attribute)
    return Counter((name, one.tag, *sorted(one.items())) for one in root.iter(etree.Element))


def pretended(text: str) -> str:
    """What stands for a translation where a file is long: vowels change places, what must stay stays."""
    kept = {place for item in protected_items(text) for place in range(item.start, item.end)}
    return "".join(one if place in kept else one.translate(VOWELS) for place, one in enumerate(text))


def opened_by_office(files: list[Path]) -> list[Path]:
    """The files that LibreOffice can turn into PDF; none where it is not installed."""
    with tempfile.TemporaryDirectory() as folder:
        command = f"soffice -env:UserInstallation=file://{folder}/profile --convert-to pdf --outdir {folder}".split()
        if files and shutil.which("soffice"):
            subprocess.run([*command, *files], capture_output=True, timeout=OFFICE_SECONDS, check=False)
        return [path for path in files if Path(folder, f"{path.stem}.pdf").exists()]


def run(args: argparse.Namespace) -> dict[str, Any]:
    translator = Translator.load(args.model, args.device)
    args.out.mkdir(parents=True, exist_ok=True)
    rows: dict[str, Counter[str]] = defaultdict(Counter)
    written: list[Path] = []
    for number, path in enumerate(sorted(args.folder.iterdir())):
        row, out = rows[path.suffix], args.out / f"{number}-{path.name}"
        row["files"] += 1
        try:
            document = open_document(path)
            texts = document.texts
            count = sum(total <= args.characters for total in accumulate(map(len, texts)))
            said = [one.text for one in translator.stream(texts[:count])]
            said += map(pretended, texts[count:])
            document.write(said, out)
            open_document(out)
            before, after = structure(path), structure(out)
        except UserError as error:
            print(f"refused\t{error}", file=sys.stderr)
            continue
        written.append(out)
        row.update(texts=len(texts), by_model=count, opened=1, same=before == after)
        row["changed"] += sum(map(str.__ne__, texts, said))
        if before != after:
            print(f"differs\t{path.name}\t{list((before - after) + (after - before))[:3]}", file=sys.stderr)
    for path in opened_by_office([path for path in written if path.suffix in OFFICE]):
        rows[path.suffix]["opened_by_office"] += 1
    return {"system": f"nmt {revision()}", "formats": rows, "machine": machine("lxml", "onnxruntime")}


def main() -> int:
    parser = make_parser(__doc__)
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the translated files")
    parser.add_argument("--characters", type=at_least(0), default=1000, metavar="N", help="of a file (1000)")
    add_options(parser, "model", "device", "json")
    args = parser.parse_args()
    return finish(partial(run, args), args.json)


if __name__ == "__main__":
    sys.exit(main())
