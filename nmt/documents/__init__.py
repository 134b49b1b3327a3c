"""Documents in, the same documents in another language out: what is text in them, and how its translation is put
in the text's place while everything else stays as it is.  Nothing here knows of models or of the page.

    from nmt.documents.formats import open_document

    document = open_document("guide.md")
    document.write([translate(text) for text in document.texts], "guide.es.md")
"""
