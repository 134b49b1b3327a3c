"""What arrives unchanged: placeholders, markup, codes, amounts, paths; and whether tags stand around the right words.

    python -m benchmarks.placeables --model checkpoints/es-en
    python -m benchmarks.placeables --model checkpoints/en-es --sentences 10

Twenty kinds of items (`benchmarks.placeable_sentences`), in fifty sentences each.  An item is kept if it is in the
translation exactly as it was and exactly as often, with nothing of its own sort at either side; the other words are
kept if the translation has at least `MIN_WORDS` of as many words as the same sentence has in the other language, and no
digit from nowhere.

`marked_up.tsv` has pairs of marked-up sentences, Spanish and English, each the right answer for the other; "|" stands
between wordings that are as good.  A tag is right if what it encloses has the same words, but for their endings and for
articles, prepositions and pronouns.  They are translated as plain text, and as a page of HTML.

Nothing here uses the translator's own grammar of items.
"""

from __future__ import annotations

import argparse
import re
import sys
import unicodedata
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.common import add_options, at_least, finish, machine, make_parser, revision
from benchmarks.placeable_sentences import KINDS, Case, cases, words
from nmt import Translator
from nmt.documents import html
from nmt.documents.document import Encoding, TextDocument
from nmt.errors import UserError

SEED = 23
MIN_WORDS = 0.6
STEM = 5  # letters of a word that count where endings do not
MARKED_UP = Path(__file__).with_name("marked_up.tsv")


def kept_items(case: Case, translation: str) -> int:
    """How many of the items are in the translation as often as in the source, each by itself."""

    def count(item: str, text: str) -> int:
        left = r"(?<!\w)" if item[0].isalnum() else rf"(?<!{re.escape(item[0])})"
        right = rf"(?!{re.escape(item[-1])})" if len(item) > 1 else ""
        if item[-1].isalnum() and not item.startswith("\\"):  # \\n stands right before a word
            right = r"(?!\w)"
        return len(re.findall(left + re.escape(item) + right, text))

    return sum(count(item, translation) == case.items.count(item) for item in case.items)


def other_words_kept(case: Case, translation: str) -> bool:
    """Whether the translation has enough words beside the items, and no digits beside them."""
    rest = translation
    for item in sorted(case.items, key=len, reverse=True):
        rest = rest.replace(item, " ")
    return len(words(rest)) >= MIN_WORDS * case.words and not re.search(r"\d", rest)


# Words that may differ inside a tag: articles, prepositions, pronouns, forms of "be".
_SMALL_WORDS = frozenset(
    "el la los las un una unos unas lo al del de a en por con que the an of in on at to with it is was he she i you we "
    "they su sus his her your my mi mis tu tus se me nos".split()
)
_TAG = re.compile(r"<(/?)\w+[^>]*>")


def marked(text: str) -> list[tuple[str, str]]:
    """The opening tags of a text, in order, and what each encloses, without tags."""
    found: list[tuple[str, int, int]] = []
    opened: list[int] = []
    for tag in _TAG.finditer(text):
        if not tag[1]:
            opened.append(len(found))
            found.append((tag[0], tag.end(), -1))
        elif opened:
            place = opened.pop()
            found[place] = (*found[place][:2], tag.start())
    return [(tag, _TAG.sub("", text[start:end])) for tag, start, end in found if end >= 0]


def _stems(text: str) -> frozenset[str]:
    plain = unicodedata.normalize("NFD", text.casefold())
    words = re.findall(r"\w+", "".join(c for c in plain if not unicodedata.combining(c)))
    return frozenset(word[:STEM] for word in words if word not in _SMALL_WORDS) or frozenset(words)


def says_the_same(enclosed: str, wordings: str) -> bool:
    """Whether a stretch has the words of one of the wordings; of three words or more, half of them."""
    stems = _stems(enclosed)
    for wording in map(_stems, wordings.split("|")):
        if stems == wording or (len(wording) >= 3 and 2 * len(stems & wording) >= len(stems | wording)):
            return True
    return False


def right_tags(answer: str, translation: str) -> int:
    """How many tags of the answer are in the translation around the same words."""
    there = marked(translation)
    right = 0
    for tag, wordings in marked(answer):
        for place, (other, text) in enumerate(there):
            if other == tag and says_the_same(text, wordings):
                del there[place]
                right += 1
                break
    return right


def first_wording(text: str) -> str:
    return re.sub(r"\|[^<|]*", "", text)


def read_pairs(file: Path) -> list[tuple[str, str]]:
    """Spanish and English columns; UserError where there are not two."""
    pairs = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        columns = line.split("\t")
        if len(columns) != 2:
            raise UserError(f"{file}:{number}: expected SPANISH<TAB>ENGLISH, found {line!r}")
        pairs.append((columns[0], columns[1]))
    return pairs


def as_text(translator: Translator, sources: Sequence[str]) -> list[str]:
    return [translation.text for translation in translator.translate_batch(sources)]


def as_html(translator: Translator, sources: Sequence[str]) -> list[str]:
    """As a page with a paragraph for each."""
    page = "".join(f"<p>{source}</p>" for source in sources)
    document = TextDocument(page, Encoding(b"", "utf-8"), html.passages(page, "page"))
    rendered = document.rendered(as_text(translator, document.texts))
    return rendered.removeprefix("<p>").removesuffix("</p>").split("</p><p>")


def tags_right(
    way: Callable[[Translator, Sequence[str]], list[str]],
    translator: Translator,
    pairs: Sequence[tuple[str, str]],
    show: bool,
) -> dict[str, Any]:
    """Of marked-up sentences and their answers: how many tags stand around the right words, and how many stand at all,
    opening and closing ones."""
    counts = {"tags": 0, "right": 0, "halves": 0, "halves_kept": 0}
    translations = way(translator, [source for source, _ in pairs])
    for (source, answer), text in zip(pairs, translations, strict=True):
        halves = [found[0] for found in _TAG.finditer(source)]
        right, tags = right_tags(answer, text), len(marked(answer))
        counts["tags"] += tags
        counts["right"] += right
        counts["halves"] += len(halves)
        counts["halves_kept"] += sum(text.count(half) == halves.count(half) for half in halves)
        if show and right < tags:
            print(f"{way.__name__}\t{source}\t{text}\t{answer}", file=sys.stderr)
    return {**counts, "right_percent": round(100 * counts["right"] / counts["tags"], 2)}


def run(args: argparse.Namespace) -> dict[str, Any]:
    translator = Translator.load(args.model, args.device)
    if {translator.source_language, translator.target_language} != {"es", "en"}:
        raise UserError(f"{args.model}: these sentences are for Spanish and English")
    side = 0 if translator.source_language == "es" else 1
    figures: dict[str, Any] = {}
    totals = {"items": 0, "items_kept": 0, "sentences": 0, "words_kept": 0}
    for name, kind in KINDS.items():
        drawn = list(cases(kind, side, args.sentences, f"{SEED} {name}"))
        translations = [t.text for t in translator.translate_batch([case.source for case in drawn])]
        both = list(zip(drawn, translations, strict=True))
        counts = {
            "items": sum(len(case.items) for case in drawn),
            "items_kept": sum(kept_items(case, text) for case, text in both),
            "sentences": len(drawn),
            "words_kept": sum(other_words_kept(case, text) for case, text in both),
        }
        figures[name] = counts
        totals = {key: totals[key] + counts[key] for key in totals}
        if args.show:
            for case, text in both:
                if kept_items(case, text) < len(case.items) or not other_words_kept(case, text):
                    print(f"{name}\t{case.source}\t{text}", file=sys.stderr)
    pairs = [(first_wording(pair[side]), pair[1 - side]) for pair in read_pairs(MARKED_UP)]
    ways = {"text": as_text, "html": as_html}
    marked_up = {name: tags_right(way, translator, pairs, args.show) for name, way in ways.items()}
    return {
        "system": f"nmt {revision()}",
        "model": f"{translator.source_language}-{translator.target_language}",
        "kinds": figures,
        "all": totals,
        "items_kept_percent": round(100 * totals["items_kept"] / totals["items"], 2),
        "words_kept_percent": round(100 * totals["words_kept"] / totals["sentences"], 2),
        "marked_up": {"sentences": len(pairs), **marked_up},
        "machine": machine("torch", "onnxruntime"),
    }


def main() -> int:
    parser = make_parser(__doc__)
    add_options(parser, "model")
    parser.add_argument("--sentences", type=at_least(1), default=50, metavar="N", help="of each kind (50)")
    add_options(parser, "device")
    parser.add_argument("--show", action="store_true", help="print what went wrong, tab-separated, to stderr")
    add_options(parser, "json")
    args = parser.parse_args()
    return finish(partial(run, args), args.json)


if __name__ == "__main__":
    sys.exit(main())
