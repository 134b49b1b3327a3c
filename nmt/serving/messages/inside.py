"""The tab that looks inside a translation: messages as (English, Spanish)."""

MESSAGES = {
    "sentence": ("Sentence of your translation", "Frase de su traducción"),
    "direction": ("Direction", "Dirección"),
    "text": ("Sentence to look into", "Frase que se examina"),
    "text_placeholder": ("One sentence", "Una sola frase"),
    "given": ("A translation of your own (optional)", "Una traducción propia (opcional)"),
    "given_info": (
        "The model is made to write it, and shows how probable it finds each piece.",
        "El modelo se ve obligado a escribirla y muestra lo probable que le parece cada pieza.",
    ),
    "beam_info": (
        "Beginnings of translations that the search keeps at each step; 1 is greedy search.",
        "Comienzos de traducción que la búsqueda conserva a cada paso; 1 es búsqueda voraz.",
    ),
    "look": ("Look inside", "Mirar por dentro"),
    "download": ("Everything as JSON", "Todo en JSON"),
    "nothing": (
        "Translate something, or type a sentence above and press “Look inside”.",
        "Traduzca algo, o escriba arriba una frase y pulse «Mirar por dentro».",
    ),
    "empty_sentence": ("Give a sentence with at least a word.", "Escriba una frase de una palabra al menos."),
    "empty_translation": (
        "Your translation has no word that the model could write.",
        "Su traducción no tiene ninguna palabra que el modelo pueda escribir.",
    ),
    "long_sentence": (
        "The sentence has {pieces} pieces; the model reads at most {longest} at once. Give a shorter one.",
        "La frase tiene {pieces} piezas; el modelo lee como mucho {longest} de una vez. Escriba una más corta.",
    ),
    "long_translation": (
        "Your translation has {pieces} pieces; the model writes at most {longest} at once. Give a shorter one.",
        "Su traducción tiene {pieces} piezas; el modelo escribe como mucho {longest} de una vez. Escriba una "
        "más corta.",
    ),
    "about": ("What is this?", "¿Qué es esto?"),
    # --- of the sentence as a whole
    "source": ("Source", "Original"),
    "own": ("The network's own translation", "Traducción de la propia red"),
    "yours": ("Your translation", "Su traducción"),
    "likely": (
        "log-probability {log_prob} in {pieces} pieces; {mean} for a piece (geometric mean)",
        "log-probabilidad {log_prob} en {pieces} piezas; {mean} por pieza (media geométrica)",
    ),
    "instead": (
        "The model's own has {log_prob} in {pieces} pieces; the tab “Beam” shows it.",
        "La del propio modelo tiene {log_prob} en {pieces} piezas; la pestaña «Haz» la muestra.",
    ),
    "end": ("(end)", "(fin)"),
    "start": ("(start)", "(inicio)"),
    # --- attention
    "attention": ("Attention", "Atención"),
    "attention_grid": (
        "Attention: a row for each piece of the translation, a column for each piece of the source",
        "Atención: una fila por cada pieza de la traducción, una columna por cada pieza del original",
    ),
    "no_attention": (
        "This model has no attention: all that its decoder learns of the source is one context vector, the "
        "encoder's last state.",
        "Este modelo no tiene atención: su decodificador no sabe del original más que un vector de contexto, el "
        "último estado del codificador.",
    ),
    "point": (
        "Point at a cell or a piece, or use the arrow keys.",
        "Señale una celda o una pieza, o use las flechas.",
    ),
    "less_to_more": ("nothing 0 … 1 everything", "nada 0 … 1 todo"),
    # --- probabilities of the tokens
    "tokens": ("Probabilities", "Probabilidades"),
    "preferred": ("rather {piece} {share}", "mejor {piece} {share}"),
    "most_probable": ("The most probable pieces here", "Las piezas más probables aquí"),
    # --- beam
    "beam": ("Beam", "Haz"),
    "beam_tree": ("Beam search, step by step", "La búsqueda en haz, paso a paso"),
    "point_tree": (
        "Point at a piece, or use the arrow keys.",
        "Señale una pieza, o use las flechas.",
    ),
    "beginning": ("“{text}”", "«{text}»"),
    "step": ("Step {number}", "Paso {number}"),
    "kept": ("kept", "se conserva"),
    "dropped": ("dropped", "se descarta"),
    "returned": ("in the translation", "en la traducción"),
    "ended": ("ended; compared by {rank}", "terminada; se compara por {rank}"),
    "candidate": (
        "log-probability of this piece {log_prob} (p = {share}); sum so far {score}",
        "log-probabilidad de esta pieza {log_prob} (p = {share}); suma hasta aquí {score}",
    ),
    # --- gates
    "gates": ("Gates", "Puertas"),
    "layer": ("Layer", "Capa"),
    "gates_grid": (
        "{layer} ({cell}): a row for each gate and unit, a column for each token",
        "{layer} ({cell}): una fila por cada puerta y unidad, una columna por cada token",
    ),
    "no_layers": (
        "This model has no recurrent layer to look into.",
        "Este modelo no tiene ninguna capa recurrente que mirar.",
    ),
    "mean_of": ("Mean over all units", "Media de todas las unidades"),
    "unit": ("unit {number}", "unidad {number}"),
    "series_reset": ("reset", "reinicio"),
    "series_update": ("update", "actualización"),
    "series_input": ("input", "entrada"),
    "series_forget": ("forget", "olvido"),
    "series_output": ("output", "salida"),
    "series_candidate": ("candidate", "candidato"),
    "series_hidden": ("state h", "estado h"),
    "series_memory": ("memory c", "memoria c"),
    "gate_key": ("gates: 0 … 1", "puertas: 0 … 1"),
    "signed_key": (
        "candidate and states: −{most} … 0 … {most}",
        "candidato y estados: −{most} … 0 … {most}",
    ),
    "layer_name": ("{half} layer {number} {way}", "{half}, capa {number} {way}"),
    "encoder": ("encoder", "codificador"),
    "decoder": ("decoder", "decodificador"),
    "forward": ("forward", "hacia delante"),
    "backward": ("backward", "hacia atrás"),
    # --- memory of earlier states
    "memory": ("Memory", "Memoria"),
    "choose": ("Choose what to measure.", "Elija qué se mide."),
    "memory_model": ("The layers of this model", "Las capas de este modelo"),
    "memory_open": ("Fresh cells, gates open", "Celdas nuevas, puertas abiertas"),
    "memory_plain": ("Fresh cells, plain gates", "Celdas nuevas, puertas sin abrir"),
    "norm_axis": (
        "Norm of the derivative, on a logarithmic scale: 1 is all of a change, 0.1 a tenth of it",
        "Norma de la derivada, en escala logarítmica: 1 es el cambio entero; 0.1, la décima parte",
    ),
    "distance_axis": ("Distance t − k in steps", "Distancia t − k en pasos"),
    "curve": ("{name}, {units} units", "{name}, {units} unidades"),
    "after": ("after {steps}", "tras {steps}"),
    "half": ("below one half after", "menos de la mitad tras"),
    "never": ("never here", "aquí nunca"),
    "one_piece": (
        "The sentence is a single piece: there is no distance to measure.",
        "La frase es una sola pieza: no hay distancia que medir.",
    ),
    "rnn": ("simple RNN", "RNN simple"),
    "gru": ("GRU", "GRU"),
    "lstm": ("LSTM", "LSTM"),
}
