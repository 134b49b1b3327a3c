"""Words of a translation that the model was not sure of, to be marked for the reader.

A word's score is the sum of the log-probabilities of its pieces, since models write a word that they never learned in
many improbable pieces, plus the mean of the sentence, since a wrong word seldom stands alone.  On
benchmarks/everyday.tsv, the share of attention on the source word and the number of its pieces improved nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from nmt.translation.alignment import Span, spell, words

# Of the wrong words of both directions 50.1 % are below, of the right ones 5.0 % (`python -m benchmarks.everyday`: in
# es-en 153 of 269 and 93 of 1934, in en-es 112 of 260 and 101 of 1960); to be measured anew with other models.
MIN_LOG_PROBABILITY = -2.5
MIN_LETTERS = 4  # of a word; models hesitate between articles or prepositions that are equally good


def doubtful_words(text: str, tokens: Sequence[str], token_scores: Sequence[float]) -> tuple[Span, ...]:
    """[start, end) of the doubtful words of a translation, from left to right.

    text          the translation; a word in it that the model did not write has no mark
    tokens        the pieces that the model wrote
    token_scores  float [len(tokens) + 1 (EOS)]: the log-probability of each; empty: nothing is known
    """
    written = spell(tokens) if token_scores else None
    if written is None:
        return ()
    mean = sum(token_scores) / len(token_scores)
    found, position = [], 0
    in_text = words(text)
    small = [text[start:end].casefold() for start, end in in_text]
    for start, end in words(written.text):
        word = written.text[start:end]
        place = next((i for i in range(position, len(small)) if small[i] == word.casefold()), None)
        if place is None:
            continue
        position = place + 1
        score = mean + sum(token_scores[piece] for piece in written.pieces(start, end))
        if score < MIN_LOG_PROBABILITY and len(word) >= MIN_LETTERS and word.isalpha():
            found.append(in_text[place])
    return tuple(found)
