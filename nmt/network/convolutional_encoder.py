"""The convolutional encoder: a stack of dilated one-dimensional convolutions beside the recurrent one.

Each layer reads a few positions, spaced twice as far apart as in the layer below, so that what one state sees
grows exponentially with depth (WaveNet: van den Oord et al. 2016, arXiv:1609.03499, section 2.1).  Unlike
WaveNet's its convolutions are not causal: an encoder may look ahead (ByteNet: Kalchbrenner et al. 2016,
arXiv:1610.10099, section 3).  All positions are computed at once; but nothing reaches further than
`receptive_field`, while a recurrent state may know the whole sentence.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nmt.config import EncoderConfig, ModelConfig
from nmt.network.layers import normalisation, real_positions


def dilations(config: EncoderConfig) -> list[int]:
    """How far apart the positions lie that each layer reads: 1, 2, 4, …, and again from 1."""
    return [2 ** (layer % config.dilations) for layer in range(config.layers)]


def receptive_field(config: EncoderConfig) -> int:
    """How many source positions one state of a convolutional encoder depends on, itself in their middle."""
    return 1 + (config.kernel - 1) * sum(dilations(config))


class GatedConvolution(nn.Module):
    """z = tanh(W_f * x) ⊙ σ(W_g * x) (van den Oord et al. 2016, eq. 2), then mixed by a linear map, their 1×1
    convolution.  Its inputs are zero where there is no sentence, before its beginning and after its end alike."""

    def __init__(self, size: int, hidden: int, kernel: int, dilation: int) -> None:
        super().__init__()
        both_sides = dilation * (kernel - 1) // 2
        self.convolution = nn.Conv1d(size, 2 * hidden, kernel, padding=both_sides, dilation=dilation)
        self.mix = nn.Linear(hidden, hidden)
        nn.init.xavier_uniform_(self.mix.weight)
        nn.init.zeros_(self.mix.bias)
        nn.init.zeros_(self.convolution.bias)  # type: ignore[arg-type]  # it has one
        for part in self.convolution.weight.data.split(hidden):
            nn.init.xavier_uniform_(part)

    def forward(self, inputs: Tensor) -> Tensor:
        """Inputs [batch, len, size] -> [batch, len, hidden]."""
        filtered, gates = self.convolution(inputs.transpose(1, 2)).transpose(1, 2).chunk(2, dim=-1)
        return self.mix(torch.tanh(filtered) * torch.sigmoid(gates))


class ConvolutionalEncoder(nn.Module):
    """A stack of gated convolutions, each with layer normalisation before it and, where its input has the size of
    its output, a residual connection around it (if the configuration has them), as in the recurrent encoder.

    WaveNet also sums the outputs of all layers ("skip connections"); here the residual connections carry that sum.
    There is no last state: the mean over the sentence takes its place in the decoder's bridge."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        hidden = config.encoder.hidden
        sizes = [config.embedding] + [hidden] * (config.encoder.layers - 1)
        self.residual = config.residual
        self.layers = nn.ModuleList(
            GatedConvolution(size, hidden, config.encoder.kernel, dilation)
            for size, dilation in zip(sizes, dilations(config.encoder), strict=True)
        )
        self.norms = nn.ModuleList(normalisation(config, size) for size in sizes)
        self.last_norm = normalisation(config, hidden)
        self.dropout = nn.Dropout(config.dropout.layer)

    def forward(self, embedded: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """embedded [batch, src_len, embedding], lengths [batch] int64 (None: no padding) ->
        memory [batch, src_len, hidden], zero on padding, and its mean over each sentence [batch, hidden]."""
        states = embedded
        real = None
        if lengths is not None:
            real = real_positions(lengths.to(embedded.device), embedded.size(1))[:, :, None]
        for index, (layer, norm) in enumerate(zip(self.layers, self.norms, strict=True)):
            inputs = norm(states) if index == 0 else self.dropout(norm(states))
            outputs = layer(_without_padding(inputs, real))
            skip = self.residual and outputs.shape == states.shape
            states = states + outputs if skip else outputs
        memory = _without_padding(self.last_norm(states), real)
        count = memory.size(1) if real is None else real.sum(dim=1)
        return memory, memory.sum(dim=1) / count


def _without_padding(states: Tensor, real: Tensor | None) -> Tensor:
    """Zero where `real` [batch, len, 1] is False: a convolution would carry padding into the sentence."""
    return states if real is None else states.masked_fill(~real, 0.0)
