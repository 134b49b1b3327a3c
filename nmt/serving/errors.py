"""The error that tells a visitor what cannot be done, in either language."""

from __future__ import annotations

from nmt.errors import UserError
from nmt.serving.messages import catalogue


class PageError(UserError):
    """A message of the catalogue, by its key and values; as a plain exception it is said in English."""

    def __init__(self, key: str, /, **values: catalogue.Value) -> None:
        super().__init__(catalogue.say("en", key, **values))
        self.key, self.values = key, values
