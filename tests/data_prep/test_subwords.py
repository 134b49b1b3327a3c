"""SentencePiece models: the special ids, lossless text, byte fallback, clear errors."""

from __future__ import annotations

import pytest
import sentencepiece

from data_prep.noise import PLACEHOLDERS
from data_prep.subwords import SubwordsConfig, reused, train
from nmt.errors import UserError
from nmt.text.tokenizer import Tokenizer

TEXT = [
    f"{who} {does} {what} {when}."
    for who in ("El niño", "La pingüina", "¿Quién", "¡Nadie", "Mi tío", "The boy")
    for does in ("comió", "vendió", "perdió", "pintó")
    for what in ("la manzana", "el camión", "una canción", "the árbol")
    for when in ("ayer", "mañana", "en 1998", "según él")
]

MODELS = {
    "unigram": SubwordsConfig(vocab_size=310),
    "bpe": SubwordsConfig(vocab_size=400, model_type="bpe"),
    "char": SubwordsConfig(vocab_size=2000, model_type="char"),
}


@pytest.fixture(scope="module", params=MODELS)
def tokenizer(request) -> Tokenizer:
    """The trained model as the rest of the project reads it: `Tokenizer` refuses other special ids."""
    return Tokenizer(train(iter(TEXT), MODELS[request.param]))


ROUND_TRIP = [
    "¿¡ñáéíóúü ÑÁÉÍÓÚÜ!?",
    "½ 1.º … “así” ﬁ ² ™",
    "日本語 한국어 Привет עברית",
    "🐧 👩‍👩‍👧 🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "https://example.org/a_b?c=1&d=%20",
    "<s> </s> <unk> <pad>",
]


@pytest.mark.parametrize("text", ROUND_TRIP)
def test_nothing_is_unknown_and_text_comes_back_unchanged(text, tokenizer):
    ids = tokenizer.encode(text)
    assert not {0, 1, 2, 3} & set(ids)
    assert tokenizer.decode(ids) == text


def test_digits_are_pieces_of_their_own():
    processor = sentencepiece.SentencePieceProcessor(model_proto=train(iter(TEXT), MODELS["unigram"]))
    assert [piece for piece in processor.encode("en 1998", out_type=str) if piece.strip("▁").isdigit()] == list("1998")


def test_size_is_exact_where_the_text_allows():
    assert len(Tokenizer(train(iter(TEXT), MODELS["unigram"]))) == 310


def test_same_text_gives_the_same_model():
    assert train(iter(TEXT), MODELS["unigram"]) == train(iter(TEXT), MODELS["unigram"])


def test_symbols_are_never_split():
    config = SubwordsConfig(vocab_size=312, symbols=("<2es>", "<2en>"))
    processor = sentencepiece.SentencePieceProcessor(model_proto=train(iter(TEXT), config))
    assert "<2es>" in processor.encode("<2es>El niño", out_type=str)


def test_too_large_a_vocabulary_names_the_largest_possible():
    with pytest.raises(UserError, match=r"vocab_size 9000: .* take (\d+) or less") as error:
        train(iter(TEXT), SubwordsConfig(vocab_size=9000))
    largest = int(str(error.value).split(" or less")[0].split()[-1])
    assert len(Tokenizer(train(iter(TEXT), SubwordsConfig(vocab_size=largest)))) == largest


def test_too_small_a_vocabulary_says_what_the_alphabet_needs():
    with pytest.raises(UserError, match=r"vocab_size 300: the alphabet alone needs \d+"):
        train(iter([chr(code) * 3 for code in range(0x4E00, 0x4F00)]), SubwordsConfig(vocab_size=300))


def test_a_model_without_byte_pieces_is_not_reused(tmp_path):
    with open(tmp_path / "joint.spm", "wb") as file:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(TEXT), model_writer=file, vocab_size=60, hard_vocab_limit=False,
            pad_id=0, unk_id=1, bos_id=2, eos_id=3, minloglevel=2
        )  # fmt: skip
    with pytest.raises(UserError, match="has no byte pieces"):
        reused(tmp_path, ("es", "en"))


def test_too_little_text_is_not_sent_to_and_fro_between_two_bounds():
    with pytest.raises(UserError, match=r"gives \d+ pieces at most, and 300 are needed; add more text"):
        train(iter(["hola", "hello"]), SubwordsConfig(vocab_size=300))


def test_required_characters_and_symbols_are_pieces_however_rare():
    config = SubwordsConfig(vocab_size=339, required_characters="€½“”^{}#", symbols=PLACEHOLDERS)
    tokenizer = Tokenizer(train(iter(TEXT), config))
    processor = sentencepiece.SentencePieceProcessor(model_proto=tokenizer.serialized)
    for character in (*"€½“”^{}#", *PLACEHOLDERS):
        pieces = processor.encode(f"a{character}b", out_type=str)
        assert character in pieces and not any(map(processor.is_byte, processor.piece_to_id(pieces)))
    text = f"{PLACEHOLDERS[0]} a las {PLACEHOLDERS[15]}{PLACEHOLDERS[3]}, 20 €"
    assert tokenizer.decode(tokenizer.encode(text)) == text


@pytest.mark.parametrize("config", [{"vocab_size": 100}, {"character_coverage": 0.5}])
def test_settings_out_of_range_are_refused(config):
    with pytest.raises(UserError, match=next(iter(config))):
        SubwordsConfig(**config)
