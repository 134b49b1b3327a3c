"""Normalisation and the filters, each by its name."""

from __future__ import annotations

import unicodedata

import pytest

pytest.importorskip("lingua")
pytest.importorskip("lxml")

from data_prep.cleaning import CleaningConfig, failed_filter, normalise, script_share  # noqa: E402
from data_prep.languages import make_judge  # noqa: E402
from nmt.errors import UserError  # noqa: E402

CONFIG = CleaningConfig()
ES_EN = ("es", "en")

UNHARMED = [
    "¿¡Pingüino, niño, áéíóú ÑÜ!?",
    "½ taza… 1.º piso, 5 µm, “así” — «así»",
    "a < b y c > d, <3, 1<2>0",
    "cp <archivo> <destino>",
    "https://example.org/?a=1&copy=2&b=3",
    "👩‍👩‍👧 🏴󠁧󠁢󠁥󠁮󠁧󠁿 ❤️",
    "می‌خواهم",  # its zero-width non-joiner is spelling
]


@pytest.mark.parametrize("text", UNHARMED)
def test_normalisation_leaves_good_text_alone(text):
    assert normalise(text, CONFIG) == (text, [])


NORMALISED = {
    "nfc": (unicodedata.normalize("NFD", "pingüino"), "pingüino"),
    "white_space": (" uno\u00a0 dos\u2009tres ", "uno dos tres"),
    "control_characters": ("u\x00no\u200b d\u00ados\ufeff", "uno dos"),
    "markup": (
        '<p class="x">Un <b>gran</b><br/>salto &amp; m&aacute;s</p><!-- no -->',
        "Un gran salto & más",
    ),
}


@pytest.mark.parametrize("step", NORMALISED)
def test_normalisation_mends_and_names_the_step(step):
    raw, mended = NORMALISED[step]
    text, steps = normalise(raw, CONFIG)
    assert text == mended
    assert step in steps


def test_line_breaks_and_tabs_become_spaces():
    assert normalise("uno\tdos\ntres\x85cuatro", CONFIG)[0] == "uno dos tres cuatro"


def test_escaped_tags_are_text():
    assert normalise("La etiqueta &lt;b&gt;", CONFIG)[0] == "La etiqueta <b>"


def test_markup_can_be_kept():
    assert normalise("<b>uno</b>", CleaningConfig(strip_markup=False))[0] == "<b>uno</b>"


REMOVED = {
    "empty": ("", "Hello."),
    "damaged": ("El ni\ufffdo duerme.", "The boy sleeps."),
    "too_long": ("palabra " * 151, "word " * 150),
    "identical": ("Madrid", "Madrid"),
    "length_ratio": ("Sí.", "Yes, and then we all went home by bus."),
    "no_letters": ("1914-1918", "1914 to 1918"),
    "wrong_script": ("Привет, как дела?", "Hello, how are you?"),
}


@pytest.mark.parametrize("name", REMOVED)
def test_filter_removes_by_name(name):
    assert failed_filter(*REMOVED[name], ES_EN, CONFIG) == name


def test_too_short_is_a_matter_of_the_recipe():
    assert failed_filter("Ve.", "Go.", ES_EN, CONFIG) is None
    assert failed_filter("Ve.", "Go.", ES_EN, CleaningConfig(min_words=2)) == "too_short"


KEPT = [
    ("Ve.", "Go."),
    ("¿Tom?", "Tom?"),
    ("Sí.", "Yes, I do."),  # too short for a length ratio to mean anything
    ("La letra π es griega.", "The letter π is Greek."),
    ("Tengo 3 🐈.", "I have 3 🐈."),
]


@pytest.mark.parametrize("pair", KEPT)
def test_good_pair_passes_every_filter(pair):
    assert failed_filter(*pair, ES_EN, CONFIG) is None


def test_script_depends_on_the_language():
    assert script_share("Привет", "ru") == 1
    assert script_share("Привет abc", "en") == pytest.approx(3 / 9)
    assert script_share("日本語のテスト", "ja") == 1
    assert script_share("12 + 3º", "es") is None


def test_language_filter_finds_swapped_and_untranslated_sides():
    judge = make_judge(ES_EN, min_chars=40)
    spanish = "El perro de mi vecina ladra toda la noche y no me deja dormir."
    english = "My neighbour's dog barks all night and does not let me sleep."
    pairs = [
        (spanish, english),
        (english, spanish),
        (english, english),
        (spanish, spanish),
        (english[:20], english),
    ]
    assert judge(*zip(*pairs, strict=True)) == [False, True, True, True, False]


def test_language_filter_forgives_foreign_terms():
    """The fast models alone take these for Spanish; the accurate ones save them."""
    english = ["Read and write exif, iptc and xmp metadata.", "Use standard system font in window titles"]
    judge = make_judge(ES_EN, min_chars=10)
    assert judge(["Corto"] * 2, english) == [False, False]


def test_language_filter_says_which_pair_it_does_not_know():
    with pytest.raises(UserError, match="--no-language-filter"):
        make_judge(("es", "xx"), 40)
