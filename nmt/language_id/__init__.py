"""Which of two languages a text is in, told from its characters by a small network.

In goes a text; out come a language and its probability.  Serving needs numpy alone; `training.py` makes the weights
with torch, `accuracy.py` measures them.  Begin with `identifier.py`.
"""
