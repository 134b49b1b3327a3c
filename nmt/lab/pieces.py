"""SentencePiece pieces as people read them; for pictures, wherever they are drawn."""

from __future__ import annotations

BEGINNING, END = "<s>", "</s>"


def readable(piece: str) -> str:
    """ "▁casa" -> "casa", "ca" within a word -> "·ca", "</s>" -> "(end)"."""
    if piece in (BEGINNING, END):
        return "(end)" if piece == END else "(start)"
    if piece.startswith("▁"):
        return piece[1:] or "␣"
    return f"·{piece}" if any(sign.isalnum() for sign in piece) else piece
