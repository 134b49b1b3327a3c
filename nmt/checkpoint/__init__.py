"""The checkpoint folder on disk: weights, configuration, tokenizers.

In go a model's weights and its configuration, or the name of a folder; out comes a folder that is there whole or
not at all, or the model that lies in one.  What can be read without torch is in `folder.py`: begin there, and go on
with `weights.py`.
"""
