"""The one error a user of `data_prep` sees. A bug of ours is any other exception, with its traceback."""


class UserError(Exception):
    """Something the user can mend: what is wrong, where (file:line), and what to do about it."""
