"""nmt.translation.agreement: regular plurals, and what stands before a noun."""

from __future__ import annotations

import pytest

from nmt.translation.agreement import agreed, plural


@pytest.mark.parametrize(
    ("language", "one", "several"),
    [
        ("es", "factura", "facturas"),
        ("es", "orden de compra", "órdenes de compra"),
        ("es", "tarjeta roja", "tarjetas rojas"),
        ("es", "albarán", "albaranes"),
        ("es", "raíz", "raíces"),
        ("es", "joven", "jóvenes"),
        ("es", "almacén", "almacenes"),
        ("es", "transacción", "transacciones"),
        ("es", "análisis", None),
        ("en", "invoice", "invoices"),
        ("en", "delivery note", "delivery notes"),
        ("en", "letter of credit", "letters of credit"),
        ("en", "policy", "policies"),
        ("en", "key", "keys"),
        ("en", "box", "boxes"),
        ("en", "invoices", None),
        ("en", "GitHub", None),
        ("en", "child", None),
        ("en", "software", None),
        ("en", "woman", None),
        ("es", "origen", "orígenes"),
        ("es", "régimen", None),
        ("es", "carácter", None),
        ("fr", "maison", None),
    ],
)
def test_the_regular_plural(language: str, one: str, several: str | None) -> None:
    assert plural(one, language) == several


@pytest.mark.parametrize(
    ("language", "before", "noun", "expected"),
    [
        ("es", "Pague el ", "factura", "Pague la "),
        ("es", "El nuevo ", "factura", "La nueva "),
        ("es", "copia del ", "factura", "copia de la "),
        ("es", "copia de la ", "pedido", "copia del "),
        ("es", "va al ", "facturas", "va a las "),
        ("es", "La ", "problema", "El "),
        ("es", "el ", "imágenes", "las "),
        ("es", "la ", "agua", "el "),
        ("es", "el ", "aguas", "las "),
        ("es", "este ", "transacciones", "estas "),
        ("es", "su ", "pedidos", "sus "),
        ("es", "del cliente ", "factura", "del cliente "),
        ("es", "la empresa ", "proveedor", "la empresa "),
        ("en", "A ", "order", "An "),
        ("en", "an ", "university", "a "),
        ("en", "a ", "hourly rate", "an "),
        ("en", "this ", "invoices", "these "),
        ("en", "I know that ", "dogs", "I know that "),
        ("en", "these ", "analysis", "this "),
        ("en", "these ", "letters of credit", "these "),
        ("en", "this ", "news", "this "),
        ("en", "Vitamin A ", "intake", "Vitamin A "),
        ("en", "an ", "SQL query", "an "),
        ("en", "a ", "MP3 player", "a "),
        ("es", "la ", "mujer", "la "),
        ("es", "la ", "madre", "la "),
        ("es", "la ", "crisis", "la "),
        ("es", "el ", "variable", "la "),
        ("es", "el ", "turista", "el "),
        ("es", "la ", "periodista", "la "),
        ("es", "el ", "lunes", "el "),
        ("es", "el ", "paraguas", "el "),
        ("es", "el ", "bastión", "el "),
        ("es", "la ", "camión", "el "),
        ("es", "la ", "opinión", "la "),
        ("es", "la ", "tren", "el "),
        ("es", "la ", "clientes", "los "),
        ("es", "el ", "señales", "las "),
        ("es", "la ", "hospitales", "los "),
        ("es", "la ", "trabajador", "el "),
        ("fr", "le ", "facture", "le "),
    ],
)
def test_what_stands_before_a_noun_agrees_with_it(language: str, before: str, noun: str, expected: str) -> None:
    for start, end, text in reversed(agreed(before, noun, language)):
        before = before[:start] + text + before[end:]
    assert before == expected
