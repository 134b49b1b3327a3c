"""A model on ONNX Runtime, from the graphs that `nmt.export.onnx_export` wrote.  It does not need torch."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnxruntime

from nmt.checkpoint.folder import CONFIG_FILE, DECODER_FILE, ENCODER_FILE, weights_digest
from nmt.config import ModelConfig
from nmt.errors import UserError
from nmt.inference.model_interface import NEVER, Array, SearchableModel, Step
from nmt.text.tokenizer import EOS

try:
    import resource
except ImportError:  # Windows, where the memory of a process is not limited
    resource = None  # type: ignore[assignment]

LOADING_BYTES = 500_000_000  # that a graph may take while it is loaded, beside
FILE_COPIES = 8  # so many times the size of its file
_loading = threading.Lock()  # the limit is the process's
onnxruntime.set_default_logger_severity(4)  # what fails is raised, and told once


# What the decoder reads at every step: of each sentence, and of the shortlist of the whole batch, if there is one
# (`nmt.export.shortlist`).
OF_SENTENCE = ("keys", "values", "mask", "final", "allowed")
OF_BATCH = ("candidates", "output_matrix", "output_bias", "output_scale")


class OnnxEncoded(NamedTuple):
    """Encoded sentences."""

    parts: dict[str, Array]  # `OF_SENTENCE`, each [batch, ...], and `OF_BATCH`
    states: tuple[Array, ...]  # initial states of the decoder's layers, each float32 [batch, 1, hidden]

    def select(self, rows: Array) -> OnnxEncoded:
        states = tuple(state[rows] for state in self.states)
        parts = {name: part if name in OF_BATCH else part[rows] for name, part in self.parts.items()}
        return OnnxEncoded(parts, states)


class OnnxState(NamedTuple):
    """The state of every hypothesis."""

    states: tuple[Array, ...]  # of the decoder's layers, each float32 [batch, beam, hidden]

    def reorder(self, rows: Array, beams: Array) -> OnnxState:
        batch, width, _ = self.states[0].shape
        flat = rows[:, None] * width + beams if batch > 1 else beams
        return OnnxState(tuple(s.reshape(batch * width, -1).take(flat, axis=0) for s in self.states))


class OnnxModel:
    """A `SearchableModel` of `nmt.inference.model_interface`; UserError if its graphs cannot be run.

    config  what the graphs have to compute, which one step tries; None: they are believed
    """

    def __init__(self, folder: str | Path, config: ModelConfig | None = None) -> None:
        folder, names = Path(folder), (ENCODER_FILE, DECODER_FILE)
        size = sum((folder / name).stat().st_size for name in names)
        with _limited_memory(LOADING_BYTES + FILE_COPIES * size):
            self._load(folder, names, config)

    def _load(self, folder: Path, names: Sequence[str], config: ModelConfig | None) -> None:
        self.encoder, self.decoder = sessions = [_session(folder / name) for name in names]
        made_from = [s.get_modelmeta().custom_metadata_map.get("weights") for s in sessions]
        digest = weights_digest(folder) or made_from[0]  # a folder for serving may have no weights
        for found, name in zip(made_from, names, strict=True):
            if found != digest:
                raise UserError(
                    f"{folder / name}: made from other weights than lie here; run `nmt export {folder}` again"
                )
        try:
            self._read_interface()
            fits = config is None or self._computes(config)
        except (UserError, StopIteration, LookupError, TypeError, ValueError, AttributeError):
            fits = False
        if not fits:
            raise UserError(
                f"{folder}: its graphs do not compute the model of {CONFIG_FILE}; run `nmt export {folder}` again"
            )

    def _read_interface(self) -> None:
        self.encoded_names = [output.name for output in self.encoder.get_outputs()]
        wanted = {node.name for node in self.decoder.get_inputs()}
        self.parts = [name for name in (*OF_SENTENCE, *OF_BATCH) if name in wanted]
        self.has_shortlist = "candidates" in wanted
        self.states = [name for name in self.encoded_names if name.startswith("state_")]
        if self.has_shortlist:  # the decoder's logits are those of a list
            self.vocab = len(self.encode(np.array([[EOS]])).parts["candidates"])
        else:
            self.vocab = next(o.shape[-1] for o in self.decoder.get_outputs() if o.name == "logits")
        self.outputs = ["top", "ids", "log_z", *(f"next_{i}" for i in range(len(self.states)))]

    def _computes(self, config: ModelConfig) -> bool:
        """Whether a step of the search has the shapes of this model, from the highest ids that it knows."""
        source = np.array([[config.source_vocab - 1, EOS]])
        encoded, vocab = self.encode(source), config.target_vocab
        step = self.step(np.array([[vocab - 1]]), self.initial_state(encoded), encoded, 5, True)
        count, first = min(5, vocab), np.zeros(1, np.int64)
        shapes = [
            (step.top, (1, 1, count)),
            (step.ids, (1, 1, count)),
            (step.log_z, (1, 1)),
            (step.attention, (1, 1, 2)),
            (step.logits(first, first), (1, vocab)),
            *((state, (1, 1, config.decoder.hidden)) for state in step.state.states),
        ]
        kinds = len(self.states) == config.decoder.layers * (1 + (config.decoder.cell == "lstm"))
        return kinds and all(getattr(found, "shape", None) == shape for found, shape in shapes)

    @property
    def shortlisted(self) -> SearchableModel:
        return _Shortlisted(self) if self.has_shortlist else self

    def encode(self, source: Array, lengths: Array | None = None, whole_vocabulary: bool = True) -> OnnxEncoded:
        if lengths is None:
            lengths = np.full(len(source), source.shape[1], np.int64)
        feeds = {"source": source, "lengths": lengths}
        if self.has_shortlist:
            feeds["whole_vocabulary"] = np.array([whole_vocabulary], np.uint8)
        outputs = _run(self.encoder, None, feeds)
        found = dict(zip(self.encoded_names, outputs, strict=True))
        return OnnxEncoded({name: found[name] for name in self.parts}, tuple(found[name] for name in self.states))

    def initial_state(self, encoded: OnnxEncoded) -> OnnxState:
        return OnnxState(encoded.states)

    def step(self, tokens: Array, state: OnnxState, encoded: OnnxEncoded, count: int, with_attention: bool) -> Step:
        candidates = encoded.parts.get("candidates")
        choices = self.vocab if candidates is None else len(candidates)
        feeds = {"tokens": tokens, "count": np.array([min(count, choices)], np.int64), **encoded.parts}
        feeds.update(zip(self.states, state.states, strict=True))
        outputs = [*self.outputs, "attention"] if with_attention else self.outputs
        top, ids, log_z, *more = _run(self.decoder, outputs, feeds)
        attention = more.pop() if with_attention else None

        def some_logits(rows: Array, slots: Array) -> Array:
            # They are too many to be copied at every step.  A forced prefix, sampling, and a token lost to n-gram
            # blocking need them, and take a second run.
            logits: Array = _run(self.decoder, ["logits"], feeds)[0][rows, slots]
            if candidates is None:
                return logits
            all_logits: Array = np.full((len(rows), self.vocab), NEVER, np.float32)
            all_logits[:, candidates] = logits
            return all_logits

        return Step(top, ids, log_z.reshape(top.shape[:2]), some_logits, attention, OnnxState(tuple(more)))


class _Shortlisted(NamedTuple):
    """A model whose searches choose among the shortlists of the sentences alone."""

    model: OnnxModel

    @property
    def shortlisted(self) -> SearchableModel:
        return self

    def encode(self, source: Array, lengths: Array | None = None) -> OnnxEncoded:
        return self.model.encode(source, lengths, whole_vocabulary=False)

    def initial_state(self, encoded: OnnxEncoded) -> OnnxState:
        return self.model.initial_state(encoded)

    def step(self, tokens: Array, state: OnnxState, encoded: OnnxEncoded, count: int, with_attention: bool) -> Step:
        return self.model.step(tokens, state, encoded, count, with_attention)


def _run(session: onnxruntime.InferenceSession, outputs: list[str] | None, feeds: Mapping[str, Array]) -> list[Array]:
    try:
        return session.run(outputs, feeds)  # type: ignore[no-any-return]
    except Exception as error:  # as in `_session`
        cause = " ".join(str(error).split())
        raise UserError(f"a graph of the model fails ({cause[:200]}); run `nmt export` again") from None


@contextmanager
def _limited_memory(more: int) -> Iterator[None]:
    """Within the block no more than so many bytes can be taken: a graph may declare tensors of any size, which ONNX
    Runtime computes while it loads the graph."""
    statistics = Path("/proc/self/statm")
    if resource is None or not statistics.exists():  # macOS, where the kernel does not keep to the limit
        yield
        return
    with _loading:
        before = resource.getrlimit(resource.RLIMIT_AS)
        taken = int(statistics.read_text().split()[0]) * resource.getpagesize()
        most = min([taken + more, *(limit for limit in before if limit != resource.RLIM_INFINITY)])
        resource.setrlimit(resource.RLIMIT_AS, (most, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_AS, before)


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
            disabled_optimizers=["SkipLayerNormFusion"],  # the fused kernel takes four times as long as its parts
        )
    except Exception as error:  # onnxruntime has many exception classes, without a common base class
        cause = " ".join(str(error).split())
        raise UserError(
            f"{file}: not a graph that this version can run ({cause[:200]}); run `nmt export` again"
        ) from None
