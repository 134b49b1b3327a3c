"""The tab that trains a model on a visitor's own texts, where the server allows it.

In go texts and settings; out come a training's progress, its curves and the new model to try.  `layout.py` has the
components, `views.py` makes HTML; processes and folders are `nmt.serving`'s.  Begin with `tab.py`.
"""
