"""A dataset folder of made-up sentences, so that training speed can be measured where there is no data.

Only lengths and word frequencies resemble text: piece counts are log-normal with the mean (8.7), the spread
and the correlation (0.85) of Spanish-English Tatoeba under 8,000 pieces, words follow Zipf's law.  There is
nothing to learn in it.
"""

from __future__ import annotations

import io
import itertools
from pathlib import Path

import numpy as np
import sentencepiece
from datasets import Dataset, Features, List, Value, disable_progress_bars

from nmt.tokenizer import BOS, EOS, JOINT_FILE, PAD, UNK

LOG_MEAN, LOG_SPREAD, CORRELATION = 2.10, 0.36, 0.85  # of pieces a sentence
WORDS = 12_000
PIECES_PER_WORD = 1.04  # of the vocabulary trained here
TEXT, IDS = Value("string"), List(Value("int32"))
FEATURES = Features({"source": TEXT, "target": TEXT, "source_ids": IDS, "target_ids": IDS})


def write_dataset(folder: Path, pairs: int = 40_000, vocab_size: int = 8_000, seed: int = 1) -> None:
    """Write a whole dataset folder, as `python -m data_prep build` would; dev and test are small."""
    disable_progress_bars()
    rng = np.random.default_rng(seed)
    words = _words()
    sentences = _sentences(rng, words, pairs)
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(side for pair in sentences for side in pair),
        model_writer=model,
        model_type="bpe",
        vocab_size=vocab_size,
        byte_fallback=True,
        num_threads=1,
        minloglevel=2,
        pad_id=PAD,
        unk_id=UNK,
        bos_id=BOS,
        eos_id=EOS,
    )
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    for split, rows in (("train", sentences[200:]), ("dev", sentences[:100]), ("test", sentences[100:200])):
        source, target = [pair[0] for pair in rows], [pair[1] for pair in rows]
        columns = {
            "source": source,
            "target": target,
            "source_ids": processor.encode(source),
            "target_ids": processor.encode(target),
        }
        Dataset.from_dict(columns, features=FEATURES).save_to_disk(str(folder / split))
    (folder / JOINT_FILE).write_bytes(model.getvalue())
    (folder / "data.yaml").write_text("pair: es-en\n", encoding="utf-8")


def _words() -> list[str]:
    """Distinct words of one to three syllables, the short ones first and so, by Zipf, the frequent ones."""
    syllables = [consonant + vowel for consonant in "bcdfglmnrst" for vowel in "aeiou"]
    by_length = (itertools.product(syllables, repeat=count) for count in (1, 2, 3))
    return ["".join(word) for word in itertools.islice(itertools.chain(*by_length), WORDS)]


def _sentences(rng: np.random.Generator, words: list[str], pairs: int) -> list[tuple[str, str]]:
    spread = [[1.0, CORRELATION], [CORRELATION, 1.0]]
    pieces = np.exp(LOG_MEAN + LOG_SPREAD * rng.multivariate_normal([0, 0], spread, pairs))
    lengths = np.maximum(1, np.rint(pieces / PIECES_PER_WORD)).astype(int)
    zipf = 1 / np.arange(1, len(words) + 1)
    draws = iter(rng.choice(words, size=int(lengths.sum()), p=zipf / zipf.sum()).tolist())

    def sentence(length: int) -> str:
        return " ".join(itertools.islice(draws, length))

    return [(sentence(source), sentence(target)) for source, target in lengths]
