"""Loading a model for decoding: on ONNX Runtime if the device is a CPU and the checkpoint is exported, else on PyTorch.

A model that is served from its ONNX graphs does not need torch, which is therefore imported only if necessary.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

from nmt.checkpoint.folder import DECODER_FILE, ENCODER_FILE, CheckpointFolder
from nmt.errors import UserError
from nmt.inference.model_interface import SearchableModel

RUNTIMES = ("auto", "onnx", "torch")


def load_runtime(opened: CheckpointFolder, device: str, runtime: str) -> tuple[SearchableModel, str, str]:
    """The model, its device and its runtime, where "auto" is resolved."""
    device, runtime = choose(opened.folder, device, runtime)
    if runtime == "onnx":
        try:
            from nmt.inference.onnx_model import OnnxModel
        except ImportError as error:
            raise UserError(
                f"ONNX Runtime cannot be loaded ({error}); install it with `pip install onnxruntime`, or take "
                "--runtime torch"
            ) from None
        return OnnxModel(opened.folder, opened.config.model), device, runtime
    from nmt.checkpoint.weights import load_model
    from nmt.inference.torch_model import TorchModel

    return TorchModel(load_model(opened.folder, device).model, device), device, runtime


def choose(folder: Path, device: str, runtime: str) -> tuple[str, str]:
    """Device and runtime, where "auto" is resolved; UserError if they are not available or do not fit together."""
    if device not in ("auto", "cpu", "cuda"):
        raise UserError(f"device {device!r}: give auto, cpu or cuda")
    if runtime not in RUNTIMES:
        raise UserError(f"runtime {runtime!r}: give one of {', '.join(RUNTIMES)}")
    exported = (folder / ENCODER_FILE).exists() and (folder / DECODER_FILE).exists()
    if runtime == "onnx":
        if device == "cuda":
            raise UserError("runtime onnx runs on the CPU only; leave out --device cuda, or take --runtime torch")
        if not exported:
            raise UserError(f"{folder}: has no {ENCODER_FILE} and {DECODER_FILE}; make them with `nmt export {folder}`")
        return "cpu", "onnx"
    if device != "cpu" and _may_have_a_gpu(device) and importlib.util.find_spec("torch"):
        import torch

        if torch.cuda.is_available():
            return "cuda", "torch"
        if device == "cuda":
            raise UserError("device cuda: PyTorch finds no GPU here; take --device cpu or auto")
    installed = importlib.util.find_spec("onnxruntime") is not None
    return "cpu", "onnx" if runtime == "auto" and exported and installed else "torch"


def _may_have_a_gpu(device: str) -> bool:
    """Whether there can be a GPU, so that it is worth the second that importing torch takes."""
    return (
        device == "cuda"
        or os.name == "nt"
        or any(map(os.path.exists, ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd", "/dev/nvhost-ctrl-gpu")))
    )
