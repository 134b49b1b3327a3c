"""nmt.translation.translator: lines in, lines out; nothing lost, nothing invented, no line dependent on another."""

from __future__ import annotations

import dataclasses
import math
import random
from pathlib import Path

import pytest
import torch

import nmt
from nmt.checkpoint.weights import Checkpoint, load_model, named_weights, save_checkpoint
from nmt.config import Config, DecodingConfig
from nmt.errors import UserError
from nmt.inference import batched_search
from nmt.inference.loading import choose
from nmt.network.model import Seq2Seq
from nmt.text.tokenizer import EOS
from nmt.translation.translator import Translator, find_checkpoints
from tests.conftest import tiny_model_config
from tests.support.uppercase_model import BEST, FAR, character_tokenizer, uppercase_translator

LINES = [
    "hola",
    "",
    "¿qué tal, ana?",
    "  sí.  no. ",
    "😀",
    "uno dos tres cuatro cinco seis",
    "7 de 9",
    "a",
    "\t",
    "hola",
]


@pytest.fixture(scope="module")
def random_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model with random weights: nonsense, but whole sentences of it, different for every input."""
    tokenizer = character_tokenizer()
    config = Config("es", "en", model=tiny_model_config(vocab=len(tokenizer), hidden=16))
    torch.manual_seed(3)
    folder = tmp_path_factory.mktemp("checkpoints") / "es-en"
    model = Seq2Seq(config.model)
    model.output.bias.data[EOS] = 3.0  # or most sentences would only end at the greatest length
    save_checkpoint(folder, config, named_weights(model), (tokenizer, tokenizer))
    return folder


def test_translates_sentences_and_keeps_what_is_between() -> None:
    translator, _ = uppercase_translator()
    text = "  hola, sr. pérez.  ¿qué tal?\n\n\tadiós 😀  \r\nfin"
    assert translator.translate(text) == "  HOLA, SR. PÉREZ.  ¿QUÉ TAL?\n\n\tADIÓS 😀  \r\nFIN"


@pytest.mark.parametrize(
    "line", ["", " ", "\t \n ", "123", "😀 👨‍👩‍👧", "http://a.es/b", "...", "ana@b.es", "foo_bar()", "мир"]
)
def test_copies_what_cannot_be_translated(line: str) -> None:
    translator, model = uppercase_translator()
    translation = translator.translate_batch([line], n_best=3)[0]
    assert translation.text == line
    assert (translation.score, translation.alternatives, translation.tokens) == (0.0, [], [])
    assert not model.sources, "the model was asked"


def test_copies_words_of_a_foreign_script_inside_a_sentence() -> None:
    translator, _ = uppercase_translator()
    assert translator.translate("el sushi (寿司), y «мир» también") == "EL SUSHI (寿司), Y «мир» TAMBIÉN"
    told = translator.translate_batch(["el sushi (寿司)", "привет, мир", "el 3.º"])
    assert [translation.foreign for translation in told] == [["寿司"], ["привет", "мир"], []]


def test_a_word_with_one_foreign_letter_is_still_translated() -> None:
    translator, model = uppercase_translator()
    translator.translate("vivo en köln")
    assert len(model.sources) == 1
    assert model.sources[0].shape[1] > len("vivo en k")


def test_surrogates_and_control_characters_do_no_harm() -> None:
    translator, _ = uppercase_translator()
    assert translator.translate("a\x00b \ud83d\ude00 c \ud800\x00") == "A B 😀 C\x00"


def test_each_line_gets_its_result_in_order() -> None:
    translator, _ = uppercase_translator()
    results = translator.translate_batch(LINES)
    assert [result.text for result in results] == [line.upper() for line in LINES]


@pytest.mark.parametrize("batch_tokens", [1, 60, 100_000])
def test_results_do_not_depend_on_batch_or_neighbours(random_checkpoint: Path, batch_tokens: int) -> None:
    translator = Translator.load(random_checkpoint, "cpu")
    alone = {line: translator.translate_batch([line], n_best=2)[0] for line in LINES}
    shuffled = random.Random(2).sample(LINES, len(LINES))
    for line, result in zip(
        shuffled, translator.translate_batch(shuffled, n_best=2, batch_tokens=batch_tokens), strict=True
    ):
        assert (result.text, result.alternatives) == (alone[line].text, alone[line].alternatives)
        assert result.score == pytest.approx(alone[line].score, abs=1e-5)


def test_searches_within_the_budget_and_marks_padding() -> None:
    translator, model = uppercase_translator()
    translator.translate_batch(["hola", "sí", "uno dos tres", "cuatro cinco"], beam=2, batch_tokens=60)
    assert len(model.sources) > 1
    for source in model.sources:
        assert source.numel() * 2 <= 60
        assert all(EOS in row.tolist() for row in source)
    assert sum(int((source == EOS).sum()) for source in model.sources) == 4


def test_equal_sentences_are_searched_once() -> None:
    translator, model = uppercase_translator()
    assert translator.translate("hola ana. hola ana. hola ana.") == "HOLA ANA. HOLA ANA. HOLA ANA."
    assert sum(len(source) for source in model.sources) == 1


def test_long_sentences_are_cut_to_what_the_model_knows() -> None:
    translator, model = uppercase_translator(max_length=30)
    line = ", ".join(["esto es largo y sigue"] * 20)
    assert translator.translate(line) == line.upper()
    assert max(source.shape[1] for source in model.sources) <= 31


def test_a_huge_line_is_translated_in_bounded_batches() -> None:
    translator, model = uppercase_translator()
    line = "esta línea no acaba, " * 500
    assert translator.translate(line, batch_tokens=5000, beam=1) == line.upper()
    assert max(source.numel() for source in model.sources) <= 5000


@pytest.mark.parametrize("blurred", [False, True], ids=["by attention", "without clear attention"])
@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("mira http://a.es/b?c=d hoy.", "MIRA http://a.es/b?c=d HOY."),
        ("escribe a ana@b.es, ya", "ESCRIBE A ana@b.es, YA"),
        ("usa foo_bar() y `x = y`", "USA foo_bar() Y `x = y`"),
        ("http://a.es: mira", "http://a.es: MIRA"),
    ],
)
def test_urls_addresses_and_code_come_through(source: str, target: str, blurred: bool) -> None:
    """The model upper-cases them in every hypothesis."""
    translator, _ = uppercase_translator(blurred=blurred)
    assert translator.translate(source) == target


def test_a_hypothesis_that_keeps_the_number_goes_first() -> None:
    """The best one writes 1 for 7; a worse one is right.  Nothing is repaired: attention is of no use."""
    translator, _ = uppercase_translator(mistakes={"7": "x"}, near={"7": "7"}, blurred=True)
    translation = translator.translate_batch(["tengo 7 ideas"], n_best=2)[0]
    assert translation.text == "TENGO 7 IDEAS"
    assert "7" in translation.tokens
    assert translator.translate("tengo 7 ideas", n_best=1) == "TENGO 7 IDEAS"


def test_a_wrong_number_is_replaced_by_the_right_one() -> None:
    translator, _ = uppercase_translator(mistakes={"7": "1"}, near={"7": "2"})
    assert translator.translate("en 1970 tuvo 3") == "EN 1970 TUVO 3"


def test_a_number_without_a_counterpart_is_left_to_the_model() -> None:
    translator, _ = uppercase_translator(mistakes={"7": "s"}, near={"7": "s"})
    assert translator.translate("tengo 7 ideas") == "TENGO s IDEAS"


def test_an_empty_hypothesis_leaves_the_source() -> None:
    translator, _ = uppercase_translator(mistakes={"h": ""})
    translation = translator.translate_batch(["hola.", "ana"], beam=1)[0]
    assert translation.text == "hola."
    assert translation.sentences[0].copied


def test_an_empty_hypothesis_gives_way_to_the_next() -> None:
    translator, _ = uppercase_translator(mistakes={"h": ""}, near={"h": "j"})
    assert translator.translate("hola.") == "jOLA."


def test_a_hypothesis_that_repeats_itself_gives_way_to_the_next() -> None:
    repeating = dict.fromkeys("uvxyz", "q")
    once, _ = uppercase_translator(mistakes=repeating, near={"x": "r"})
    assert once.translate("a u v x y z") == "A q q r q q"
    everywhere, _ = uppercase_translator(mistakes=repeating, near=repeating)
    assert everywhere.translate("a u v x y z b") == "A q B"
    assert everywhere.translate("x x x x x.") == "q q q q q."  # as the source
    forced = everywhere.translate_batch(["a u v x y z b"], prefixes=["q q q q q "])[0]
    assert forced.text.startswith("q q q q q ")


def test_a_hypothesis_never_breaks_the_line() -> None:
    translator, _ = uppercase_translator(mistakes={"q": "<0x0A>", "z": "<0x0D>", "y": "<0x00>"})
    assert translator.translate("a q b z c y d") == "A B C D"


def test_alternatives_are_different_and_do_not_change_the_best(random_checkpoint: Path) -> None:
    for translator in (uppercase_translator()[0], Translator.load(random_checkpoint, "cpu")):
        best = translator.translate_batch(["hola ana. ¿qué tal?"], beam=5)[0]
        several = translator.translate_batch(["hola ana. ¿qué tal?"], beam=5, n_best=4)[0]
        assert several.text == best.text
        assert len({several.text, *several.alternatives}) == 1 + len(several.alternatives) <= 4
    assert len(uppercase_translator()[0].translate_batch(["hola"], n_best=4)[0].alternatives) == 3


def test_more_alternatives_than_the_beam_are_refused() -> None:
    translator, _ = uppercase_translator()
    with pytest.raises(UserError, match="n-best is 3.*beam size.*2"):
        translator.translate_batch([], beam=2, n_best=3)
    with pytest.raises(UserError, match="beam"):
        translator.translate_batch(["hola"], beam=0)


def test_decoding_options_reach_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[DecodingConfig] = []

    def search(model, source, lengths, decoding, *rest):  # type: ignore[no-untyped-def]
        seen.append(decoding)
        return original(model, source, lengths, decoding, *rest)

    original = batched_search.beam_search
    monkeypatch.setattr(batched_search, "beam_search", search)
    translator, _ = uppercase_translator()
    translator.translate("hola")
    translator.translate("hola", beam=2, length_penalty=0.5)
    assert seen == [
        translator.config.decoding,
        dataclasses.replace(translator.config.decoding, beam=2, length_penalty=0.5),
    ]


def test_a_prefix_begins_the_first_sentence_only() -> None:
    translator, _ = uppercase_translator()
    first, second = translator.translate_batch(["hola. hola.", "hola."], prefixes=["ho", ""])
    assert (first.text, second.text) == ("hoLA. HOLA.", "HOLA.")


def test_attention_has_a_row_for_each_piece_and_the_end() -> None:
    translator, _ = uppercase_translator()
    one, two, none = translator.translate_batch(["hola", "hola. adiós", "99"], with_attention=True)
    assert one.tokens == ["▁", *"HOLA"]
    assert one.source_tokens == ["▁", *"hola", "</s>"]
    assert one.attention == torch.eye(6).tolist()
    assert two.attention is None and none.attention is None
    assert [len(sentence.attention or []) for sentence in two.sentences] == [7, 7]
    assert two.tokens == [token for sentence in two.sentences for token in sentence.tokens]
    assert translator.translate_batch(["hola"])[0].attention is None


def test_score_is_the_mean_log_probability_of_a_piece() -> None:
    """Letters have the probability 1 / (1 + e^(FAR - BEST)), the space before a word and the end about 1."""
    translator, _ = uppercase_translator()
    letter = -math.log1p(math.exp(FAR - BEST))
    one, two, copied = translator.translate_batch(["hola", "hola. no", "99"])
    assert one.score == pytest.approx(4 * letter / 6, rel=1e-4)
    assert two.score == pytest.approx((4 + 2) * letter / (7 + 4), rel=1e-4)
    assert [sentence.score for sentence in two.sentences] == pytest.approx([4 * letter / 7, 2 * letter / 4], rel=1e-4)
    assert copied.score == 0.0


def test_a_single_string_is_not_a_batch() -> None:
    translator, _ = uppercase_translator()
    with pytest.raises(TypeError, match="translate\\(\\)"):
        translator.translate_batch("hola")
    with pytest.raises(ValueError, match="1 prefixes for 2 lines"):
        translator.translate_batch(["a", "b"], prefixes=["x"])


def test_loads_a_checkpoint_by_its_folder(random_checkpoint: Path) -> None:
    translator = nmt.Translator.load(random_checkpoint, "cpu")
    assert (translator.source_language, translator.target_language) == ("es", "en")
    assert translator.folder == random_checkpoint
    assert translator.translate("hola") == Translator.load(random_checkpoint, "cpu").translate("hola") != ""


def test_devices_and_runtimes_are_checked(random_checkpoint: Path) -> None:
    assert choose(random_checkpoint, "cpu", "auto") == ("cpu", "torch")  # it was not exported
    auto = choose(random_checkpoint, "auto", "auto")
    assert auto == ("cuda" if torch.cuda.is_available() else "cpu", "torch")
    for device, runtime, message in (("tpu", "auto", "tpu"), ("cpu", "tensorrt", "tensorrt")):
        with pytest.raises(UserError, match=message):
            choose(random_checkpoint, device, runtime)
    if not torch.cuda.is_available():
        with pytest.raises(UserError, match="--device cpu"):
            choose(random_checkpoint, "cuda", "auto")


def test_finds_checkpoints_by_their_languages(random_checkpoint: Path, tmp_path: Path) -> None:
    checkpoint: Checkpoint = load_model(random_checkpoint)
    tokenizers = (checkpoint.source_tokenizer, checkpoint.target_tokenizer)
    for name, source, target in (("b", "es", "en"), ("a", "es", "en"), ("c", "en", "es")):
        config = dataclasses.replace(checkpoint.config, source_language=source, target_language=target)
        save_checkpoint(tmp_path / name, config, named_weights(checkpoint.model), tokenizers)
    (tmp_path / "notes").mkdir()
    assert find_checkpoints(tmp_path) == {("es", "en"): tmp_path / "a", ("en", "es"): tmp_path / "c"}
    assert find_checkpoints(tmp_path / "nowhere") == {}


def test_sentences_by_themselves_come_out_as_in_a_text(random_checkpoint: Path) -> None:
    translator = Translator.load(random_checkpoint)
    text = "uno dos. tres, cuatro.\n\nuno dos. cinco 😀"
    plan = translator.plan(text)
    assert "".join(part.text for part in plan.parts) == text
    found = translator.translate_sentences(plan.requests, n_best=2)
    whole = translator.translate_batch([text], n_best=2)[0]
    assert plan.assemble(found, 2).text == whole.text
    assert [sentence.candidates for sentence in found] == [s.candidates for s in whole.sentences]
