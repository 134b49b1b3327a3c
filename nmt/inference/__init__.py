"""Ids in, ids out: searches over a trained model, on PyTorch or ONNX Runtime.

In go batches of source ids, a model and settings of decoding; out come hypotheses: ids, scores and attention.  Text
is not known here.  Begin with `beam_search.py`; `model_interface.py` says what a model must have.
"""
