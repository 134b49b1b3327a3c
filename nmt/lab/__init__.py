"""Experiments and diagnostics: how far back recurrent networks remember, and the details of one translation.

Each experiment is a module with dataclasses for its results and the functions that compute them.  `plots` draws them,
and `nmt.commands.lab` is the command `nmt lab`.  Training and translating do not need this package.
"""
