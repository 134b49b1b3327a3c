"""The tab that translates documents: messages as (English, Spanish)."""

MESSAGES = {
    "file": ("Document", "Documento"),
    "about": (
        "{formats}, up to {megabytes:g} MB and {characters} characters. The same format comes back, with everything "
        "but the text as it was. Both files are deleted from this server after an hour or so.",
        "{formats}, hasta {megabytes:g} MB y {characters} caracteres. Vuelve en el mismo formato, con todo lo que no "
        "es texto como estaba. Los dos archivos se borran de este servidor al cabo de una hora, más o menos.",
    ),
    "translate": ("Translate", "Traducir"),
    "hint": ("Choose a document or drop it above.", "Elija un documento o suéltelo arriba."),
    "opened": (
        "{name}: {characters} characters to translate from {source} into {target}.",
        "{name}: {characters} caracteres que traducir del {source} al {target}.",
    ),
    "reading": ("Reading {name}…", "Leyendo {name}…"),
    "writing": ("Writing {name}…", "Escribiendo {name}…"),
    "done": (
        "Translated from {source} into {target} in {seconds:.1f} s. Sentences: {sentences}.",
        "Traducido del {source} al {target} en {seconds:.1f} s. Frases: {sentences}.",
    ),
    "stopped": ("Stopped; nothing was written.", "Detenido; no se ha escrito nada."),
    "download": ("Download the translation", "Descargar la traducción"),
    "ready": ("Ready: {name}", "Listo: {name}"),
    "language": ("{name}", "{name}"),
    "preview": ("How it begins", "Cómo empieza"),
    "bad_file": (
        "This file cannot be translated. {reason}",
        "Este archivo no se puede traducir. El motivo, en inglés: {reason}",
    ),
    "bad_format": (
        "{name} has no format that can be translated. Choose a file of {formats}.",
        "{name} no tiene un formato que se pueda traducir. Elija un archivo {formats}.",
    ),
    "no_text": ("{name} has no text to translate.", "En {name} no hay texto que traducir."),
}
