"""`nmt translate-file`: a document in, the translated document out.

Nothing heavy is imported before it is needed.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nmt.commands.arguments import add_command, add_decoding, decoding_options, load_translator, progress_bar
from nmt.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable

TRANSLATE_FILE = """\
Translate a document; the other one comes out in the same format, with everything
that is not text untouched.

Formats: .txt, .md, .srt, .vtt, .po, .tsv and .docx. Of a .po file, what has no
translation yet is filled in and marked fuzzy. Line ends, encoding, times, tags,
code, links and formatting stay."""

TRANSLATE_FILE_MORE = """\
example
  nmt translate-file guide.es.docx guide.en.docx --model checkpoints/es-en"""


def add(commands: Any) -> None:
    """Add `translate-file` to the sub-commands of `nmt`."""
    command = add_command(
        commands,
        "translate-file",
        translate_file,
        "translate a document",
        TRANSLATE_FILE,
        TRANSLATE_FILE_MORE,
    )
    command.add_argument("source", metavar="IN", help="the document")
    command.add_argument("out", metavar="OUT", help="file to write, with the same suffix")
    command.add_argument("--model", required=True, metavar="CHECKPOINT", help="checkpoint folder")
    add_decoding(command)


def translate_file(arguments: argparse.Namespace) -> None:
    """`nmt translate-file`"""
    source, out = Path(arguments.source), Path(arguments.out)
    if source.suffix.lower() != out.suffix.lower():
        arguments.usage_error(f"IN and OUT must have the same suffix: the format stays ({source.suffix})")
    if out.exists() and source.exists() and out.samefile(source):
        raise UserError(f"{out}: is the document itself; give another name for its translation")
    if not out.absolute().parent.is_dir():
        raise UserError(f"{out}: there is no folder {out.parent}; make it first")
    open_document = _opener()
    document = open_document(source)
    translator = load_translator(arguments)
    translations = []
    with progress_bar(len(document.texts), "texts", show=True) as advance:
        for translation in translator.stream(document.texts, **decoding_options(arguments)):
            translations.append(translation.text)
            advance(1)
    document.write(translations, out)
    print(f"{out}: {len(translations)} texts translated")


def _opener() -> Callable[..., Any]:
    try:
        from nmt.documents.formats import open_document
    except ModuleNotFoundError as error:
        if error.name not in ("lxml", "markdown_it", "polib"):
            raise
        raise UserError("documents need more packages: pip install -e '.[app]' -c constraints.txt") from None
    return open_document
