"""The convolutional encoder, a stack of dilated one-dimensional convolutions; an alternative to the recurrent encoder.

The dilation doubles from layer to layer, so that the receptive field grows exponentially with depth (WaveNet: van den
Oord et al. 2016, arXiv:1609.03499, section 2.1).  Unlike WaveNet's, the convolutions are not causal, since an encoder
may look ahead (ByteNet: Kalchbrenner et al. 2016, arXiv:1610.10099, section 3).  All positions are computed in
parallel, but a state depends only on the positions within its `receptive_field`, while a recurrent state can depend on
the whole sentence.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nmt.config import EncoderConfig, ModelConfig
from nmt.network.layers import normalisation, real_positions


def dilations(config: EncoderConfig) -> list[int]:
    """The dilation of each layer: 1, 2, 4, …, which begins again at 1 after `config.dilations` layers."""
    return [2 ** (layer % config.dilations) for layer in range(config.layers)]


def receptive_field(config: EncoderConfig) -> int:
    """The number of source positions that one state depends on; its own position is in their middle."""
    return 1 + (config.kernel - 1) * sum(dilations(config))


class GatedConvolution(nn.Module):
    """z = tanh(W_f * x) ⊙ σ(W_g * x) (van den Oord et al. 2016, eq. 2), followed by a linear map (their 1×1
    convolution).  Positions before the beginning and after the end of a sentence count as zeros."""

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
    There is no last state, so the decoder's bridge gets the mean over the sentence instead."""

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
    """Set the states to zero where `real` [batch, len, 1] is False, since a convolution would mix padding into them."""
    return states if real is None else states.masked_fill(~real, 0.0)
