"""The graphs that `nmt.export.onnx_export` wrote, as the search wants them.  No torch, no training: this is what
serves."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnxruntime

from nmt.checkpoint.folder import DECODER_FILE, ENCODER_FILE, weights_digest
from nmt.errors import UserError
from nmt.inference.model_interface import Array, Step


class OnnxEncoded(NamedTuple):
    parts: dict[str, Array]  # keys, values, mask, final: [batch, ...]
    states: tuple[Array, ...]  # the decoder's first: [batch, 1, hidden]

    def select(self, rows: Array) -> OnnxEncoded:
        states = tuple(state[rows] for state in self.states)
        return OnnxEncoded({name: part[rows] for name, part in self.parts.items()}, states)


class OnnxState(NamedTuple):
    states: tuple[Array, ...]  # [batch, beam, hidden]

    def reorder(self, rows: Array, beams: Array) -> OnnxState:
        batch, width, _ = self.states[0].shape
        places = rows[:, None] * width + beams if batch > 1 else beams
        return OnnxState(
            tuple(state.reshape(batch * width, -1).take(places, axis=0) for state in self.states)
        )


class OnnxModel:
    """See `nmt.inference.model_interface.SearchableModel`."""

    def __init__(self, folder: str | Path) -> None:
        folder = Path(folder)
        self.encoder, self.decoder = (_session(folder / name) for name in (ENCODER_FILE, DECODER_FILE))
        wanted_by = [
            s.get_modelmeta().custom_metadata_map.get("weights") for s in (self.encoder, self.decoder)
        ]
        digest = weights_digest(folder) or wanted_by[0]  # a folder for serving alone may lack the weights
        for found, name in zip(wanted_by, (ENCODER_FILE, DECODER_FILE), strict=True):
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
        found = dict(
            zip(
                self.encoded_names,
                self.encoder.run(None, {"source": source, "lengths": lengths}),
                strict=True,
            )
        )
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
            # Too many to be handed over at every step; what wants them (a forced prefix, sampling, a repetition
            # guard that bars much) pays for a second run.
            all_logits: Array = self.decoder.run(["logits"], feeds)[0]
            return all_logits[rows, slots]

        return Step(top, ids, log_z.reshape(top.shape[:2]), some_logits, attention, OnnxState(tuple(more)))


def _session(file: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # searches run side by side instead (`nmt.inference.core_pool`)
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.enable_mem_pattern = False  # made for one shape of batch, and every batch has its own
    try:
        return onnxruntime.InferenceSession(
            str(file),
            options,
            providers=["CPUExecutionProvider"],
            disabled_optimizers=["SkipLayerNormFusion"],  # its kernel takes four times as long as the parts
        )
    except Exception as error:  # onnxruntime has a class of its own for each cause
        cause = " ".join(str(error).split())
        raise UserError(
            f"{file}: not a graph that this version can run ({cause}); run `nmt export` again"
        ) from None
