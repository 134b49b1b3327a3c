"""Parallel text in, dataset folder out: `python -m data_prep build --help`.

Nothing here trains a translation model, and `nmt` never imports this package: the two meet at the dataset
folder on disk (Arrow splits, SentencePiece model, `report.json`, `data.yaml`).
"""

import os

# Before `datasets` is first imported: it reads these once. A build from local files contacts nobody.
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("HF_UPDATE_DOWNLOAD_COUNTS", "0")
