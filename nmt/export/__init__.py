"""Export of a checkpoint to ONNX graphs, for serving on a CPU.

Input: a checkpoint folder.  Output: `encoder.onnx` and `decoder.onnx` beside its weights, with products of 8-bit
integers.  Begin with `onnx_export.py`.
"""
