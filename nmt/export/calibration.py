"""Value ranges (calibration) for 8-bit quantization: how large the operands of a graph's products become.

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

# The number of random sentences of each length, and the lengths in pieces.  Short sentences matter most, because their
# attention is peaked, and contexts are then as large as the values.
SENTENCES_PER_LENGTH, LENGTHS = 48, (1, 2, 4, 8, 16, 24)
HEADROOM = 1.25  # factor by which values in real sentences may be larger
MIN_RANGE = np.float32(1e-6)  # ranges are divisors and must not be 0

Ranges = dict[str, np.ndarray]  # operand -> the largest absolute value of each component, float32 [size]


def calibrate(encoder: Any, decoder: Any, model: ModelConfig, seed: int = 1) -> tuple[Ranges, Ranges]:
    """The ranges of the operands of the encoder and of the decoder, observed while random pieces are translated into
    random pieces.  The input states of the decoder are outputs of tanh and never exceed 1."""
    encode, decode = _Observer(encoder), _Observer(decoder)
    random = np.random.default_rng(seed)
    for length in LENGTHS:
        source = random.integers(len(SPECIAL_IDS), model.source_vocab, (SENTENCES_PER_LENGTH, length + 1))
        source[:, -1] = EOS
        feeds = encode({"source": source, "lengths": np.full(SENTENCES_PER_LENGTH, length + 1)})
        feeds |= {"tokens": np.full((SENTENCES_PER_LENGTH, 1), BOS), "count": np.array([1])}
        for _ in range(length + 1):
            found = decode(feeds)
            feeds |= {f"state_{name[5:]}": value for name, value in found.items() if name.startswith("next_")}
            feeds["tokens"] = random.integers(len(SPECIAL_IDS), model.target_vocab, (SENTENCES_PER_LENGTH, 1))
    states = {name: value for name, value in feeds.items() if name.startswith("state_")}
    ones = {name: np.ones(value.shape[-1], np.float32) for name, value in states.items()}
    return encode.ranges(), ones | decode.ranges()


class _Observer:
    """Runs a graph and records the largest absolute values of the operands of its products."""

    def __init__(self, graph: Any) -> None:
        observed, inputs = copy.deepcopy(graph), {value.name for value in graph.graph.input}
        self.largest = {name: MIN_RANGE for name in operands(graph) if name not in inputs}
        observed.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in self.largest)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        graph_bytes, cpu = observed.SerializeToString(), ["CPUExecutionProvider"]
        self.session = onnxruntime.InferenceSession(graph_bytes, options, providers=cpu)
        self.inputs = [node.name for node in self.session.get_inputs()]
        self.outputs = [node.name for node in self.session.get_outputs()]
        self.tanh = {node.output[0] for node in graph.graph.node if node.op_type == "Tanh"}

    def __call__(self, feeds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The outputs of the graph and the observed operands, by name."""
        outputs = self.session.run(None, {name: feeds[name] for name in self.inputs})
        found = dict(zip(self.outputs, outputs, strict=True))
        for name, before in self.largest.items():
            largest = np.abs(found[name]).max(axis=tuple(range(found[name].ndim - 1)))
            self.largest[name] = np.maximum(before, HEADROOM * largest)
        return found

    def ranges(self) -> Ranges:
        """The ranges so far, rounded up to powers of 2^(1/8), because the last digits of sums differ between kinds of
        processor and the graphs should not.  The range of an output of tanh is 1."""
        return {
            name: np.ones_like(largest) if name in self.tanh else 2 ** (np.ceil(8 * np.log2(largest)) / 8)
            for name, largest in self.largest.items()
        }
