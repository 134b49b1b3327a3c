"""Export of a checkpoint to two ONNX graphs: `encoder.onnx`, and `decoder.onnx` for one step of a search.

The graphs are traced from the training model, with its recurrent layers in another form (`nmt.export.recurrent_scan`),
and their products are quantized to 8 bits (`nmt.export.quantization`).  Exporting needs the extra `export`; running the
graphs (`nmt.inference.onnx_model`) needs neither that nor torch.
"""

from __future__ import annotations

import contextlib
import copy
import io
import logging
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from nmt.checkpoint.folder import DECODER_FILE, ENCODER_FILE, check_translates, open_folder, weights_digest
from nmt.checkpoint.weights import load_model
from nmt.errors import UserError
from nmt.export.recurrent_scan import ScannedLayer, StepCell, linear, reverse_node
from nmt.files import write_file_atomically
from nmt.network.attention import Encoded
from nmt.network.cells import Weights
from nmt.network.decoder import DecoderState
from nmt.network.model import Seq2Seq
from nmt.network.recurrent import states_of
from nmt.text.tokenizer import EOS

OPSET = 20
ENCODED = ["keys", "values", "mask", "final"]  # what the decoder reads of `nmt.network.attention.Encoded`
MAX_TABLE_BYTES = 64_000_000  # of the table of the first decoder layer's input products for every token


class EncoderGraph(nn.Module):
    """The encoder as it is exported."""

    def __init__(self, model: Seq2Seq) -> None:
        super().__init__()
        self.model = copy.deepcopy(model)
        if model.config.encoder.kind == "recurrent":  # convolutions are exported as they are
            self.model.encoder.layers = nn.ModuleList(map(ScannedLayer, model.encoder.layers))  # type: ignore[arg-type]

    def forward(self, source: Tensor, lengths: Tensor) -> tuple[Tensor, ...]:
        """source int64 [batch, src_len], lengths int64 [batch] -> `ENCODED`, and the decoder's initial state."""
        encoded = self.model.encode(source, lengths)
        assert encoded.mask is not None
        state = _flat(self.model.initial_state(encoded))
        return (encoded.keys, encoded.values, encoded.mask, encoded.final, *state)


class DecoderGraph(nn.Module):
    """One decoder step, for every hypothesis of every sentence, as it is exported."""

    def __init__(self, model: Seq2Seq) -> None:
        super().__init__()
        self.config = model.config
        self.decoder: Any = copy.deepcopy(model.decoder)
        self.embedding: nn.Module = model.target_embedding
        layers: Any = model.decoder.layers  # ModuleList forgets the type
        weights = [Weights.of(layer.rnn) for layer in layers]
        # The first layer's input products W x + b can be looked up for each token in a table [vocab, size of b].
        table_bytes = 4 * self.config.target_vocab * len(weights[0].input_bias)
        by_token = not self.config.decoder.input_feeding and table_bytes <= MAX_TABLE_BYTES
        if by_token:  # the first layer reads tokens instead of embeddings
            self.embedding = self.decoder.norms[0] = nn.Identity()
        self.decoder.layers = nn.ModuleList(
            StepCell(self.config.decoder.cell, its_weights, model if by_token and index == 0 else None)
            for index, its_weights in enumerate(weights)
        )
        # A copy of the matrix, even if it is tied to the embedding, whose rows are looked up and stay in float.
        self.output = linear(model.output.weight, model.output.bias)

    def forward(
        self, tokens: Tensor, keys: Tensor, values: Tensor, mask: Tensor, final: Tensor, states: list[Tensor]
    ) -> tuple[Tensor, ...]:
        """tokens int64 [batch, beam], outputs of `EncoderGraph`, and states [batch, beam, hidden] -> the largest logits
        and their tokens, [batch, beam, count]; log Z [batch, beam, 1]; all logits [batch, beam, vocab]; attention
        [batch, beam, src_len]; the next state."""
        count = states_of(self.config.decoder.cell)
        firsts = range(0, count * self.config.decoder.layers, count)
        layers = tuple(tuple(states[i : i + count]) for i in firsts)
        state = DecoderState(layers, states[-1] if self.config.decoder.input_feeding else None)
        memory = mask[:, :, None].float()  # only its length is used, and only with attention "none"
        encoded = Encoded(memory, keys, values, mask, final)
        readout, attention, state = self.decoder.step(self.embedding(tokens), state, encoded)
        logits = self.output(readout)
        top, ids = logits.topk(min(8, logits.size(-1)), dim=-1)
        # The nodes of logsumexp and of slices would take several times as long.
        first = torch.zeros(1, dtype=torch.int64)
        best = logits.softmax(dim=-1).gather(-1, ids.index_select(-1, first))
        log_z = top.index_select(-1, first) - best.log()
        return top, ids, log_z, logits, attention, *_flat(state)


def _flat(state: DecoderState) -> list[Tensor]:
    """The tensors of a state in the order of the graphs' inputs: h (and c) of each layer, then the fed readout."""
    return [part for layer in state.layers for part in layer] + ([] if state.feed is None else [state.feed])


def export(
    checkpoint: str | Path,
    out: str | Path | None = None,
    quantized: bool = True,
    shortlist: tuple[np.ndarray, np.ndarray] | None = None,
) -> list[Path]:
    """Write the graphs of a checkpoint folder into it, or into the folder `out`; returns the files.

    quantized  False: the graphs stay float32, for comparisons.
    shortlist  `table` and `always` of `nmt.export.shortlist.add_shortlist`; None: the output layer is always computed
               for the whole vocabulary.  Only with `quantized`.
    Raises UserError if the extra `export` is not installed or the folder has no model that translates."""
    try:
        import onnx  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        install = "pip install -e '.[export]' -c constraints.txt"
        raise UserError(f"exporting needs the package {error.name}: {install}") from None
    opened = open_folder(checkpoint)
    check_translates(opened)
    source = opened.folder.resolve()  # a running training may change the link `best`
    digest = weights_digest(source)
    loaded = load_model(source)
    graphs = _trace_encoder(loaded.model), _trace_decoder(loaded.model, in_blocks=shortlist is None)
    if quantized:
        from nmt.export.calibration import calibrate
        from nmt.export.quantization import compress, quantize

        for graph, ranges in zip(graphs, calibrate(*graphs, loaded.model.config), strict=True):
            quantize(graph, ranges)
            compress(graph)
    if shortlist:
        from nmt.export.shortlist import add_shortlist

        add_shortlist(*graphs, *shortlist)
    folder = Path(out or source)
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / ENCODER_FILE, folder / DECODER_FILE]
    for graph, file in zip(graphs, files, strict=True):
        graph.metadata_props.add(key="weights", value=digest)
        write_file_atomically(file, graph.SerializeToString())
    return files


def _trace_encoder(model: Seq2Seq) -> Any:
    batch, length = torch.export.Dim("batch"), torch.export.Dim("src_len")
    example = (torch.full((2, 5), EOS), torch.tensor([5, 5]))
    outputs = [*ENCODED, *_state_names(model, "state")]
    dynamic = ({0: batch, 1: length}, {0: batch})
    return _trace(EncoderGraph(model), example, ["source", "lengths"], outputs, dynamic)


def _trace_decoder(model: Seq2Seq, in_blocks: bool) -> Any:
    from nmt.export.top_k import search_in_blocks

    encoded = model.encode(torch.full((2, 5), EOS))
    states = [part.contiguous() for part in _flat(model.initial_state(encoded, beam=3))]
    mask = torch.ones(2, 5, dtype=torch.bool)
    example = (torch.full((2, 3), EOS), encoded.keys, encoded.values, mask, encoded.final, states)
    batch, beam, length = (torch.export.Dim(name) for name in ("batch", "beam", "src_len"))
    over_source, over_beams = {0: batch, encoded.keys.dim() - 2: length}, {0: batch, 1: beam}
    over_mask, over_states = {0: batch, 1: length}, [over_beams] * len(states)
    dynamic = (over_beams, over_source, over_source, over_mask, {0: batch}, over_states)
    inputs = ["tokens", *ENCODED, *_state_names(model, "state")]
    outputs = ["top", "ids", "log_z", "logits", "attention", *_state_names(model, "next")]
    graph = _trace(DecoderGraph(model), example, inputs, outputs, dynamic)
    if in_blocks:
        search_in_blocks(graph, model.config.target_vocab)
    _keep_leading_sizes(graph.graph)
    return graph


def _state_names(model: Seq2Seq, word: str) -> list[str]:
    config = model.config.decoder
    return [f"{word}_{i}" for i in range(config.layers * states_of(config.cell) + config.input_feeding)]


def _trace(module: nn.Module, example: tuple[Any, ...], inputs: list[str], outputs: list[str], dynamic: Any) -> Any:
    """The ONNX graph of a module, without inferred shapes and without file names of this machine, so that the same
    weights give the same file."""
    import onnx

    from nmt.export.quantization import bodies

    with torch.no_grad(), _quiet(), tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "graph.onnx"
        torch.onnx.export(
            module.eval(), example, file, input_names=inputs, output_names=outputs, dynamo=True,
            dynamic_shapes=dynamic, opset_version=OPSET, external_data=False,
            custom_translation_table={torch.ops.nmt.reverse.default: reverse_node},
        )  # fmt: skip
        model = onnx.load(file)
    graphs = [model.graph, *bodies(model.graph.node)]
    for graph in graphs:
        del graph.value_info[:]
    for part in (model, *graphs, *(part for g in graphs for part in (*g.node, *g.input, *g.output))):
        del part.metadata_props[:]  # the source file and line of each part
        part.doc_string = ""
    return model


def _keep_leading_sizes(graph: Any) -> None:
    """Make the shapes of Reshape nodes constant.

    The Reshape nodes here split the last dimension or join the last two.  The exporter computes the leading two sizes
    with four nodes, at every step; in a constant shape, two zeros keep them."""
    from onnx import helper, numpy_helper

    made_by = {node.output[0]: node for node in graph.node}
    constants = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        shape = made_by.get(node.input[1]) if node.op_type == "Reshape" else None
        if shape is None or shape.op_type != "Concat":
            continue
        if [name in constants for name in shape.input[:3]] != [False, False, True]:
            continue
        known = [int(numpy_helper.to_array(constants[name])[0]) for name in shape.input[2:]]
        name = f"{node.output[0]}_shape"
        graph.initializer.append(numpy_helper.from_array(np.array([0, 0, *known]), name))
        node.CopyFrom(helper.make_node("Reshape", [node.input[0], name], [node.output[0]]))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Within the block the exporter does not print its many lines of progress."""
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)
