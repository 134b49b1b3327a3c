"""Sentence vectors of an encoder–decoder without attention, and decoding of vectors.

With `attention: none` the decoder reads only the encoder's last state of a source (Sutskever et al. 2014, section 2;
Cho et al. 2014, arXiv:1406.1078), so that any vector can be decoded, also one between two sentences.  With attention
the decoder also reads the encoder's states at all positions, and there is no such vector.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from nmt.checkpoint.folder import check_translates
from nmt.checkpoint.weights import Checkpoint
from nmt.errors import UserError
from nmt.inference.beam_search import beam_search
from nmt.inference.model_interface import Array
from nmt.inference.torch_model import TorchEncoded, TorchModel
from nmt.lab.settings import without_source
from nmt.text.normalization import model_input
from nmt.text.tokenizer import EOS


def sentence_vector(checkpoint: Checkpoint, sentence: str) -> Tensor:
    """The context vector of a sentence of any length: float32 [encoder_hidden]."""
    check_one_vector(checkpoint)
    ids = checkpoint.source_tokenizer.encode(model_input(sentence))
    if not ids:
        raise UserError("an empty sentence has no vector; give some words")
    source = torch.tensor([[*ids, EOS]], device=_device(checkpoint))
    with torch.inference_mode():
        return checkpoint.model.encode(source).final[0]


def decode_vectors(checkpoint: Checkpoint, vectors: Tensor, beam: int | None = None) -> list[str]:
    """Decode each of `vectors` (float [count, encoder_hidden]) by beam search.

    The vector of a sentence gives the translation of the sentence, except that the search cannot use the source's
    pieces: the maximum length is that of training, and no n-gram may repeat, while otherwise an n-gram may occur as
    often as in the source.  The other steps of `nmt translate` are left out."""
    check_one_vector(checkpoint)
    decoding = without_source(checkpoint.config.decoding, checkpoint.config.data.max_length)
    if beam is not None:
        decoding = replace(decoding, beam=beam)
    # The search gets an empty source (EOS), and the model returns the vectors as its encoding.
    nothing = np.full((len(vectors), 1), EOS, np.int64)
    found = beam_search(_FromVectors(checkpoint, vectors), nothing, None, decoding)
    return [checkpoint.target_tokenizer.decode(hypotheses[0].tokens) for hypotheses in found]


def interpolate(start: Tensor, end: Tensor, steps: int) -> Tensor:
    """`steps` points on the straight line from `start` to `end`, with both ends: [hidden] each -> [steps, hidden]."""
    if steps < 2:
        raise UserError(f"steps are {steps}: at least the 2 ends are needed")
    share = torch.linspace(0.0, 1.0, steps, dtype=start.dtype, device=start.device)[:, None]
    return (1 - share) * start + share * end


def similarity(one: Tensor, other: Tensor) -> float:
    """The cosine similarity of two vectors [hidden]."""
    return float(torch.nn.functional.cosine_similarity(one, other, dim=0))


def check_one_vector(checkpoint: Checkpoint) -> None:
    """UserError for a checkpoint with attention, or one that is a language model."""
    kind = checkpoint.config.model.attention.kind
    if kind != "none":
        raise UserError(
            f"{checkpoint.folder}: its decoder reads, by {kind} attention, the encoder's states at all positions, so "
            "no one vector holds a sentence; train a model with --set model.attention.kind=none"
        )
    check_translates(checkpoint)


class _FromVectors(TorchModel):
    """A model whose encoder returns given vectors, whatever the source."""

    def __init__(self, checkpoint: Checkpoint, vectors: Tensor) -> None:
        super().__init__(checkpoint.model, _device(checkpoint))
        self.vectors = vectors

    def encode(self, source: Array, lengths: Array | None = None) -> TorchEncoded:
        vectors = self.vectors.to(self.device)
        no_memory = vectors.new_zeros(len(vectors), 1, vectors.size(1))
        encoded = self.model.decoder.attention.prepare(no_memory, None, vectors)
        return TorchEncoded(encoded, self.device)


def _device(checkpoint: Checkpoint) -> torch.device:
    return next(checkpoint.model.parameters()).device
