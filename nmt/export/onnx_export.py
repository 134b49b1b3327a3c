"""A checkpoint as ONNX graphs for serving on a CPU: `encoder.onnx`, and `decoder.onnx` for one step of search.

The graphs are traced from the modules that training uses.  Two things are written otherwise: a decoder cell is a
linear map for each gate and a few element-wise operations (a recurrent kernel would stay float32), and a layer of the
encoder is ONNX's own recurrent node, which gets the sentence lengths, so that padding counts for nothing.  What the
decoder's first layer makes of a token alone is a table.  Then recurrent nodes become scans
(`nmt.export.recurrent_scan`), and what is multiplied becomes 8-bit integers (`nmt.export.quantization`).  Needs the
extra `export`; running the graphs (`nmt.inference.onnx_model`) needs neither that nor torch.
"""

from __future__ import annotations

import contextlib
import copy
import io
import logging
import os
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, library, nn
from torch.nn import functional

from nmt.checkpoint.folder import DECODER_FILE, ENCODER_FILE, check_translates, open_folder, weights_digest
from nmt.checkpoint.weights import load_model
from nmt.config import Cell
from nmt.errors import UserError
from nmt.network.attention import Encoded
from nmt.network.model import Seq2Seq
from nmt.network.recurrent import RecurrentLayer, State, states_of
from nmt.text.tokenizer import EOS

OPSET = 20
LARGEST_TABLE = 64_000_000  # bytes of what a decoder's first layer makes of every token


class Gate(nn.Module):
    """W x + U h + b of one gate: one linear map of [x; h].

    Where x is the vector of a token, W x + b is a row of a table that is filled while the graph loads."""

    def __init__(
        self, weight: Tensor, recurrent: Tensor, bias: Tensor, vectors: TokenVectors | None = None
    ) -> None:
        super().__init__()
        self.of_token = None if vectors is None else TokenMap(weight, bias, vectors)
        self.linear = (
            _linear(torch.cat([weight, recurrent], dim=1), bias) if vectors is None else _linear(recurrent)
        )

    def forward(self, inputs: Tensor, h: Tensor) -> Tensor:
        if self.of_token is None:
            return self.linear(torch.cat([inputs, h], dim=-1))
        return self.of_token(inputs) + self.linear(h)


class TokenVectors(nn.Module):
    """What the decoder's first layer reads of each token: [vocab, embedding]."""

    def __init__(self, model: Seq2Seq) -> None:
        super().__init__()
        self.embedding, self.norm = model.target_embedding, model.decoder.norms[0]

    def forward(self) -> Tensor:
        return self.norm(self.embedding.weight * self.embedding.scale)


class TokenMap(nn.Module):
    """W x + b, where x is the vector of a token."""

    def __init__(self, weight: Tensor, bias: Tensor, vectors: TokenVectors) -> None:
        super().__init__()
        self.vectors, self.linear = vectors, _linear(weight, bias)

    def forward(self, tokens: Tensor) -> Tensor:
        return functional.embedding(tokens, self.linear(self.vectors()))


class LinearCell(nn.Module):
    """One step of a torch recurrent layer, gate by gate, as linear maps and element-wise operations.

    vectors: if given, the inputs are the tokens that these are of"""

    def __init__(self, cell: Cell, rnn: nn.RNNBase, vectors: TokenVectors | None = None) -> None:
        super().__init__()
        self.cell = cell
        names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
        # Of each gate W, U and the two biases, in torch's order.
        parts = list(zip(*(getattr(rnn, name).chunk(len(_GATES[cell])) for name in names), strict=True))

        def gate(index: int) -> Gate:
            weight, recurrent, of_input, of_state = parts[index]
            return Gate(weight, recurrent, of_input + of_state, vectors)

        if cell == "gru":
            weight, recurrent, of_input, of_state = parts[2]
            self.reset, self.update = gate(0), gate(1)
            self.new_input = (
                _linear(weight, of_input) if vectors is None else TokenMap(weight, of_input, vectors)
            )
            self.new_state = _linear(recurrent, of_state)
        elif cell == "lstm":
            self.let_in, self.forget, self.candidate, self.output = map(gate, range(4))
        else:
            self.new = gate(0)

    def forward(self, inputs: Tensor, state: State) -> State:
        """inputs [..., input_size] (or tokens [...]), each part of the state [..., hidden] -> the next state"""
        h = state[0]
        if self.cell == "rnn":
            return (torch.tanh(self.new(inputs, h)),)
        if self.cell == "gru":  # Cho et al. 2014, with the reset gate behind the product, as in torch
            reset, update = torch.sigmoid(self.reset(inputs, h)), torch.sigmoid(self.update(inputs, h))
            new = torch.tanh(self.new_input(inputs) + reset * self.new_state(h))
            return (new + update * (h - new),)
        let_in, forget = torch.sigmoid(self.let_in(inputs, h)), torch.sigmoid(self.forget(inputs, h))
        c = forget * state[1] + let_in * torch.tanh(self.candidate(inputs, h))
        return (torch.sigmoid(self.output(inputs, h)) * torch.tanh(c), c)


# A recurrent layer over whole sentences, as one node: the exporter would otherwise fix the length of the example.
@library.custom_op("nmt::recurrent", mutates_args=())
def _recurrent(
    inputs: Tensor, lengths: Tensor, weight: Tensor, recurrent: Tensor, bias: Tensor, cell: str
) -> tuple[Tensor, Tensor]:
    """inputs [batch, len, size], weights as ONNX has them -> [batch, len, hidden], [directions, batch, units]"""
    raise NotImplementedError("this operator is there to be exported")


@_recurrent.register_fake
def _(
    inputs: Tensor, lengths: Tensor, weight: Tensor, recurrent: Tensor, bias: Tensor, cell: str
) -> tuple[Tensor, Tensor]:
    directions, units = recurrent.size(0), recurrent.size(2)
    batch, length, _ = inputs.shape
    return (
        inputs.new_empty(batch, length, directions * units),
        inputs.new_empty(directions, batch, units),
    )


def _recurrent_node(inputs: Any, lengths: Any, weight: Any, recurrent: Any, bias: Any, cell: str) -> Any:
    """The same in ONNX, whose nodes know lengths: outputs are zero, and the backward direction starts, there."""
    from onnxscript import opset20 as op

    directions, _, units = recurrent.shape
    options = {"hidden_size": units, "direction": "bidirectional" if directions == 2 else "forward"}
    over_time = op.Transpose(inputs, perm=[1, 0, 2])
    lengths = op.Cast(lengths, to=6)  # int32
    if cell == "lstm":
        outputs, last, _ = op.LSTM(over_time, weight, recurrent, bias, lengths, **options)
    elif cell == "gru":
        outputs, last = op.GRU(over_time, weight, recurrent, bias, lengths, linear_before_reset=1, **options)
    else:
        outputs, last = op.RNN(over_time, weight, recurrent, bias, lengths, **options)
    return op.Reshape(op.Transpose(outputs, perm=[2, 0, 1, 3]), op.Constant(value_ints=[0, 0, -1])), last  # type: ignore[arg-type]


# The order of the gates in ONNX, as places in torch's: LSTM i o f c of i f c o; GRU z r h of r z h.
_GATES: dict[Cell, list[int]] = {"rnn": [0], "gru": [1, 0, 2], "lstm": [0, 3, 1, 2]}


class NodeLayer(nn.Module):
    """Stands in for a `RecurrentLayer` of the encoder while it is exported."""

    def __init__(self, layer: RecurrentLayer) -> None:
        super().__init__()
        self.cell = layer.cell
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            directions = [getattr(layer.rnn, f"{name}_l0")]
            directions += [getattr(layer.rnn, f"{name}_l0_reverse")] if layer.rnn.bidirectional else []
            gates = [weight.detach().chunk(len(_GATES[self.cell])) for weight in directions]
            ordered = [torch.cat([parts[i] for i in _GATES[self.cell]]) for parts in gates]
            self.register_buffer(name, torch.stack(ordered))
        biases: list[Any] = [self.bias_ih, self.bias_hh]
        self.register_buffer("bias", torch.cat(biases, dim=1))

    def forward(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, State]:
        outputs, last = _recurrent(inputs, lengths, self.weight_ih, self.weight_hh, self.bias, self.cell)
        return outputs, (last,)


class EncoderGraph(nn.Module):
    """source, lengths -> keys, values, mask, final, and the decoder's first states."""

    def __init__(self, model: Seq2Seq) -> None:
        super().__init__()
        self.model = copy.deepcopy(model)
        if model.config.encoder.kind == "recurrent":  # convolutions are exported as they are
            self.model.encoder.layers = nn.ModuleList(NodeLayer(layer) for layer in model.encoder.layers)  # type: ignore[arg-type]

    def forward(self, source: Tensor, lengths: Tensor) -> tuple[Tensor, ...]:
        encoded = self.model.encode(source, lengths)
        assert encoded.mask is not None
        first = self.model.initial_state(encoded)
        states = [part for layer in first.layers for part in layer]
        feed = [] if first.feed is None else [first.feed]
        return encoded.keys, encoded.values, encoded.mask, encoded.final, *states, *feed


class DecoderGraph(nn.Module):
    """tokens, keys, values, mask, final, states -> the best logits and their tokens, log Z, all logits,
    attention, and the next states."""

    def __init__(self, model: Seq2Seq) -> None:
        super().__init__()
        self.model = model
        cell, sizes = model.config.decoder.cell, model.config
        table_bytes = 4 * sizes.target_vocab * len(_GATES[cell]) * sizes.decoder.hidden
        self.by_token = not sizes.decoder.input_feeding and table_bytes <= LARGEST_TABLE
        self.cells = nn.ModuleList(
            LinearCell(cell, layer.rnn, TokenVectors(model) if index == 0 and self.by_token else None)  # type: ignore[arg-type]
            for index, layer in enumerate(model.decoder.layers)
        )
        # A matrix of its own: the embedding's rows are looked up, which 8-bit matrices are no good for.
        self.output = _linear(model.output.weight, model.output.bias)

    def forward(
        self, tokens: Tensor, keys: Tensor, values: Tensor, mask: Tensor, final: Tensor, states: list[Tensor]
    ) -> tuple[Tensor, ...]:
        decoder, count = self.model.decoder, states_of(self.model.config.decoder.cell)
        layers = [tuple(states[i : i + count]) for i in range(0, count * len(self.cells), count)]
        after: list[Tensor] = []

        def one_step(index: int, inputs: Tensor) -> Tensor:
            state = self.cells[index](tokens if index == 0 and self.by_token else inputs, layers[index])
            after.extend(state)
            return state[0]

        feed = states[-1] if self.model.config.decoder.input_feeding else None
        memory = mask[:, :, None].float()  # only its length matters, and only without attention
        encoded = Encoded(memory, keys, values, mask, final)
        readout, attention = decoder._stack(self.model.target_embedding(tokens), encoded, one_step, feed)
        logits = self.output(readout)
        top, ids = logits.topk(min(8, logits.size(-1)), dim=-1)
        # Not logsumexp, nor slices: those nodes take several times as long.
        first = torch.zeros(1, dtype=torch.int64)
        best = logits.softmax(dim=-1).gather(-1, ids.index_select(-1, first))
        log_z = top.index_select(-1, first) - best.log()  # [batch, beam, 1]
        return top, ids, log_z, logits, attention, *after, *([] if feed is None else [readout])


def export(checkpoint: str | Path, out: str | Path | None = None, quantised: bool = True) -> list[Path]:
    """Write the graphs of a checkpoint folder into it (or into `out`); returns the files."""
    try:
        import onnx  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise UserError(
            f"exporting needs the package {error.name}: pip install -e '.[export]' -c constraints.txt"
        ) from None
    opened = open_folder(checkpoint)
    check_translates(opened)
    source = opened.folder.resolve()  # a training may point `best` to another meanwhile
    digest = weights_digest(source)
    loaded = load_model(source)
    folder = Path(out or source)
    folder.mkdir(parents=True, exist_ok=True)
    encoder, decoder = _trace_encoder(loaded.model), _trace_decoder(loaded.model)
    if quantised:
        from nmt.export.calibration import find_bounds
        from nmt.export.quantization import compress, quantise
        from nmt.export.recurrent_scan import unroll

        unroll(encoder)
        bounds = find_bounds(encoder, decoder, loaded.model.config)
        for graph, largest in zip((encoder, decoder), bounds, strict=True):
            quantise(graph, largest)
            compress(graph)
    for graph in (encoder, decoder):
        graph.metadata_props.add(key="weights", value=digest)
    files = [folder / ENCODER_FILE, folder / DECODER_FILE]
    for graph, file in zip((encoder, decoder), files, strict=True):
        partial = file.with_name(f".{file.name}.partial")
        partial.write_bytes(graph.SerializeToString())
        os.replace(partial, file)
    return files


def _trace_encoder(model: Seq2Seq) -> Any:
    batch, length = torch.export.Dim("batch"), torch.export.Dim("src_len")
    example = (torch.full((2, 5), EOS), torch.tensor([5, 5]))
    outputs = ["keys", "values", "mask", "final", *_state_names(model, "state")]
    dynamic = ({0: batch, 1: length}, {0: batch})
    return _trace(EncoderGraph(model), example, ["source", "lengths"], outputs, dynamic)


def _trace_decoder(model: Seq2Seq) -> Any:
    from nmt.export.top_k import ask_for_count

    encoded = model.encode(torch.full((2, 5), EOS))
    first = model.initial_state(encoded, beam=3)
    states = [part.contiguous() for layer in first.layers for part in layer]
    states += [] if first.feed is None else [first.feed]
    mask = torch.ones(2, 5, dtype=torch.bool)
    example = (torch.full((2, 3), EOS), encoded.keys, encoded.values, mask, encoded.final, states)
    batch, beam, length = (torch.export.Dim(name) for name in ("batch", "beam", "src_len"))
    over_source = {0: batch, encoded.keys.dim() - 2: length}
    dynamic = ({0: batch, 1: beam}, over_source, over_source, {0: batch, 1: length}, {0: batch},
               [{0: batch, 1: beam}] * len(states))  # fmt: skip
    names = ["tokens", "keys", "values", "mask", "final", *_state_names(model, "state")]
    outputs = ["top", "ids", "log_z", "logits", "attention", *_state_names(model, "next")]
    graph = _trace(DecoderGraph(model), example, names, outputs, dynamic)
    ask_for_count(graph, model.config.target_vocab)
    _keep_leading_sizes(graph.graph)
    return graph


def _state_names(model: Seq2Seq, word: str) -> list[str]:
    config = model.config.decoder
    count = config.layers * states_of(config.cell) + config.input_feeding
    return [f"{word}_{i}" for i in range(count)]


def _trace(
    module: nn.Module, example: tuple[Any, ...], inputs: list[str], outputs: list[str], dynamic: Any
) -> Any:
    """The ONNX graph of a module, without shapes inferred for the example: nothing of this machine is in it, and
    the same weights give the same file."""
    import onnx

    with torch.no_grad(), _quiet(), tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "graph.onnx"
        torch.onnx.export(
            module.eval(), example, file, input_names=inputs, output_names=outputs, dynamo=True,
            dynamic_shapes=dynamic, opset_version=OPSET, external_data=False,
            custom_translation_table={torch.ops.nmt.recurrent.default: _recurrent_node},
        )  # fmt: skip
        graph = onnx.load(file)
    del graph.graph.value_info[:]
    for part in (graph, graph.graph, *graph.graph.node, *graph.graph.input, *graph.graph.output):
        del part.metadata_props[:]  # where in which file each node comes from, on this machine
        part.doc_string = ""
    return graph


def _keep_leading_sizes(graph: Any) -> None:
    """Reshapes here split the last dimension or join the last two.  The exporter has the other sizes found out by four
    nodes, at every step; that they stay as they are can be said by two zeros."""
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


def _linear(weight: Any, bias: Any = None) -> nn.Linear:
    linear = nn.Linear(weight.size(1), weight.size(0), bias=bias is not None)
    linear.weight.data = weight.data.clone()
    if bias is not None:
        linear.bias.data = bias.data.clone()
    return linear


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The exporter reports its progress in many lines."""
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)
