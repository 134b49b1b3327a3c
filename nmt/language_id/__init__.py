"""Language identification: which of two languages a text is in, by a small recurrent network over characters.

Input: a text.  Output: a language and its probability.  Serving needs NumPy alone; `training.py` trains the network
with torch, and `accuracy.py` measures its accuracy.  Begin with `identifier.py`.
"""
