"""The recurrent encoder: embedded source pieces -> one state for each piece, and the last state."""

from __future__ import annotations

from torch import Tensor, nn

from nmt.config import EncoderConfig, ModelConfig
from nmt.network.convolutional_encoder import dilations, receptive_field
from nmt.network.layers import normalisation
from nmt.network.recurrent import RecurrentLayer


class RecurrentEncoder(nn.Module):
    """A stack of recurrent layers, each with layer normalisation before it and, where its input has the size of
    its output, a residual connection around it (if the configuration has them)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        hidden = config.encoder.hidden
        sizes = [config.embedding] + [hidden] * (config.encoder.layers - 1)
        self.residual = config.residual
        self.layers = nn.ModuleList(
            RecurrentLayer(config.encoder.cell, size, hidden, config.encoder.bidirectional, config.dropout.recurrent)
            for size in sizes
        )
        self.norms = nn.ModuleList(normalisation(config, size) for size in sizes)
        self.last_norm = normalisation(config, hidden)
        self.dropout = nn.Dropout(config.dropout.layer)

    def forward(self, embedded: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """embedded [batch, src_len, embedding], lengths [batch] int64 (None: no padding) ->
        memory [batch, src_len, hidden], last state [batch, hidden] (both directions side by side)."""
        states = embedded
        for index, (layer, norm) in enumerate(zip(self.layers, self.norms, strict=True)):
            inputs = norm(states) if index == 0 else self.dropout(norm(states))
            outputs, last = layer(inputs, lengths=lengths)
            skip = self.residual and outputs.shape == states.shape
            states = states + outputs if skip else outputs
        final = last[0].transpose(0, 1).flatten(1)  # [directions, batch, units] -> [batch, hidden]
        return self.last_norm(states), final


def describe_encoder(config: EncoderConfig) -> str:
    """Kind and size of an encoder in words, with the receptive field of a convolutional one."""
    if config.kind == "recurrent":
        both = "bidirectional " * config.bidirectional
        return f"{config.layers} × {both}{config.cell}, {config.hidden} units"
    apart = ", ".join(map(str, dilations(config)))
    return (
        f"{config.layers} × gated convolution of {config.kernel} (dilation {apart}), {config.hidden} units, "
        f"receptive field {receptive_field(config)} pieces"
    )
