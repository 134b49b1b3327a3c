"""The checkpoint folder on disk: weights, configuration, tokenizers.

Saving turns a model's weights and configuration into a folder, which appears complete or not at all; loading reverses
it.  Begin with `folder.py`, which reads what does not need torch, and continue with `weights.py`.
"""
