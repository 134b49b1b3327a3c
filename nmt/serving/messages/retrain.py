"""The tab that trains: messages as (English, Spanish)."""

MESSAGES = {
    "intro": (
        "Train a model on your own sentences: a text file with a sentence and its translation in each line. The "
        "training runs on this server, also when you close this page.",
        "Entrene un modelo con sus propias frases: un archivo de texto con una frase y su traducción en cada línea. "
        "El entrenamiento se hace en este servidor y sigue aunque cierre esta página.",
    ),
    "help": ("What to choose and what to expect", "Qué elegir y qué esperar"),
    "name": ("Name", "Nombre"),
    "name_info": ("Of its folder: letters, digits, - and _.", "El de su carpeta: letras, cifras, - y _."),
    "recipe": ("Recipe", "Receta"),
    "recipe_facts": (
        "{cell}, {encoder} + {decoder} layers of {hidden}; {limit}",
        "{cell}, {encoder} + {decoder} capas de {hidden}; {limit}",
    ),
    "limit_steps": ("{steps:,} steps", "{steps:,} pasos"),
    "limit_minutes": ("{minutes:g} minutes", "{minutes:g} minutos"),
    "first": ("Language of the first column", "Idioma de la primera columna"),
    "second": ("Language of the second column", "Idioma de la segunda columna"),
    "language_info": ("Or type another's code, such as pl.", "O escriba el código de otro, como pl."),
    "reverse": (
        "Translate from the second column into the first",
        "Traducir de la segunda columna a la primera",
    ),
    "upload": ("TSV file from your computer", "Archivo TSV de su ordenador"),
    "path": ("… or path of a TSV file on the server", "… o ruta de un archivo TSV del servidor"),
    "more": ("More settings", "Más ajustes"),
    "zero": ("0: as the recipe says.", "0: lo que diga la receta."),
    "vocab_size": ("Pieces of the vocabulary", "Piezas del vocabulario"),
    "vocab_size_info": ("0: by the amount of text.", "0: según la cantidad de texto."),
    "steps": ("Most steps", "Pasos como mucho"),
    "minutes": ("Most minutes", "Minutos como mucho"),
    "language_filter": (
        "Leave out lines that are in the wrong language",
        "Descartar las líneas que estén en otro idioma",
    ),
    "check": ("Check and show the commands", "Comprobar y ver los comandos"),
    "start": ("Start", "Empezar"),
    "checked": (
        "{pairs:,} pairs, {source} → {target}, {pieces:,} pieces. These two commands do it:",
        "{pairs:,} pares, {source} → {target}, {pieces:,} piezas. Lo hacen estos dos comandos:",
    ),
    "commands": ("Commands", "Comandos"),
    "none": ("No training yet.", "Todavía no hay ningún entrenamiento."),
    "chosen": ("Training", "Entrenamiento"),
    "stop": ("Stop", "Parar"),
    "resume": ("Resume", "Seguir"),
    "try": ("Try it", "Probarlo"),
    "state_preparing": ("Preparing the text", "Preparando el texto"),
    "state_training": ("Training", "Entrenando"),
    "state_stopping": ("Stopping: the state is being saved", "Parando: se guarda el estado"),
    "state_stopped": ("Stopped; it can be resumed", "Parado; se puede seguir"),
    "state_failed": (
        "Failed; its last lines below say why",
        "Ha fallado; sus últimas líneas, más abajo, dicen por qué",
    ),
    "state_done": ("Done", "Terminado"),
    "step": ("step", "paso"),
    "loss": ("Loss", "Pérdida"),
    "loss_axis": ("loss, nats a piece", "pérdida, nats por pieza"),
    "train": ("training text", "texto de entrenamiento"),
    "dev": ("dev", "dev"),
    "bleu": ("BLEU on dev", "BLEU en dev"),
    "figure_step": ("Step", "Paso"),
    "figure_loss": ("Loss", "Pérdida"),
    "figure_best": ("Best BLEU", "Mejor BLEU"),
    "figure_speed": ("Tokens a second", "Piezas por segundo"),
    "figure_left": ("Time left, about", "Tiempo que falta, más o menos"),
    "log": ("Last lines", "Últimas líneas"),
    "added": (
        "{source} → {target} is now in the tab Translate, by this training's best checkpoint.",
        "{source} → {target} está ahora en la pestaña Traducir, con el mejor punto de control de este entrenamiento.",
    ),
    "replaced": (
        "{source} → {target} in the tab Translate is now this training's best checkpoint, until the server ends.",
        "{source} → {target} en la pestaña Traducir es ahora el mejor punto de control de este entrenamiento, hasta "
        "que termine el servidor.",
    ),
    # What can be wrong
    "no_name": (
        "Give the training a name, with at least a letter or a digit in it.",
        "Dé un nombre al entrenamiento, al menos con una letra o una cifra.",
    ),
    "name_taken": (
        "There is a training (or another folder) named {name} already; choose another name.",
        "Ya hay un entrenamiento (u otra carpeta) con el nombre {name}; elija otro.",
    ),
    "unknown_recipe": ("There is no recipe {recipe}.", "No hay ninguna receta {recipe}."),
    "not_a_language": (
        "“{code}” is not a language code; write two or three letters, such as es.",
        "«{code}» no es un código de idioma; escriba dos o tres letras, como es.",
    ),
    "one_language": (
        "Both columns are said to be in {language}; choose two languages.",
        "Las dos columnas figuran en {language}; elija dos idiomas.",
    ),
    "one_text": (
        "Give one text: either a file from your computer or a path on the server.",
        "Dé un texto: o un archivo de su ordenador o una ruta del servidor.",
    ),
    "too_large": (
        "{name} is larger than {limit} MB; put it onto the server and give its path.",
        "{name} ocupa más de {limit} MB; cópielo al servidor y dé su ruta.",
    ),
    "upload_gone": (
        "The uploaded file is no longer on the server; upload it again.",
        "El archivo subido ya no está en el servidor; súbalo otra vez.",
    ),
    "too_large_here": (
        "{path} is larger than {limit} MB, too much to be read here; use python -m data_prep and nmt train.",
        "{path} ocupa más de {limit} MB, demasiado para leerlo aquí; use python -m data_prep y nmt train.",
    ),
    "odd_path": (
        "A path with : or @ or characters that are none in it cannot be used; rename the file or link to it.",
        "Una ruta con : o @ o caracteres que no lo son no sirve; cambie el nombre del archivo o enlácelo.",
    ),
    "no_file": ("{path}: no such file on the server.", "{path}: no existe ese archivo en el servidor."),
    "not_regular": (
        "{path}: not a file, but a folder, a pipe or a device; name a TSV file.",
        "{path}: no es un archivo, sino una carpeta, una tubería o un dispositivo; dé un archivo TSV.",
    ),
    "unreadable": (
        "{path}: this server may not read it; change its permissions.",
        "{path}: este servidor no puede leerlo; cambie sus permisos.",
    ),
    "not_tsv": (
        "{name}: only plain TSV here; unpack it, or build it with python -m data_prep, which reads more formats.",
        "{name}: aquí solo TSV sin comprimir; descomprímalo o use python -m data_prep, que lee más formatos.",
    ),
    "long_line": (
        "{where}: longer than {limit:,} bytes; one pair of sentences a line is needed.",
        "{where}: más de {limit:,} bytes; hace falta un par de frases por línea.",
    ),
    "not_utf8": (
        "{where}: not UTF-8; save the file as UTF-8.",
        "{where}: no es UTF-8; guarde el archivo como UTF-8.",
    ),
    "not_two_columns": (
        "{where}: {columns} column(s) instead of 2; put one tab between a sentence and its translation.",
        "{where}: {columns} columna(s) en vez de 2; ponga un tabulador entre la frase y su traducción.",
    ),
    "empty_side": (
        "{where}: one of the two columns is empty; complete the line or remove it.",
        "{where}: una de las dos columnas está vacía; complete la línea o quítela.",
    ),
    "few_pairs": (
        "{name}: only {pairs} different pairs; at least {least} are needed.",
        "{name}: solo {pairs} pares distintos; hacen falta al menos {least}.",
    ),
    "few_pieces": (
        "The vocabulary needs at least {least} pieces; 260 of them are bytes and marks.",
        "El vocabulario necesita al menos {least} piezas; 260 de ellas son bytes y marcas.",
    ),
    "not_in_range": (
        "{what}: write a number from {least:,} to {most:,}.",
        "{what}: escriba un número de {least:,} a {most:,}.",
    ),
    "changed": (
        "The settings are no longer those that were checked. These are the commands now; press Start once more.",
        "Los ajustes ya no son los que se comprobaron. Los comandos son ahora estos; pulse Empezar otra vez.",
    ),
    "not_written": (
        "The training's folder cannot be written: {reason}.",
        "No se puede escribir la carpeta del entrenamiento: {reason}.",
    ),
    "not_launched": (
        "The training cannot be started: {reason}.",
        "No se puede empezar el entrenamiento: {reason}.",
    ),
    "not_ours": (
        "The training {name} is run by another process ({process}), which this server cannot stop; stop it there.",
        "El entrenamiento {name} lo lleva otro proceso ({process}), que este servidor no puede parar; párelo allí.",
    ),
    "one_at_a_time": (
        "The training {name} is running, and only one may at a time; stop it or wait for its end.",
        "El entrenamiento {name} está en marcha y solo puede haber uno a la vez; párelo o espere a que termine.",
    ),
    "unknown": ("There is no training {name}.", "No hay ningún entrenamiento {name}."),
    "not_stopped": (
        "The training {name} is not one that was stopped.",
        "El entrenamiento {name} no es uno que se haya parado.",
    ),
    "no_model": (
        "There is nothing to try yet: the first checkpoint comes with the first validation.",
        "Todavía no hay nada que probar: el primer punto de control llega con la primera validación.",
    ),
}
