"""How large the numbers become that exported graphs multiply with constant matrices: what 8 bits are shared out over.

Needs the extra `export`.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import onnxruntime
from onnx import helper

from nmt.config import ModelConfig
from nmt.export.quantization import operands
from nmt.text.tokenizer import BOS, EOS, SPECIAL_IDS

# Sentences of each of these lengths in pieces tell how large numbers become.  The short ones matter most: their
# attention is peaked, and contexts are as large as the values.
MADE_UP, MADE_UP_LENGTHS = 48, (1, 2, 4, 8, 16, 24)
HEADROOM = 1.25  # by how much numbers may be larger in real sentences


def find_bounds(
    encoder: Any, decoder: Any, model: ModelConfig, seed: int = 1
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """How large the operands of the encoder's and of the decoder's products become: float32 [size] of each.

    The states that come in and what comes out of tanh never exceed 1.  For all else made-up sentences are
    translated, random pieces on both sides."""
    encode, decode = _Watched(encoder), _Watched(decoder)
    random = np.random.default_rng(seed)
    for length in MADE_UP_LENGTHS:
        source = random.integers(len(SPECIAL_IDS), model.source_vocab, (MADE_UP, length + 1))
        source[:, -1] = EOS
        feeds = encode({"source": source, "lengths": np.full(MADE_UP, length + 1)})
        feeds |= {"tokens": np.full((MADE_UP, 1), BOS), "count": np.array([1])}
        for _ in range(length + 1):
            found = decode(feeds)
            feeds |= {f"state_{name[5:]}": value for name, value in found.items() if name.startswith("next_")}
            feeds["tokens"] = random.integers(len(SPECIAL_IDS), model.target_vocab, (MADE_UP, 1))
    states = {
        name: np.ones(v.shape[-1], np.float32) for name, v in feeds.items() if name.startswith("state_")
    }
    return encode.bounds(), states | decode.bounds()


class _Watched:
    """A graph that runs and keeps how large the operands of its products have become."""

    def __init__(self, graph: Any) -> None:
        watched, inputs = copy.deepcopy(graph), {value.name for value in graph.graph.input}
        self.largest = {name: np.float32(1e-6) for name in operands(graph) if name not in inputs}
        watched.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in self.largest)
        quiet = onnxruntime.SessionOptions()
        quiet.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(
            watched.SerializeToString(), quiet, providers=["CPUExecutionProvider"]
        )
        self.taken = [node.name for node in self.session.get_inputs()]
        self.given = [node.name for node in self.session.get_outputs()]
        self.tanh = {node.output[0] for node in graph.graph.node if node.op_type == "Tanh"}

    def __call__(self, feeds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The outputs of the graph, and what is watched."""
        outputs = self.session.run(None, {name: feeds[name] for name in self.taken})
        found = dict(zip(self.given, outputs, strict=True))
        for name, before in self.largest.items():
            largest = np.abs(found[name]).max(axis=tuple(range(found[name].ndim - 1)))
            self.largest[name] = np.maximum(before, HEADROOM * largest)
        return found

    def bounds(self) -> dict[str, np.ndarray]:
        """Powers of 2^(1/8): the last digits of a sum, which differ between kinds of processor, should not get into
        the graphs."""
        return {
            name: np.ones_like(bound) if name in self.tanh else 2 ** (np.ceil(8 * np.log2(bound)) / 8)
            for name, bound in self.largest.items()
        }
