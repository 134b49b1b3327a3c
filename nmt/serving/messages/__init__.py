"""What is said to people, in English and Spanish: a YAML file for each part of the page, and its longer explanations.

In go a key such as "page.busy" and values; out comes a sentence in one language or in both.  Begin with
`catalogue.py`; the texts themselves are data.
"""
