"""JoeyNMT's own search, clocked, with the network that `benchmarks.peers.train_joeynmt` left in RUN.

    python -m benchmarks.peers.translate_joeynmt PIECES RUN --length 9

So short a training gives no sensible lengths, so each hypothesis gets exactly --length pieces (9 is the mean
of the Tatoeba references); 0 leaves the end to the model.  Input is pieces already, output stays pieces.
"""

from __future__ import annotations

import os
from functools import partial
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")  # its checkpoints are pickles, here its own

import torch  # noqa: E402
from joeynmt import prediction  # noqa: E402
from joeynmt.config import load_config, parse_global_args  # noqa: E402

from benchmarks.common import machine, make_parser, publish  # noqa: E402
from benchmarks.timing import sentence_rate  # noqa: E402


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("pieces", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("--config", type=Path, default=Path(__file__).with_name("joeynmt.yaml"))
    parser.add_argument("--beam", type=int, default=5)
    parser.add_argument("--batch", type=int, default=64, help="sentences")
    parser.add_argument("--length", type=int, default=9, help="pieces of every hypothesis (9; 0: free)")
    parser.add_argument("--lines", type=int, help="only the first N lines")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)

    config = load_config(args.config)
    config["model_dir"] = str(args.run)
    config["data"]["train"] = str(args.pieces / "train")  # not read, but must be named
    config["data"]["src"]["voc_file"] = str(args.pieces / "src.vocab")
    config["data"]["trg"]["voc_file"] = str(args.pieces / "trg.vocab")
    config["testing"]["load_model"] = str(args.run / "latest.ckpt")
    config["testing"] |= {"batch_size": args.batch, "beam_size": args.beam}
    if args.length:
        config["testing"]["max_output_length"] = args.length
        prediction.search = partial(prediction.search, min_output_length=args.length)
    options = parse_global_args(config, rank=0, mode="translate")
    model, _, _, stream = prediction.prepare(options, rank=0, mode="translate")
    lines = (args.pieces / "test.src").read_text(encoding="utf-8").splitlines()[: args.lines]
    for line in lines:
        stream.set_item(line)

    def translate() -> object:
        return prediction.predict(
            model=model,
            data=stream,
            device=options.device,
            n_gpu=0,
            normalization="none",
            args=options.test,
            autocast=options.autocast,
        )

    figures = sentence_rate(translate, len(lines), args.runs)
    chosen = {"beam": args.beam, "batch": args.batch, "length": args.length, "threads": args.threads}
    system = f"JoeyNMT {version('joeynmt')}"
    publish({"system": system, **chosen, **figures, "machine": machine("torch")}, args.json)


if __name__ == "__main__":
    main()
