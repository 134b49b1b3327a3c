"""What the encoders and the decoder share: the mask of real positions, and layer normalisation."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nmt.config import ModelConfig


def real_positions(lengths: Tensor, src_len: int) -> Tensor:
    """Lengths int64 [batch] -> bool [batch, src_len], False on padding."""
    return torch.arange(src_len, device=lengths.device) < lengths[:, None]


def normalisation(config: ModelConfig, size: int) -> nn.Module:
    """Layer normalisation (Ba et al. 2016) over `size` units, or nothing."""
    return nn.LayerNorm(size) if config.layer_norm else nn.Identity()
