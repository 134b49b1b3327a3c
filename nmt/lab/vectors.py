"""A sentence as one vector, and sentences out of vectors: what an encoder–decoder without attention passes on.

With `attention: none` the decoder reads nothing of the source but the encoder's last state (Sutskever et al. 2014,
section 2; Cho et al. 2014, arXiv:1406.1078).  So any point of that space can be decoded, also one between two
sentences.  With attention it reads the encoder's states at all positions too, and no one vector holds the sentence.
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
    """The context vector of a sentence, which is not cut however long it is: float32 [encoder_hidden]."""
    check_one_vector(checkpoint)
    ids = checkpoint.source_tokenizer.encode(model_input(sentence))
    if not ids:
        raise UserError("an empty sentence has no vector; give some words")
    source = torch.tensor([[*ids, EOS]], device=_device(checkpoint))
    with torch.inference_mode():
        return checkpoint.model.encode(source).final[0]


def decode_vectors(checkpoint: Checkpoint, vectors: Tensor, beam: int | None = None) -> list[str]:
    """What the decoder makes of each of `vectors` (float [count, encoder_hidden]), by beam search.

    A sentence's vector gives the sentence's translation, but for what a search takes from the source's pieces: the text
    may be as long as any in training, and no n-gram may repeat, where otherwise one may as often as in the source.  No
    text is cut into sentences and no number mended, as `nmt translate` does.
    """
    check_one_vector(checkpoint)
    decoding = without_source(checkpoint.config.decoding, checkpoint.config.data.max_length)
    if beam is not None:
        decoding = replace(decoding, beam=beam)
    # The search is told of a source of nothing but its end; what the model gives it are the vectors.
    nothing = np.full((len(vectors), 1), EOS, np.int64)
    found = beam_search(_FromVectors(checkpoint, vectors), nothing, None, decoding)
    return [checkpoint.target_tokenizer.decode(hypotheses[0].tokens) for hypotheses in found]


def interpolate(start: Tensor, end: Tensor, steps: int) -> Tensor:
    """`steps` points on the straight line from one vector to another, these two included: [hidden] twice ->
    [steps, hidden]."""
    if steps < 2:
        raise UserError(f"steps are {steps}: at least the 2 ends are needed")
    share = torch.linspace(0.0, 1.0, steps, dtype=start.dtype, device=start.device)[:, None]
    return (1 - share) * start + share * end


def similarity(one: Tensor, other: Tensor) -> float:
    """The cosine of the angle between two vectors: 1 where they point the same way."""
    return float(torch.nn.functional.cosine_similarity(one, other, dim=0))


def check_one_vector(checkpoint: Checkpoint) -> None:
    """UserError for a checkpoint whose decoder reads anything but one vector of a source."""
    kind = checkpoint.config.model.attention.kind
    if kind != "none":
        raise UserError(
            f"{checkpoint.folder}: its decoder reads, by {kind} attention, the encoder's states at all positions, so "
            "no one vector holds a sentence; train a model with --set model.attention.kind=none"
        )
    check_translates(checkpoint)


class _FromVectors(TorchModel):
    """A model whose encoder returns the vectors, whatever it reads."""

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
