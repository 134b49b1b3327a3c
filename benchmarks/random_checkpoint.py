"""Writes a checkpoint with random weights and its graphs, to clock a shape of model that nobody has trained.

    python -m benchmarks.random_checkpoint --shape opennmt --pieces-from checkpoints/es-en --out FOLDER
    python -m benchmarks.translate --model FOLDER --source FILE --length 9

It seldom ends a sentence by itself: `--length` says how many pieces each hypothesis gets.
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import torch

from benchmarks.common import add_options, make_parser
from benchmarks.train import read_shape
from nmt.checkpoint.folder import open_folder
from nmt.checkpoint.weights import named_weights, save_checkpoint
from nmt.errors import UserError
from nmt.export.onnx_export import export
from nmt.network.model import Seq2Seq


def main() -> int:
    parser = make_parser(__doc__)
    parser.add_argument("--shape", default="opennmt", help="joeynmt, opennmt, or a recipe (name or file)")
    parser.add_argument("--pieces-from", type=Path, required=True, metavar="CHECKPOINT")
    add_options(parser, "set")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    args = parser.parse_args()
    try:
        pieces = open_folder(args.pieces_from)
        config, like = read_shape(args.shape, args.set), pieces.config
        vocab = {side: getattr(like.model, side) for side in ("source_vocab", "target_vocab")}
        languages = {side: getattr(like, side) for side in ("source_language", "target_language")}
        config = dataclasses.replace(config, model=dataclasses.replace(config.model, **vocab), **languages)
        torch.manual_seed(1)
        tokenizers = (pieces.source_tokenizer, pieces.target_tokenizer)
        save_checkpoint(args.out, config, named_weights(Seq2Seq(config.model)), tokenizers, {}, torch.float16)
        export(args.out)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
