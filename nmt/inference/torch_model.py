"""A model on PyTorch: a `Seq2Seq` on any device, with NumPy arrays as inputs and outputs."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from nmt.inference.model_interface import Array, SearchableModel, Step
from nmt.network.attention import Encoded
from nmt.network.decoder import DecoderState
from nmt.network.model import Seq2Seq


class TorchEncoded(NamedTuple):
    """Encoded sentences."""

    encoded: Encoded
    device: torch.device

    @torch.inference_mode()
    def select(self, rows: Array) -> TorchEncoded:
        return TorchEncoded(self.encoded.select(torch.as_tensor(rows, device=self.device)), self.device)


class TorchState(NamedTuple):
    """The state of every hypothesis."""

    state: DecoderState
    device: torch.device

    @torch.inference_mode()
    def reorder(self, rows: Array, beams: Array) -> TorchState:
        moved = (torch.as_tensor(index, device=self.device) for index in (rows, beams))
        return TorchState(self.state.reorder(*moved), self.device)


class TorchModel:
    """A `SearchableModel` of `nmt.inference.model_interface`."""

    def __init__(self, model: Seq2Seq, device: str | torch.device = "cpu") -> None:
        self.model, self.device = model, torch.device(device)

    @torch.inference_mode()
    def encode(self, source: Array, lengths: Array | None = None) -> TorchEncoded:
        sizes = None if lengths is None else torch.as_tensor(lengths)
        encoded = self.model.encode(torch.as_tensor(source, device=self.device), sizes)
        return TorchEncoded(encoded, self.device)

    @property
    def shortlisted(self) -> SearchableModel:
        return self

    @torch.inference_mode()
    def initial_state(self, encoded: TorchEncoded) -> TorchState:
        return TorchState(self.model.initial_state(encoded.encoded), self.device)

    @torch.inference_mode()
    def step(self, tokens: Array, state: TorchState, encoded: TorchEncoded, count: int, with_attention: bool) -> Step:
        step = self.model.step(torch.as_tensor(tokens, device=self.device), state.state, encoded.encoded)
        logits: Tensor = step.logits.float()
        top, ids = logits.topk(min(count, logits.size(-1)), dim=-1)
        log_z = logits.logsumexp(dim=-1)

        def some_logits(rows: Array, slots: Array) -> Array:
            row, slot = (torch.as_tensor(index, device=self.device) for index in (rows, slots))
            return logits[row, slot].cpu().numpy()

        return Step(
            top.cpu().numpy(),
            ids.cpu().numpy(),
            log_z.cpu().numpy(),
            some_logits,
            step.attention.float().cpu().numpy() if with_attention else None,
            TorchState(step.state, self.device),
        )
