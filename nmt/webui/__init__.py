"""The Gradio page: one package for each tab, and the frame around them.

In go what visitors write, choose and upload; out come components, HTML and the endpoints for programs.  What is done
for them is `nmt.serving`'s; nothing here knows of models, searches or checkpoints' insides.  `app.py` starts it (the
entry point is `app_gradio.py`), `page.py` puts it together: begin there.
"""
