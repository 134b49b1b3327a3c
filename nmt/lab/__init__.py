"""The laboratory: experiments that show what recurrent networks remember, and what goes on inside a translation.

Each experiment is a module of plain data and the functions that fill it; `plots` draws them, `nmt.commands.lab`
is `nmt lab`.  Nothing here is needed to train or to translate, and importing this package imports none of it.
"""
