"""The exported graphs compute what the torch model computes, and serve without torch."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nmt import UserError
from nmt.checkpoint.weights import load_model, named_weights, save_checkpoint
from nmt.config import Config
from nmt.inference.beam_search import beam_search
from nmt.inference.sampling import score_target
from nmt.inference.torch_model import TorchModel
from nmt.network.model import Seq2Seq
from nmt.text.tokenizer import EOS, PAD, load_tokenizers
from nmt.translation.translator import Translator
from tests.conftest import tiny_model_config, toy_pairs

pytest.importorskip("onnx")
pytest.importorskip("onnxscript")

from nmt.export.onnx_export import export  # noqa: E402
from nmt.inference.onnx_model import OnnxModel  # noqa: E402

# Every cell, attention, direction, kind of encoder, and input feeding at least once.
FAMILY: dict[str, dict[str, Any]] = {
    "lstm-multihead": {"cell": "lstm", "attention": "multihead"},
    "gru-additive-feeding": {"cell": "gru", "attention": "additive", "input_feeding": True},
    "gru-dot-one-direction": {"cell": "gru", "attention": "dot", "bidirectional": False},
    "rnn-general": {"cell": "rnn", "attention": "general", "layers": 1},
    "lstm-none": {"cell": "lstm", "attention": "none", "layers": 3},
    "convolutional": {"cell": "gru", "attention": "additive", "kind": "convolutional"},
}


def checkpoint(folder: Path, data: Path, **changes: Any) -> Path:
    """A random model whose sentences differ."""
    tokenizers = load_tokenizers(data)
    config = Config("es", "en", tiny_model_config(vocab=len(tokenizers[0]), **changes))
    torch.manual_seed(3)
    model = Seq2Seq(config.model)
    for parameter in model.parameters():
        parameter.data.mul_(2.0)
    save_checkpoint(folder, config, named_weights(model), tokenizers)
    return folder


@pytest.fixture(scope="module")
def served(reversal_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint folder with its graphs, in 8 bits: LSTM, multi-head attention."""
    folder = checkpoint(tmp_path_factory.mktemp("served") / "es-en", reversal_data, hidden=32)
    export(folder)
    return folder


def sources() -> tuple[np.ndarray, np.ndarray]:
    rows = [[5, 6, 7, 8, EOS], [9, EOS], [7, 7, 4, EOS], [EOS]]
    lengths = np.array([len(row) for row in rows])
    return np.array([[*row, *[PAD] * (5 - len(row))] for row in rows]), lengths


@pytest.mark.parametrize("name", FAMILY)
def test_graphs_compute_what_the_model_computes(name: str, reversal_data: Path, tmp_path: Path) -> None:
    """In float32: padded sentences, two steps with beams that changed places, all outputs."""
    folder = checkpoint(tmp_path / "model", reversal_data, **FAMILY[name])
    export(folder, quantized=False)
    source, lengths = sources()
    steps = []
    for model in (TorchModel(load_model(folder).model), OnnxModel(folder)):
        encoded = model.encode(source, lengths).select(np.array([2, 0, 1, 3]))
        state = model.initial_state(encoded).reorder(np.arange(4), np.zeros((4, 3), np.int64))
        first = model.step(np.full((4, 3), 2), state, encoded, 5, True)
        moved = first.state.reorder(np.array([3, 1]), np.array([[2, 0], [1, 1]]))
        second = model.step(np.array([[4, 5], [6, 7]]), moved, encoded.select(np.array([3, 1])), 5, True)
        steps.append([first, second])
    for expected, found in zip(*steps, strict=True):
        everywhere = tuple(index.ravel() for index in np.indices(expected.log_z.shape))
        np.testing.assert_allclose(found.logits(*everywhere), expected.logits(*everywhere), atol=2e-5)
        np.testing.assert_allclose(found.top, expected.top, atol=2e-5)
        np.testing.assert_allclose(found.log_z, expected.log_z, atol=2e-5)
        np.testing.assert_array_equal(found.ids, expected.ids)
        np.testing.assert_allclose(found.attention, expected.attention, atol=1e-5)


def test_eight_bits_stay_close_to_the_model(served: Path) -> None:
    """Log-probabilities of a search's own choices within 0.1 of float32, on sentences the size of real ones."""
    expected, found = (
        beam_search(model, *sources(), load_model(served).config.decoding)
        for model in (TorchModel(load_model(served).model), OnnxModel(served))
    )
    for one, other in zip(expected, found, strict=True):
        assert other[0].score == pytest.approx(one[0].score, abs=0.1)


@pytest.mark.parametrize("name", FAMILY)
def test_eight_bits_serve_the_whole_family(name: str, reversal_data: Path, tmp_path: Path) -> None:
    """Log-probabilities of given targets: random models of few units are hard to round, so within 0.15 on average."""
    folder = checkpoint(tmp_path / "model", reversal_data, **FAMILY[name])
    export(folder)
    targets = [[5, 6, 7], [8], [9, 10, 11, 12], [6]]
    expected, found = (
        np.concatenate([np.array(h.token_scores) for h in score_target(model, *sources(), targets)])
        for model in (TorchModel(load_model(folder).model), OnnxModel(folder))
    )
    assert 0 < np.abs(found - expected).mean() < 0.15


def test_a_graph_tells_nothing_of_the_machine_and_is_the_same_each_time(served: Path, tmp_path: Path) -> None:
    for file in export(served, tmp_path):
        graph = file.read_bytes()
        assert graph == (served / file.name).read_bytes()
        assert b".py" not in graph and str(Path.home()).encode() not in graph


def test_a_step_finds_out_no_sizes(served: Path) -> None:
    """The heads are split and joined by constant shapes."""
    import onnx

    operators = {node.op_type for node in onnx.load(served / "decoder.onnx").graph.node}
    assert "Reshape" in operators and "Shape" not in operators


@pytest.mark.parametrize("name", ["rnn-general", "gru-dot-one-direction", "lstm-none"])
def test_products_inside_scans_are_of_integers(name: str, reversal_data: Path, tmp_path: Path) -> None:
    import onnx

    from nmt.export.quantization import bodies

    folder = checkpoint(tmp_path / "model", reversal_data, **FAMILY[name])
    export(folder)
    scans = bodies(onnx.load(folder / "encoder.onnx").graph.node)
    config = load_model(folder).config.model.encoder
    assert len(scans) == config.layers * (1 + config.bidirectional)
    for scan in scans:
        operators = [node.op_type for node in scan.node]
        assert "MatMul" not in operators and "MatMulIntegerToFloat" in operators


def test_a_translator_takes_the_graphs_by_itself_on_a_cpu(served: Path, reversal_data: Path, tmp_path: Path) -> None:
    assert Translator.load(served, "cpu").runtime == "onnx"
    assert Translator.load(served, "cpu", "torch").runtime == "torch"
    plain = checkpoint(tmp_path / "plain", reversal_data)
    assert Translator.load(plain, "cpu").runtime == "torch"
    with pytest.raises(UserError, match="nmt export"):
        Translator.load(plain, "cpu", "onnx")
    with pytest.raises(UserError, match="CPU only"):
        Translator.load(served, "cuda", "onnx")
    for graph in served.glob("*.onnx"):
        (plain / graph.name).write_bytes(graph.read_bytes())
    with pytest.raises(UserError, match="encoder.onnx: made from other weights"):
        Translator.load(plain, "cpu")
    (plain / "encoder.onnx").write_bytes(b"no graph")
    (plain / "decoder.onnx").write_bytes(b"no graph")
    with pytest.raises(UserError, match=r"encoder.onnx: not a graph .* `nmt export` again"):
        Translator.load(plain, "cpu")


@pytest.mark.parametrize("batch_tokens", [1, 200])
def test_batches_side_by_side_give_what_one_after_another_gives(served: Path, batch_tokens: int) -> None:
    """Even if a batch may have fewer pieces than the beam is wide."""
    lines = [source for source, _ in toy_pairs(list, 60)]
    translator = Translator.load(served, "cpu")
    together = [t.text for t in translator.translate_batch(lines, batch_tokens=batch_tokens)]
    assert together == [translator.translate(line) for line in lines]


def test_serving_imports_no_torch(served: Path) -> None:
    code = (
        "import sys, nmt; t = nmt.Translator.load(sys.argv[1], 'cpu'); t.translate('uno dos');"
        "print(sorted({'torch', 'pyarrow', 'sacrebleu', 'datasets'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(served)], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_translates(served: Path) -> None:
    """A server that loads and warms up before it forks: the child has none of the threads that searched."""
    code = (
        "import os, sys, nmt, threading; t = nmt.Translator.load(sys.argv[1], 'cpu')\n"
        "def some(): return [x.text for x in t.translate_batch(['uno dos', 'tres', 'uno ' * 9], batch_tokens=1)]\n"
        "before = some(); assert any(x.name.startswith('search') for x in threading.enumerate())\n"
        "if not os.fork(): os._exit(some() != before)\n"
        "sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))"
    )
    assert subprocess.run([sys.executable, "-c", code, str(served)], timeout=60).returncode == 0


def test_a_lone_sentence_is_searched_in_the_thread_that_asks(served: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    threads = []

    def watched(*args: Any, **options: Any) -> Any:
        threads.append(threading.current_thread().name)
        return beam_search(*args, **options)

    monkeypatch.setattr("nmt.inference.batched_search.beam_search", watched)
    translator = Translator.load(served, "cpu")
    alone = translator.translate("uno dos")
    assert set(threads) == {threading.current_thread().name}
    threads.clear()
    assert translator.translate_batch(["uno dos", "tres"], batch_tokens=1)[0].text == alone
    assert threads and all(name.startswith("search") for name in threads)


def test_more_choices_than_pieces(served: Path) -> None:
    vocabulary = len(load_tokenizers(served)[1])
    translator = Translator.load(served, "cpu")
    assert len(translator.translate_batch(["uno dos"], beam=vocabulary)[0].text) > 0
