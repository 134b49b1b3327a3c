"""The model family as tensors only: cells, recurrent layers, encoders, attention, decoder.

In go batches of ids and a configuration; out come states, attention weights and logits.  Nothing here knows of
text, files or devices.  Begin with `model.py`; `cells.py` has the equations.
"""
