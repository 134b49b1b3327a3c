"""`nmt translate-file`: a document in, the translated document out.

Nothing heavy is imported before it is needed.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nmt.commands.arguments import (
    add_command,
    add_decoding,
    add_glossary,
    add_model,
    chosen_model,
    load_with_options,
    progress_bar,
)
from nmt.errors import UserError

if TYPE_CHECKING:
    from nmt.documents.document import Document
    from nmt.documents.memory import Memory

TRANSLATE_FILE = """\
Translate a document, or a folder of documents; the same format comes back, with
everything that is not text untouched.

Formats: .txt, .md, .html, .docx, .odt, .pptx, .xlsx, .epub, .srt, .vtt, .tsv, and
of programs .po, .xlf, .json, .yaml, .properties and .strings. Of .po and .xlf, what
has no translation yet is filled in, and marked for a person to check. Line ends,
encoding, times, tags, code, links and formatting stay.

Of a folder, files of other formats are copied."""

TRANSLATE_FILE_MORE = """\
examples
  nmt translate-file guide.es.docx guide.en.docx --model checkpoints/es-en
  nmt translate-file site/es site/en --model checkpoints/es-en --memory done.tmx"""


def add(commands: Any) -> None:
    name, summary = "translate-file", "translate a document or a folder of them"
    command = add_command(commands, name, translate_file, summary, TRANSLATE_FILE, TRANSLATE_FILE_MORE)
    command.add_argument("source", metavar="IN", help="the document, or a folder")
    command.add_argument("out", metavar="OUT", help="file to write, with the same suffix, or folder")
    add_model(command)
    memory = "translation memory: a text in it gets its translation there, and what is like a text is shown"
    command.add_argument("--memory", metavar="TMX", help=memory)
    add_glossary(command)
    add_decoding(command)


def translate_file(arguments: argparse.Namespace) -> None:
    arguments.model = chosen_model(arguments)
    source, out = Path(arguments.source), Path(arguments.out)
    if source.is_dir():
        _check_folders(source, out)
        _translate_folder(source, out, arguments)
        return
    formats = _formats()
    formats.check_suffix(source, str(source))
    if source.suffix.lower() != out.suffix.lower():
        arguments.usage_error(f"IN and OUT must have the same suffix: the format stays ({source.suffix})")
    if out.exists() and source.exists() and out.samefile(source):
        raise UserError(f"{out}: is the document itself; give another name for its translation")
    if not out.absolute().parent.is_dir():
        raise UserError(f"{out}: there is no folder {out.parent}; make it first")
    document = formats.open_document(source)
    _Work(arguments).translate(document, out)


def _check_folders(source: Path, out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise UserError(f"{out}: is a file, and IN is a folder; give a folder for the translations")
    inside, outside = out.resolve(), source.resolve()
    if inside == outside or outside in inside.parents or inside in outside.parents:
        raise UserError(f"{out}: one folder is in the other; give one beside {source}")


def _translate_folder(source: Path, out: Path, arguments: argparse.Namespace) -> None:
    """Every document of the folder; one that cannot be read does not keep the others from being translated."""
    formats = _formats()
    files = sorted(path for path in source.rglob("*") if path.is_file())
    if not any(path.suffix.lower() in formats.SUFFIXES for path in files):
        raise UserError(f"{source}: no document in it; there may be files of {', '.join(formats.SUFFIXES)}")
    work = _Work(arguments)
    left_out = 0
    for path in files:
        target = out / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix.lower() not in formats.SUFFIXES:
            shutil.copyfile(path, target)
            continue
        try:
            work.translate(formats.open_document(path), target)
        except UserError as error:
            left_out += 1
            print(error, file=sys.stderr)
    if left_out:
        raise UserError(f"{source}: {left_out} of its documents could not be translated; see above")


class _Work:
    """A loaded model, and the memory beside it."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._translator, self._options = load_with_options(arguments)
        self._memory: Memory | None = None
        if arguments.memory:
            from nmt.documents.memory import Memory

            languages = self._translator.source_language, self._translator.target_language
            self._memory = Memory(arguments.memory, *languages)

    def translate(self, document: Document, out: Path) -> None:
        """Write the translation of an opened document, and say on standard output how many texts it had."""
        memory = self._memory
        known = [memory.exact(text) if memory else None for text in document.texts]
        asked = [text for text, done in zip(document.texts, known, strict=True) if done is None]
        answers = self._translator.stream(asked, labels=True, **self._options)
        translations = []
        with progress_bar(len(document.texts), "texts", beside_results=False) as advance:
            for text, done in zip(document.texts, known, strict=True):
                if done is None:
                    done = next(answers).text
                    self._show_similar(text)
                translations.append(done)
                advance(1)
        document.write(translations, out)
        taken = f", {len(translations) - len(asked)} of them from the memory" if memory else ""
        print(f"{out}: {len(translations)} texts translated{taken}")

    def _show_similar(self, text: str) -> None:
        if self._memory and (found := self._memory.like(text)):
            from nmt.text.marks import without_marks

            other, translation, likeness = found
            print(f"{without_marks(text)!r} is to {likeness:.0%} {other!r}: {translation!r}", file=sys.stderr)


def _formats() -> Any:
    """`nmt.documents.formats`, or what to install for it."""
    try:
        from nmt.documents import formats
    except ModuleNotFoundError as error:
        if error.name not in ("lxml", "markdown_it", "mdit_py_plugins", "polib"):
            raise
        install = "pip install -e '.[app]' -c constraints.txt"
        raise UserError(f"documents need the package {error.name}: {install}") from None
    return formats
