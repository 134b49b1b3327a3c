"""Text before a network reads it: cutting texts into sentences, finding the items that a translation must keep,
normalization, and the ids of subword pieces.  Nothing here depends on models.  Begin with `segmentation.py`.
"""
