"""The page's frame, and failures that any part of it may have: messages as (English, Spanish)."""

MESSAGES = {
    "title": ("Recurrent translator", "Traductor recurrente"),
    "nothing_leaves": ("nothing leaves this server", "nada sale de este servidor"),
    "both_ways": ("{source} ↔ {target}", "{source} ↔ {target}"),
    "one_way": ("{source} → {target}", "{source} → {target}"),
    "tab_translate": ("Translate", "Traducir"),
    "tab_documents": ("Documents", "Documentos"),
    "tab_scores": ("Compare and score", "Comparar y evaluar"),
    "tab_inside": ("Inside", "Por dentro"),
    "tab_retrain": ("Retrain", "Entrenar"),
    "stop": ("Stop", "Parar"),
    "failed": (
        "Something went wrong. The page still works; the reason is in the program's log.",
        "Algo ha fallado. La página sigue funcionando; la causa está en el registro del programa.",
    ),
    "not_a_text": ("The text is not a string.", "El texto no es una cadena."),
    "busy": (
        "Too many people are translating right now. Try again in a moment.",
        "Hay demasiadas personas traduciendo ahora mismo. Inténtelo dentro de un momento.",
    ),
    "timeout": (
        "This took longer than {seconds} seconds and was stopped. Try a shorter text.",
        "Ha tardado más de {seconds} segundos y se ha detenido. Pruebe con un texto más corto.",
    ),
}
