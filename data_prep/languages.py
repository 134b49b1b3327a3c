"""Is a text in the language it should be in? Asked of lingua, restricted to the two languages of the pair.

So it finds swapped sides, untranslated and half-translated text, but no third language: `wrong_script` finds some.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from lingua import IsoCode639_1, LanguageDetectorBuilder

from data_prep.errors import UserError

# The beginning of a text tells enough, and lingua's time grows with length.
JUDGED_CHARS = 150
# lingua's own scale: how much likelier the first language must be than the second for a verdict.
CERTAINTY = 0.25


def make_judge(
    languages: tuple[str, str], min_chars: int
) -> Callable[[Sequence[str], Sequence[str]], Iterator[bool]]:
    """Returns `judge(sources, targets)`, which yields, for each pair, whether a side is in the other language.

    A side shorter than `min_chars`, or one that lingua is not sure of, passes. Uses all cores by itself.
    """
    try:
        codes = [IsoCode639_1.from_str(language.upper()) for language in languages]
    except ValueError:
        raise UserError(
            f"pair {'-'.join(languages)}: the language filter does not know both languages; "
            "switch it off with --no-language-filter"
        ) from None
    builder = LanguageDetectorBuilder.from_iso_codes_639_1(*codes)
    detector = builder.with_low_accuracy_mode().with_minimum_relative_distance(CERTAINTY).build()

    def wrong(texts: Sequence[str], other: IsoCode639_1) -> Iterator[bool]:
        judged = [text[:JUDGED_CHARS] for text in texts if len(text) >= min_chars]
        verdicts = iter(detector.detect_languages_in_parallel_of(judged))
        for text in texts:
            verdict = next(verdicts) if len(text) >= min_chars else None
            yield verdict is not None and verdict.iso_code_639_1 == other

    def judge(sources: Sequence[str], targets: Sequence[str]) -> Iterator[bool]:
        sides = zip(wrong(sources, codes[1]), wrong(targets, codes[0]), strict=True)
        return (source or target for source, target in sides)

    return judge
