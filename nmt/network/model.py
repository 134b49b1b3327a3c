"""Seq2Seq: embeddings, encoder, attention decoder and output layer, put together by configuration.

It handles ids and tensors only; text, files and devices are other packages' work.  Search, scoring and export need
`encode`, `initial_state` and `step`; `forward` is the same computation over a whole target sentence at once.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from nmt.config import ModelConfig
from nmt.network.attention import Encoded
from nmt.network.convolutional_encoder import ConvolutionalEncoder
from nmt.network.decoder import AttentionDecoder, DecoderState
from nmt.network.encoder import RecurrentEncoder
from nmt.network.layers import real_positions


class Step(NamedTuple):
    """The result of one decoder step for every beam of every sentence."""

    logits: Tensor  # [batch, beam, target_vocab] float32
    state: DecoderState
    attention: Tensor  # [batch, beam, src_len], sums to 1 over the source


class Seq2Seq(nn.Module):
    """Encoder–decoder with attention (Bahdanau et al. 2015), its parts chosen by `ModelConfig`."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.target_embedding = PieceEmbedding(config.target_vocab, config)
        self.source_embedding = (
            self.target_embedding if config.tied_embeddings == "all" else PieceEmbedding(config.source_vocab, config)
        )
        kind = ConvolutionalEncoder if config.encoder.kind == "convolutional" else RecurrentEncoder
        self.encoder = kind(config)
        self.decoder = AttentionDecoder(config)
        self.output = nn.Linear(config.embedding, config.target_vocab)
        nn.init.normal_(self.output.weight, std=config.embedding**-0.5)
        nn.init.zeros_(self.output.bias)
        if config.tied_embeddings != "none":  # Press & Wolf 2017
            self.output.weight = self.target_embedding.weight

    def encode(self, source: Tensor, lengths: Tensor | None = None) -> Encoded:
        """source int64 [batch, src_len], each sentence with its EOS, filled up with PAD;
        lengths int64 [batch], or None when no sentence is padded (faster)."""
        mask = None if lengths is None else real_positions(lengths.to(source.device), source.size(1))
        memory, final = self.encoder(self.source_embedding(source), lengths)
        return self.decoder.attention.prepare(memory, mask, final)

    def initial_state(self, encoded: Encoded, beam: int = 1) -> DecoderState:
        """The decoder's state before the first piece, the same for each of `beam` hypotheses a sentence."""
        return self.decoder.initial_state(encoded, beam)

    def step(self, tokens: Tensor, state: DecoderState, encoded: Encoded) -> Step:
        """tokens int64 [batch, beam]: each beam's previous target piece (BOS first)."""
        readout, weights, state = self.decoder.step(self.target_embedding(tokens), state, encoded)
        return Step(self.project(readout), state, weights)

    def forward(self, source: Tensor, lengths: Tensor | None, target_in: Tensor) -> Tensor:
        """Teacher forcing: target_in int64 [batch, tgt_len] starts with BOS.
        Returns readouts [batch, tgt_len, embedding]; `project` turns (a selection of) them into logits."""
        return self.decoder(self.target_embedding(target_in), self.encode(source, lengths))

    def forward_sampled(self, source: Tensor, lengths: Tensor | None, target_in: Tensor, own_share: float) -> Tensor:
        """Like `forward`, but each decoder input is with probability `own_share` the most probable piece of the
        step before (scheduled sampling: Bengio et al. 2015).  This loops over time."""
        encoded = self.encode(source, lengths)
        state = self.initial_state(encoded)
        readouts: list[Tensor] = []
        with self.decoder.same_dropout():
            for gold in target_in.unbind(1):
                tokens = gold
                if readouts:
                    guess = self.project(readouts[-1].detach()).argmax(dim=-1).squeeze(1)
                    own = torch.rand(gold.shape, device=gold.device) < own_share
                    tokens = torch.where(own, guess, gold)
                readout, _, state = self.decoder.step(self.target_embedding(tokens[:, None]), state, encoded)
                readouts.append(readout)
        return torch.cat(readouts, dim=1)

    def project(self, readouts: Tensor) -> Tensor:
        """Readouts [..., embedding] -> logits [..., target_vocab] float32."""
        return self.output(readouts).float()


class PieceEmbedding(nn.Embedding):
    """An embedding of unit variance, with dropout of units and of whole pieces."""

    def __init__(self, vocab: int, config: ModelConfig) -> None:
        super().__init__(vocab, config.embedding)
        self.unit_dropout = nn.Dropout(config.dropout.embedding)
        self.word_dropout = config.dropout.word
        self.scale = math.sqrt(config.embedding)  # rows start with length 1, as a tied output layer needs
        nn.init.normal_(self.weight, std=config.embedding**-0.5)

    def forward(self, ids: Tensor) -> Tensor:
        """Ids int64 [batch, len] -> [batch, len, embedding]."""
        embedded = super().forward(ids) * self.scale
        if self.training and self.word_dropout > 0:
            ones = embedded.new_ones(*ids.shape, 1)
            embedded = embedded * functional.dropout(ones, self.word_dropout)
        return self.unit_dropout(embedded)
