"""The web page: `page.py` puts it together, one file a tab, what it computes and draws apart.

It stands on `nmt.translation.translator` alone and knows nothing of models, searches or checkpoints' insides.
`app_gradio.py` is its entry point.
"""
