"""`nmt translate`: standard input to standard output, one line for each line."""

from __future__ import annotations

import argparse
import functools
import json
import sys
from typing import TYPE_CHECKING, Any

from nmt.commands.arguments import _decoding, _progress, add_command, add_decoding, positive
from nmt.errors import UserError

if TYPE_CHECKING:
    from nmt.translation.result import Translation


WINDOW_LINES, WINDOW_BYTES = 1024, 200_000  # of standard input, translated and written together

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
                 and with --attention
                   source_tokens, and attention: for each target piece and the final </s> the
                                 weights on the source pieces (null unless the line is one sentence)
                   sentences     the same, and source and text, for each sentence of the line

examples
  nmt translate --model checkpoints/es-en < letter.es > letter.en
  echo "¿Dónde está la biblioteca?" | nmt translate --model checkpoints/es-en --n-best 3 --json"""


def _add_translate(commands: Any) -> None:
    command = add_command(
        commands, "translate", translate, "translate standard input", TRANSLATE, TRANSLATE_MORE
    )
    add = command.add_argument
    add("--model", required=True, metavar="CHECKPOINT", help="checkpoint folder")
    add("--n-best", type=positive, default=1, metavar="N", help="translations a line (default: 1)")
    add("--json", action="store_true", help="write a JSON object for each line")
    add(
        "--attention",
        action="store_true",
        help="with --json: add the attention weights (without the phrase book)",
    )
    add_decoding(command)


def translate(arguments: argparse.Namespace) -> None:
    """`nmt translate`"""
    if arguments.attention and not arguments.json:
        arguments.usage_error("--attention needs --json")
    if sys.stdin is None or sys.stdout is None:
        raise UserError("standard input and standard output must be open: the text goes through them")
    from nmt.text.line_io import windows
    from nmt.translation.translator import Translator

    translator = Translator.load(
        arguments.model, arguments.device, arguments.runtime, phrases=not arguments.no_phrases
    )
    options = _decoding(arguments) | {"n_best": arguments.n_best, "with_attention": arguments.attention}
    translator.translate_batch([], **options)  # impossible options are refused before any input is read
    as_json = functools.partial(_as_json, with_attention=arguments.attention)
    number = 0
    with _progress() as advance:
        for window in windows(sys.stdin.buffer.fileno(), WINDOW_LINES, WINDOW_BYTES):
            lines = [_decode(raw, number + i) for i, raw in enumerate(window, start=1)]
            number += len(lines)
            for translation in translator.translate_batch(lines, **options):
                line = as_json(translation) if arguments.json else _as_text(translation)
                sys.stdout.buffer.write(line.encode() + b"\n")
            sys.stdout.buffer.flush()
            advance(len(lines))


def _decode(raw: bytes, number: int) -> str:
    """Text of a line of input; bad bytes cost a warning, never the line."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        print(f"nmt: warning: line {number}: not UTF-8 ({error.reason}), bad bytes replaced", file=sys.stderr)
        return raw.decode("utf-8", errors="replace")


def _as_text(translation: Translation) -> str:
    if not translation.text.strip():
        return ""
    if not translation.alternatives:
        return translation.text
    return "\t".join(text.replace("\t", " ") for text in (translation.text, *translation.alternatives))


def _as_json(translation: Translation, with_attention: bool) -> str:
    record = {name: getattr(translation, name) for name in ("text", "score", "alternatives", "tokens")}
    if with_attention:
        more = ["source_tokens", "attention"]
        record |= {name: getattr(translation, name) for name in more}
        record["sentences"] = [
            {name: getattr(sentence, name) for name in ("source", "text", "tokens", *more)}
            for sentence in translation.sentences
        ]
    # Some readers take these three for line ends, even inside a JSON string.
    escapes = {0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"}
    return json.dumps(record, ensure_ascii=False).translate(escapes)
