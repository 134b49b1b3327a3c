"""A model on ONNX Runtime, from the graphs that `nmt.export.onnx_export` wrote.  It does not need torch."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnxruntime

from nmt.checkpoint.folder import DECODER_FILE, ENCODER_FILE, weights_digest
from nmt.errors import UserError
from nmt.inference.model_interface import Array, Step


class OnnxEncoded(NamedTuple):
    """Encoded sentences."""

    parts: dict[str, Array]  # inputs of every decoder step: keys, values, mask, final; each [batch, ...]
    states: tuple[Array, ...]  # initial states of the decoder's layers, each float32 [batch, 1, hidden]

    def select(self, rows: Array) -> OnnxEncoded:
        states = tuple(state[rows] for state in self.states)
        return OnnxEncoded({name: part[rows] for name, part in self.parts.items()}, states)


class OnnxState(NamedTuple):
    """The state of every hypothesis."""

    states: tuple[Array, ...]  # of the decoder's layers, each float32 [batch, beam, hidden]

    def reorder(self, rows: Array, beams: Array) -> OnnxState:
        batch, width, _ = self.states[0].shape
        flat = rows[:, None] * width + beams if batch > 1 else beams
        return OnnxState(tuple(s.reshape(batch * width, -1).take(flat, axis=0) for s in self.states))


class OnnxModel:
    """A `SearchableModel` of `nmt.inference.model_interface`; UserError if its graphs cannot be run."""

    def __init__(self, folder: str | Path) -> None:
        folder, names = Path(folder), (ENCODER_FILE, DECODER_FILE)
        self.encoder, self.decoder = sessions = [_session(folder / name) for name in names]
        made_from = [s.get_modelmeta().custom_metadata_map.get("weights") for s in sessions]
        digest = weights_digest(folder) or made_from[0]  # a folder for serving may have no weights
        for found, name in zip(made_from, names, strict=True):
            if found != digest:
                raise UserError(
                    f"{folder / name}: made from other weights than lie here; run `nmt export {folder}` again"
                )
        self.encoded_names = [output.name for output in self.encoder.get_outputs()]
        wanted = {node.name for node in self.decoder.get_inputs()}
        self.parts = [name for name in ("keys", "values", "mask", "final") if name in wanted]
        self.states = [name for name in self.encoded_names if name.startswith("state_")]
        self.vocab = next(o.shape[-1] for o in self.decoder.get_outputs() if o.name == "logits")
        self.outputs = ["top", "ids", "log_z", *(f"next_{i}" for i in range(len(self.states)))]

    def encode(self, source: Array, lengths: Array | None = None) -> OnnxEncoded:
        if lengths is None:
            lengths = np.full(len(source), source.shape[1], np.int64)
        outputs = self.encoder.run(None, {"source": source, "lengths": lengths})
        found = dict(zip(self.encoded_names, outputs, strict=True))
        return OnnxEncoded(
            {name: found[name] for name in self.parts}, tuple(found[name] for name in self.states)
        )

    def initial_state(self, encoded: OnnxEncoded) -> OnnxState:
        return OnnxState(encoded.states)

    def step(
        self, tokens: Array, state: OnnxState, encoded: OnnxEncoded, count: int, with_attention: bool
    ) -> Step:
        feeds = {"tokens": tokens, "count": np.array([min(count, self.vocab)], np.int64), **encoded.parts}
        feeds.update(zip(self.states, state.states, strict=True))
        outputs = [*self.outputs, "attention"] if with_attention else self.outputs
        top, ids, log_z, *more = self.decoder.run(outputs, feeds)
        attention = more.pop() if with_attention else None

        def some_logits(rows: Array, slots: Array) -> Array:
            # They are too many to be copied at every step.  A forced prefix, sampling, and a token lost to n-gram
            # blocking need them, and take a second run.
            all_logits: Array = self.decoder.run(["logits"], feeds)[0]
            return all_logits[rows, slots]

        return Step(top, ids, log_z.reshape(top.shape[:2]), some_logits, attention, OnnxState(tuple(more)))


def _session(file: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # searches run in parallel instead (`nmt.inference.core_pool`)
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.enable_mem_pattern = False  # it assumes a fixed shape, but every batch has another one
    try:
        return onnxruntime.InferenceSession(
            str(file),
            options,
            providers=["CPUExecutionProvider"],
            disabled_optimizers=[
                "SkipLayerNormFusion"
            ],  # the fused kernel takes four times as long as its parts
        )
    except Exception as error:  # onnxruntime has many exception classes, without a common base class
        cause = " ".join(str(error).split())
        raise UserError(
            f"{file}: not a graph that this version can run ({cause}); run `nmt export` again"
        ) from None
