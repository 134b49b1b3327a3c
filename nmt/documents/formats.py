"""The formats of documents, by the suffix of the file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from nmt.documents import (
    app_strings,
    docx,
    epub,
    html,
    markdown,
    odt,
    po,
    pptx,
    subtitles,
    tsv,
    txt,
    xliff,
    xlsx,
    yaml_strings,
)
from nmt.documents.document import (
    Document,
    Limits,
    Passage,
    TextDocument,
    check_content,
    check_texts,
    read_bytes,
    read_text,
)
from nmt.documents.package import Package, PackageDocument, Part
from nmt.errors import UserError

# Formats that are text files: a function of (content, name for messages) that gives the passages to translate.
PASSAGES: dict[str, Callable[[str, str], list[Passage]]] = {
    ".txt": txt.passages,
    ".md": markdown.passages,
    ".srt": subtitles.srt_passages,
    ".vtt": subtitles.vtt_passages,
    ".po": po.passages,
    ".tsv": tsv.passages,
    **dict.fromkeys(html.SUFFIXES, html.passages),
    ".json": app_strings.json_passages,
    **dict.fromkeys((".yaml", ".yml"), yaml_strings.passages),
    ".properties": app_strings.properties_passages,
    ".strings": app_strings.apple_passages,
}
OLD_CODECS = dict.fromkeys((".srt", ".html", ".htm"), "cp1252")  # the encoding of many older files
# Formats that are zip archives: the name for messages, and a function that gives the parts with text.
PACKAGES: dict[str, tuple[str, Callable[[Package], dict[str, Part]]]] = {
    ".docx": ("Word document", docx.parts),
    ".odt": ("text document of OpenDocument", odt.parts),
    ".pptx": ("PowerPoint presentation", pptx.parts),
    ".xlsx": ("workbook of Excel", xlsx.parts),
    ".epub": ("book in EPUB", epub.parts),
}
XLIFF = (".xlf", ".xliff")
SUFFIXES = (*PASSAGES, *XLIFF, *PACKAGES)

# Advice for files of other formats.
SAVE_AS = {
    **dict.fromkeys((".doc", ".rtf"), ".docx"),
    **dict.fromkeys((".ppt", ".odp"), ".pptx"),
    **dict.fromkeys((".xls", ".ods"), ".xlsx"),
}
ADVICE = {
    **{suffix: f"save it as {other} first" for suffix, other in SAVE_AS.items()},
    ".pdf": "a PDF is a picture of a text; give what it was made from, or open it in Word and save it as .docx",
    ".tmx": "a translation memory is given beside a document, with --memory",
}


def check_suffix(path: Path, name: str) -> None:
    """UserError, with advice, for a file of another format."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        advice = ADVICE.get(suffix, f"give a file of {', '.join(SUFFIXES)}")
        raise UserError(f"{name}: not a format that can be translated; {advice}")


def open_document(path: str | Path, limits: Limits | None = None, name: str | None = None) -> Document:
    """Read a document; its suffix, in small or capital letters, says what it is.

    name  what messages call the file (default: its path)
    Raises UserError for a file that cannot be read, is damaged, or is larger than the limits allow.
    """
    path, limits = Path(path), limits or Limits()
    name = name or str(path)
    suffix = path.suffix.lower()
    check_suffix(path, name)
    data = read_bytes(path, limits, name)
    document: Document
    if suffix in XLIFF:
        check_content(data.decode("utf-8", "replace"), limits, name)
        document = xliff.XliffDocument(data, name)
    elif suffix in PACKAGES:
        what, parts = PACKAGES[suffix]
        document = PackageDocument(data, parts(Package(data, limits, name, what, suffix)))
    else:
        declared = html.declared_codec(data) if suffix in html.SUFFIXES else None
        content, encoding = read_text(data, name, declared, OLD_CODECS.get(suffix))
        check_content(content, limits, name)
        document = TextDocument(content, encoding, PASSAGES[suffix](content, name))
    check_texts(document.texts, limits, name)
    return document
