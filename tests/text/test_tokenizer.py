"""nmt.text.tokenizer: what a vocabulary knows."""

from __future__ import annotations

import io

import sentencepiece

from nmt.text.tokenizer import Tokenizer


def trained(*symbols: str) -> Tokenizer:
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["uno dos tres", "cuatro cinco", "seis siete ocho"] * 20),
        model_writer=model,
        vocab_size=300,
        hard_vocab_limit=False,
        byte_fallback=True,
        user_defined_symbols=list(symbols),
        pad_id=0,
        unk_id=1,
        bos_id=2,
        eos_id=3,
        minloglevel=2,
    )
    return Tokenizer(model.getvalue())


def test_knows_the_characters_that_it_does_not_spell_in_bytes() -> None:
    characters = trained().characters
    assert {"u", "n", "o", "c"} <= characters
    assert not {"ñ", "€", "7"} & characters


def test_knows_its_placeholder_symbols() -> None:
    assert trained().placeholders == ()
    assert trained("\ue001", "\ue000", "<2es>").placeholders == ("\ue000", "\ue001")
