"""The tab that translates text while it is written.

In go what a visitor writes and chooses; out come components, and HTML of the translation with its alternatives.
`tab.py` lays out and wires, `views.py` makes HTML, `translate.js` is what that HTML does in the browser.  Begin with
`tab.py`.
"""
