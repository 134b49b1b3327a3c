"""A phrase book: sentences whose translation is known and not left to the model.

People try a translator with "Hello", and a network that has learned from long sentences translates greetings badly.  So
a checkpoint folder may have a `phrases.tsv`, one pair a line: SOURCE<TAB>TRANSLATION, in UTF-8.  Where several lines
have the same source, the first has its translation and the others its alternatives.  Only whole sentences
are looked up.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from nmt.errors import UserError
from nmt.files import check_file
from nmt.text.line_io import read_lines
from nmt.text.normalization import composed
from nmt.translation.recasing import MARKED_ALIKE, Casing, bare_form, recased, without_marks

PHRASES_FILE = "phrases.tsv"
MAX_PHRASES_BYTES = 1_000_000  # read in about a second; those that are shipped have 3 kB


class PhraseBook:
    """Pairs of a source and its translation.  A source is found in any case and with any mark, but a question is not
    found without its question mark: "no?" is not "no"."""

    def __init__(self, pairs: Iterable[tuple[str, str]] = (), target_language: str = "") -> None:
        self.target_language = target_language
        self._translations: dict[str, dict[str, None]] = {}  # a set in order
        self._capitals: set[str] = set()  # sources that have a capital even within a sentence
        for source, translation in pairs:
            key, casing = _key(source)
            key += "?" if "?" in casing.marks else ""
            self._translations.setdefault(key, {})[translation] = None
            if casing.capital:
                self._capitals.add(key)

    @classmethod
    def load(cls, folder: Path, target_language: str) -> PhraseBook:
        """The phrase book of a checkpoint folder, empty if it has none; UserError for a line that is no pair."""
        file = folder / PHRASES_FILE
        pairs = []
        if file.exists():
            check_file(file, MAX_PHRASES_BYTES)
        for number, line in enumerate(read_lines(file) if file.exists() else [], start=1):
            if not line.strip():
                continue
            columns = [column.strip() for column in line.split("\t")]
            if len(columns) != 2 or not all(map(without_marks, columns)):
                # The line is not shown: the file may be a link to one with private contents.
                raise UserError(f"{file}:{number}: expected SOURCE<TAB>TRANSLATION, found {len(columns)} columns")
            pairs.append((columns[0], columns[1]))
        return cls(pairs, target_language)

    def __len__(self) -> int:
        return len(self._translations)

    def look_up(self, sentence: str) -> tuple[str, ...]:
        """The translations of a whole sentence, the best first; () if the book has none.

        The capital at the beginning and the marks at the end are those of the sentence: "hello" is "hola", "Hello!"
        is "¡Hola!".  A translation that has its own marks keeps them."""
        key, casing = _key(sentence)
        keys = [f"{key}?"] if "?" in casing.marks else [key]
        if not casing.marks and " " in key:
            keys.append(f"{key}?")  # people leave question marks out
        found = next((key for key in keys if key in self._translations), None)
        if found is None or (casing.marks and self.target_language not in MARKED_ALIKE):
            return ()
        # "Monday" has a capital anywhere, "Monday." because it is a sentence.
        if not casing.marks and found in self._capitals:
            casing = casing._replace(capital=False)
        return tuple(recased(text, casing, self.target_language) for text in self._translations[found])


def _key(sentence: str) -> tuple[str, Casing]:
    """The key that a sentence is looked up by, and the capital and marks that it leaves out."""
    bare, casing = bare_form(composed(sentence))
    bare = bare if bare.isupper() and len(bare) > 1 else bare.casefold()  # an abbreviation is another word
    return " ".join(bare.replace("’", "'").split()), casing
