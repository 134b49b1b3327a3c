"""A sentence as one vector and back: the decoder of a model without attention reads that vector alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from nmt.checkpoint.weights import Checkpoint, load_model, named_weights, save_checkpoint
from nmt.config import Config, DataConfig, TrainingConfig, dump_config
from nmt.errors import UserError
from nmt.inference.beam_search import beam_search
from nmt.inference.torch_model import TorchModel
from nmt.lab.vectors import decode_vectors, interpolate, sentence_vector, similarity
from nmt.network.model import Seq2Seq
from nmt.text.tokenizer import EOS
from nmt.training.trainer import train
from nmt.translation.translator import Translator
from tests.conftest import run_lab, tiny_model_config, toy_pairs, write_dataset

SENTENCES = ["uno dos", "tres", "diez nueve ocho", "cuatro cinco seis siete"]


@pytest.fixture(scope="module", params=["gru", "lstm"])
def checkpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """Learned to repeat up to four words by one vector: well enough that different vectors say different things."""
    folder = tmp_path_factory.mktemp("copy")
    pairs = [pair for pair in toy_pairs(list, 900, longest=4)]
    data = write_dataset(folder / "data", {"train": pairs[:800], "dev": pairs[800:]})
    config = Config(
        model=tiny_model_config(cell=request.param, attention="none", vocab=0, hidden=64, layers=1),
        data=DataConfig(batch_tokens=600, max_length=24),
        training=TrainingConfig(
            steps=150,
            lr=1e-2,
            warmup=10,
            precision="float32",
            validate_every=150,
            save_every=150,
            valid_sentences=5,
            samples=1,
        ),
    )
    (folder / "recipe.yaml").write_text(dump_config(config), encoding="utf-8")
    train(folder / "recipe.yaml", data, folder / "run")
    return load_model(folder / "run")


def with_attention(checkpoint: Checkpoint, kind: str, folder: Path) -> Path:
    """The same kind of model, untrained, but with attention."""
    model = replace(checkpoint.config.model, attention=replace(checkpoint.config.model.attention, kind=kind, size=64))
    tokenizers = checkpoint.source_tokenizer, checkpoint.target_tokenizer
    config = replace(checkpoint.config, model=model)
    save_checkpoint(folder, config, named_weights(Seq2Seq(model)), tokenizers)
    return folder


def test_a_vector_is_the_encoders_last_state(checkpoint: Checkpoint) -> None:
    """Recomputed layer by layer: the last state forwards beside the last state backwards."""
    ids = torch.tensor([[*checkpoint.source_tokenizer.encode("uno dos tres"), EOS]])
    model = checkpoint.model
    with torch.inference_mode():
        embedded = model.encoder.norms[0](model.source_embedding(ids))
        states, _ = model.encoder.layers[0].rnn(embedded)
    units = states.size(-1) // 2
    expected = torch.cat([states[0, -1, :units], states[0, 0, units:]])
    torch.testing.assert_close(sentence_vector(checkpoint, "uno dos tres"), expected)


def test_from_its_vector_a_sentence_is_translated_as_ever(checkpoint: Checkpoint) -> None:
    """By `Translator`, which knows nothing of vectors."""
    translator = Translator.load(checkpoint.folder, "cpu", "torch")
    vectors = torch.stack([sentence_vector(checkpoint, sentence) for sentence in SENTENCES])
    for beam in (1, 4):
        ordinary = [result.text for result in translator.translate_batch(SENTENCES, beam=beam)]
        assert decode_vectors(checkpoint, vectors, beam) == ordinary
    assert len(set(ordinary)) == len(SENTENCES)  # they are told apart, so the vector does say something


def test_the_ends_of_the_line_are_the_two_sentences(checkpoint: Checkpoint) -> None:
    translator = Translator.load(checkpoint.folder, "cpu", "torch")
    start, end = (sentence_vector(checkpoint, sentence) for sentence in SENTENCES[2:])
    decoded = decode_vectors(checkpoint, interpolate(start, end, 5))
    assert len(decoded) == 5
    assert decoded[0] == translator.translate(SENTENCES[2])
    assert decoded[-1] == translator.translate(SENTENCES[3])
    assert decoded[0] != decoded[-1]


def test_points_lie_evenly_on_the_line_and_its_ends_are_exact() -> None:
    start, end = torch.randn(7), torch.randn(7)
    points = interpolate(start, end, 5)
    assert torch.equal(points[0], start) and torch.equal(points[-1], end)
    torch.testing.assert_close(points[2], (start + end) / 2)
    torch.testing.assert_close(points.diff(dim=0), ((end - start) / 4).expand(4, -1))
    with pytest.raises(UserError, match="at least the 2 ends"):
        interpolate(start, end, 1)


def test_similarity_is_the_cosine() -> None:
    one, other = torch.tensor([3.0, 0.0]), torch.tensor([2.0, 2.0])
    assert similarity(one, one) == pytest.approx(1)
    assert similarity(one, -one) == pytest.approx(-1)
    assert similarity(one, other) == pytest.approx(np.sqrt(0.5))


class Distorted(TorchModel):
    """Everything that the model read is replaced by noise, but for the final vector."""

    def encode(self, source, lengths=None):  # type: ignore[no-untyped-def]
        encoded = super().encode(source, lengths)
        noise = torch.randn_like(encoded.encoded.memory)
        return encoded._replace(encoded=encoded.encoded._replace(memory=noise, keys=noise, values=noise))


def test_nothing_but_the_vector_counts(checkpoint: Checkpoint, tmp_path: Path) -> None:
    """Noise in place of the encoder's states changes no score of a model without attention; with attention it
    does."""
    ids = np.array([[*checkpoint.source_tokenizer.encode(SENTENCES[2]), EOS]])

    def scores(kind: type[TorchModel], model: Seq2Seq) -> list[tuple[float, ...]]:
        found = beam_search(kind(model), ids, None, checkpoint.config.decoding, n_best=3)
        return [hypothesis.token_scores for hypothesis in found[0]]

    assert scores(Distorted, checkpoint.model) == scores(TorchModel, checkpoint.model)
    attentive = load_model(with_attention(checkpoint, "additive", tmp_path / "additive")).model
    assert scores(Distorted, attentive) != scores(TorchModel, attentive)


def test_another_vector_says_something_else(checkpoint: Checkpoint) -> None:
    """So that decoding does read the vector that it is given."""
    one, other = (sentence_vector(checkpoint, SENTENCES[i]) for i in (0, 3))
    first, second = decode_vectors(checkpoint, torch.stack([one, other]))
    assert decode_vectors(checkpoint, torch.stack([other, one])) == [second, first]
    assert first != second


@pytest.mark.parametrize("kind", ["additive", "dot", "general", "multihead"])
def test_a_model_with_attention_is_refused_with_the_reason(checkpoint: Checkpoint, kind: str, tmp_path: Path) -> None:
    attentive = load_model(with_attention(checkpoint, kind, tmp_path / kind))
    message = f"by {kind} attention, the encoder's states at all positions.*attention.kind=none"
    with pytest.raises(UserError, match=message):
        sentence_vector(attentive, "uno")
    with pytest.raises(UserError, match=message):
        decode_vectors(attentive, torch.zeros(1, 64))


def test_an_empty_sentence_has_no_vector(checkpoint: Checkpoint) -> None:
    with pytest.raises(UserError, match="empty sentence"):
        sentence_vector(checkpoint, "  ")


def test_the_command_shows_vector_and_sentences(checkpoint: Checkpoint, capsys: pytest.CaptureFixture[str]) -> None:
    translator = Translator.load(checkpoint.folder, "cpu", "torch")
    first, second = (translator.translate(sentence) for sentence in SENTENCES[:2])
    run_lab("vector", "--model", str(checkpoint.folder), SENTENCES[0])
    described, again = capsys.readouterr().out.splitlines()
    norm = sentence_vector(checkpoint, SENTENCES[0]).norm()
    assert described == f"{SENTENCES[0]}\t64 numbers, norm {norm:.2f}"
    assert again == first
    run_lab("vector", "--model", str(checkpoint.folder), "--steps", "3", *SENTENCES[:2])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("\t")[0] for line in lines[3:]] == ["0.00", "0.50", "1.00"]
    assert (lines[3].split("\t")[1], lines[5].split("\t")[1]) == (first, second)
    assert lines[2].startswith("distance ")
    with pytest.raises(SystemExit, match="2"):
        run_lab("vector", "--model", str(checkpoint.folder), "uno", "dos", "tres")
