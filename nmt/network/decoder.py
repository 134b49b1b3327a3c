"""The attention decoder, in the arrangement of GNMT and RNMT+.

The bottom layer reads the previous target pieces, its outputs are the attention queries, and the context vectors are
inputs of every layer above and of the readout.  The bottom layer does not depend on the attention, so that teacher
forcing runs each layer over the whole target sentence in one fused kernel, with one attention for all positions.  With
input feeding (Luong et al. 2015, section 3.3) every step depends on the one before, and training loops over time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nmt.config import ModelConfig
from nmt.network.attention import Attention, Encoded
from nmt.network.layers import normalisation
from nmt.network.recurrent import RecurrentLayer, State, states_of


@dataclass(frozen=True)
class DecoderState:
    """The recurrent state of the decoder after a target position, for every beam of every sentence."""

    layers: tuple[State, ...]  # one for each layer, its parts [batch, beam, hidden]
    feed: Tensor | None  # [batch, beam, embedding], the previous readout, with input feeding

    def reorder(self, rows: Tensor, beams: Tensor) -> DecoderState:
        """new[i, j] = old[rows[i], beams[i, j]]; rows int64 [new_batch], beams int64 [new_batch, new_beam]."""
        rows = rows[:, None]
        layers = tuple(tuple(part[rows, beams] for part in layer) for layer in self.layers)
        return DecoderState(layers, None if self.feed is None else self.feed[rows, beams])


class AttentionDecoder(nn.Module):
    """Embedded target pieces -> readouts, from which the output layer predicts the next piece."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        hidden, cell = config.decoder.hidden, config.decoder.cell
        self.config = config
        self.attention = Attention(config.attention, hidden, config.encoder.hidden, config.dropout.attention)
        context = self.attention.context_size
        feed = config.embedding if config.decoder.input_feeding else 0
        sizes = [config.embedding + feed] + [hidden + context] * (config.decoder.layers - 1)
        self.layers = nn.ModuleList(
            RecurrentLayer(cell, n, hidden, recurrent_dropout=config.dropout.recurrent) for n in sizes
        )
        self.norms = nn.ModuleList(normalisation(config, n) for n in [config.embedding] + [hidden] * len(sizes))
        # The bridge maps the encoder's last state to the initial state of every layer (Bahdanau et al. 2015, A.2.2).
        self.bridge = nn.Linear(config.encoder.hidden, config.decoder.layers * states_of(cell) * hidden)
        self.readout = nn.Linear(hidden + context, config.embedding)
        self.dropout = nn.Dropout(config.dropout.layer)

    @contextmanager
    def same_dropout(self) -> Iterator[None]:
        """Within the block recurrent dropout is drawn once, since all steps belong to one sequence."""
        with ExitStack() as stack:
            for layer in self.layers:
                stack.enter_context(layer.same_dropout())  # type: ignore[operator]  # ModuleList forgets the type
            yield

    def initial_state(self, encoded: Encoded, beam: int = 1) -> DecoderState:
        """The state before the first target piece, the same for all beams of a sentence."""
        config = self.config.decoder
        first = torch.tanh(self.bridge(encoded.final))
        parts = first.unflatten(1, (config.layers, states_of(config.cell), config.hidden))
        parts = parts[:, None].expand(-1, beam, -1, -1, -1)  # [batch, beam, layers, states, hidden]
        layers = tuple(tuple(part.unbind(2)) for part in parts.unbind(2))
        feed = first.new_zeros(first.size(0), beam, self.config.embedding) if config.input_feeding else None
        return DecoderState(layers, feed)

    def forward(self, embedded: Tensor, encoded: Encoded) -> Tensor:
        """Teacher forcing: embedded [batch, tgt_len, embedding], the pieces shifted right by BOS ->
        readouts [batch, tgt_len, embedding]."""
        state = self.initial_state(encoded)
        if self.config.decoder.input_feeding:
            fed: list[Tensor] = []
            with self.same_dropout():
                for position in embedded.unbind(1):
                    readout, _, state = self.step(position[:, None], state, encoded)
                    fed.append(readout)
            return torch.cat(fed, dim=1)

        def over_time(index: int, inputs: Tensor) -> Tensor:
            # The kernels take states [1, batch, hidden].
            first = tuple(part.transpose(0, 1).contiguous() for part in state.layers[index])
            return self.layers[index](inputs, first)[0]

        readouts, _ = self._stack(embedded, encoded, over_time)
        return readouts

    def step(self, embedded: Tensor, state: DecoderState, encoded: Encoded) -> tuple[Tensor, Tensor, DecoderState]:
        """One position of every beam: embedded [batch, beam, embedding] ->
        readout [batch, beam, embedding], attention weights [batch, beam, src_len], next state."""
        after: list[State] = []

        def one_step(index: int, inputs: Tensor) -> Tensor:
            layer: RecurrentLayer = self.layers[index]  # type: ignore[assignment]  # ModuleList forgets the type
            outputs, last = layer.step(inputs, state.layers[index])
            after.append(last)
            return outputs

        readout, weights = self._stack(embedded, encoded, one_step, state.feed)
        return readout, weights, DecoderState(tuple(after), None if state.feed is None else readout)

    def _stack(
        self,
        embedded: Tensor,
        encoded: Encoded,
        recur: Callable[[int, Tensor], Tensor],
        feed: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Run all layers and the readout; `recur(index, inputs)` runs recurrent layer `index` over the positions.
        Returns readouts [batch, positions, embedding] and attention weights [batch, positions, src_len]."""
        inputs = self.norms[0](embedded)
        states = recur(0, inputs if feed is None else torch.cat([inputs, feed], dim=-1))
        contexts, weights = self.attention(self.norms[1](states), encoded)
        for index in range(1, len(self.layers)):
            inputs = self.dropout(torch.cat([self.norms[index](states), contexts], dim=-1))
            outputs = recur(index, inputs)
            states = states + outputs if self.config.residual else outputs
        readout = self.readout(self.dropout(torch.cat([self.norms[-1](states), contexts], dim=-1)))
        return torch.tanh(readout), weights
