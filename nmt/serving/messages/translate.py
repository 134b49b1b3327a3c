"""The tab that translates text: messages as (English, Spanish)."""

MESSAGES = {
    "from": ("From", "De"),
    "to": ("To", "A"),
    "detect": ("Detect language", "Detectar idioma"),
    "swap": ("⇄ Swap", "⇄ Cambiar"),
    "source": ("Your text", "Su texto"),
    "source_placeholder": ("Type or paste text", "Escriba o pegue un texto"),
    "translation": ("Translation", "Traducción"),
    "translate": ("Translate", "Traducir"),
    "clear": ("Clear", "Borrar"),
    "copy": ("Copy", "Copiar"),
    "copied": ("Copied", "Copiado"),
    "hint": (
        "Translates as you pause, or at Enter. Shift+Enter starts a new line.",
        "Traduce cuando hace una pausa o al pulsar Intro. Mayús+Intro empieza una línea.",
    ),
    "done": ("Translated in {seconds:.2f} s.", "Traducido en {seconds:.2f} s."),
    "done_from": (
        "{language} detected. Translated in {seconds:.2f} s.",
        "Detectado: {language}. Traducido en {seconds:.2f} s.",
    ),
    "progress": ("{done} of {total} sentences", "{done} de {total} frases"),
    "stopped": ("Stopped after {done} of {total} sentences.", "Detenido tras {done} de {total} frases."),
    "unsure": (
        "Sentences underlined with dots are uncertain.",
        "Las frases subrayadas con puntos son dudosas.",
    ),
    "click": (
        "Click a word to see what else could stand there.",
        "Pulse una palabra para ver qué otra podría ir ahí.",
    ),
    "instead": ("Other ways to go on from “{word}”", "Otras maneras de seguir desde «{word}»"),
    "no_other": ("Nothing else is likely here.", "Aquí no es probable otra cosa."),
    "alternatives": ("Other translations", "Otras traducciones"),
    "examples": ("Examples", "Ejemplos"),
    "options": ("Options", "Opciones"),
    "beam": ("Beam size", "Anchura del haz"),
    "beam_info": (
        "Partial translations kept at each step; more is slower.",
        "Traducciones parciales que se guardan a cada paso; más es más lento.",
    ),
    "alternatives_count": ("Alternatives", "Alternativas"),
    "alternatives_info": ("How many other translations to show.", "Cuántas otras traducciones se muestran."),
    "too_long": (
        "This text has {length:,} characters; the limit is {limit:,}. Shorten it or translate it in parts.",
        "Este texto tiene {length:,} caracteres; el límite es {limit:,}. Acórtelo o tradúzcalo por partes.",
    ),
    "no_model": (
        "No model translates {source} into {target}.",
        "Ningún modelo traduce de {source} a {target}.",
    ),
}
