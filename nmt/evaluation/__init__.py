"""Evaluation of translations: BLEU, chrF2 and TER, and the significance of differences.

Input: hypotheses and references, line by line.  Output: scores with sacreBLEU's signatures, and comparisons of two
systems.  Begin with `metrics.py`.
"""
