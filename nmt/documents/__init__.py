"""Documents in, the same documents in another language out: what is text in them, and how its translation is put
in the text's place while everything else stays as it is.

    document = open_document("guide.md")
    document.write([translate(text) for text in document.texts], "guide.es.md")

Nothing here knows of models or of the page.
"""

from nmt.documents.document import Document, Limits
from nmt.documents.formats import SUFFIXES, open_document

__all__ = ["SUFFIXES", "Document", "Limits", "open_document"]
