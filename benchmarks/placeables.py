"""What arrives unchanged: placeholders, markup, codes, amounts, paths; and whether tags stand around the right words.

    python -m benchmarks.placeables --model checkpoints/es-en
    python -m benchmarks.placeables --model checkpoints/en-es --sentences 10

Twenty kinds of items, in fifty sentences each, drawn from a seed.  An item is kept if it is in the translation exactly
as it was and exactly as often, with nothing of its own sort at either side; the other words are kept if the translation
has at least `MIN_WORDS` of as many words as the same sentence has in the other language, and no digit from nowhere.

`marked_up.tsv` has pairs of marked-up sentences, Spanish and English, each the right answer for the other; "|" stands
between wordings that are as good.  A tag is right if what it encloses has the same words, but for their endings and for
articles, prepositions and pronouns.

Nothing here uses the translator's own grammar of items.
"""

from __future__ import annotations

import random
import re
import string
import sys
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.common import at_least, finish, machine, make_parser, revision
from nmt.errors import UserError

if TYPE_CHECKING:
    import argparse

SEED = 23
MIN_WORDS = 0.6
STEM = 5  # letters of a word that count where endings do not
MARKED_UP = Path(__file__).with_name("marked_up.tsv")

# Sentences that say the same in both languages; {} is where an item goes.
NOUNS = (
    ("El archivo {} no existe.", "The file {} does not exist."),
    ("Puedes leer más en {}.", "You can read more at {}."),
    ("No puedo encontrar {} en la lista.", "I cannot find {} in the list."),
    ("Mi hermano me dio {} ayer.", "My brother gave me {} yesterday."),
    ("{} está listo.", "{} is ready."),
    ("¿Dónde está {}?", "Where is {}?"),
    ("El mensaje de {} llegó tarde.", "The message from {} arrived late."),
    ("Usa {} o {} para entrar.", "Use {} or {} to enter."),
    ("Ella cambió {} por {} esta mañana.", "She changed {} to {} this morning."),
    ("Hola, el nombre es {}, muchas gracias.", "Hello, the name is {}, thank you very much."),
)
NUMBERS = (
    ("Tengo {} en casa.", "I have {} at home."),
    ("El coche cuesta {}.", "The car costs {}."),
    ("Pagué {} por la lámpara.", "I paid {} for the lamp."),
    ("La cuenta fue de {} en mayo.", "The bill was {} in May."),
    ("Mi padre me debe {} o {}.", "My father owes me {} or {}."),
)
REFERENCES = (
    ("Por favor, mira {} y {}.", "Please see {} and {}."),
    ("La respuesta está en {}.", "The answer is in {}."),
    ("Ya leí {} dos veces.", "I already read {} twice."),
    ("El problema de {} es fácil.", "The problem of {} is easy."),
)
DATES = (
    ("La reunión es el {} a las {}.", "The meeting is on {} at {}."),
    ("Él llegó el {} en coche.", "He arrived on {} by car."),
    ("El tren sale a las {}.", "The train leaves at {}."),
)
MEASURES = (
    ("El agua tiene {} y sal.", "The water has {} and salt."),
    ("La casa es de {} en total.", "The house is {} in total."),
    ("Escribe {} en el cuaderno.", "Write {} in the notebook."),
)
TAGS = (
    ("Haz clic en {}Guardar{} para continuar.", "Click {}Save{} to continue."),
    ("El {}perro{} come pan.", "The {}dog{} eats bread."),
    ("Lee los {}términos{} de uso.", "Read the {}terms{} of use."),
    ("Mi casa es {}muy grande{} y nueva.", "My house is {}very big{} and new."),
    ("{}El gato duerme en la casa.{}", "{}The cat sleeps at home.{}"),
)
LINES = (
    ("Buenos días{}Muchas gracias", "Good morning{}Thank you very much"),
    ("Primera línea{}Segunda línea", "First line{}Second line"),
    ("El perro come.{}El gato duerme.", "The dog eats.{}The cat sleeps."),
)
BETWEEN = (
    ("Pan {} leche", "Bread {} milk"),
    ("El perro {} el gato son amigos.", "The dog {} the cat are friends."),
    ("Dijo: {}mi casa{} es grande.", "He said: {}my house{} is big."),
)

Draw = random.Random
Sentences = Sequence[tuple[str, str]]


def _letters(draw: Draw, alphabet: str, count: int) -> str:
    return "".join(draw.choices(alphabet, k=count))


def _digits(draw: Draw, count: int) -> str:
    return str(draw.randint(1, 9)) + _letters(draw, string.digits, count - 1)


def _word(draw: Draw) -> str:
    return draw.choice("name user count city total item page order color price email date".split())


def _hex(draw: Draw, count: int) -> str:
    return _letters(draw, "0123456789abcdef", count)


def _url(draw: Draw) -> str:
    return draw.choice(
        ("https://www.{0}.org/{1}/{2}", "http://{0}.es/?q={1}&p={2}", "https://{0}.example.com/{1}#{2}")
    ).format(_letters(draw, string.ascii_lowercase, 6), _word(draw), _digits(draw, 3))


def _email(draw: Draw) -> str:
    return f"{_letters(draw, string.ascii_lowercase, 5)}.{_word(draw)}@{_letters(draw, string.ascii_lowercase, 6)}.com"


def _handle(draw: Draw) -> str:
    return (
        draw.choice("@#")
        + _letters(draw, string.ascii_lowercase, 6)
        + draw.choice(("", "_", "99")).rstrip("_")
    )


def _printf(draw: Draw) -> str:
    return draw.choice(
        ("%s", "%1$s", "%(name)s", "%@", "%1$@", "%-5.2f", "%d%%", "%ld", "%i", "%2$d", "%(total)d")
    )


def _braces(draw: Draw) -> str:
    return draw.choice(("{{{}}}", "${{{}}}", "%{{{}}}", "#{{{}}}", "{{{}_id}}", "{{0}}", "{{1}}")).format(
        _word(draw)
    )


def _template(draw: Draw) -> str:
    return draw.choice(
        ("{{{{{}}}}}", "{{{{ {} }}}}", "<%= {} %>", "[[{}]]", "{{{{user.{}}}}}", "__{}__", ":{}", "%{}%")
    ).format(_word(draw))


def _uuid(draw: Draw) -> str:
    return "-".join(_hex(draw, count) for count in (8, 4, 4, 4, 12))


def _address(draw: Draw) -> str:
    if draw.random() < 0.5:
        return ":".join(_hex(draw, 2).upper() for _ in range(6))
    return ".".join(str(draw.randint(1, 254)) for _ in range(4))


def _isbn(draw: Draw) -> str:
    return f"978-{_digits(draw, 1)}-{_digits(draw, 2)}-{_digits(draw, 6)}-{_digits(draw, 1)}"


def _iban(draw: Draw) -> str:
    return "ES" + " ".join([_digits(draw, 2), *(_digits(draw, 4) for _ in range(5))])


def _commit(draw: Draw) -> str:
    return _digits(draw, 1) + _letters(draw, "abcdef", 2) + _hex(draw, draw.choice((4, 5, 37)))


def _phone(draw: Draw) -> str:
    return draw.choice(("+34 6{0} {1} {2} {3}", "6{0} {4} {5}", "+1 {4}-{5}-{6}", "({4}) {5}-{6}")).format(
        *(_digits(draw, 2) for _ in range(4)), *(_digits(draw, 3) for _ in range(2)), _digits(draw, 4)
    )


def _version(draw: Draw) -> str:
    return draw.choice(("{}.{}.{}", "v{}.{}", "{}.{}.{}-beta")).format(
        *(draw.randint(1, 20) for _ in range(3))
    )


def _date(draw: Draw) -> str:
    day, month, year = draw.randint(1, 28), draw.randint(1, 12), draw.randint(1950, 2030)
    return draw.choice(
        (f"{day}/{month}/{year}", f"{year}-{month:02}-{day:02}", f"{day:02}.{month:02}.{year}")
    )


def _time(draw: Draw) -> str:
    return f"{draw.randint(10, 23)}:{draw.randint(0, 59):02}"


def _path(draw: Draw) -> str:
    return draw.choice(
        ("/usr/{0}/{1}.txt", "C:\\{0}\\{1}", "~/{0}/{1}", "./{0}/{1}.py", "{0}_{1}.csv")
    ).format(_word(draw), _letters(draw, string.ascii_lowercase, 4))


def _amount(draw: Draw) -> str:
    number = draw.choice(
        (str(draw.randint(2, 999)), f"{draw.randint(1, 9)}.{_digits(draw, 3)},{_digits(draw, 2)}")
    )
    return draw.choice((f"€{number}", f"{number} €", f"£{number}", f"¥{number}"))


def _reference(draw: Draw) -> str:
    return draw.choice(("#{}", "§ {}", "n.º {}", "¶ {}")).format(draw.randint(2, 999))


def _measure(draw: Draw) -> str:
    number = draw.randint(2, 99)
    return draw.choice(
        (
            f"{number} m²",
            "CO₂",
            "H₂O",
            "10⁶ m",
            f"±{number}",
            f"~{number}",
            f"{number} m³",
            "Na₂CO₃",
            "x < 5",
        )
    )


def _tag(draw: Draw) -> tuple[str, str]:
    name = draw.choice(("b", "i", "em", "strong", "span", "a"))
    attributes = {"a": f' href="/{_word(draw)}"', "span": f' class="{_word(draw)}"'}.get(name, "")
    return f"<{name}{attributes}>", f"</{name}>"


@dataclass(frozen=True)
class Kind:
    sentences: Sentences
    items: Callable[[Draw], Sequence[str]]  # enough for any of the sentences


def _two(make: Callable[[Draw], str]) -> Callable[[Draw], Sequence[str]]:
    """Two items that differ."""

    def items(draw: Draw) -> Sequence[str]:
        first = second = make(draw)
        while second == first:
            second = make(draw)
        return first, second

    return items


KINDS = {
    "URL": Kind(NOUNS, _two(_url)),
    "e-mail address": Kind(NOUNS, _two(_email)),
    "handle, hashtag": Kind(NOUNS, _two(_handle)),
    "printf": Kind(NOUNS, _two(_printf)),
    "braces": Kind(NOUNS, _two(_braces)),
    "template": Kind(NOUNS, _two(_template)),
    "tags": Kind(TAGS, _tag),
    "line breaks": Kind(LINES, lambda draw: [draw.choice(("\\n", "\\t", "<br>", "<br/>", "|"))]),
    "entities, signs": Kind(
        BETWEEN, lambda draw: [draw.choice(("&amp;", "&quot;", '\\"', "&", "*", "&lt;"))] * 2
    ),
    "UUID": Kind(NOUNS, _two(_uuid)),
    "MAC, IP": Kind(NOUNS, _two(_address)),
    "ISBN": Kind(NOUNS, _two(_isbn)),
    "IBAN": Kind(NOUNS, _two(_iban)),
    "commit": Kind(NOUNS, _two(_commit)),
    "telephone": Kind(NOUNS, _two(_phone)),
    "version": Kind(NOUNS, _two(_version)),
    "date, time": Kind(DATES, lambda draw: (_date(draw), _time(draw))),
    "path, file": Kind(NOUNS, _two(_path)),
    "amount": Kind(NUMBERS, _two(_amount)),
    "reference, measure": Kind(
        (*REFERENCES, *MEASURES), _two(lambda draw: draw.choice((_reference, _measure))(draw))
    ),
}


@dataclass(frozen=True)
class Case:
    source: str
    items: tuple[str, ...]
    words: int  # of the same sentence in the other language, without the items


def cases(kind: Kind, side: int, count: int, seed: str) -> Iterator[Case]:
    """`count` sentences, in the language of `side` (0: Spanish, 1: English)."""
    draw = random.Random(seed)
    for _ in range(count):
        pair = draw.choice(kind.sentences)
        items = kind.items(draw)
        if kind.sentences is DATES and "a las {}" in pair[0] and pair[0].count("{}") == 1:
            items = items[1:]
        items = tuple(items[: pair[side].count("{}")])
        yield Case(pair[side].format(*items), items, len(_words(pair[1 - side].replace("{}", " "))))


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", text)


def kept_items(case: Case, translation: str) -> int:
    """How many of the items are in the translation as often as in the source, each by itself."""

    def count(item: str, text: str) -> int:
        left = r"(?<!\w)" if item[0].isalnum() else rf"(?<!{re.escape(item[0])})"
        right = r"(?!\w)" if item[-1].isdigit() else rf"(?!{re.escape(item[-1])})" if len(item) > 1 else ""
        return len(re.findall(left + re.escape(item) + right, text))

    return sum(count(item, translation) == case.items.count(item) for item in case.items)


def other_words_kept(case: Case, translation: str) -> bool:
    """Whether the translation has enough words beside the items, and no digits beside them."""
    rest = translation
    for item in sorted(case.items, key=len, reverse=True):
        rest = rest.replace(item, " ")
    return len(_words(rest)) >= MIN_WORDS * case.words and not re.search(r"\d", rest)


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
        place = next(
            (i for i, (t, text) in enumerate(there) if t == tag and says_the_same(text, wordings)), None
        )
        if place is not None:
            del there[place]
            right += 1
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


def run(args: argparse.Namespace) -> dict[str, Any]:
    from nmt import Translator

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
    pairs = read_pairs(MARKED_UP)
    sources = [first_wording(pair[side]) for pair in pairs]
    answers = [pair[1 - side] for pair in pairs]
    translations = [t.text for t in translator.translate_batch(sources)]
    right = [right_tags(answer, text) for answer, text in zip(answers, translations, strict=True)]
    tags = [len(marked(answer)) for answer in answers]
    if args.show:
        for source, text, good, all_ in zip(sources, translations, right, tags, strict=True):
            if good < all_:
                print(f"marked up\t{source}\t{text}", file=sys.stderr)
    return {
        "system": f"nmt {revision()}",
        "model": f"{translator.source_language}-{translator.target_language}",
        "kinds": figures,
        "all": totals,
        "items_kept_percent": round(100 * totals["items_kept"] / totals["items"], 2),
        "words_kept_percent": round(100 * totals["words_kept"] / totals["sentences"], 2),
        "marked_up": {"sentences": len(pairs), "tags": sum(tags), "right": sum(right)},
        "tags_right_percent": round(100 * sum(right) / sum(tags), 2),
        "machine": machine("torch", "onnxruntime"),
    }


def main() -> int:
    parser = make_parser(__doc__)
    parser.add_argument("--model", type=Path, required=True, metavar="CHECKPOINT")
    parser.add_argument("--sentences", type=at_least(1), default=50, metavar="N", help="of each kind (50)")
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))
    parser.add_argument("--show", action="store_true", help="print what went wrong, tab-separated, to stderr")
    parser.add_argument("--json", type=Path, metavar="OUT", help="also write the figures to this file")
    args = parser.parse_args()
    return finish(partial(run, args), args.json)


if __name__ == "__main__":
    sys.exit(main())
