"""`nmt translate`: standard input to standard output, one line for each line."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from nmt.commands.arguments import (
    add_command,
    add_decoding,
    add_glossary,
    add_model,
    chosen_model,
    load_with_options,
    positive,
    progress_bar,
)
from nmt.errors import UserError

if TYPE_CHECKING:
    from nmt.translation.result import Translation

TRANSLATE = """\
Translate standard input to standard output, line by line.

Exactly one line is written for each line read, in order and as soon as it is
done; an empty line for an empty one. A line may be a paragraph: it is cut into
sentences, which are translated one by one and joined again with the spacing
they had. Emoji, URLs, addresses, code, and lines without a word are copied;
numbers are kept. Lines end with LF or CR LF. Bytes that are not UTF-8 are
replaced and reported, the line is translated all the same."""

TRANSLATE_MORE = """\
output
  plain          the translation; with --n-best N the N best, separated by tabs
  --json         one object a line:
                   text          the translation
                   score         mean log-probability of a piece: the nearer to 0, the surer
                   alternatives  with --n-best N up to N - 1 further translations
                   tokens        the translation's subword pieces
                   doubtful      [start, end) in the text of each word that the model is unsure of
                   foreign       stretches in a script that the model does not read: they are copied
                 and with --attention
                   source_tokens, and attention: for each target piece and the final </s> the
                                 weights on the source pieces (null unless the line is one sentence)
                   sentences     the same, and source and text, for each sentence of the line

examples
  nmt translate --model checkpoints/es-en < letter.es > letter.en
  nmt translate --from es --to en < letter.es > letter.en
  echo "¿Dónde está la biblioteca?" | nmt translate --model checkpoints/es-en --n-best 3 --json"""


def add(commands: Any) -> None:
    summary = "translate standard input"
    command = add_command(commands, "translate", translate, summary, TRANSLATE, TRANSLATE_MORE)
    option = command.add_argument
    add_model(command)
    option("--n-best", type=positive, default=1, metavar="N", help="translations a line (default: 1)")
    option("--json", action="store_true", help="write a JSON object for each line")
    attention = "with --json: add the attention weights (without the phrase book)"
    option("--attention", action="store_true", help=attention)
    add_glossary(command)
    add_decoding(command)


def translate(arguments: argparse.Namespace) -> None:
    if arguments.attention and not arguments.json:
        arguments.usage_error("--attention needs --json")
    arguments.model = chosen_model(arguments)
    if sys.stdin is None or sys.stdout is None:
        raise UserError("standard input and standard output must be open: the text goes through them")
    from nmt.text.line_io import incoming_lines

    translator, options = load_with_options(arguments)
    lines = _decoded(incoming_lines(sys.stdin.buffer.fileno()))
    options |= {"n_best": arguments.n_best, "with_attention": arguments.attention}
    with progress_bar() as advance:
        for translation in translator.stream(lines, **options):
            line = _as_json(translation, arguments.attention) if arguments.json else _as_text(translation)
            sys.stdout.buffer.write(line.encode() + b"\n")
            sys.stdout.buffer.flush()
            advance(1)


def _decoded(lines: Iterable[bytes | None]) -> Iterator[str | None]:
    """The text of lines of input; bad bytes cost a warning, never the line."""
    number = 0
    for raw in lines:
        if raw is None:
            yield None
            continue
        number += 1
        try:
            yield raw.decode("utf-8")
        except UnicodeDecodeError as error:
            problem = f"not UTF-8 ({error.reason}), bad bytes replaced"
            print(f"nmt: warning: line {number}: {problem}", file=sys.stderr)
            yield raw.decode("utf-8", errors="replace")


def _as_text(translation: Translation) -> str:
    if not translation.text.strip():
        return ""
    if not translation.alternatives:
        return translation.text
    return "\t".join(text.replace("\t", " ") for text in (translation.text, *translation.alternatives))


def _as_json(translation: Translation, with_attention: bool) -> str:
    def fields(of: object, names: str) -> dict[str, Any]:
        return {name: getattr(of, name) for name in names.split()}

    record = fields(translation, "text score alternatives tokens doubtful foreign")
    if with_attention:
        record |= fields(translation, "source_tokens attention")
        each = "source text tokens source_tokens attention"
        record["sentences"] = [fields(sentence, each) for sentence in translation.sentences]
    # Some readers take these three for line ends, even inside a JSON string.
    escapes = {0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"}
    return json.dumps(record, ensure_ascii=False).translate(escapes)
