"""A dataset folder and a recipe become a training run's folder of checkpoints.

In go the recipe, the dataset that `python -m data_prep build` made, and perhaps a checkpoint to begin from; out come
numbered checkpoints, the best of them, a log, and the state to resume from.  Begin with `trainer.py`.
"""
