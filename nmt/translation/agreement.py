"""How words change with a noun: its regular plural, and the article, demonstrative or adjective before it.

The rules for Spanish and English are right for most nouns; for other languages there are none, and nothing changes.
"""

from __future__ import annotations

import regex  # type: ignore[import-untyped]

# A complement, which stays the same in the plural: "orden de compra", "letter of credit".
_COMPLEMENT = {
    "es": regex.compile(r"\s+(?:de|del|a|al|en|para|por|con|sin|sobre|entre)\s.*$"),
    "en": regex.compile(r"\s+(?:of|in|for|to|with|without|at|on|by|from)\s.*$"),
}
# Nouns whose plural is irregular, or that have none.
_IRREGULAR = {
    "en": regex.compile(
        r"(?:man|child|person|foot|tooth|goose|mouse|ife|lf|leaf|thief|\box|criterion|phenomenon|datum|medium|index|ware"
        r"|information|news|advice|equipment|furniture|money|feedback|research|knowledge|luggage|traffic|weather)$"
    ),
    "es": regex.compile(r"carácter$|[áéíóú]\p{L}*en$"),
}
_ENGLISH_PLURAL = ((r"(?<=[^aeiou])y$", "ies"), (r"(?<=(?:s|x|z|ch|sh))$", "es"), (r"(?<=[a-z])$", "s"))
_SPANISH_PLURAL = (
    (r"z$", "ces"), (r"ión$", "iones"), (r"(?<=\p{L})[aeiou]$", r"\g<0>s"), (r"[áéó]$", r"\g<0>s"),
    (r"án$", "anes"), (r"én$", "enes"), (r"ín$", "ines"), (r"ón$", "ones"), (r"ún$", "unes"),
    (r"(?<=[aeiou][^aeiouáéíóú]*)en$", "enes"), (r"és$", "eses"), (r"[dlnrjy]$", r"\g<0>es"),
)  # fmt: skip
_UNACCENTED = regex.compile(r"([aeiou])([^aeiouáéíóú]+enes)$")  # imagen, imágenes
_ACUTE = dict(zip("aeiou", "áéíóú", strict=True))

# Endings and nouns whose gender is certain; before any other noun the model's article stays.
_FEMININE = regex.compile(
    r"(?<!ist|et|ut|crat|pat|guí|guardi|yog|fantasm|pap)a$|(?:(?<!bas)[cstxg]ión|[dt]ad|tud|umbre|triz|itis)$"
    r"|^(?:serie|especie|base|clase|fase|frase|mano|foto|moto|radio|flor|luz|red|pared|clave|llave|parte|gente|nube|calle"
    r"|carne|fuente|noche|tarde|sangre|leche|nieve|nave|sal|piel|ley|señal|sed|cárcel|im[aá]gen|[oó]rden|superficie|labor"
    r"|voz|vez|paz|cruz|raíz|interfaz|razón|web|sede|suerte|muerte|torre|madre|mujer|variable|api|url)$"
)
_MASCULINE = regex.compile(
    r"(?:(?:probl|sist|\bt|esqu|\bl|po|teor|dil|embl)ema|(?:idi|ar|dipl)oma|síntoma|grama|panorama|drama|clima|día|mapa"
    r"|planeta|cometa|pijama)$|(?:o|or|aje|án|ín|és|(?<!i)ón|bastión|camión|avión|gorrión|al|el)$"
    r"|^(?:cliente|informe|paquete|viaje|billete|puente|coche|hombre|padre|nombre|mes|país|plan|bar|lápiz|pez|juez|pan|tren)$"
)
_INVARIABLE = regex.compile(r"(?:lunes|martes|miércoles|jueves|viernes|paraguas|atlas|virus|is)$")
_STRESSED_A = regex.compile(  # feminine, with a masculine article right before it: el agua, las aguas
    r"(?:agua|águila|alma|arma|área|aula|ave|acta|hacha|hambre|ala|ancla|arpa|alga|asma)(?!\p{L})"
)
# Masculine and feminine, singular and plural.
_SPANISH = (
    "el,la,los,las", "un,una,unos,unas", "este,esta,estos,estas", "ese,esa,esos,esas",
    "aquel,aquella,aquellos,aquellas", "nuestro,nuestra,nuestros,nuestras", "vuestro,vuestra,vuestros,vuestras",
    "algún,alguna,algunos,algunas", "ningún,ninguna,ningunos,ningunas", "otro,otra,otros,otras",
    "todo,toda,todos,todas", "su,su,sus,sus", "mi,mi,mis,mis", "tu,tu,tus,tus",
    "del,de la,de los,de las", "al,a la,a los,a las",
)  # fmt: skip
_FORMS = {form: row.split(",") for row in _SPANISH for form in row.split(",")}
_ADJECTIVE = r"(?:nuev|viej|antigu|últim|próxim|únic|mism|propi|pequeñ|segund|buen|mal|fals|verdader)[oa]s?"
_BEFORE = {
    "es": regex.compile(rf"(?i)(?<!\p{{L}})({'|'.join(sorted(_FORMS, key=len, reverse=True))})( {_ADJECTIVE})? $"),
    "en": regex.compile(r"(?i)(?<!\p{L})(an?|this|these) $"),
}
_VOWEL = regex.compile(r"(?i)(?!eu|uni(?!n)|us[aeiu]|one\b|once\b|ut[ei])[aeiou]|h(?:our|onest|onou?r|eir)")


def plural(phrase: str, language: str) -> str | None:
    """The plural of a noun, or of a noun with adjectives and a complement, if the language ("es", "en") forms it by
    rule; None for names, abbreviations and what may be a plural already."""
    if language not in _COMPLEMENT or any(letter.isupper() for letter in phrase):
        return None
    head = _head(phrase, language)
    words = head.split(" ")
    if any(map(_IRREGULAR[language].search, words[-1:] if language == "en" else words)):
        return None
    if language == "en":
        changed = [*words[:-1], _by_rule(words[-1], _ENGLISH_PLURAL)]
    else:
        changed = [_spanish_plural(word) for word in words]
    if None in changed:
        return None
    return " ".join(map(str, changed)) + phrase[len(head) :]


def _head(phrase: str, language: str) -> str:
    """The phrase without its complement."""
    complement = _COMPLEMENT[language].search(phrase)
    return phrase[: complement.start()] if complement else phrase


def _spanish_plural(word: str) -> str | None:
    many = _by_rule(word, _SPANISH_PLURAL)
    if many and word.endswith("en"):
        many = _UNACCENTED.sub(lambda found: _ACUTE[found[1]] + found[2], many)
    return many


def _by_rule(word: str, rules: tuple[tuple[str, str], ...]) -> str | None:
    if word.endswith("s") and not word.endswith(("ss", "és")):
        return None
    for pattern, ending in rules:
        many, count = regex.subn(pattern, ending, word, count=1)
        if count:
            return str(many)
    return None


def agreed(before: str, noun: str, language: str) -> list[tuple[int, int, str]]:
    """What changes in the text `before` a noun, so that its article or demonstrative, and an adjective after that,
    agree with the noun: characters [start, end) become the text."""
    found = _BEFORE[language].search(before) if language in _BEFORE else None
    if found is None:
        return []
    said = found[1].lower()
    changes: list[tuple[int, int, str]] = []
    if language == "en":
        if found[1][0].isupper() and any(map(str.isalpha, before[: found.start()])):
            return []  # Vitamin A
        right = _english_form(said, noun)
    else:
        feminine, several = _gender_and_number(noun.lower())
        if feminine is None:
            return []
        right = _FORMS[said][(2 if several else 0) + feminine]
        if found[2]:
            ending = ("a" if feminine else "o") + ("s" if several else "")
            changes.append((*found.span(2), found[2].rstrip("s")[:-1] + ending))
        elif not several and right in ("la", "una", "de la", "a la") and _STRESSED_A.match(noun.lower()):
            right = _FORMS[said][0]
    right = right[0].upper() + right[1:] if found[1][0].isupper() else right
    return [(*found.span(1), right), *changes]


def _english_form(said: str, noun: str) -> str:
    if said in ("a", "an"):
        if not noun[:1].isalpha() or noun[:2].isupper():  # by the name of the letter or the number
            return said
        return "an" if _VOWEL.match(noun) else "a"
    head = _head(noun, "en")
    if head.endswith(("news", "series", "species", "ics")):
        return said
    return "these" if head.endswith("s") and not head.endswith(("ss", "us", "is")) else "this"


def _gender_and_number(phrase: str) -> tuple[bool | None, bool]:
    """Whether a Spanish noun is feminine, None if that is not certain, and whether it is a plural."""
    head = phrase.split(" ")[0]
    if _INVARIABLE.search(head):
        return None, False
    several = regex.search(r"(?<=\p{L}{2})(?:[ao]s|(?<=\p{L}{2})es)$", head) is not None
    one = head
    if several:
        one = regex.sub(r"ces$", "z", head) if head.endswith("ces") else head[:-1]
        if regex.search(r"(?:[dlnrjy]|ion)e$", one):
            one = regex.sub(r"ion$", "ión", one[:-1])
    if _MASCULINE.search(one) and not (_FEMININE.search(one) and not one.endswith(("a", "ión"))):
        return False, several
    return (True if _FEMININE.search(one) else None), several
