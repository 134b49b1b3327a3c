"""What `look_inside` shows is what the model and the search did."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nmt import Translator, UserError
from nmt.checkpoint.weights import load_model, named_weights, save_checkpoint
from nmt.commands.main import main
from nmt.config import Config, DecodingConfig
from nmt.inference.beam_search import beam_search
from nmt.inference.sampling import score_target
from nmt.inference.torch_model import TorchModel
from nmt.lab.beam_tree import beam_tree
from nmt.lab.gates import recording
from nmt.lab.inside import look_inside
from nmt.network.model import Seq2Seq
from nmt.text.tokenizer import BOS, EOS, load_tokenizers
from tests.conftest import tiny_model_config

FAMILY: dict[str, dict[str, Any]] = {
    "lstm-multihead": {"cell": "lstm", "attention": "multihead"},
    "gru-additive-feeding": {"cell": "gru", "attention": "additive", "input_feeding": True},
    "rnn-general-one-direction": {"cell": "rnn", "attention": "general", "bidirectional": False},
    "lstm-none": {"cell": "lstm", "attention": "none", "layers": 3},
}
SENTENCE = "uno dos tres cuatro"


def checkpoint(
    folder: Path, data: Path, decoding: DecodingConfig | None = None, scale: float = 2.0, **changes: Any
) -> Path:
    """A random model whose sentences differ."""
    tokenizers = load_tokenizers(data)
    config = Config("es", "en", tiny_model_config(vocab=len(tokenizers[0]), **changes))
    if decoding:
        config = Config("es", "en", config.model, decoding=decoding)
    torch.manual_seed(3)
    model = Seq2Seq(config.model)
    for parameter in model.parameters():
        parameter.data.mul_(scale)
    save_checkpoint(folder, config, named_weights(model), tokenizers)
    return folder


@pytest.fixture(scope="module")
def folder(reversal_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoint(tmp_path_factory.mktemp("lab") / "es-en", reversal_data, hidden=16)


def ids_of(folder: Path, text: str) -> list[int]:
    return load_tokenizers(folder)[0].encode(text)


@pytest.mark.parametrize("name", FAMILY)
def test_gates_reproduce_the_outputs_of_every_fused_layer(name: str, reversal_data: Path, tmp_path: Path) -> None:
    loaded = load_model(checkpoint(tmp_path / "model", reversal_data, hidden=16, **FAMILY[name]))
    model = loaded.model
    layers = {f"encoder {i}": layer for i, layer in enumerate(model.encoder.layers)}
    layers |= {f"decoder {i}": layer for i, layer in enumerate(model.decoder.layers)}
    source = torch.tensor([[*ids_of(loaded.folder, SENTENCE), EOS]])
    with torch.no_grad(), recording(layers) as caught:  # type: ignore[arg-type]
        model(source, None, torch.tensor([[BOS, 5, 6, 7, 8]]))
    assert len(caught) == len(layers)
    for one in caught:
        together = torch.cat([direction.series()["hidden"] for direction in one.directions()], dim=1)
        torch.testing.assert_close(together, torch.cat(one.outputs), rtol=0, atol=1e-5)


def test_shown_gates_and_states_belong_to_their_tokens(folder: Path) -> None:
    """The sample of hidden units, where its names say, against the encoder run layer by layer."""
    inside = look_inside(folder, SENTENCE, units=3)
    model = load_model(folder).model
    source = torch.tensor([[*ids_of(folder, SENTENCE), EOS]])
    assert inside.source_tokens == load_tokenizers(folder)[0].pieces(source[0].tolist())
    with torch.no_grad():
        outputs, _ = model.encoder.layers[0](model.encoder.norms[0](model.source_embedding(source)))
    forward, backward = inside.layers[:2]
    assert (forward.name, backward.name) == ("encoder layer 1 forward", "encoder layer 1 backward")
    assert forward.tokens == inside.source_tokens and forward.units == [0, 3, 7]
    for layer, first in ((forward, 0), (backward, 8)):
        expected = outputs[0][:, [first + unit for unit in layer.units]].T
        np.testing.assert_allclose(layer.sample["hidden"], expected, atol=1e-5)
        half = outputs[0][:, first : first + 8]
        np.testing.assert_allclose(layer.means["hidden"], half.square().mean(dim=1).sqrt(), atol=1e-5)
    assert set(forward.means) == {"input", "forget", "candidate", "output", "hidden", "memory"}
    assert all(0 <= share <= 1 for row in forward.sample["forget"] for share in row)
    assert inside.layers[-1].tokens == ["<s>", *(t for t in inside.target_tokens if t != "</s>")]


DECODINGS = {
    "plain": DecodingConfig(beam=4),
    "coverage": DecodingConfig(beam=3, coverage_penalty=0.3, length_penalty=0.6),
    "greedy": DecodingConfig(beam=1, no_repeat_ngram=2),
    "one of each": DecodingConfig(beam=5, no_repeat_ngram=1, max_length_extra=2),
}


@pytest.mark.parametrize("name", DECODINGS)
@pytest.mark.parametrize("scale", [1.0, 3.0])  # of the weights: hypotheses that end early and late
def test_the_trees_kept_path_is_what_beam_search_returned(
    name: str, scale: float, reversal_data: Path, tmp_path: Path
) -> None:
    path = checkpoint(tmp_path / "model", reversal_data, DECODINGS[name], scale)
    model = TorchModel(load_model(path).model)
    for text in (SENTENCE, "diez", "seis siete ocho nueve diez uno"):
        source = np.array([[*ids_of(path, text), EOS]])
        tree, _, _ = beam_tree(model, source, DECODINGS[name])
        expected = beam_search(model, source, None, DECODINGS[name])[0][0]
        spelled = [tree.candidates[i].token for i in tree.best]
        assert spelled == [*expected.tokens, *[EOS] * expected.finished]
        assert [tree.candidates[i].log_prob for i in tree.best] == list(expected.token_scores)
        assert tree.score == expected.score
        if expected.finished:
            assert tree.candidates[tree.best[-1]].rank == expected.score
            ranks = [c.rank for c in tree.candidates if c.rank is not None]
            assert max(ranks) == expected.score


@pytest.mark.parametrize("name", DECODINGS)
def test_no_dropped_candidate_scores_better_than_what_was_kept(name: str, reversal_data: Path, tmp_path: Path) -> None:
    path = checkpoint(tmp_path / "model", reversal_data, DECODINGS[name])
    tree, _, steps = beam_tree(
        TorchModel(load_model(path).model), np.array([[*ids_of(path, SENTENCE), EOS]]), DECODINGS[name]
    )
    dropped_any = False
    for t in range(len(steps)):
        kept = [c for c in tree.candidates if c.step == t and c.kept]
        dropped = [c for c in tree.candidates if c.step == t and not c.kept]
        assert kept and max((c.score for c in dropped), default=-np.inf) <= min(c.score for c in kept)
        dropped_any |= bool(dropped)
        for c in kept + dropped:
            parent = None if c.parent is None else tree.candidates[c.parent]
            assert (parent is None) == (t == 0)
            if parent:
                assert parent.kept and not parent.ended and parent.step == t - 1
                assert c.score == pytest.approx(parent.score + c.log_prob, abs=1e-4)
    assert dropped_any == (DECODINGS[name].beam > 1)


@pytest.mark.parametrize("name", FAMILY)
def test_token_probabilities_are_those_of_score_target(name: str, reversal_data: Path, tmp_path: Path) -> None:
    path = checkpoint(tmp_path / "model", reversal_data, **FAMILY[name])
    inside = look_inside(path, SENTENCE, translation="tres dos")
    assert (inside.given, inside.translation) == (True, "tres dos")
    target, source = ids_of(path, "tres dos"), np.array([[*ids_of(path, SENTENCE), EOS]])
    model = load_model(path).model
    scored = score_target(TorchModel(model), source, None, [target])[0]
    assert [token.log_prob for token in inside.tokens] == list(scored.token_scores)
    assert inside.log_prob == pytest.approx(sum(scored.token_scores))
    # And of the whole sentence at once, as training computes them.
    with torch.no_grad():
        readouts = model(torch.from_numpy(source), None, torch.tensor([[BOS, *target]]))
        shares = model.project(readouts)[0].softmax(dim=-1)
    pieces = load_tokenizers(path)[1]
    for row, token, id in zip(shares, inside.tokens, [*target, EOS], strict=True):
        assert token.probability == pytest.approx(row[id].item(), rel=1e-3)
        assert token.place == 1 + int((row > row[id]).sum())
        best = row.topk(5)
        assert [piece for piece, _ in token.alternatives] == pieces.pieces(best.indices.tolist())
        assert [share for _, share in token.alternatives] == pytest.approx(best.values.tolist(), rel=1e-3)
    if name == "lstm-none":
        assert inside.attention is None
    else:
        attention = np.array(inside.attention)
        assert attention.shape == (len(target) + 1, source.shape[1])
        np.testing.assert_allclose(attention.sum(axis=1), 1.0, atol=1e-5)


def test_the_models_own_translation_is_what_the_translator_writes(folder: Path) -> None:
    translator = Translator.load(folder, "cpu", "torch")
    expected = translator.translate_batch([SENTENCE], with_attention=True)[0]
    for inside in (look_inside(translator, SENTENCE), look_inside(load_model(folder), f" {SENTENCE}\n")):
        assert not inside.given and inside.translation == expected.text
        assert [token for token in inside.target_tokens if token != "</s>"] == expected.tokens
        assert inside.log_prob / len(inside.tokens) == pytest.approx(expected.score, abs=1e-5)
        np.testing.assert_allclose(inside.attention, expected.attention, atol=1e-6)


def test_weights_that_change_are_read_again(reversal_data: Path, tmp_path: Path) -> None:
    path = checkpoint(tmp_path / "model", reversal_data)
    before = look_inside(path, SENTENCE, "uno").log_prob
    checkpoint(path, reversal_data, scale=1.5)
    assert look_inside(path, SENTENCE, "uno").log_prob != before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((" ",), "the sentence is empty"),
        ((SENTENCE, ""), "the translation is empty"),
        (("uno " * 200,), r"the sentence has \d+ pieces, the model reads at most 100"),
        ((SENTENCE, None, 5000), "more than 1000 hypotheses"),
        ((SENTENCE, None, 5, 0), "0 units: at least 1"),
    ],
)
def test_what_cannot_be_looked_at_is_refused(folder: Path, arguments: tuple, message: str) -> None:
    with pytest.raises(UserError, match=message):
        look_inside(folder, *arguments)


# The command


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_command_prints_tables_and_writes_data_and_pictures(
    suffix: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    options = ["--json", str(tmp_path / "x.json"), "--plot", str(tmp_path / f"x.{suffix}")]
    sentence = [SENTENCE, "--translation", "dos $uno$"]
    assert main(["lab", "inside", "--model", str(folder), *sentence, *options]) == 0
    output = capsys.readouterr().out
    data = json.loads((tmp_path / "x.json").read_text(encoding="utf-8"))
    assert data == json.loads(json.dumps(look_inside(folder, SENTENCE, "dos $uno$").as_dict()))
    assert f"log-probability {data['log_prob']:.2f}" in output and "decoder layer 2 (lstm)" in output
    pictures = sorted(path.name for path in tmp_path.glob(f"x-*.{suffix}"))
    assert pictures == [f"x-{name}.{suffix}" for name in ("attention", "beam", "gates", "tokens")]
    start = b"<?xml" if suffix == "svg" else b"\x89PNG"
    assert all((tmp_path / name).read_bytes().startswith(start) for name in pictures)


def test_a_model_without_attention_has_no_picture_of_it(
    reversal_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    path = checkpoint(tmp_path / "model", reversal_data, **FAMILY["lstm-none"])
    assert main(["lab", "inside", "--model", str(path), "uno", "--plot", str(tmp_path / "x.svg")]) == 0
    assert sorted(p.name for p in tmp_path.glob("x-*")) == ["x-beam.svg", "x-gates.svg", "x-tokens.svg"]


def test_the_same_data_gives_the_same_picture(folder: Path, tmp_path: Path) -> None:
    plots = pytest.importorskip("nmt.lab.plots")
    inside = look_inside(folder, SENTENCE)
    for name in ("a.svg", "b.svg"):
        plots.save(plots.beam_figure(inside), tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_command_refuses_an_empty_sentence_in_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lab", "inside", "--model", str(folder), ""]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "nmt: error: inside: the sentence is empty; give one with at least a word\n"


def test_the_command_line_imports_neither_torch_nor_matplotlib_for_the_lab() -> None:
    code = (
        "import sys; from nmt.commands.main import build_parser; "
        "build_parser().parse_args(['lab', 'recall', '--quick']);"
        "print(sorted({'torch', 'matplotlib', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
