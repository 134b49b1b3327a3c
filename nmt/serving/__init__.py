"""Serves several people at once: decides in which order, and within which limits, their requests are done.

In go requests of the page or of programs; out come answers that grow, results, or messages in English and Spanish.
Nothing here knows Gradio.  Begin with `service.py`; `app.py` makes the application,
`rest_api.py` is the interface for programs.
"""
