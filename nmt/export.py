"""A checkpoint as ONNX graphs for serving on a CPU: `encoder.onnx`, and `decoder.onnx` for one step of search.

The graphs are traced from the modules that training uses.  Two things are written otherwise: a decoder cell is
two linear maps and a few element-wise operations (a recurrent kernel would stay float32), and a layer of the
encoder is ONNX's own recurrent node, which gets the sentence lengths, so that padding counts for nothing.  Then
come 8-bit integers (`nmt.quantisation`).  Needs the extra `export`; running the graphs
(`nmt.onnx_runtime`) needs neither that nor torch.
"""

from __future__ import annotations

import contextlib
import copy
import io
import logging
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from nmt.attention import Encoded
from nmt.checkpoint import load_model
from nmt.checkpoint_folder import open_folder, weights_digest
from nmt.config import Cell
from nmt.errors import UserError
from nmt.model import Seq2Seq
from nmt.recurrent import RecurrentLayer, State, states_of
from nmt.runtimes import DECODER_FILE, ENCODER_FILE
from nmt.tokenizer import EOS

OPSET = 20


class LinearCell(nn.Module):
    """One step of a torch recurrent layer as linear maps of its input and its state."""

    def __init__(self, cell: Cell, rnn: nn.RNNBase) -> None:
        super().__init__()
        self.cell = cell
        self.input = _linear(rnn.weight_ih_l0, rnn.bias_ih_l0)
        self.recurrent = _linear(rnn.weight_hh_l0, rnn.bias_hh_l0)

    def forward(self, inputs: Tensor, state: State) -> State:
        """inputs [..., input_size], each part of the state [..., hidden] -> the next state"""
        h = state[0]
        from_input, from_state = self.input(inputs), self.recurrent(h)
        if self.cell == "rnn":
            return (torch.tanh(from_input + from_state),)
        if self.cell == "gru":  # Cho et al. 2014, with the reset gate behind the product, as in torch
            reset_x, update_x, new_x = from_input.chunk(3, dim=-1)
            reset_h, update_h, new_h = from_state.chunk(3, dim=-1)
            new = torch.tanh(new_x + torch.sigmoid(reset_x + reset_h) * new_h)
            return (new + torch.sigmoid(update_x + update_h) * (h - new),)
        let_in, forget, candidate, output = (from_input + from_state).chunk(4, dim=-1)
        c = torch.sigmoid(forget) * state[1] + torch.sigmoid(let_in) * torch.tanh(candidate)
        return (torch.sigmoid(output) * torch.tanh(c), c)


# A recurrent layer over whole sentences, as one node: the exporter would otherwise fix the length of the example.
@torch.library.custom_op("nmt::recurrent", mutates_args=())
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
        cell = model.config.decoder.cell
        self.cells = nn.ModuleList(LinearCell(cell, layer.rnn) for layer in model.decoder.layers)  # type: ignore[arg-type]
        # A matrix of its own: the embedding's rows are looked up, which 8-bit matrices are no good for.
        self.output = _linear(model.output.weight, model.output.bias)

    def forward(
        self, tokens: Tensor, keys: Tensor, values: Tensor, mask: Tensor, final: Tensor, states: list[Tensor]
    ) -> tuple[Tensor, ...]:
        decoder, count = self.model.decoder, states_of(self.model.config.decoder.cell)
        layers = [tuple(states[i : i + count]) for i in range(0, count * len(self.cells), count)]
        after: list[Tensor] = []

        def one_step(index: int, inputs: Tensor) -> Tensor:
            state = self.cells[index](inputs, layers[index])
            after.extend(state)
            return state[0]

        feed = states[-1] if self.model.config.decoder.input_feeding else None
        memory = mask[:, :, None].float()  # only its length matters, and only without attention
        encoded = Encoded(memory, keys, values, mask, final)
        readout, attention = decoder._stack(self.model.target_embedding(tokens), encoded, one_step, feed)
        logits = self.output(readout)
        top, ids = logits.topk(min(8, logits.size(-1)), dim=-1)
        # Not logsumexp: that node takes ten times as long.
        log_z = top[..., 0] - logits.log_softmax(dim=-1).gather(-1, ids[..., :1]).squeeze(-1)
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
    source = open_folder(checkpoint).folder.resolve()  # a training may point `best` to another meanwhile
    digest = weights_digest(source)
    loaded = load_model(source)
    folder = Path(out or source)
    folder.mkdir(parents=True, exist_ok=True)
    encoder, decoder = _trace_encoder(loaded.model), _trace_decoder(loaded.model)
    if quantised:
        from nmt.quantisation import compress, quantise

        quantise(decoder, _within_one(decoder))
        compress(encoder)
        compress(decoder)
    for graph in (encoder, decoder):
        graph.metadata_props.add(key="weights", value=digest)
    files = [folder / ENCODER_FILE, folder / DECODER_FILE]
    for graph, file in zip((encoder, decoder), files, strict=True):
        partial = file.with_name(f".{file.name}.partial")
        partial.write_bytes(graph.SerializeToString())
        os.replace(partial, file)
    return files


def _within_one(graph: Any) -> Callable[[str], bool]:
    """Hidden states and what comes out of tanh have no value beyond ±1.  (An LSTM's cell states do, but they are
    multiplied with no matrix.)"""
    bounded = {name for node in graph.graph.node if node.op_type == "Tanh" for name in node.output}
    return lambda vector: vector in bounded or vector.startswith("state_")


def _trace_encoder(model: Seq2Seq) -> Any:
    batch, length = torch.export.Dim("batch"), torch.export.Dim("src_len")
    example = (torch.full((2, 5), EOS), torch.tensor([5, 5]))
    outputs = ["keys", "values", "mask", "final", *_state_names(model, "state")]
    dynamic = ({0: batch, 1: length}, {0: batch})
    return _trace(EncoderGraph(model), example, ["source", "lengths"], outputs, dynamic)


def _trace_decoder(model: Seq2Seq) -> Any:
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
    _ask_for_count(graph)
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


def _ask_for_count(model: Any) -> None:
    """How many of the best logits are wanted becomes an input of the graph, int64 [1]."""
    from onnx import TensorProto, helper

    (node,) = (node for node in model.graph.node if node.op_type == "TopK")
    node.input[1] = "count"
    model.graph.input.append(helper.make_tensor_value_info("count", TensorProto.INT64, [1]))
    for output in model.graph.output:  # their last size is no longer the example's
        if output.name in ("top", "ids"):
            output.type.tensor_type.shape.dim[-1].Clear()


def _linear(weight: Any, bias: Any) -> nn.Linear:
    linear = nn.Linear(weight.size(1), weight.size(0))
    linear.weight.data, linear.bias.data = weight.data.clone(), bias.data.clone()
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
