"""A checkpoint becomes graphs that serve it on a CPU with ONNX Runtime.

In goes a checkpoint folder; out come `encoder.onnx` and `decoder.onnx` beside its weights, the decoder in 8-bit
integers.  Begin with `onnx_export.py`.
"""
