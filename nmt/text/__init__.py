"""Characters and pieces: what stands between a text and the numbers that a network reads.

In go lines and texts as people write them; out come sentences to translate, the items that a translation must
keep, normalized text, and the ids of subword pieces.  Nothing here knows of models.  Begin with
`segmentation.py`.
"""
