"""Is a text in the language it should be in? Asked of lingua, restricted to the two languages of the pair.

So it finds swapped sides and untranslated text, but no third language: `wrong_script` finds some.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lingua import IsoCode639_1, LanguageDetectorBuilder

from data_prep.recipe import Languages
from nmt.errors import UserError

# The beginning of a text tells enough for the first look, and lingua's time grows with length.
FIRST_LOOK_CHARS = 100
# lingua's own scale: how much likelier the one language must be than the other for a verdict.
CERTAINTY = 0.25


def make_judge(languages: Languages, min_chars: int) -> Callable[[Sequence[str], Sequence[str]], list[bool]]:
    """Returns `judge(sources, targets)`, which tells of each pair whether a side is in the other language.

    A side shorter than `min_chars`, or one that lingua is not sure of, passes. Two looks: the fast models
    screen all texts, the accurate ones confirm each suspicion. (The fast ones alone err on two technical
    sentences in a thousand, such as "Read and write exif, iptc and xmp metadata", ten times as often as both
    together.) Uses all cores by itself."""
    try:
        codes = [IsoCode639_1.from_str(language.upper()) for language in languages]
    except ValueError:
        problem = "the language filter does not know both languages; switch it off with --no-language-filter"
        raise UserError(f"pair {'-'.join(languages)}: {problem}") from None

    def builder() -> LanguageDetectorBuilder:
        return LanguageDetectorBuilder.from_iso_codes_639_1(*codes).with_minimum_relative_distance(CERTAINTY)

    fast, accurate = builder().with_low_accuracy_mode().build(), builder().build()

    def suspects(texts: Sequence[str], other: IsoCode639_1) -> list[int]:
        """Positions of the texts that are in the language `other`."""
        found = [number for number, text in enumerate(texts) if len(text) >= min_chars]
        for detector, chars in ((fast, FIRST_LOOK_CHARS), (accurate, None)):
            verdicts = detector.detect_languages_in_parallel_of([texts[number][:chars] for number in found])
            found = [
                number
                for number, verdict in zip(found, verdicts, strict=True)
                if verdict is not None and verdict.iso_code_639_1 == other
            ]
        return found

    def judge(sources: Sequence[str], targets: Sequence[str]) -> list[bool]:
        wrong = {*suspects(sources, codes[1]), *suspects(targets, codes[0])}
        return [number in wrong for number in range(len(sources))]

    return judge
