"""The convolutional encoder: the paper's formula, what it sees, and that padding counts for nothing."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path

import numpy as np
import pytest
import torch

from nmt.checkpoint.weights import load_model, named_weights, save_checkpoint
from nmt.commands.info import describe
from nmt.config import Config, EncoderConfig, ModelConfig, dump_config, load_config
from nmt.errors import UserError
from nmt.network.convolutional_encoder import (
    ConvolutionalEncoder,
    GatedConvolution,
    dilations,
    receptive_field,
)
from nmt.network.model import Seq2Seq
from nmt.text.tokenizer import load_tokenizers
from nmt.training.trainer import train
from tests.conftest import tiny_model_config, tiny_recipe

ATTENTIONS = ("none", "additive", "dot", "general", "multihead")


def encoder_config(layers: int = 3, kernel: int = 3, dilations: int = 6, hidden: int = 8) -> EncoderConfig:
    return EncoderConfig(layers=layers, hidden=hidden, kind="convolutional", kernel=kernel, dilations=dilations)


def build(config: ModelConfig) -> Seq2Seq:
    torch.manual_seed(0)
    model = Seq2Seq(config).eval()
    with torch.no_grad():  # away from the initial zeros, so that no term can hide
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return model


def family(attention: str = "multihead", **changes: object) -> ModelConfig:
    config = tiny_model_config("gru", attention, kind="convolutional", **changes)  # type: ignore[arg-type]
    return dataclasses.replace(config, encoder=encoder_config())


def test_a_layer_is_the_papers_formula() -> None:
    """van den Oord et al. 2016, eq. 2, unit by unit, with nothing before the beginning and after the end."""
    torch.manual_seed(0)
    layer = GatedConvolution(size=3, hidden=2, kernel=5, dilation=2)
    torch.nn.init.normal_(layer.convolution.bias)  # type: ignore[arg-type]
    inputs = torch.randn(1, 7, 3)
    weight, bias = layer.convolution.weight.detach().numpy(), layer.convolution.bias.detach().numpy()  # type: ignore[union-attr]
    x, expected = inputs[0].numpy(), np.zeros((7, 2))
    for position, unit in itertools.product(range(7), range(2)):
        filtered, gate = bias[unit], bias[unit + 2]
        for tap in range(5):
            read = position + 2 * (tap - 2)
            if 0 <= read < 7:
                filtered += weight[unit, :, tap] @ x[read]
                gate += weight[unit + 2, :, tap] @ x[read]
        expected[position, unit] = np.tanh(filtered) / (1 + np.exp(-gate))
    mixed = expected @ layer.mix.weight.detach().numpy().T + layer.mix.bias.detach().numpy()
    np.testing.assert_allclose(layer(inputs)[0].detach().numpy(), mixed, atol=1e-6)


@pytest.mark.parametrize("layers,kernel,cycle", [(1, 3, 6), (3, 3, 6), (4, 3, 2), (2, 5, 6), (2, 1, 6)])
def test_a_state_depends_on_exactly_its_receptive_field(layers: int, kernel: int, cycle: int) -> None:
    """Measured: which inputs the state in the middle has a gradient by.  As many on either side."""
    config = dataclasses.replace(tiny_model_config(), encoder=encoder_config(layers, kernel, cycle), layer_norm=True)
    torch.manual_seed(0)
    embedded = torch.randn(1, 61, 8, requires_grad=True)
    memory, _ = ConvolutionalEncoder(config)(embedded)
    (gradient,) = torch.autograd.grad(memory[0, 30].square().sum(), embedded)
    (read,) = gradient[0].abs().sum(-1).nonzero(as_tuple=True)
    apart = dilations(config.encoder)
    assert apart == [2 ** (layer % cycle) for layer in range(layers)]
    seen = receptive_field(config.encoder)
    assert read.tolist() == list(range(30 - seen // 2, 30 + seen // 2 + 1))
    assert len(read) == seen


def test_dilations_double_and_begin_again() -> None:
    assert dilations(encoder_config(8, dilations=3)) == [1, 2, 4, 1, 2, 4, 1, 2]
    assert receptive_field(encoder_config(10, kernel=3, dilations=10)) == 2047  # 1 + 2 (1 + 2 + … + 512)


@pytest.mark.parametrize("norm", [False, True])
@pytest.mark.parametrize("attention", ATTENTIONS)
def test_padding_and_neighbours_change_no_logits(attention: str, norm: bool) -> None:
    model = build(family(attention, layer_norm=norm, residual=norm))
    random = torch.Generator().manual_seed(1)
    source = torch.randint(4, 20, (4, 9), generator=random)
    target = torch.randint(4, 20, (4, 5), generator=random)
    lengths = torch.tensor([9, 1, 4, 9])
    with torch.inference_mode():
        together = model.project(model(source, lengths, target))
        for row, length in enumerate(lengths):
            one, its_target = source[row : row + 1, :length], target[row : row + 1]
            alone = model.project(model(one, None, its_target))
            torch.testing.assert_close(together[row], alone[0], atol=1e-5, rtol=1e-4)
            told = model.project(model(one, lengths[row : row + 1], its_target))
            torch.testing.assert_close(told, alone, atol=1e-5, rtol=1e-4)


def test_what_padding_holds_is_never_read() -> None:
    """Whatever stands there: the same states, and no gradient by it."""
    torch.manual_seed(0)
    encoder, lengths = ConvolutionalEncoder(family()).eval(), torch.tensor([6, 2])
    embedded = torch.randn(2, 6, 8)
    loud = embedded.clone()
    loud[1, 2:] = 1e6
    loud.requires_grad_()
    expected, found = encoder(embedded, lengths), encoder(loud, lengths)
    torch.testing.assert_close(found, expected, rtol=0, atol=0)
    assert not found[0][1, 2:].any()
    (gradient,) = torch.autograd.grad(sum(part.square().sum() for part in found), loud)
    assert gradient[1, :2].any() and not gradient[1, 2:].any()


def test_the_last_state_is_the_mean_over_the_sentence() -> None:
    encoder = ConvolutionalEncoder(family()).eval()
    embedded, lengths = torch.randn(3, 6, 8), torch.tensor([6, 2, 5])
    memory, final = encoder(embedded, lengths)
    for row, length in enumerate(lengths):
        torch.testing.assert_close(final[row], memory[row, :length].mean(0))
    memory, final = encoder(embedded)
    torch.testing.assert_close(final, memory.mean(1))


def test_dropout_and_residuals_are_the_recipes() -> None:
    recipe = family(layer_norm=False)
    encoder, embedded = ConvolutionalEncoder(recipe).eval(), torch.randn(2, 5, 8)
    with torch.no_grad():
        for layer in encoder.layers:
            layer.mix.weight.zero_()  # type: ignore[union-attr,operator]
        torch.testing.assert_close(encoder(embedded)[0], embedded)  # only the residual connections are left
        plain = ConvolutionalEncoder(dataclasses.replace(recipe, residual=False))
        assert not torch.allclose(plain.eval()(embedded)[0], embedded)
        noisy = dataclasses.replace(recipe, dropout=dataclasses.replace(recipe.dropout, layer=0.5))
        dropping = ConvolutionalEncoder(noisy).train()
        assert not torch.allclose(dropping(embedded)[0], dropping(embedded)[0])


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_every_parameter_gets_a_gradient(attention: str) -> None:
    model = build(family(attention)).train()
    source, target = torch.randint(4, 20, (2, 4)), torch.randint(4, 20, (2, 3))
    model.project(model(source, torch.tensor([4, 3]), target)).logsumexp(-1).sum().backward()
    assert not [name for name, parameter in model.named_parameters() if parameter.grad is None]


@pytest.mark.parametrize(
    "text,place,words",
    [
        ("model:\n  encoder:\n    kernel: 4\n", ":2", "encoder.kernel is 4: an odd number"),
        ("model:\n  encoder:\n    kernel: -1\n", ":2", "at least 1"),
        ("model:\n  encoder:\n    dilations: 0\n", ":2", "at least 1"),
        ("model:\n  encoder:\n    dilations: 40\n", ":2", "more than 16"),
        ("model:\n  encoder:\n    kind: transformer\n", ":3", "expected one of: recurrent, convolutional"),
    ],
)
def test_wrong_settings_are_named_with_their_place(tmp_path: Path, text: str, place: str, words: str) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=words) as error:
        load_config(path)
    assert str(error.value).startswith(f"{path}{place}")


def test_a_recipe_from_before_convolutions_is_recurrent(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("model:\n  encoder: {cell: gru, layers: 2, hidden: 512, bidirectional: true}\n", encoding="utf-8")
    config = load_config(path)
    assert config.model.encoder == EncoderConfig("gru", 2, 512, True)
    assert config.model.encoder.kind == "recurrent"
    path.write_text(dump_config(Config(model=family())), encoding="utf-8")
    assert load_config(path).model == family()


def test_a_convolution_needs_no_even_number_of_units() -> None:
    assert encoder_config(hidden=7).hidden == 7


def test_info_and_training_say_how_much_a_state_sees(
    reversal_data: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    tokenizers = load_tokenizers(reversal_data)
    config = Config("es", "en", family(vocab=len(tokenizers[0])))
    save_checkpoint(tmp_path / "model", config, named_weights(Seq2Seq(config.model)), tokenizers)
    expected = "3 × gated convolution of 3 (dilation 1, 2, 4), 8 units, receptive field 15 pieces"
    assert f"encoder     {expected}\n" in describe(tmp_path / "model")

    recipe = tiny_recipe(steps=2, validate_every=2, save_every=2, valid_sentences=2)
    recipe = dataclasses.replace(recipe, model=family(vocab=0))
    (tmp_path / "recipe.yaml").write_text(dump_config(recipe), encoding="utf-8")
    train(tmp_path / "recipe.yaml", reversal_data, tmp_path / "run")
    assert f"encoder: {expected}\n" in capfd.readouterr().err
    assert load_model(tmp_path / "run").config.model.encoder == encoder_config()
