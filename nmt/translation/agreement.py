"""How words change with a noun: its regular plural, and the article, demonstrative or adjective before it.

Rules for Spanish and English that are right for most nouns; of another language nothing is known, and nothing changes.
"""

from __future__ import annotations

import regex  # type: ignore[import-untyped]

# What begins a complement, which has no part in a plural: "orden de compra", "letter of credit".
_COMPLEMENT = {
    "es": regex.compile(r"\s+(?:de|del|a|al|en|para|por|con|sin|sobre|entre)\s.*$"),
    "en": regex.compile(r"\s+(?:of|in|for|to|with|without|at|on|by|from)\s.*$"),
}
_ENGLISH_PLURAL = ((r"(?<=[^aeiou])y$", "ies"), (r"(?<=(?:s|x|z|ch|sh))$", "es"), (r"(?<=[a-z])$", "s"))
_SPANISH_PLURAL = (
    (r"z$", "ces"), (r"ión$", "iones"), (r"(?<=\p{L})[aeiou]$", r"\g<0>s"), (r"[áéó]$", r"\g<0>s"),
    (r"án$", "anes"), (r"én$", "enes"), (r"ín$", "ines"), (r"ón$", "ones"), (r"ún$", "unes"),
    (r"(?<=[aeiou][^aeiouáéíóú]*)en$", "enes"), (r"és$", "eses"), (r"[dlnrjy]$", r"\g<0>es"),
)  # fmt: skip
_UNACCENTED = regex.compile(r"([aeou])([^aeiouáéíóú]+enes)$")  # imagen, imágenes
_ACUTE = dict(zip("aeou", "áéóú", strict=True))

_FEMININE = regex.compile(
    r"(?:a|[cstxg]ión|[dt]ad|tud|umbre|triz|itis)$|^(?:serie|especie|base|clase|fase|frase|mano|foto|moto|flor|luz|red"
    r"|pared|clave|llave|parte|gente|nube|calle|carne|fuente|noche|tarde|sangre|leche|nieve|nave|sal|piel|ley|señal|sed"
    r"|cárcel|im[aá]gen|[oó]rden|superficie|labor|voz|vez|paz|cruz|raíz|interfaz|razón|web|sede|suerte|muerte|torre)$"
)
_MASCULINE_IN_A = regex.compile(
    r"(?:(?:probl|sist|\bt|esqu|\bl|po|teor|dil|embl)ema|(?:idi|ar|dipl)oma|síntoma|grama|panorama|drama|clima|día|mapa"
    r"|planeta|cometa|pijama)$"
)
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
    "es": regex.compile(
        rf"(?i)(?<!\p{{L}})({'|'.join(sorted(_FORMS, key=len, reverse=True))})( {_ADJECTIVE})? $"
    ),
    "en": regex.compile(r"(?i)(?<!\p{L})(an?|this|these|that|those) $"),
}
_VOWEL = regex.compile(r"(?i)(?!eu|uni(?!n)|us[aeiu]|one\b|once\b|ut[ei])[aeiou]|h(?:our|onest|onou?r|eir)")


def plural(phrase: str, language: str) -> str | None:
    """The plural of a noun, or of a noun with adjectives and a complement, if the language ("es", "en") forms it by
    rule; None for names, abbreviations and what may be a plural already."""
    if language not in _COMPLEMENT or any(letter.isupper() for letter in phrase):
        return None
    complement = _COMPLEMENT[language].search(phrase)
    head = phrase[: complement.start()] if complement else phrase
    words = head.split(" ")
    if language == "en":
        changed = [*words[:-1], _by_rule(words[-1], _ENGLISH_PLURAL)]
    else:
        changed = [_spanish_plural(word) for word in words]
    if None in changed:
        return None
    return " ".join(map(str, changed)) + phrase[len(head) :]


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


def agreed(before: str, noun: str, language: str) -> str:
    """The text `before` a noun with its article, demonstrative and adjective as the noun wants them."""
    found = _BEFORE[language].search(before) if language in _BEFORE else None
    if found is None:
        return before
    said = found[1].lower()
    if language == "en":
        right = _english_form(said, noun)
        adjective = ""
    else:
        feminine, several = _gender_and_number(noun.lower())
        right = _FORMS[said][(2 if several else 0) + feminine]
        adjective = found[2] or ""
        if not adjective and not several and right in ("la", "una", "de la", "a la"):
            if _STRESSED_A.match(noun.lower()):
                right = _FORMS[said][0]
        if adjective:
            adjective = adjective.rstrip("s")[:-1] + ("a" if feminine else "o") + ("s" if several else "")
    right = right[0].upper() + right[1:] if found[1][0].isupper() else right
    return before[: found.start()] + right + adjective + " "


def _english_form(said: str, noun: str) -> str:
    if said in ("a", "an"):
        return "an" if _VOWEL.match(noun) else "a"
    several = noun.endswith("s") and not noun.endswith(("ss", "us", "is"))
    one = {"these": "this", "those": "that"}.get(said, said)
    return {"this": "these", "that": "those"}[one] if several else one


def _gender_and_number(phrase: str) -> tuple[bool, bool]:
    """Whether a Spanish noun is feminine, and whether it is a plural."""
    head = phrase.split(" ")[0]
    several = regex.search(r"(?<=\p{L}{2})(?:[ao]s|(?<=\p{L}{2})es)$", head) is not None
    one = head
    if several:
        one = regex.sub(r"ces$", "z", head) if head.endswith("ces") else head[:-1]
        if regex.search(r"(?:[dlnrjy]|ion)e$", one):
            one = regex.sub(r"ion$", "ión", one[:-1])
    return (_FEMININE.search(one) is not None and not _MASCULINE_IN_A.search(one)), several
