"""Text in, text out, over one checkpoint.

In go lines of any length; out come `Translation` objects: text, score, alternatives, tokens and attention.  A line is
planned as sentences; these are searched together, repaired where they lost something, and joined again.  Begin with
`translator.py`.
"""
