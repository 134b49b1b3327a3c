"""Documents of many formats: each module finds the text in a format and writes its translation in the text's place,
while everything else stays as it is.  Nothing here depends on models or on the page.

    from nmt.documents.formats import open_document

    document = open_document("guide.md")
    document.write([translate(text) for text in document.texts], "guide.es.md")
"""
