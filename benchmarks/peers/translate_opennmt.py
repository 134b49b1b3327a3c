"""OpenNMT-py's own search, clocked, with the network that `benchmarks.peers.train_opennmt` left in RUN.

    python -m benchmarks.peers.translate_opennmt PIECES RUN --length 9

So short a training gives no sensible lengths, so each hypothesis gets exactly --length pieces (9 is the mean
of the Tatoeba references); 0 leaves the end to the model.  Input is pieces already, output stays pieces.
"""

from __future__ import annotations

from importlib.metadata import version

import benchmarks.peers.without_extras  # noqa: F401  (lets onmt be imported)
from benchmarks.peers.options import publish_translation, translation_options
from benchmarks.timing import sentence_rate

# isort: split
from onmt.bin.translate import _get_parser
from onmt.inference_engine import InferenceEnginePY
from onmt.utils.parse import ArgumentParser


def main() -> None:
    args, lines = translation_options(__doc__)

    checkpoint = max(args.run.glob("model_step_*.pt"), key=lambda path: int(path.stem.rsplit("_", 1)[1]))
    source = args.run / "translate.src"
    source.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    options = _get_parser().parse_args(
        ["-model", str(checkpoint), "-src", str(source), "-output", str(args.run / "translate.out")]
        + ["-beam_size", str(args.beam), "-batch_type", "sents", "-batch_size", str(args.batch), "-gpu", "-1"]
        + (["-min_length", str(args.length), "-max_length", str(args.length)] if args.length else [])
        + ["-max_length_ratio", "0"]
    )
    ArgumentParser.validate_translate_opts(options)
    ArgumentParser._get_all_transform_translate(options)
    ArgumentParser._validate_transforms_opts(options)
    ArgumentParser.validate_translate_opts_dynamic(options)
    engine = InferenceEnginePY(options)
    figures = sentence_rate(engine.infer_file, len(lines), args.runs)
    publish_translation(f"OpenNMT-py {version('OpenNMT-py')}", figures, args)


if __name__ == "__main__":
    main()
