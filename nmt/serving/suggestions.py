"""Better translations that people suggest, kept as `nmt`'s own training reads them: source, tab, target, a pair a line.

`python -m data_prep build --source tsv:FOLDER/es-en.tsv …` takes them, after somebody has looked at them.
"""

from __future__ import annotations

import os
from pathlib import Path

from nmt.errors import UserError

MAX_FILE_BYTES = 50_000_000  # anybody may suggest


def keep(folder: str, direction: tuple[str, str], text: str, suggested: str) -> None:
    """Add a line to the direction's file.  UserError when that holds as much as it may, or cannot be written."""
    file = Path(folder) / f"{'-'.join(direction)}.tsv"
    line = "\t".join(" ".join(one.split()) for one in (text, suggested)) + "\n"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        # One write of a file opened to append: several workers never mix their lines.
        opened = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            if os.fstat(opened).st_size + len(line.encode()) > MAX_FILE_BYTES:
                raise UserError("no more suggestions are kept until somebody has looked at them")
            os.write(opened, line.encode())
        finally:
            os.close(opened)
    except OSError as error:
        raise UserError(f"the suggestion could not be kept: {error.strerror}") from None
