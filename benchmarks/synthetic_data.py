"""Writes a dataset folder of made-up sentences, so that training speed can be measured where there is no data, and no
package `datasets` (as on many a rented GPU).

Only lengths and word frequencies resemble text: numbers of pieces are log-normal with the mean, the spread and the
correlation of Spanish-English Tatoeba under 8,000 pieces, and words follow Zipf's law.  There is nothing to learn.
"""

from __future__ import annotations

import io
import itertools
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import sentencepiece

from nmt.text.tokenizer import BOS, EOS, JOINT_FILE, PAD, UNK

MEAN_PIECES, LOG_SPREAD, CORRELATION = 8.7, 0.36, 0.85  # of a sentence, and of the two sides of a pair
DISTINCT_WORDS = 24_000
PIECES_PER_WORD = 1.04  # of the vocabulary trained here
HELD_OUT_PAIRS = 100  # in dev, and in test


def write_dataset(folder: Path, pairs: int, vocab_size: int = 8_000, mean: float = MEAN_PIECES) -> None:
    """Write a whole dataset folder, as `python -m data_prep build` would; dev and test are small.

    mean  pieces of a sentence"""
    rng = np.random.default_rng(1)
    words = _words()
    sentences = _sentences(rng, words, pairs, mean)
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=itertools.chain.from_iterable(sentences), model_writer=model, model_type="bpe",
        vocab_size=vocab_size, byte_fallback=True, num_threads=1, minloglevel=2,
        pad_id=PAD, unk_id=UNK, bos_id=BOS, eos_id=EOS,
    )  # fmt: skip
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    held_out, train = sentences[: 2 * HELD_OUT_PAIRS], sentences[2 * HELD_OUT_PAIRS :]
    splits = {"train": train, "dev": held_out[:HELD_OUT_PAIRS], "test": held_out[HELD_OUT_PAIRS:]}
    for split, rows in splits.items():
        source, target = (list(side) for side in zip(*rows, strict=True))
        ids = {"source_ids": processor.encode(source), "target_ids": processor.encode(target)}
        _write_split(folder / split, {"source": source, "target": target, **ids})
    (folder / JOINT_FILE).write_bytes(model.getvalue())
    (folder / "data.yaml").write_text("pair: es-en\n", encoding="utf-8")


def _write_split(folder: Path, columns: dict[str, list]) -> None:
    """Write a split as `datasets.Dataset.save_to_disk` does, as far as training looks."""
    kinds = {name: pa.list_(pa.int32()) if name.endswith("_ids") else pa.string() for name in columns}
    table = pa.table({name: pa.array(values, kinds[name]) for name, values in columns.items()})
    folder.mkdir(parents=True)
    with pa.OSFile(str(folder / "data.arrow"), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=1000)
    (folder / "state.json").write_text(json.dumps({"_data_files": [{"filename": "data.arrow"}]}))


def _words() -> list[str]:
    """Distinct words of one to three syllables, the short ones first and so, by Zipf, the frequent ones."""
    syllables = [consonant + vowel for consonant in "bcdfglmnrst" for vowel in "aeiou"]
    by_length = (itertools.product(syllables, repeat=count) for count in (1, 2, 3))
    return ["".join(word) for word in itertools.islice(itertools.chain(*by_length), DISTINCT_WORDS)]


def _sentences(rng: np.random.Generator, words: list[str], pairs: int, mean: float) -> list[tuple[str, str]]:
    spread = [[1.0, CORRELATION], [CORRELATION, 1.0]]
    deviations = LOG_SPREAD * rng.multivariate_normal([0, 0], spread, pairs)
    pieces = np.exp(np.log(mean) - LOG_SPREAD**2 / 2 + deviations)
    lengths = np.maximum(1, np.rint(pieces / PIECES_PER_WORD)).astype(int)
    zipf = 1 / np.arange(1, len(words) + 1)
    draws = iter(rng.choice(words, size=int(lengths.sum()), p=zipf / zipf.sum()).tolist())

    def sentence(length: int) -> str:
        return " ".join(itertools.islice(draws, length))

    return [(sentence(source), sentence(target)) for source, target in lengths]
