"""Round trips of documents: each file of a folder is translated, opened again, and its structure compared.

    python -m benchmarks.documents FOLDER --model checkpoints/en-es --out TRANSLATED

The model translates the texts of a file up to --characters; of longer files the rest has its vowels exchanged, so that
all of it is written.  Opened again means: by this package, by the format's own reader (lxml, polib, markdown-it), and by
LibreOffice where `soffice` is found and the file is Office's.  The structure is the elements with their attributes in
every XML part, the bytes of every other part, the tags of a page, the blocks and inline marks of Markdown, the times of
subtitles, the messages of a catalogue.  Elements are counted, for runs and tags may change places with their words.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter, defaultdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.common import add_options, at_least, finish, machine, make_parser, revision
from nmt.errors import UserError

if TYPE_CHECKING:
    import argparse

OFFICE = (".docx", ".odt", ".pptx", ".xlsx")
SPOKEN = ("alt", "title", "placeholder", "aria-label", "content", "value")  # attributes that are translated
WRITTEN = ("{http://www.w3.org/XML/1998/namespace}space",)  # says that blanks count, and is set where they do
VOWELS = str.maketrans("aeouAEOU", "eauoEAUO")
OFFICE_SECONDS = 900  # for LibreOffice to open all files


def structure(path: Path) -> Counter[Any]:
    """What of a file must be the same after its translation."""
    if path.suffix in (*OFFICE, ".epub"):
        with zipfile.ZipFile(path) as archive:
            return sum((_of_part(name, archive.read(name)) for name in archive.namelist()), Counter())
    content = path.read_text(encoding="utf-8-sig", errors="surrogateescape")
    if path.suffix in (".html", ".htm", ".xhtml"):
        return _of_part("page.html", path.read_bytes())
    if path.suffix == ".md":
        from markdown_it import MarkdownIt

        tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(content)
        inline = (one.type for token in tokens for one in token.children or ())
        blocks = [token.type for token in tokens]
        return Counter(
            [tuple(blocks), *(one for one in inline if one not in ("text", "softbreak", "text_special"))]
        )
    if path.suffix == ".po":
        import polib

        return Counter(
            (entry.msgctxt, entry.msgid, tuple(entry.occurrences)) for entry in polib.pofile(content + "\n")
        )
    return Counter(line.strip() for line in content.splitlines() if "-->" in line)


def _of_part(name: str, data: bytes) -> Counter[Any]:
    from lxml import etree

    is_page = name.endswith(("html", "htm"))
    if not is_page and not name.endswith((".xml", ".rels", ".opf", ".ncx")):
        return Counter({(name, data): 1})
    try:
        root = etree.fromstring(data, etree.HTMLParser() if is_page else None)
    except etree.XMLSyntaxError:  # by its name alone, or empty
        return Counter({(name, data): 1})
    left_out = SPOKEN if is_page else WRITTEN
    found: Counter[Any] = Counter()
    for one in root.iter(etree.Element):
        found[name, one.tag, str(sorted((k, v) for k, v in one.items() if k not in left_out))] += 1
    return found


def pretended(text: str) -> str:
    """What stands for a translation where a file is long: vowels change places, items and marks stay."""
    from nmt.text.protected import protected_items

    kept = {place for item in protected_items(text) for place in range(item.start, item.end)}
    return "".join(one if place in kept else one.translate(VOWELS) for place, one in enumerate(text))


def opened_by_office(files: list[Path]) -> set[str]:
    """The names of the files that LibreOffice can turn into PDF."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            "soffice",
            f"-env:UserInstallation=file://{folder}/profile",
            "--headless",
            "--convert-to",
            "pdf",
        ]
        command += ["--outdir", folder, *map(str, files)]
        subprocess.run(command, capture_output=True, timeout=OFFICE_SECONDS, check=False)
        return {path.stem for path in Path(folder).glob("*.pdf")}


def run(args: argparse.Namespace) -> dict[str, Any]:
    from nmt import Translator
    from nmt.documents.formats import open_document

    translator = Translator.load(args.model, args.device)
    args.out.mkdir(parents=True, exist_ok=True)
    rows: dict[str, Counter[str]] = defaultdict(Counter)
    written: list[Path] = []
    for number, path in enumerate(sorted(args.folder.iterdir())):
        row = rows[path.suffix]
        out = args.out / f"{number}-{path.stem}{path.suffix}"
        row["files"] += 1
        try:
            document = open_document(path)
            before = structure(path)
            total, asked = 0, []
            for text in document.texts:
                total += len(text)
                asked += [text] if total <= args.characters else []
            said = [one.text for one in translator.stream(asked)] + list(
                map(pretended, document.texts[len(asked) :])
            )
            document.write(said, out)
            again = open_document(out)
            after = structure(out)
        except UserError as error:
            row["refused"] += 1
            print(f"refused\t{error}", file=sys.stderr)
            continue
        written.append(out)
        changed = sum(old != new for old, new in zip(document.texts, said, strict=True))
        row.update(texts=len(said), by_model=len(asked), changed=changed, opened=1, same=before == after)
        if before != after:
            print(f"differs\t{path.name}\t{list((before - after) + (after - before))[:3]}", file=sys.stderr)
        if len(again.texts) != len(said) and path.suffix != ".po":
            print(f"texts\t{path.name}\t{len(said)}\t{len(again.texts)}", file=sys.stderr)
    office = [path for path in written if path.suffix in OFFICE]
    if office and shutil.which("soffice"):
        there = opened_by_office(office)
        for path in office:
            rows[path.suffix]["opened_by_office"] += path.stem in there
            if path.stem not in there:
                print(f"not opened by LibreOffice\t{path.name}", file=sys.stderr)
    figures = {suffix: dict(row) for suffix, row in sorted(rows.items())}
    return {"system": f"nmt {revision()}", "formats": figures, "machine": machine("lxml", "onnxruntime")}


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
