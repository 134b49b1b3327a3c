"""SentencePiece pieces as labels of pictures."""

from __future__ import annotations

BEGINNING, END = "<s>", "</s>"


def readable(piece: str) -> str:
    """The label of a piece: "▁casa" -> "casa", "ca" (within a word) -> "·ca", "</s>" -> "(end)"."""
    if piece in (BEGINNING, END):
        return "(end)" if piece == END else "(start)"
    if piece.startswith("▁"):
        return piece[1:] or "␣"
    return f"·{piece}" if any(sign.isalnum() for sign in piece) else piece
