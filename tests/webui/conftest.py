"""What the tests of the page share: the fixture `browser`."""

from tests.support.page_in_browser import browser

__all__ = ["browser"]
