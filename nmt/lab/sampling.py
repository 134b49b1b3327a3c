"""Text sampled from a language model, piece by piece (Sutskever, Martens & Hinton 2011; Graves 2013, arXiv:1308.0850,
section 2).

`nmt.inference.sampling.sample` draws the pieces; `nmt train language-model` trains such a model.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nmt.checkpoint.weights import Checkpoint
from nmt.errors import UserError
from nmt.inference.sampling import sample
from nmt.inference.torch_model import TorchModel
from nmt.lab.settings import without_source
from nmt.text.tokenizer import EOS, UNK


def write_texts(
    checkpoint: Checkpoint,
    count: int = 1,
    prompt: str = "",
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
    seed: int | None = None,
    max_pieces: int | None = None,
) -> list[str]:
    """`count` texts, each beginning with `prompt`.

    temperature, top_k, top_p   as of `nmt.inference.sampling.sample`
    seed        the same seed and count give the same texts; None: random
    max_pieces  the maximum length of a text with its prompt (None: the maximum length in training)
    Raises UserError for a checkpoint that is not a language model, and for a prompt with unknown characters."""
    check_language_model(checkpoint)
    if count < 1:
        raise UserError(f"count is {count}: at least 1 is needed")
    longest = checkpoint.config.data.max_length if max_pieces is None else max_pieces
    tokenizer = checkpoint.target_tokenizer
    prefix = tokenizer.encode(prompt)
    if UNK in prefix:
        raise UserError(f"prompt {prompt!r}: has characters that the model's texts did not; leave them out")
    if len(prefix) >= longest:
        too_long = f"prompt of {len(prefix)} pieces, of {longest} at most"
        raise UserError(f"{too_long}: nothing is left to write; shorten it")
    decoding = without_source(checkpoint.config.decoding, longest)
    decoding = replace(decoding, no_repeat_ngram=0)  # repetition is not blocked
    model = TorchModel(checkpoint.model, next(checkpoint.model.parameters()).device)
    empty, random = np.full((count, 1), EOS, np.int64), np.random.default_rng(seed)
    written = sample(model, empty, None, decoding, temperature, top_k, top_p, random, [prefix] * count)
    return [tokenizer.decode(text.tokens) for text in written]


def check_language_model(checkpoint: Checkpoint) -> None:
    if not checkpoint.config.data.language_model:
        raise UserError(
            f"{checkpoint.folder}: translates, and writes nothing without a source; train a language model with "
            "`nmt train language-model` (or data.language_model: true in a recipe)"
        )
