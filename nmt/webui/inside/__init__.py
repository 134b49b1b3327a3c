"""The tab that shows what the network does with one sentence.

In goes a sentence; out come pictures of its gates, attention, beam and memory.  `explore.py` works them out,
`views.py`, `beam_tree.py` and `memory_curves.py` draw them, `inside.js` answers to the pointer.  Begin with `tab.py`.
"""
