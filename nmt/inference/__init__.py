"""Decoding: searches over a trained model, on PyTorch or ONNX Runtime.

Input: batches of source ids, a model and the settings of decoding.  Output: hypotheses, which are ids with scores and
attention.  No text is handled here.  Begin with `beam_search.py`; `model_interface.py` defines what a model must have.
"""
