"""nmt.translation.glossary: terms that hold inside of sentences."""

from __future__ import annotations

from pathlib import Path

import pytest

from nmt.errors import UserError
from nmt.text.protected import missing_items
from nmt.translation.glossary import Glossary
from nmt.translation.phrase_book import PhraseBook
from nmt.translation.protect import Vocabulary, protect
from nmt.translation.restore import restore
from tests.support.uppercase_model import uppercase_translator
from tests.translation.test_protect import LETTERS

PAIRS = [
    ("order", "pedido"),
    ("purchase order", "orden de compra"),
    ("invoice", "factura"),
    ("staff", "personal"),
    ("IT", "TI"),
    ("COVID-19", "covid"),
    ("child", "niño"),
    ("children", "niños"),
]
TERMS = Glossary(PAIRS, "en", "es")
TO_SPANISH = Vocabulary(frozenset(LETTERS), (), len, "en", "es")


def found(sentence: str) -> list[tuple[str, str]]:
    return [(sentence[item.start : item.end], item.text) for item in TERMS.terms_in(sentence)]


@pytest.mark.parametrize(
    ("sentence", "terms"),
    [
        ("Pay the invoice.", [("invoice", "factura")]),
        ("The purchase order", [("purchase order", "orden de compra")]),
        ("Two purchase orders, one order", [("purchase orders", "órdenes de compra"), ("order", "pedido")]),
        ("a PURCHASE ORDER", [("PURCHASE ORDER", "ORDEN DE COMPRA")]),
        ("Invoice them", [("Invoice", "factura")]),  # begins the sentence; the translation decides
        ("the Invoice", [("Invoice", "Factura")]),
        ("border, reorder, invoice_id, re-order, order-based", []),
        ("Do it in IT.", [("IT", "TI")]),
        ("https://a.es/invoice and `order`", []),
        ("The COVID-19 invoice", [("COVID-19", "covid"), ("invoice", "factura")]),
        ("The children", [("children", "niños")]),
        ("The order’s date", [("order", "pedido")]),
    ],
)
def test_terms_are_found_as_whole_words_longest_first(sentence: str, terms: list[tuple[str, str]]) -> None:
    assert found(sentence) == terms


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("The <b>purchase</b> order", "The <b>purchase order</b>"),
        ("The purchase <i>order</i>s, an <b>invoice</b>", "The <i>purchase orders</i>, an <b>invoice</b>"),
        ("The <b>purchase <i>order</i></b> is", "The <b><i>purchase order</i></b> is"),
        ("A <b>purchase</b> <i>order</i>", "A <b><i>purchase order</i></b>"),
        ("<b>The purchase</b> <i>order</i>", "<b>The </b><i>purchase order</i>"),
        ("<i>purchase</i> <b>order is</b> it", "<i>purchase order</i><b> is</b> it"),
        ("A purchase<img src='x'> order <u>now</u>", "A purchase order<img src='x'> <u>now</u>"),
        ("A purchase<br/> order", "A purchase<br/> order"),
    ],
)
def test_markup_inside_of_a_term_goes_to_its_edges(sentence: str, expected: str) -> None:
    read, items = TERMS.applied(sentence)
    assert read == expected
    for item in items:
        assert TERMS.terms_in(read[item.start : item.end])


def test_where_there_is_no_tab_an_equals_sign_stands_between() -> None:
    glossary = Glossary.parse(["purchase order = orden de compra", "E = mc\tE = mc²"], "en", "es")
    assert [item.text for item in glossary.terms_in("a purchase order")] == ["orden de compra"]
    assert [item.text for item in glossary.terms_in("the E = mc here")] == ["E = mc²"]


@pytest.mark.parametrize(
    ("sentence", "translation", "expected"),
    [
        ("Pay the invoice now", "Pague el X2 ahora", "Pague la factura ahora"),
        ("Invoices are late", "El X2 es tarde", "Las facturas es tarde"),
        ("Invoices are late", "X2 son tarde", "Facturas son tarde"),
        ("invoices", "X2", "facturas"),
        ("The order of the invoice", "El X2 del C3", "El pedido de la factura"),
        ("The order of the invoice", "El C3 del X2", "La factura del pedido"),
        ("The invoice is in `the factura`.", "El X2 está en C3.", "La factura está en `the factura`."),
        ("Pay the invoice: a.es/el-factura", "Paga el X2: C3", "Paga la factura: a.es/el-factura"),
        ("Pay the new <b>invoice</b>", "Paga el nuevo X2", "Paga la nueva <b>factura</b>"),
        ("Pay <b>the new</b> invoice", "Paga el nuevo X2", "Paga <b>la nueva</b> factura"),
    ],
)
def test_terms_take_case_and_article_of_their_places(sentence: str, translation: str, expected: str) -> None:
    items = TERMS.terms_in(sentence)
    protected = protect(sentence, TO_SPANISH, given=items)
    assert restore(protected, translation, [], [], None) == expected
    assert missing_items(sentence, expected, items) == []


def test_a_term_keeps_capitals_of_its_own() -> None:
    glossary = Glossary([("telephone", "iPhone")])
    items = glossary.terms_in("Telephone is new")
    assert restore(protect("Telephone is new", TO_SPANISH, given=items), "X2 es nuevo", [], [], None) == (
        "iPhone es nuevo"
    )


@pytest.mark.parametrize("order", [1, -1])
def test_an_abbreviation_and_a_word_of_the_same_letters_are_two_terms(order: int) -> None:
    glossary = Glossary([("US", "EE. UU."), ("us", "nosotros")][::order])
    assert [term.text for term in glossary.terms_in("They gave us the US flag")] == ["nosotros", "EE. UU."]


@pytest.mark.parametrize("pair", [("", "x"), (" ", "x"), ("x", "")])
def test_a_term_has_letters_on_either_side(pair: tuple[str, str]) -> None:
    with pytest.raises(UserError, match="a term has letters"):
        Glossary([pair])


def test_a_term_that_is_not_there_is_missing() -> None:
    items = TERMS.terms_in("Pay the invoice")
    assert [item.text for item in missing_items("Pay the invoice", "Pague el recibo", items)] == ["factura"]


def test_translations_hold_to_the_glossary_alone_inside_and_in_streams() -> None:
    """The model upper-cases whatever it reads."""
    translator, _ = uppercase_translator()
    glossary = Glossary([("ana", "Hannah"), ("hola", "hi")], "es", "en")
    lines = ["hoy ana viene", "Hola", "hola, ana. hola", "ana http://a.es/ana"]
    expected = ["HOY Hannah VIENE", "Hi", "hi, Hannah. hi", "Hannah http://a.es/ana"]
    assert [one.text for one in translator.translate_batch(lines, glossary=glossary)] == expected
    assert [one.text for one in translator.stream(lines, glossary=glossary)] == expected
    assert translator.translate("ana", glossary=glossary) == "Hannah"
    assert translator.translate("ana") == "ANA"
    assert translator.translate("hoy <b>a</b>na viene", glossary=Glossary([("ana viene", "x")])) == "HOY <b>x</b>"
    plan = translator.plan("hoy ana viene", glossary=glossary)
    assert plan.assemble(translator.translate_sentences(plan.requests)).text == "HOY Hannah VIENE"
    assert translator.continuations("hoy ana viene", "", beam=1, glossary=glossary)[0].text == "HOY Hannah VIENE"


@pytest.mark.parametrize(
    ("text", "expected"), [("&Ana", "&Hannah"), ("Hoy &ana", "HOY &Hannah"), ("&Hoy ana", "&HOY Hannah")]
)
def test_accelerators_stand_beside_terms(text: str, expected: str) -> None:
    """A phrase book that has the words does not change that."""
    translator, _ = uppercase_translator(phrases=PhraseBook([("hoy ana", "nunca"), ("ana", "nunca")]))
    assert translator.translate(text, glossary=Glossary([("ana", "Hannah")], "es", "en")) == expected


def test_a_glossary_file_has_comments_and_its_mistakes_have_a_line(tmp_path: Path) -> None:
    file = tmp_path / "terms.tsv"
    file.write_text("# ours\n\ninvoice\tfactura\n", encoding="utf-8")
    assert [item.text for item in Glossary.load(file, "en", "es").terms_in("an invoice")] == ["factura"]
    for bad in ("invoice", "invoice\t", "a\tb\tc", "invoice =", "a=b", "a = b = c"):
        file.write_text(f"# ours\n{bad}\n", encoding="utf-8")
        with pytest.raises(UserError, match=r"terms\.tsv:2: expected SOURCE<TAB>TARGET"):
            Glossary.load(file, "en", "es")
