"""The steps from the hypotheses of a search to the translation of a sentence.

After the first search:
  detokenize  each hypothesis becomes a draft, a line of text
  with_names  names that the model misspelled are put right
  restored    the protected items are put into it
  pick        the best draft becomes the translation, the next ones its alternatives
  recase      a lone word gets the result of its bare form, if that is likelier
A sentence with defects (`count_defects`) is then searched again with attention, and after that search:
  detokenize  again
  repair      wrong numbers are put right, then repetition is removed (`deduplicate`)
  with_names, restored    again
  pick        the draft with the fewest defects

`nmt.translation.sentence_translator` calls them in this order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from nmt.inference.hypotheses import Hypothesis
from nmt.text.normalization import one_line
from nmt.text.protected import missing_items
from nmt.text.tokenizer import Tokenizer
from nmt.translation.name_repair import repair_names
from nmt.translation.number_repair import repair_numbers
from nmt.translation.plan import Request
from nmt.translation.protect import Protected
from nmt.translation.recasing import bare_form, recased, without_marks
from nmt.translation.repetition import without_repetition
from nmt.translation.restore import restore, with_letters
from nmt.translation.result import SentenceTranslation

EMPTY = 1_000_000  # defects of an empty translation: more than any other can have
# How much greater the mean log-probability of a bare form must be.  A common word in small letters often is so much
# likelier than with its capital, a name seldom.
MIN_GAIN = 0.1


@dataclass(frozen=True)
class Draft:
    """A hypothesis on its way to a translation."""

    text: str
    pieces: list[str]  # of the target, without the end; the text may have been changed since
    hypothesis: Hypothesis
    defects: tuple[int, ...] = ()  # after repair, and before it


def detokenize(hypothesis: Hypothesis, tokenizer: Tokenizer) -> Draft:
    """The text of a hypothesis, on one line."""
    return Draft(one_line(tokenizer.decode(hypothesis.tokens)), tokenizer.pieces(hypothesis.tokens), hypothesis)


def count_defects(request: Request, text: str) -> int:
    """How many protected items a translation lacks, one more if it repeats itself, and `EMPTY` if there is none."""
    repeats = deduplicate(request, text) != text
    return len(missing_items(request.sentence, text, request.items)) + repeats + (0 if text else EMPTY)


def deduplicate(request: Request, text: str) -> str:
    """The text without repetition; one that must begin with a prefix stays as it is."""
    return text if request.prefix else without_repetition(request.sentence, text)


def repair(request: Request, draft: Draft, source_pieces: Sequence[str]) -> Draft:
    """The draft with wrong numbers corrected and repetition removed, unless that would lose a protected item.

    request  with the sentence that the model read
    """
    defects = partial(count_defects, request)
    mended = repair_numbers(request.sentence, draft.text, source_pieces, draft.pieces, draft.hypothesis.attention)
    text = min(mended, deduplicate(request, mended), key=defects)
    return replace(draft, text=text, defects=(defects(text), defects(draft.text)))


def with_names(source: str, draft: Draft, size: Callable[[str], int]) -> Draft:
    """The draft with corrected spellings of names; `size` counts the pieces of a word."""
    text = repair_names(source, draft.text, draft.pieces, draft.hypothesis.token_scores, size)
    return draft if text == draft.text else replace(draft, text=text)


def restored(
    request: Request, protected: Protected, draft: Draft, source_pieces: Sequence[str], count: bool = True
) -> Draft:
    """The draft with the protected items of the request's sentence; with its number of defects, if `count`."""
    if not protected.slots and not count:  # nearly always
        return draft
    text = restore(protected, draft.text, source_pieces, draft.pieces, draft.hypothesis.attention)
    defects = (count_defects(request, text), *draft.defects) if count else draft.defects
    return replace(draft, text=text, defects=defects)


def pick(
    request: Request, drafts: Sequence[Draft], source_pieces: list[str], n_best: int, with_attention: bool
) -> SentenceTranslation:
    """The draft with the fewest defects as the translation, and the next ones as candidates; the drafts come in the
    order of the search.  Where different pieces spell the same text, it has the better score."""
    drafts = sorted(drafts, key=lambda draft: draft.defects)
    best = drafts[0]
    candidates: dict[str, float] = {}
    for draft in drafts:
        candidates.setdefault(draft.text, draft.hypothesis.score)
    token_scores, attention = best.hypothesis.token_scores, best.hypothesis.attention
    return SentenceTranslation(
        source=request.sentence,
        text=best.text,
        score=sum(token_scores) / max(1, len(token_scores)),
        candidates=tuple(candidates.items())[:n_best],
        tokens=best.pieces,
        source_tokens=source_pieces,
        attention=attention.tolist() if with_attention and attention is not None else None,
        token_scores=tuple(token_scores),
    )


def recase(
    request: Request, protected: Protected, result: SentenceTranslation, bare: SentenceTranslation
) -> SentenceTranslation:
    """The likelier of two results: that of the sentence as it stands, or that of its bare form, which gets the
    sentence's capital and marks.  The bare form must be likelier by `MIN_GAIN`, and its best candidate without defects.
    """
    _, casing = bare_form(protected.unmarked)
    word = without_marks(protected.unmarked)
    candidates: dict[str, float] = {}
    for text, score in bare.candidates:
        unmarked = without_marks(text)
        if word.isupper() and unmarked.lower() == word.lower():
            unmarked = word  # a name that stays, as NASA
        text = recased(unmarked, casing, protected.target_language) if unmarked else ""
        candidates.setdefault(with_letters(protected, text), score)
    sound = {text: score for text, score in candidates.items() if not count_defects(request, text)}
    best = next(iter(candidates))
    if best not in sound or (result.text and bare.score <= result.score + MIN_GAIN):
        return result
    return replace(bare, source=request.sentence, text=best, candidates=tuple(sound.items()))
