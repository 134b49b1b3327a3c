"""The models in `checkpoints/` are there, fit their cards, and translate what anybody would try first."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nmt.checkpoint.weights import load_model
from nmt.commands.info import describe
from nmt.evaluation.metrics import corpus_scores
from nmt.inference.batches import pad_sources
from nmt.inference.onnx_model import OnnxModel
from nmt.inference.sampling import score_target
from nmt.inference.torch_model import TorchModel
from nmt.text.tokenizer import EOS
from nmt.translation.translator import Translator, find_checkpoints

CHECKPOINTS = Path(__file__).resolve().parents[2] / "checkpoints"
FOLDERS = {"es-en": CHECKPOINTS / "es-en", "en-es": CHECKPOINTS / "en-es"}

# Everyday language, as a first visitor would type it; a check that nothing is broken, not a measure of quality.
PAIRS = [
    ("¿Dónde está la biblioteca?", "Where is the library?"),
    ("Mi hermano vive en una casa pequeña.", "My brother lives in a small house."),
    ("No tengo tiempo para ver la televisión.", "I don't have time to watch television."),
    ("Ella quiere aprender inglés.", "She wants to learn English."),
    ("Tengo dos perros y un gato.", "I have two dogs and a cat."),
    ("¿Puedes ayudarme con mis deberes?", "Can you help me with my homework?"),
    ("Hace mucho frío esta mañana.", "It's very cold this morning."),
    ("El tren sale a las ocho.", "The train leaves at eight."),
    ("Me gustaría beber un vaso de agua.", "I would like to drink a glass of water."),
    ("Tom no sabe nadar.", "Tom can't swim."),
]


@pytest.fixture(scope="module", params=FOLDERS)
def translator(request: pytest.FixtureRequest) -> Translator:
    return Translator.load(FOLDERS[request.param])


def test_both_directions_are_found() -> None:
    assert find_checkpoints(CHECKPOINTS) == {("es", "en"): FOLDERS["es-en"], ("en", "es"): FOLDERS["en-es"]}


def test_everyday_sentences_come_out_right(translator: Translator) -> None:
    """BLEU 35 over these sentences leaves room for other right translations, but not for a damaged model."""
    sides = list(zip(*PAIRS, strict=True))
    source, reference = sides if translator.source_language == "es" else sides[::-1]
    hypotheses = [result.text for result in translator.translate_batch(source)]
    figures = corpus_scores(hypotheses, [list(reference)])
    assert figures.bleu.value > 35, hypotheses


def test_words_alone_and_sentences_in_capitals_come_out_right(translator: Translator) -> None:
    words = {
        "es": {
            "sí": "yes",
            "gracias": "thanks",
            "perro": "dog",
            "Perro": "Dog",
            "Mujer.": "Woman.",
            "Hola": "Hello",
        },
        "en": {"thanks": "gracias", "dog": "perro", "Dog": "Perro", "Woman!": "¡Mujer!", "Hello": "Hola"},
    }
    for word, translation in words[translator.source_language].items():
        assert translator.translate(word) == translation
    sentence = PAIRS[0][translator.source_language == "en"]
    assert translator.translate(sentence.upper()) == translator.translate(sentence)


def test_the_graphs_in_8_bits_agree_with_the_model(translator: Translator) -> None:
    """Log-probabilities of real sentences' pieces: on average 0.01 from float32, none further than 0.25, and none of
    those that the model finds likely further than 0.1."""
    assert translator.runtime == "onnx"
    loaded = load_model(translator.folder)
    sides = list(zip(*PAIRS, strict=True))
    source, target = sides if translator.source_language == "es" else sides[::-1]
    ids = [[*loaded.source_tokenizer.encode(sentence), EOS] for sentence in source]
    targets = [loaded.target_tokenizer.encode(sentence) for sentence in target]
    exact, served = (
        np.concatenate([np.array(h.token_scores) for h in score_target(model, *pad_sources(ids), targets)])
        for model in (TorchModel(loaded.model), OnnxModel(translator.folder))
    )
    assert len(exact) > 60
    assert np.abs(exact - served).mean() < 0.01
    assert np.abs(exact - served).max() < 0.25
    assert np.abs(exact - served)[exact > np.log(0.1)].max() < 0.1


def test_what_is_not_language_comes_through(translator: Translator) -> None:
    for text in ("", "   ", "42", "🙂", "https://example.org/a?b=1"):
        assert translator.translate(text) == text
    sentence = {
        "es": "Llámame al 555 123 456 o escribe a ana@example.org.",
        "en": "Call 555 123 456 or write to ana@example.org.",
    }
    translation = translator.translate(sentence[translator.source_language])
    assert "ana@example.org" in translation and "555" in translation and "456" in translation


def test_line_breaks_and_paragraphs_stay(translator: Translator) -> None:
    text = {"es": "Hola.\n\n  Gracias.", "en": "Hello.\n\n  Thank you."}[translator.source_language]
    first, empty, last = translator.translate(text).split("\n")
    assert first and last.startswith("  ") and last.strip() and not empty


def test_the_folder_is_small_and_described(translator: Translator) -> None:
    files = list(translator.folder.iterdir())
    assert not [file for file in files if file.stat().st_size > 45_000_000]
    assert {"config.yaml", "joint.spm", "model.safetensors", "encoder.onnx", "decoder.onnx", "README.md"} <= {
        file.name for file in files
    }
    assert f"{translator.source_language} → {translator.target_language}" in describe(translator.folder)


def test_what_could_stand_at_a_word_keeps_the_beginning_and_differs(translator: Translator) -> None:
    sentence = PAIRS[8][0 if translator.source_language == "es" else 1]
    best = translator.translate(sentence)
    words = best.split()
    for count in range(4):
        prefix = " ".join(words[:count])
        found = [option.text for option in translator.continuations(sentence, prefix)]
        assert len(found) == len(set(found)) > 1
        assert all(text.startswith(prefix) and text != prefix for text in found)
