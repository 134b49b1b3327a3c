"""The tab that translates files.

In goes a file that a visitor uploads; out comes the translated one to download, and a view of how far it is.
`tab.py` lays out and wires, `views.py` makes HTML; files are opened and written by `nmt.serving.documents`.  Begin with
`tab.py`.
"""
