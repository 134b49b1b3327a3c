"""What is told to somebody who asked for something that cannot be done."""

from __future__ import annotations

from nmt.errors import UserError
from nmt.serving.messages import catalogue


class PageError(UserError):
    """A message for the visitor that the page can say in either language; elsewhere it is in English."""

    def __init__(self, key: str, /, **values: catalogue.Value) -> None:
        super().__init__(catalogue.say("en", key, **values))
        self.key, self.values = key, values
