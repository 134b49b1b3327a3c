"""The one exception that a user's mistake raises.

The command line prints its message without a traceback; library callers can catch it.  Programming errors
are not wrapped: they keep their traceback.
"""


class UserError(Exception):
    """What is wrong, where (file and line if there is one), and what to do about it."""
