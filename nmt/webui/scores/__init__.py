"""The tab that compares and scores translations.

In go texts or files of sources, hypotheses and references; out come figures, tables and sentences side by side.
`tab.py` lays out and wires, `views.py` makes HTML, `example.tsv` is what can be tried.  Begin with `tab.py`.
"""
