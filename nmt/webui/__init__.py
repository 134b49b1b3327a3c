"""The Gradio page: one package for each tab, and the frame around them.

In go what visitors write, choose and upload; out come components, HTML and the endpoints for programs.  What is done
for them is `nmt.serving`'s; nothing here knows of models, searches or checkpoints' insides.  In each `tab.py` come
first the handlers, plain functions of values, so that tests call them without a browser; then the components, and
`build`, which wires the handlers to them.  `app.py` starts the page (the entry point is `app_gradio.py`), `page.py`
puts it together: begin there.
"""
