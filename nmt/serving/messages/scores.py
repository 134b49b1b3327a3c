"""The tab that compares and scores: messages as (English, Spanish)."""

MESSAGES = {
    "intro": (
        "Paste or upload a test set, one sentence a line, and one or two translations of it. "
        "New to this? Press **Example**.",
        "Pegue o suba un conjunto de prueba, una frase por línea, y una o dos traducciones. "
        "¿Es la primera vez? Pulse **Ejemplo**.",
    ),
    "source": ("Source (optional)", "Original (opcional)"),
    "reference": ("Reference: a good translation", "Referencia: una buena traducción"),
    "a": ("System A", "Sistema A"),
    "b": ("System B (optional)", "Sistema B (opcional)"),
    "placeholder": ("One sentence a line", "Una frase por línea"),
    "upload": ("Upload .txt", "Subir .txt"),
    "upload_table": ("Upload .tsv", "Subir .tsv"),
    "upload_table_info": (
        "The columns of a .tsv are source, reference and, if there are any, A and B.",
        "Las columnas de un .tsv son original, referencia y, si las hay, A y B.",
    ),
    "compare": ("Score", "Evaluar"),
    "example": ("Example", "Ejemplo"),
    "clear": ("Clear", "Borrar"),
    "model": ("Score a model of this page", "Evaluar un modelo de esta página"),
    "model_info": (
        "Translates the source and puts the result under **System A**, then scores it.",
        "Traduce el original, pone el resultado en **Sistema A** y lo evalúa.",
    ),
    "direction": ("Direction", "Dirección"),
    "translate": ("Translate and score", "Traducir y evaluar"),
    "download_translation": ("Download translation (.txt)", "Descargar la traducción (.txt)"),
    "download_table": ("Download all sentences (.tsv)", "Descargar todas las frases (.tsv)"),
    "working": ("Scoring…", "Evaluando…"),
    "progress": ("{done:,} of {total:,} sentences translated", "{done:,} de {total:,} frases traducidas"),
    "translated": ("{total:,} sentences translated.", "{total:,} frases traducidas."),
    "stopped": (
        "Stopped after {done:,} of {total:,} sentences; nothing was scored.",
        "Detenido tras {done:,} de {total:,} frases; no se ha evaluado nada.",
    ),
    # Results
    "scores": ("Scores of {count:,} sentences", "Puntuaciones de {count:,} frases"),
    "metric": ("Metric", "Métrica"),
    "difference": ("A − B", "A − B"),
    "p_value": ("p-value", "valor p"),
    "verdict": ("Verdict", "Conclusión"),
    "verdict_a": ("A is better", "A es mejor"),
    "verdict_b": ("B is better", "B es mejor"),
    "verdict_none": ("no significant difference", "diferencia no significativa"),
    "verdict_few": ("too few sentences to tell", "demasiado pocas frases para decidir"),
    "signature": ("Signature", "Firma"),
    "copy": ("Copy", "Copiar"),
    "copied": ("Copied", "Copiado"),
    "higher": ("higher is better", "más es mejor"),
    "lower": ("lower is better", "menos es mejor"),
    "no_ter": (
        "TER was left out: it would take too long for so many or so long sentences.",
        "Se ha omitido TER: tardaría demasiado con tantas frases o tan largas.",
    ),
    "precisions": ("What BLEU is made of", "De qué se compone BLEU"),
    "ngram": ("Words in a row", "Palabras seguidas"),
    "precision": ("Found in the reference, %", "Están en la referencia, %"),
    "brevity": ("Brevity penalty", "Penalización por brevedad"),
    "ratio": ("Length ÷ reference’s", "Longitud ÷ la de la referencia"),
    "lengths": ("By length of the reference", "Por longitud de la referencia"),
    "words": ("Words", "Palabras"),
    "count": ("Sentences", "Frases"),
    "sentences": ("Sentence by sentence", "Frase a frase"),
    "marks": (
        "Marked: words without a counterpart at that place of the reference; underlined in the reference: words "
        "without one in any system.",
        "Marcadas: palabras sin correspondencia en ese lugar de la referencia; subrayadas en ella: las que no la "
        "tienen en ningún sistema.",
    ),
    "sort": ("Sort by", "Ordenar por"),
    "by_chrf": ("chrF2", "chrF2"),
    "by_bleu": ("BLEU", "BLEU"),
    "by_chrf_difference": ("chrF2, A − B", "chrF2, A − B"),
    "by_bleu_difference": ("BLEU, A − B", "BLEU, A − B"),
    "by_length": ("length", "longitud"),
    "by_number": ("line", "línea"),
    "row_source": ("Source", "Original"),
    "row_reference": ("Reference", "Referencia"),
    "line": ("Line {number:,}", "Línea {number:,}"),
    "previous": ("Previous", "Anteriores"),
    "next": ("Next", "Siguientes"),
    "shown": ("{first:,}–{last:,} of {count:,}", "{first:,}–{last:,} de {count:,}"),
    "empty_line": ("(empty)", "(vacía)"),
    # What is wrong, and what to do
    "box_source": ("source", "original"),
    "box_reference": ("reference", "referencia"),
    "box_a": ("system A", "sistema A"),
    "box_b": ("system B", "sistema B"),
    "box_references": ("references", "referencias"),
    "box_hypotheses": ("hypotheses", "hipótesis"),
    "no_reference": (
        "There is no reference. Paste good translations under Reference, one a line.",
        "Falta la referencia. Pegue buenas traducciones en Referencia, una por línea.",
    ),
    "no_system": (
        "There is nothing to score. Paste a system’s translations under System A, or let a model translate.",
        "No hay nada que evaluar. Pegue traducciones en Sistema A o haga que traduzca un modelo.",
    ),
    "no_source": (
        "There is nothing to translate. Paste sentences under Source, one a line.",
        "No hay nada que traducir. Pegue frases en Original, una por línea.",
    ),
    "unequal": (
        "The numbers of lines differ: {counts}. They must correspond line by line.",
        "El número de líneas no coincide: {counts}. Deben corresponderse línea por línea.",
    ),
    "too_many_lines": (
        "There are {lines:,} lines; the limit is {limit:,}. Score a part of them.",
        "Hay {lines:,} líneas; el límite es {limit:,}. Evalúe una parte.",
    ),
    "too_long": (
        "The texts have {length:,} characters together; the limit is {limit:,}. Score a part of them.",
        "Los textos suman {length:,} caracteres; el límite es {limit:,}. Evalúe una parte.",
    ),
    "long_line": (
        "Line {line:,} ({box}) has {length:,} characters; the limit is {limit:,}. Is each sentence on its own line?",
        "La línea {line:,} ({box}) tiene {length:,} caracteres; el límite es {limit:,}. ¿Hay una frase por línea?",
    ),
    "too_many_to_translate": (
        "There are {lines:,} lines to translate; the limit is {limit:,}. Score a part of them.",
        "Hay {lines:,} líneas que traducir; el límite es {limit:,}. Evalúe una parte.",
    ),
    "took_too_long": (
        "Scoring took longer than {seconds} seconds and was stopped. Score fewer sentences.",
        "La evaluación ha tardado más de {seconds} segundos y se ha detenido. Evalúe menos frases.",
    ),
    "large_file": (
        "{name} is larger than {limit} MB. Upload a part of it.",
        "{name} ocupa más de {limit} MB. Suba una parte.",
    ),
    "bad_file": (
        "The file cannot be read: {reason}",
        "No se puede leer el archivo. El motivo, en inglés: {reason}",
    ),
    "empty_file": ("{name} is empty.", "{name} está vacío."),
    "bad_table": (
        "{name}, line {line:,}, has {columns} columns and the first line {first}. All must have the same two, three "
        "or four: source, reference, A, B.",
        "{name}, línea {line:,}, tiene {columns} columnas y la primera línea {first}. Todas deben tener las mismas "
        "dos, tres o cuatro: original, referencia, A, B.",
    ),
    "not_a_list": ("{what} is not a list of strings.", "{what} no es una lista de cadenas."),
    "empty_list": ("{what} is empty.", "{what} está vacía."),
    "explain": ("What the figures mean", "Qué significan las cifras"),
}
