"""`nmt lab sample`, `vector`, `identify` and `train-identifier`, which print text.

They call `nmt.lab.sampling`, `nmt.lab.vectors` and `nmt.language_id`, which are imported only when a command runs.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from nmt.commands.arguments import add_command, given, natural, positive

SAMPLE = """\
Let a language model write.

The model is one that `nmt train language-model` made: it guesses each piece from
those before it, and here its guesses are drawn. One text a line."""

SAMPLE_MORE = """\
examples
  nmt lab sample --model runs/words --count 5 --temperature 0.7
  nmt lab sample --model runs/words --prompt "The old man" --top-p 0.9 --seed 1"""

VECTOR = """\
Turn a sentence into its context vector and the vector back into a sentence.

Of a model without attention the decoder reads nothing but this vector. With two
sentences, points on the line between their vectors are decoded too."""

VECTOR_MORE = """\
examples
  nmt lab vector --model runs/one-vector "Tengo un perro."
  nmt lab vector --model runs/one-vector "Tengo un perro." "Ella vive en Madrid." --steps 7"""

IDENTIFY = """\
Tell which of two languages a text is in, and how probable that is.

One line is written for each text (or, without any, for each line of standard
input): language, probability and text, separated by tabs. With --score, how many
lines of two line-aligned files, one of each language, are told right."""

IDENTIFY_MORE = """\
examples
  nmt lab identify --model checkpoints/language-id-es-en "donde esta la biblioteca"
  nmt lab identify --model checkpoints/language-id-es-en --score test.es test.en"""

TRAIN_IDENTIFIER = """\
Train a language identifier on a dataset folder, whose sources are in one language
and whose targets are in the other. Takes about ten minutes of one core."""


def add(commands: Any) -> None:
    _add_sample(commands)
    _add_vector(commands)
    _add_identify(commands)
    _add_train_identifier(commands)


def _add_sample(commands: Any) -> None:
    summary = "let a language model write"
    add = add_command(commands, "sample", sample, summary, SAMPLE, SAMPLE_MORE).add_argument
    add("--model", required=True, metavar="CHECKPOINT", help="folder of a language model")
    add("--prompt", default="", metavar="TEXT", help="what every text begins with (default: nothing)")
    add("--count", type=positive, default=1, metavar="N", help="texts (default: 1)")
    about = "below 1 tamer, 0: no chance (default: 1)"
    add("--temperature", type=float, default=1.0, metavar="T", help=about)
    about = "draw from the K best pieces only (default 0: all)"
    add("--top-k", type=natural, default=0, metavar="K", help=about)
    about = "draw from the best pieces that together have probability P (default 1: all)"
    add("--top-p", type=float, default=1.0, metavar="P", help=about)
    about = "cut longer texts (default: the longest in training)"
    add("--max-pieces", type=positive, metavar="N", help=about)
    about = "the same seed gives the same texts (default: other ones each time)"
    add("--seed", type=natural, metavar="N", help=about)


def _add_vector(commands: Any) -> None:
    summary = "a sentence as one vector, and back"
    add = add_command(commands, "vector", vector, summary, VECTOR, VECTOR_MORE).add_argument
    add("sentences", nargs="+", metavar="SENTENCE", help="one sentence, or two")
    add("--model", required=True, metavar="CHECKPOINT", help="folder of a model with attention none")
    about = "points between two sentences, these counted (default: 5)"
    add("--steps", type=positive, default=5, metavar="N", help=about)
    add("--beam", type=positive, metavar="N", help="hypotheses kept a step (default: the checkpoint's)")


def _add_identify(commands: Any) -> None:
    summary = "tell the language of a text"
    add = add_command(commands, "identify", identify, summary, IDENTIFY, IDENTIFY_MORE).add_argument
    add("texts", nargs="*", metavar="TEXT", help="texts (default: the lines of standard input)")
    add("--model", required=True, metavar="IDENTIFIER", help="folder that `nmt lab train-identifier` wrote")
    add("--score", nargs=2, metavar="FILE", help="two line-aligned files, in the order of the languages")


def _add_train_identifier(commands: Any) -> None:
    name, summary = "train-identifier", "train a language identifier"
    add = add_command(commands, name, train_identifier, summary, TRAIN_IDENTIFIER).add_argument
    add("--data", required=True, metavar="DATASET", help="folder that `python -m data_prep build` made")
    add("--out", required=True, metavar="IDENTIFIER", help="folder to write; it must not exist yet")
    add("--steps", type=positive, metavar="N", help="optimiser steps (default: those of the shipped one)")
    about = "of the network, in each direction (default: the shipped one's)"
    add("--units", type=positive, metavar="N", help=about)
    add("--seed", type=natural, default=1, metavar="N", help="(default: 1)")


def sample(arguments: argparse.Namespace) -> None:
    from nmt.checkpoint.weights import load_model
    from nmt.lab.sampling import write_texts

    options = given(arguments, "count", "prompt", "temperature", "top_k", "top_p", "seed", "max_pieces")
    print("\n".join(write_texts(load_model(arguments.model), **options)))


def vector(arguments: argparse.Namespace) -> None:
    if len(arguments.sentences) > 2:
        arguments.usage_error("give one sentence or two (in quotation marks)")
    from nmt.checkpoint.weights import load_model
    from nmt.lab.vectors import decode_vectors, interpolate, sentence_vector, similarity

    checkpoint = load_model(arguments.model)
    vectors = [sentence_vector(checkpoint, sentence) for sentence in arguments.sentences]
    for sentence, its_vector in zip(arguments.sentences, vectors, strict=True):
        print(f"{sentence}\t{len(its_vector)} numbers, norm {its_vector.norm():.2f}")
    if len(vectors) == 1:
        print(decode_vectors(checkpoint, vectors[0][None], arguments.beam)[0])
        return
    print(f"distance {(vectors[0] - vectors[1]).norm():.2f}, cosine {similarity(*vectors):.2f}")
    points = interpolate(vectors[0], vectors[1], arguments.steps)
    for number, text in enumerate(decode_vectors(checkpoint, points, arguments.beam)):
        print(f"{number / (arguments.steps - 1):.2f}\t{text}")


def identify(arguments: argparse.Namespace) -> None:
    from nmt.language_id.identifier import LanguageIdentifier

    if arguments.score and arguments.texts:
        arguments.usage_error("give texts, or two files with --score")
    identifier = LanguageIdentifier.load(arguments.model)
    if arguments.score:
        from nmt.evaluation.metrics import check_line_counts
        from nmt.language_id.accuracy import accuracy
        from nmt.text.line_io import read_lines

        first, second = (read_lines(file) for file in arguments.score)
        check_line_counts([(arguments.score[0], len(first)), (arguments.score[1], len(second))])
        print(accuracy(identifier, first, second))
        return
    for text in arguments.texts or (line.rstrip("\r\n") for line in sys.stdin):
        language, probability = identifier.identify(text)
        print(f"{language}\t{probability:.4f}\t{text}")


def train_identifier(arguments: argparse.Namespace) -> None:
    from nmt.language_id.accuracy import accuracy
    from nmt.language_id.training import IdentifierConfig
    from nmt.language_id.training import train_identifier as train
    from nmt.training.dataset import Split

    config = IdentifierConfig(**given(arguments, "steps", "units", "seed"))
    identifier = train(arguments.data, arguments.out, config, lambda text: print(text, file=sys.stderr))
    dev = Split(arguments.data, "dev")
    first, second = (dev.table[side].to_pylist() for side in ("source", "target"))
    print(f"dev, {accuracy(identifier, first, second)}")
