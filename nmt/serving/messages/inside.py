"""Words of the tab that looks inside a translation; (English, Spanish).

What ends in `_about` is Markdown for a student, with formulas between dollar signs, whose braces are doubled as in
all that `say` fills in."""

WORDS = {
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
    "attention_about": (
        "Before it writes a piece the decoder looks back at the source: it compares its state $q$ with the "
        "encoder's state $h_j$ of every source piece, turns the scores into shares $a_j$ that add up to 1, and "
        "goes on with the mean by these shares (Bahdanau et al. 2015):\n\n"
        "$$a_j = \\mathrm{{softmax}}_j\\,\\mathrm{{score}}(q, h_j), \\qquad c = \\sum_j a_j h_j$$\n\n"
        "A row is a piece of the translation, a column one of the source; the stronger the colour, the larger the "
        "share. **Point at a piece of the translation**, or move over the cells with the arrow keys. Look for words "
        "that change places, and for words that take several pieces. Nobody showed the model an alignment. "
        "With several heads (the models here have four) each has its own shares and its own projections of $h_j$: "
        "shown is the mean of the shares, and the context is put together from all heads.",
        "Antes de escribir una pieza, el decodificador mira el original: compara su estado $q$ con el estado $h_j$ "
        "que el codificador tiene de cada pieza, convierte las puntuaciones en proporciones $a_j$ que suman 1 y "
        "sigue con la media ponderada (Bahdanau et al. 2015):\n\n"
        "$$a_j = \\mathrm{{softmax}}_j\\,\\mathrm{{score}}(q, h_j), \\qquad c = \\sum_j a_j h_j$$\n\n"
        "Cada fila es una pieza de la traducción y cada columna, una del original; cuanto más intenso el color, "
        "mayor la proporción. **Señale una pieza de la traducción** o recorra las celdas con las flechas. Busque "
        "palabras que cambian de sitio y palabras que ocupan varias piezas. Nadie enseñó al modelo una alineación. "
        "Si hay varias cabezas (los modelos de aquí tienen cuatro), cada una tiene sus proporciones y sus propias "
        "proyecciones de $h_j$: se muestra la media de las proporciones, y el contexto reúne todas las cabezas.",
    ),
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
    "tokens_about": (
        "The decoder gives a probability to *every* piece it knows, knowing the source $x$ and all pieces before:\n\n"
        "$$p(y \\mid x) = \\prod_i p(y_i \\mid y_1 \\dots y_{{i-1}}, x)$$\n\n"
        "A bar is the probability of the piece that was written; in orange where another one was more probable. "
        "**Open a piece** to see the five most probable ones at its place. Give a translation of your own above "
        "and you see where it surprises the model.",
        "El decodificador da una probabilidad a *cada* pieza que conoce, sabiendo el original $x$ y todas las "
        "piezas anteriores:\n\n"
        "$$p(y \\mid x) = \\prod_i p(y_i \\mid y_1 \\dots y_{{i-1}}, x)$$\n\n"
        "Cada barra es la probabilidad de la pieza escrita; en naranja, si otra era más probable. **Abra una "
        "pieza** para ver las cinco más probables en su lugar. Escriba arriba una traducción propia y verá dónde "
        "sorprende al modelo.",
    ),
    "preferred": ("rather {piece} {share}", "mejor {piece} {share}"),
    "most_probable": ("The most probable pieces here", "Las piezas más probables aquí"),
    # --- beam
    "beam": ("Beam", "Haz"),
    "beam_about": (
        "There are too many translations to try them all. Beam search keeps the few best beginnings at each step "
        "and drops the others for good. Each piece makes the sum of log-probabilities smaller, so that long ones "
        "would lose: of those that came to an end the one with the best *mean* wins,\n\n"
        "$$\\frac{{1}}{{m}} \\sum_{{i=1}}^{{m}} \\log p(y_i \\mid y_1 \\dots y_{{i-1}}, x)$$\n\n"
        "(with this model's length penalty $\\alpha$ in place of $m$: $m^\\alpha$). Steps go from left to right, "
        "the best sum of each step on top. Strong and blue: the translation; framed: kept; pale: dropped (the best "
        "three). **Point at a piece** to see its numbers and its way. Try a beam of 1: greedy search cannot take "
        "a piece back.",
        "Hay demasiadas traducciones para probarlas todas. La búsqueda en haz conserva a cada paso los mejores "
        "comienzos y descarta los demás para siempre. Como cada pieza rebaja la suma de log-probabilidades, las "
        "largas perderían: de las que llegaron al final gana la de mejor *media*,\n\n"
        "$$\\frac{{1}}{{m}} \\sum_{{i=1}}^{{m}} \\log p(y_i \\mid y_1 \\dots y_{{i-1}}, x)$$\n\n"
        "(con la penalización de longitud $\\alpha$ del modelo en lugar de $m$: $m^\\alpha$). Los pasos van de "
        "izquierda a derecha, con la mejor suma de cada paso arriba. En azul e intenso, la traducción; con marco, "
        "lo conservado; pálido, lo descartado (lo mejor, tres por paso). **Señale una pieza** para ver sus números "
        "y su camino. Pruebe un haz de 1: la búsqueda voraz no puede desdecirse.",
    ),
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
    "gates_about": (
        "A recurrent layer reads one token after another and keeps a state $h$. *Gates* decide, for each unit, how "
        "much of it passes: numbers between 0 and 1. Choose a layer: above, the mean of each gate over all units "
        "at each token (of signed values the root mean square); below, some units one by one. Look for tokens at "
        "which a gate opens or closes, and for units that hold a value over many tokens.\n\n"
        "GRU (Cho et al. 2014): *reset* $r$, how much of $h$ the candidate sees; *update* $z$, how much of $h$ "
        "stays\n\n"
        "$$r, z = \\sigma(W x + U h + b) \\qquad \\tilde h = \\tanh(W x + b + r \\odot (U h + d)) \\qquad "
        "h' = z \\odot h + (1 - z) \\odot \\tilde h$$\n\n"
        "LSTM (Hochreiter & Schmidhuber 1997): *input* $i$, how much is let in; *forget* $f$, how much is kept; "
        "*output* $o$, how much is shown of the *memory* $c$\n\n"
        "$$i, f, o = \\sigma(W x + U h + b) \\qquad c' = f \\odot c + i \\odot \\tanh(W x + U h + b) \\qquad "
        "h' = o \\odot \\tanh(c')$$",
        "Una capa recurrente lee un token tras otro y guarda un estado $h$. Las *puertas* deciden, para cada "
        "unidad, cuánto pasa: números entre 0 y 1. Elija una capa: arriba, la media de cada puerta sobre todas las "
        "unidades en cada token (de los valores con signo, la media cuadrática); debajo, algunas unidades una a "
        "una. Busque tokens en que una puerta se abre o se cierra, y unidades que guardan un valor durante muchos "
        "tokens.\n\n"
        "GRU (Cho et al. 2014): *reinicio* $r$, cuánto ve de $h$ el candidato; *actualización* $z$, cuánto queda "
        "de $h$\n\n"
        "$$r, z = \\sigma(W x + U h + b) \\qquad \\tilde h = \\tanh(W x + b + r \\odot (U h + d)) \\qquad "
        "h' = z \\odot h + (1 - z) \\odot \\tilde h$$\n\n"
        "LSTM (Hochreiter y Schmidhuber 1997): *entrada* $i$, cuánto se deja entrar; *olvido* $f$, cuánto se "
        "conserva; *salida* $o$, cuánto se muestra de la *memoria* $c$\n\n"
        "$$i, f, o = \\sigma(W x + U h + b) \\qquad c' = f \\odot c + i \\odot \\tanh(W x + U h + b) \\qquad "
        "h' = o \\odot \\tanh(c')$$",
    ),
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
    "memory_about": (
        "How strongly is a change of the state at token $k$ still felt at token $t$? By a factor for each step "
        "between (Bengio et al. 1994; Pascanu et al. 2013):\n\n"
        "$$\\frac{{\\partial h_t}}{{\\partial h_k}} = "
        "\\prod_{{i=k+1}}^{{t}} \\frac{{\\partial h_i}}{{\\partial h_{{i-1}}}}$$\n\n"
        "If a factor usually shrinks what it multiplies, the product vanishes exponentially (a straight line "
        "downwards on this logarithmic axis), and nothing can be learned from far back. That is why a simple RNN "
        "forgets: its state goes through $\\tanh$ and a matrix at every step. Gates let a state pass almost "
        "unchanged. Compare the layers of this model over your sentence; then fresh cells whose gates begin open, "
        "and fresh cells with plain gates: gates alone are no memory, they are the ability to learn one.",
        "¿Con qué fuerza se nota aún en el token $t$ un cambio del estado en el token $k$? Hay un factor por cada "
        "paso intermedio (Bengio et al. 1994; Pascanu et al. 2013):\n\n"
        "$$\\frac{{\\partial h_t}}{{\\partial h_k}} = "
        "\\prod_{{i=k+1}}^{{t}} \\frac{{\\partial h_i}}{{\\partial h_{{i-1}}}}$$\n\n"
        "Si cada factor suele encoger lo que multiplica, el producto se desvanece exponencialmente (una recta que "
        "cae en este eje logarítmico) y del pasado lejano no se aprende nada. Por eso olvida una RNN simple: su "
        "estado atraviesa $\\tanh$ y una matriz a cada paso. Las puertas dejan pasar un estado casi intacto. "
        "Compare las capas de este modelo sobre su frase; después, celdas nuevas cuyas puertas empiezan abiertas, "
        "y celdas nuevas con puertas sin abrir: una puerta no es memoria, sino la capacidad de aprender a recordar.",
    ),
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
