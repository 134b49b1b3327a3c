"""What is said to people, in English and Spanish: one file for each part of the page.

In go a key such as "page.busy" and values; out comes a sentence in one language.  Begin with `catalogue.py`.
"""
