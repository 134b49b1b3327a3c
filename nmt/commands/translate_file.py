"""`nmt translate-file`: a document in, the translated document out.

Nothing heavy is imported before it is needed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nmt.commands.arguments import add_command, add_decoding
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
    from nmt.translation.translator import Translator

    translator = Translator.load(
        arguments.model, arguments.device, arguments.runtime, phrases=not arguments.no_phrases
    )
    options = {"beam": arguments.beam, "length_penalty": arguments.length_penalty}
    translations = []
    with _progress(len(document.texts)) as advance:
        for translation in translator.stream(document.texts, **options):
            translations.append(translation.text)
            advance()
    document.write(translations, out)
    print(f"{out}: {len(translations)} texts translated")


def _opener() -> Callable[..., Any]:
    try:
        from nmt.documents.formats import open_document
    except ModuleNotFoundError as error:
        if error.name not in ("lxml", "markdown_it", "mdit_py_plugins", "polib"):
            raise
        raise UserError("documents need more packages: pip install 'recurrent-nmt[app]'") from None
    return open_document


@contextmanager
def _progress(total: int) -> Iterator[Callable[[], None]]:
    """A bar on standard error that counts texts, if that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = BarColumn(), MofNCompleteColumn(), TextColumn("texts"), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=total)
        yield lambda: progress.advance(task)
