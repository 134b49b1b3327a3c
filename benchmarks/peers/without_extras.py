"""Lets OpenNMT-py be imported without two heavy packages that only its unused transforms need.

Importing this module before `onmt` is enough.  It changes no installed file.
"""

import os
import sys
from types import ModuleType

for extra in ("spacy", "fasttext"):  # imported at the top of transforms/terminology.py and clean.py
    sys.modules.setdefault(extra, ModuleType(extra))
os.environ.setdefault("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")  # its checkpoints are pickles, here its own
