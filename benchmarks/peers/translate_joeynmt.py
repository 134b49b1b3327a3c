"""JoeyNMT's own search, clocked, with the network that `benchmarks.peers.train_joeynmt` left in RUN.

    python -m benchmarks.peers.translate_joeynmt PIECES RUN --length 9

So short a training gives no sensible lengths, so each hypothesis gets exactly --length pieces (9 is the mean
of the Tatoeba references); 0 leaves the end to the model.  Input is pieces already, output stays pieces.
"""

from __future__ import annotations

import os
from functools import partial
from importlib.metadata import version

os.environ.setdefault("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")  # its checkpoints are pickles, here its own

from joeynmt import prediction  # noqa: E402
from joeynmt.config import load_config, parse_global_args  # noqa: E402

from benchmarks.peers.options import publish_translation, translation_options  # noqa: E402
from benchmarks.timing import sentence_rate  # noqa: E402


def main() -> None:
    args, lines = translation_options(__doc__, "joeynmt.yaml")

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
    for line in lines:
        stream.set_item(line)

    where = {"device": options.device, "n_gpu": 0, "autocast": options.autocast}
    translate = partial(prediction.predict, model=model, data=stream, normalization="none", args=options.test, **where)
    figures = sentence_rate(translate, len(lines), args.runs)
    publish_translation(f"JoeyNMT {version('joeynmt')}", figures, args)


if __name__ == "__main__":
    main()
