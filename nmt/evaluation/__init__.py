"""How good translations are: BLEU, chrF2 and TER, and whether a difference is more than chance.

In go hypotheses and references, line by line; out come scores with sacreBLEU's signatures, and comparisons of two
systems.  Begin with `metrics.py`.
"""
