"""A dataset folder as the text files that JoeyNMT and OpenNMT-py read: pieces between blanks, vocabulary.

    python -m benchmarks.peers.prepare DATASET OUT

The peers get the very pieces that our trainer gets.  Nothing is trained or filtered here.
"""

from __future__ import annotations

from pathlib import Path

from datasets import load_from_disk

from benchmarks.common import make_parser
from nmt.text.tokenizer import SPECIAL_IDS, Tokenizer, load_tokenizers


def write_pieces(path: Path, sentences: list[list[int]], tokenizer: Tokenizer) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for ids in sentences:
            pieces = tokenizer.pieces(ids)
            if any(piece.split() != [piece] for piece in pieces):
                raise ValueError(f"a piece holds white space, which the peers would split: {pieces}")
            file.write(" ".join(pieces) + "\n")


def write_vocabulary(path: Path, tokenizer: Tokenizer) -> None:
    """One piece a line, without the special ones: each peer adds its own."""
    pieces = tokenizer.pieces([i for i in range(len(tokenizer)) if i not in SPECIAL_IDS])
    path.write_text("".join(piece + "\n" for piece in pieces), encoding="utf-8")


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("dataset", type=Path, help="a dataset folder of `python -m data_prep build`")
    parser.add_argument("out", type=Path, help="folder for train|dev|test.src|trg, src.vocab, trg.vocab")
    args = parser.parse_args()
    source, target = load_tokenizers(args.dataset)
    args.out.mkdir(parents=True, exist_ok=True)
    for split in ("train", "dev", "test"):
        rows = load_from_disk(str(args.dataset / split))
        write_pieces(args.out / f"{split}.src", rows["source_ids"][:], source)
        write_pieces(args.out / f"{split}.trg", rows["target_ids"][:], target)
        print(f"{split}: {len(rows)} pairs")
    write_vocabulary(args.out / "src.vocab", source)
    write_vocabulary(args.out / "trg.vocab", target)


if __name__ == "__main__":
    main()
